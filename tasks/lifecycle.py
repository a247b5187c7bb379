"""The only code that changes a task's status. Every verb is safe to call twice, late, or by two processes at once.

A verb returns whether it won (or what it made); losing is no error, somebody else moved the task first.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiKey, User
from accounts.services import next_revisions
from accounts.spaces import key_for
from gallery.services import add_results
from mjportal.background import enqueue
from tasks.drafting import drafted, is_made_of
from tasks.keys import moves_the_bill
from tasks.looks import first_look
from tasks.models import FINAL, Batch, FailureClass, HoldReason, Kind, Status, Task
from usage import budgets, ledger

logger = logging.getLogger(__name__)

SUBMIT_JOB = "tasks.jobs.submit_task"
# Longer than the client's own deadline for a paid request, so that a lease never ends under a live request.
CLAIM_LEASE = timedelta(seconds=180)
ON_THE_WIRE = (Status.SUBMITTING, Status.RUNNING, Status.UNCONFIRMED)
# No callback has named a task of the provider for it, so nothing says that the provider has it.
UNNAMED = Q(hinted_task_id="")
NAMED = "The provider called back about it."


class UsedForm(Exception):
    """The form has made a task already, and it was another one."""

    def __init__(self) -> None:
        super().__init__(
            "This form was sent before, with other contents; that task is on the board."
            " Press Generate once more to send this one as well."
        )


class NoKey(Exception):
    """The person has connected no API key, so nothing can be sent."""


def create(
    user: User,
    values: dict[str, Any],
    *,
    nonce: UUID,
    team_id: UUID | None = None,
    kind: str = Kind.GENERATE,
    parent: Task | None = None,
    parent_position: int | None = None,
    batch: Batch | None = None,
    expansion: str = "",
) -> tuple[Task, bool]:
    """Queue one task from validated `values` (see `kie.parameters.validate`). Returns (task, whether it is new).

    `team_id`: the team it is made in, which the caller has seen the person may do. The same nonce returns the same
    task: a double click buys once. Raises UsedForm when that task has other contents, NoKey, and OverBudget (see
    `usage.budgets`) when it would pass a budget.
    """
    if known := _made_before(user, nonce, values, kind):
        return known, False
    if batch is None and Batch.objects.filter(user=user, nonce=nonce).exists():
        raise UsedForm
    key = key_for(user.pk, team_id)
    if key is None:
        raise NoKey
    task = drafted(user, values, nonce=nonce, kind=kind)
    task.team_id, task.api_key, task.key_fingerprint = team_id, key, key.fingerprint
    task.parent, task.parent_position, task.batch, task.expansion = parent, parent_position, batch, expansion
    try:
        with transaction.atomic():
            budgets.check(user.pk, team_id, task.cost)
            task.save(force_insert=True)
            ledger.reserve(chain_of(task), task.cost)
            revisions = next_revisions(user.pk, team_id)
            Task.objects.filter(pk=task.pk).update(**revisions)
            enqueue(SUBMIT_JOB, task.pk)
    except (IntegrityError, budgets.OverBudget):
        # The other half of a double click was faster, and may have taken the last of the budget.
        if known := _made_before(user, nonce, values, kind):
            return known, False
        raise
    return task, True


def _made_before(user: User, nonce: UUID, values: dict[str, Any], kind: str) -> Task | None:
    """The task this form was sent for. Raises UsedForm when that one has other contents."""
    known = Task.objects.filter(user=user, nonce=nonce).first()
    if known and not is_made_of(known, values, kind):
        raise UsedForm
    return known


def chain_of(task: Task) -> ledger.Chain:
    """Whose the lines of this task's ledger are."""
    return ledger.Chain(task.pk, task.user_id, task.team_id, task.key_fingerprint)


def cancel(task: Task) -> bool:
    """Stop a task that has not been sent."""
    with transaction.atomic():
        ends: dict[str, Any] = {"to": Status.CANCELLED, "finished_at": timezone.now()}
        won = task.advance(from_=(Status.QUEUED, Status.HELD), where=UNNAMED, **ends)
        if won:
            ledger.release(chain_of(task))
    return won


