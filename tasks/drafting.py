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
    rest = {name: value for name, value in values.items() if name not in ("task_type", "prompt")}
    return Task(
        user=user,
        nonce=nonce,
        kind=kind,
        task_type=values.get("task_type", ""),
        prompt=values.get("prompt", ""),
        parameters=rest,
        cost=prices.today().estimate(kind, values),
        created_at=now,
        next_send_at=now,
        rung_at=now,
    )


def is_made_of(task: Task, values: dict[str, Any], kind: str = Kind.GENERATE) -> bool:
    """Whether the task was made from these values."""
    return _contents(task) == _contents(drafted(task.user, values, nonce=task.nonce, kind=kind))


def _contents(task: Task) -> str:
    # As JSON, for a list comes back from the table where a tuple went in.
    return json.dumps([task.kind, task.task_type, task.prompt, task.parameters], sort_keys=True, default=str)
