"""The key, held so that nothing prints, copies or stores it by accident."""

import hmac
from collections.abc import Callable
from typing import NoReturn


class Secret:
    """Text that only `reveal()` shows: repr, str, format, pickle and copies of it never do."""

    __slots__ = ("__reveal",)

    def __init__(self, text: str) -> None:
        # A closure rather than an attribute: tools that dump an object's fields find a function.
        self.__reveal: Callable[[], str] = lambda: text

    def reveal(self) -> str:
        return self.__reveal()

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self.reveal().encode(), other.reveal().encode())

    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not stored")