def claim(task: Task, now: datetime) -> bool:
    """Take a queued task for sending; the first of the two commits before the wire."""
    claimed: dict[str, Any] = {"lease_until": now + CLAIM_LEASE, "rung_at": None}
    # Its time is asked again: since the caller read it, another worker may have sent it and been told to wait.
    due = UNNAMED & Q(next_send_at__lte=now)
    return task.advance(from_=(Status.QUEUED,), to=Status.SUBMITTING, where=due, **claimed)


def mark_running(task: Task, provider_task_id: str, now: datetime) -> bool:
    """The provider accepted it under this id. An id another task of this account bears leaves it unconfirmed."""
    try:
        return task.advance(
            from_=(Status.SUBMITTING, Status.UNCONFIRMED),
            to=Status.RUNNING,
            provider_task_id=provider_task_id,
            accepted_at=now,
            lease_until=None,
            next_look_at=first_look(now),
            bad_looks=0,
            message="",
        )
    except IntegrityError:
        return unconfirm(task, "The provider answered with the id of another task.")


def succeed(task: Task, urls: Sequence[str], now: datetime, *, verified: bool = True) -> bool:
    """Status, result rows and ledger line commit together. Success also beats what was told earlier.

    `urls`: by the provider's index, "" where it names none.
    A task that failed, or was cancelled after a refusal, takes the id a callback named, unless another task bears it.
    """
    try:
        if task.status == Status.SUCCEEDED:
            return verified and confirm(task, urls)
        return _succeed(task, urls, now, verified)
    except IntegrityError:
        logger.warning("task %s: the id a callback named is another task's", task.pk)
        return False


def confirm(task: Task, urls: Sequence[str]) -> bool:
    """The record of what only a callback had vouched for was found: its id is taken, and nothing is counted anew."""
    kind: Literal["image", "video"] = "video" if task.is_clip else "image"
    named = task.provider_task_id or task.hinted_task_id
    with transaction.atomic():
        told = Task.objects.filter(pk=task.pk).update(next_look_at=None, blind_since=None, provider_task_id=named)
        task.refresh_from_db(fields=["team_id"])
        add_results(task.pk, (task.user_id, task.team_id), urls, kind, facts=_facts(task, sum(map(bool, urls))))
    return bool(told)


def _succeed(task: Task, urls: Sequence[str], now: datetime, verified: bool) -> bool:
    named: dict[str, Any] = {}
    if verified and not task.provider_task_id:
        named["provider_task_id"] = task.hinted_task_id
    with transaction.atomic():
        won = task.advance(
            from_=(Status.RUNNING, Status.UNCONFIRMED, Status.FAILED, Status.CANCELLED),
            to=Status.SUCCEEDED,
            finished_at=now,
            # Unless the record has said it, it is still to be asked.
            next_look_at=None if verified else now + timedelta(hours=1),
            failure_class="",
            failure_code="",
            message="",
            **named,
        )
        if won:
            facts = _facts(task, sum(map(bool, urls)))
            kind: Literal["image", "video"] = "video" if task.is_clip else "image"
            add_results(task.pk, (task.user_id, task.team_id), urls, kind, verified=verified, facts=facts)
            ledger.settle(chain_of(task), task.cost)
    return won


def _facts(task: Task, count: int) -> dict[str, Any]:
    """What the gallery filters and sums by, so that it need not open the task."""
    return {
        "task_type": task.task_type,
        "version": str(task.parameters.get("version") or "")[:16],
        "speed": str(task.parameters.get("speed") or "")[:8],
        "credits": (task.cost / max(count, 1)).quantize(Decimal("0.01")),
    }


def requeue(task: Task, send_at: datetime, **fields: Any) -> bool:
    """Back to the queue: provably nothing was accepted. If a callback says otherwise it is unconfirmed instead."""
    won = task.advance(
        from_=(Status.SUBMITTING,),
        to=Status.QUEUED,
        where=_as_claimed(task),
        sent_at=None,
        lease_until=None,
        rung_at=None,
        next_send_at=send_at,
        **fields,
    )
    if won and Batch.objects.filter(tasks=task, paused_at__isnull=False).exists():
        # Its batch was paused while it was on its way.
        hold(task, HoldReason.PAUSED)
    return won or take_named(task)


def _as_claimed(task: Task) -> Q:
    """Still under the claim the caller knows, not under a later one whose request may be on its way by now."""
    return UNNAMED & Q(lease_until=task.lease_until)


