"""A database that is busy at a chosen moment."""

from typing import Any

from django.db import OperationalError


class Locked:
    """Lets `n - 1` statements pass and refuses the one after, as a busy database does."""

    def __init__(self, n: int) -> None:
        self.left = n

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)
