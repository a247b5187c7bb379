"""The prompts of one template, sent together: made at once, followed as one, paused and cancelled as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from accounts.models import User
from accounts.spaces import Space
from tasks import lifecycle
from tasks.drafting import is_made_of
from tasks.models import FINAL, WAITING, Batch, HoldReason, Kind, Status, Task
from usage import budgets, prices

MOST_MAILS = 50


@dataclass(frozen=True)
class Progress:
    """How far a batch has come, in tasks."""

    batch: Batch
    total: int
    unsent: int
    ended: int

    @property
    def sent(self) -> int:
        return self.total - self.unsent

    @property
    def is_paused(self) -> bool:
        return self.unsent > 0 and self.batch.paused_at is not None


def create(
    user: User,
    template: str,
    prompts: Sequence[tuple[str, dict[str, Any]]],
    nonce: UUID,
    *,
    mail_wanted: bool = False,
    team_id: UUID | None = None,
    **kin: Any,
) -> list[Task]:
    """Queue a task for each (unfolded text, validated values), all or none. The same nonce makes them once.

    `kin` names the parent of all of them. Raises NoKey, UsedForm as for one task, and OverBudget
    when they do not all fit into the budget.
    """
    with transaction.atomic():
        batch, is_new = Batch.objects.get_or_create(
            user=user, nonce=nonce, defaults={"template": template, "mail_wanted": mail_wanted, "team_id": team_id}
        )
        if not is_new:
            return _made_of(batch, template, prompts)
        if Task.objects.filter(user=user, nonce=nonce).exists():
            raise lifecycle.UsedForm
        # All of them or none: the sum is checked first, so that the words name the whole.
        listed = prices.today()
        cost = sum((listed.estimate(Kind.GENERATE, values) for _, values in prompts), Decimal(0))
        budgets.check(user.pk, team_id, cost)
        return [
            lifecycle.create(
                user, values, nonce=uuid5(nonce, str(number)), team_id=team_id, batch=batch, expansion=text, **kin
            )[0]
            for number, (text, values) in enumerate(prompts)
        ]


def _made_of(batch: Batch, template: str, prompts: Sequence[tuple[str, dict[str, Any]]]) -> list[Task]:
    """The tasks of a form that was sent before. Raises UsedForm when it was sent with other contents."""
    made = {task.nonce: task for task in batch.tasks.order_by("created_at")}
    again = {uuid5(batch.nonce, str(number)): values for number, (_, values) in enumerate(prompts)}
    same = again.keys() == made.keys() and all(is_made_of(made[nonce], again[nonce]) for nonce in again)
    if batch.template != template or not same:
        raise lifecycle.UsedForm
    return list(made.values())


def under_way(space: Space) -> list[Progress]:
    """The batches of the space of which something has not ended, newest first."""
    counted = Batch.objects.filter(space.holds, tasks__isnull=False).annotate(
        total=Count("tasks"),
        unsent=Count("tasks", filter=Q(tasks__status__in=WAITING)),
        ended=Count("tasks", filter=Q(tasks__status__in=FINAL)),
    )
    return [
        Progress(batch, batch.total, batch.unsent, batch.ended)
        for batch in counted.filter(ended__lt=F("total")).order_by("-created_at")[:20]
    ]


def pause(batch: Batch) -> int:
    """Keep back what has not left yet, also what waits for another reason or comes back. Returns how many."""
    Batch.objects.filter(pk=batch.pk).update(paused_at=timezone.now())
    queued = batch.tasks.filter(status=Status.QUEUED)
    return sum(lifecycle.hold(task, HoldReason.PAUSED) for task in queued)


def resume(batch: Batch) -> int:
    """Let what was paused go on, in its old order."""
    Batch.objects.filter(pk=batch.pk).update(paused_at=None)
    paused = batch.tasks.filter(status=Status.HELD, hold_reason=HoldReason.PAUSED).order_by("created_at")
    return sum(lifecycle.release(task) for task in paused)


def cancel(batch: Batch) -> int:
    """Stop what has not left yet, for good."""
    return sum(lifecycle.cancel(task) for task in batch.tasks.filter(status__in=WAITING))


def tell_of_ended() -> int:
    """Mail those who asked for it about batches of which everything has ended. Returns how many."""
    wanted = Batch.objects.filter(mail_wanted=True).select_related("user")
    told = 0
    for batch in wanted.exclude(tasks__in=Task.objects.exclude(status__in=FINAL))[:MOST_MAILS]:
        # Whoever turns the wish off sends the mail: two sweeps at once send one.
        if Batch.objects.filter(pk=batch.pk, mail_wanted=True).update(mail_wanted=False):
            told += 1
            _mail(batch)
    return told


def _mail(batch: Batch) -> None:
    counted = batch.tasks.aggregate(all=Count("pk"), done=Count("pk", filter=Q(status=Status.SUCCEEDED)))
    lines = [
        f"{counted['done']} of {counted['all']} prompts are done.",
        "",
        batch.template[:500],
        "",
        settings.PUBLIC_URL,
    ]
    send_mail("Your prompts are done", "\n".join(lines).strip(), None, [batch.user.email], fail_silently=True)


ACTS = {"pause": pause, "resume": resume, "cancel": cancel}