def unconfirm(task: Task, message: str) -> bool:
    """It went out and nobody knows what became of it. Code never sends it again; a callback or a person heals it.

    The time of the next look stays as it is: a callback that outran the answer has set it.
    """
    return task.advance(from_=(Status.SUBMITTING,), to=Status.UNCONFIRMED, lease_until=None, message=message[:500])


def take_named(task: Task) -> bool:
    """Out of sending, for a callback has named it: the provider has it, whatever its answer said. Never sent again."""
    return task.advance(
        from_=(Status.QUEUED, Status.HELD, Status.SUBMITTING),
        to=Status.UNCONFIRMED,
        where=~UNNAMED,
        sent_at=task.sent_at or task.last_wire_at or timezone.now(),
        lease_until=None,
        hold_reason="",
        held_at=None,
        message=NAMED,
    )


def hold(task: Task, reason: str, message: str = "") -> bool:
    """Park a task, which the caller knows as queued or claimed, until the reason is gone."""
    won = task.advance(
        from_=tuple({task.status} & {Status.QUEUED, Status.SUBMITTING}),
        to=Status.HELD,
        where=_as_claimed(task),
        hold_reason=reason,
        held_at=timezone.now(),
        message=message[:500],
        sent_at=None,
        lease_until=None,
    )
    return won or take_named(task)


def hold_on(task: Task) -> bool:
    """A held task stays held as if from now: its reason was checked just now and did not explain the refusal."""
    return bool(Task.objects.filter(pk=task.pk, status=Status.HELD).update(held_at=timezone.now()))


def release(task: Task, by: User | None = None) -> bool:
    """Let a held task go, bound to the key that pays now; `by` whom, None is the site itself.

    What a lent key was to pay goes over to its author's own account only if the author says so.
    """
    key, now = key_for(task.user_id, task.team_id), timezone.now()
    if key is None:
        return False
    if moves_the_bill(task, key) and (by is None or by.pk != task.user_id):
        task.advance(from_=(Status.HELD,), to=Status.HELD, where=UNNAMED, hold_reason=HoldReason.KEY_GONE)
        return False
    with transaction.atomic():
        won = task.advance(
            from_=(Status.HELD,),
            to=Status.QUEUED,
            where=UNNAMED,
            hold_reason="",
            held_at=None,
            message="",
            api_key=key,
            key_fingerprint=key.fingerprint,
            next_send_at=now,
            rung_at=now,
            first_busy_at=None,
            sends=0,
        )
        if won:
            enqueue(SUBMIT_JOB, task.pk)
    return won


def fail(task: Task, failure_class: str, message: str, code: str = "", *, from_: tuple[str, ...] | None = None) -> bool:
    """End a task in failure and give its reserve back. `message` is the provider's, cleaned."""
    with transaction.atomic():
        won = task.advance(
            from_=from_ or (Status.SUBMITTING, Status.RUNNING),
            to=Status.FAILED,
            where=_as_claimed(task) if task.status == Status.SUBMITTING else Q(),
            failure_class=failure_class,
            failure_code=code[:60],
            message=message[:500],
            finished_at=timezone.now(),
            lease_until=None,
            next_look_at=None,
        )
        if won:
            ledger.release(chain_of(task))
    return won or take_named(task)


def fail_by_hand(task: Task, reason: str) -> bool:
    """An admin ends a task that can't heal, but not while its request is out. A late success still wins over it."""
    unfinished = tuple(status for status in Status.values if status not in (*FINAL, Status.SUBMITTING))
    return fail(task, FailureClass.BY_HAND, reason, from_=unfinished)


def look_now(task: Task) -> bool:
    """Have the sync loop ask the provider about this task at its next tick. Changes nothing else."""
    if not (task.provider_task_id or task.hinted_task_id):
        return False
    rows = Task.objects.filter(pk=task.pk, status__in=(*ON_THE_WIRE, Status.FAILED, Status.CANCELLED))
    return bool(rows.update(next_look_at=timezone.now()))


def rebind(task: Task, key: ApiKey) -> bool:
    """A task that waits is paid by this key from now on."""
    task.key_fingerprint = key.fingerprint
    return task.advance(from_=(Status.QUEUED,), to=Status.QUEUED, key_fingerprint=key.fingerprint)


def postpone(task: Task, until: datetime) -> bool:
    """A queued task waits for a gate; it keeps its place."""
    return task.advance(from_=(Status.QUEUED,), to=Status.QUEUED, next_send_at=until, rung_at=None)
