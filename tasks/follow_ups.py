"""What is made out of an earlier task: an upscale, a vary, an extension, or the same once more."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from django.utils import timezone

from accounts.models import User
from accounts.spaces import key_for
from gallery.models import Result
from tasks.lifecycle import create
from tasks.models import Task

DOUBLE_CLICK = timedelta(seconds=3)


class NotBuildable(Exception):
    """The provider can't build on this result; the text says why."""


class OtherAccount(NotBuildable):
    """The picture was made with somebody else's key; the provider builds only on an account's own pictures."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"It was made with {name}'s key, and the provider builds only on an account's own pictures."
            f" {name} can do it; Animate and Use as reference work with your key."
        )


def follow_up(
    user: User, result: Result, kind: str, *, prompt: str | None = None, nonce: UUID | None = None
) -> tuple[Task, bool]:
    """Queue an upscale or vary of one picture, or the extension of a clip. Returns (task, whether it is new).

    The provider builds only on what the same account made: raises OtherAccount when this person's key is another one,
    and NotBuildable when it has no index for the result.

    `prompt` replaces the parent's; an extension without one leaves what happens to the provider. Without a nonce clicks
    within three seconds are one: it is made of the picture and of how many such tasks there were before.
    """
    parent = Task.objects.select_related("user").get(pk=result.task_id)
    earlier = Task.objects.filter(
        parent=parent, parent_position=result.position, kind=kind, created_at__lt=timezone.now() - DOUBLE_CLICK
    )
    if not result.is_buildable:
        raise NotBuildable("The provider builds only on the first four results of a task. Animate and Reference work.")
    key = key_for(user.pk, parent.team_id)
    # A person's own new key is most often of the same account: there the provider decides, as it always did.
    if parent.user_id != user.pk and key is not None and key.fingerprint != parent.key_fingerprint:
        raise OtherAccount(parent.user.get_full_name())
    nonce = nonce or uuid5(parent.pk, f"{kind} {result.position} {earlier.count()}")
    kept = {name: parent.parameters[name] for name in ("aspect_ratio", "version") if name in parent.parameters}
    values = {**kept, "task_type": parent.task_type, "prompt": parent.prompt if prompt is None else prompt}
    kin: dict[str, Any] = {"parent": parent, "parent_position": result.position}
    return create(user, values, nonce=nonce, kind=kind, team_id=parent.team_id, **kin)


def send_again(task: Task, nonce: UUID) -> tuple[Task, bool]:
    """Queue a new task with the same parameters; the caller has told the person that it may cost twice."""
    values = {**task.parameters, "task_type": task.task_type, "prompt": task.prompt}
    kin: dict[str, Any] = {"parent": task.parent, "parent_position": task.parent_position}
    return create(task.user, values, nonce=nonce, kind=task.kind, team_id=task.team_id, **kin)
