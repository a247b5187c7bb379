"""The row of a task before it is queued, and whether a task was made of the same."""

import json
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from tasks.models import Kind, Task
from usage import prices


def drafted(user: User, values: dict[str, Any], *, nonce: UUID, kind: str) -> Task:
    """The row as it will be queued, not saved. `values`: see `kie.parameters.validate`."""
    now = timezone.now()
    return Task(
        user=user,
        nonce=nonce,
        kind=kind,
        cost=prices.today().estimate(kind, values),
        created_at=now,
        next_send_at=now,
        rung_at=now,
        **_columns(values),
    )


def is_made_of(task: Task, values: dict[str, Any], kind: str = Kind.GENERATE) -> bool:
    """Whether the task was made from these values."""
    columns = _columns(values)
    return task.kind == kind and _told({name: getattr(task, name) for name in columns}) == _told(columns)


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in values.items() if name not in ("task_type", "prompt")}
    return {"task_type": values.get("task_type", ""), "prompt": values.get("prompt", ""), "parameters": rest}


def _told(columns: dict[str, Any]) -> str:
    # As JSON, for a list comes back from the table where a tuple went in.
    return json.dumps(columns, sort_keys=True, default=str)
