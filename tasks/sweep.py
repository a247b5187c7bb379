"""All due work, derived from the tables: what a lost bell, a killed worker or a wiped queue left behind (R11)."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Exists, F, OuterRef, Q

from accounts.models import ApiKey
from accounts.services import READ_JOB
from gallery.files import has_room
from gallery.jobs import sweep as sweep_gallery
from gallery.models import Result
from mjportal.background import enqueue
from tasks import gates, lifecycle
from tasks.alarms import tell_of_files
from tasks.batches import tell_of_ended
from tasks.keys import paid_by, watched_by
from tasks.models import HoldReason, Status, Task
from tasks.offboarding import wipe_retired_keys
from usage.alerts import raise_due
from usage.rollup import catch_up

logger = logging.getLogger(__name__)

RING_AGAIN = timedelta(seconds=30)
PAUSED_FOR = timedelta(hours=1)
CREDIT_EVERY = timedelta(minutes=5)
KEY_EVERY = timedelta(hours=1)
DENIED_FOR = timedelta(minutes=1)
ACCOUNTS_EVERY = 60
BALANCE_EVERY = timedelta(minutes=15)
MOST = 500
RANG_WITHIN = timedelta(hours=1)
WEIGH_EVERY = 300


def ring_due(now: datetime) -> int:
    """Ring for queued tasks whose time has come, oldest first and no more per account than may leave now."""
    due = (
        Task.objects.filter(status=Status.QUEUED, next_send_at__lte=now)
        .filter(Q(rung_at__isnull=True) | Q(rung_at__lt=now - RING_AGAIN))
        .order_by("created_at")
    )
    if not due.exists():
        return 0
    sent = Task.objects.filter(last_wire_at__gt=now - gates.window()).order_by().values_list("key_fingerprint")
    free = {account: settings.SEND_LIMIT - count for account, count in sent.annotate(Count("pk"))}
    # Left out here and not below: the many tasks of one account that waits must not hide those of others.
    full = [account for account, left in free.items() if left <= 0]
    rung = 0
    for task in due.exclude(key_fingerprint__in=full)[:MOST]:
        account = task.key_fingerprint
        if free.setdefault(account, settings.SEND_LIMIT) > 0:
            free[account] -= 1
            rung += 1
            Task.objects.filter(pk=task.pk).update(rung_at=now)
            enqueue(lifecycle.SUBMIT_JOB, task.pk)
    return rung


def recover_claims(now: datetime) -> None:
    """A claim that ran out: without the wire mark nothing was sent, with it nobody knows."""
    for task in Task.objects.filter(status=Status.SUBMITTING, lease_until__lt=now)[:MOST]:
        if task.sent_at is None:
            lifecycle.requeue(task, now)
        else:
            lifecycle.unconfirm(task, "The site stopped while the request was under way.")


def wake_held(now: datetime) -> None:
    """Let held tasks go when their reason is gone, as far as our tables tell; ask for balances that grew old."""
    held = Task.objects.filter(status=Status.HELD).exclude(batch__paused_at__isnull=False)
    checked_since = {"refused_at": None, "checked_at__gt": OuterRef("held_at")}
    ready = [
        held.filter(hold_reason=HoldReason.PROVIDER_PAUSED, held_at__lt=now - PAUSED_FOR),
        held.filter(paid_by(balance__gte=OuterRef("cost"), **checked_since), hold_reason=HoldReason.NO_CREDIT),
        held.filter(paid_by(**checked_since), hold_reason=HoldReason.KEY_REFUSED),
        held.filter(paid_by(disabled_at=None), hold_reason__in=(HoldReason.KEY_DISABLED, HoldReason.KEY_GONE)),
    ]
    disk_low = held.filter(hold_reason=HoldReason.DISK_LOW)
    if disk_low.exists() and has_room():
        ready.append(disk_low)
    for tasks in ready:
        for task in tasks.order_by("created_at")[:MOST]:
            lifecycle.release(task)
    _check_old_balances(now)


def _check_old_balances(now: datetime) -> None:
    """Only the provider can tell that credit or trust is back: ask every five minutes, or every hour."""
    for reason, every in ((HoldReason.NO_CREDIT, CREDIT_EVERY), (HoldReason.KEY_REFUSED, KEY_EVERY)):
        held = Task.objects.filter(status=Status.HELD, hold_reason=reason)
        old = Q(checked_at__lt=now - every) | Q(checked_at__isnull=True)
        whose = Q(lent_to__in=held.values("team_id")) | Q(user_id__in=held.values("user_id"))
        for pk in ApiKey.objects.filter(old, whose).values_list("pk", flat=True).distinct():
            enqueue(READ_JOB, pk)


def read_balances(now: datetime) -> None:
    """While an account has tasks under way, what the provider says it holds is read every quarter of an hour."""
    busy = Task.objects.filter(status__in=lifecycle.ON_THE_WIRE).values("api_key_id")
    old = Q(checked_at__lt=now - BALANCE_EVERY) | Q(checked_at__isnull=True)
    for pk in ApiKey.objects.filter(old, pk__in=busy, refused_at=None).values_list("pk", flat=True):
        enqueue(READ_JOB, pk)


def open_eyes(now: datetime) -> None:
    """A key came back, or was refused by mistake: look again at the tasks nobody could look at."""
    watched = (*lifecycle.ON_THE_WIRE, Status.SUCCEEDED)
    blind = Task.objects.filter(blind_since__isnull=False, status__in=watched, next_look_at__gt=now)
    back = watched_by(changed_at__gt=OuterRef("blind_since"))
    # Only at first: where balances are told and records are not, hourly is often enough.
    denied = watched_by(refused_at=None, checked_at__gt=OuterRef("blind_since"))
    seeing = blind.filter(back | (denied & Q(blind_since__gt=now - DENIED_FOR)))
    Task.objects.filter(pk__in=list(seeing.values_list("pk", flat=True)[:MOST])).update(next_look_at=now)


def refresh_dead_links(now: datetime) -> None:
    """Ring for results whose link is gone and whose next try is due."""
    dead = Result.objects.filter(state=Result.State.SAVING, dead_link_at__isnull=False, next_try_at__lte=now)
    for pk in dead.values_list("pk", flat=True)[:MOST]:
        enqueue("tasks.jobs.refresh_link", pk)


def weigh_other_numbers(now: datetime) -> None:
    """A callback of a task whose number is known named another one: an earlier try may have been bought as well."""
    rang = Task.objects.annotate(
        rang_at=F("deliveries__at"), answer=F("deliveries__answer"), named=F("deliveries__provider_task_id")
    ).filter(rang_at__gt=now - RANG_WITHIN, answer=200)
    others = rang.exclude(named="").exclude(provider_task_id="").exclude(named=F("provider_task_id"))
    known = Task.objects.filter(key_fingerprint=OuterRef("key_fingerprint"), provider_task_id=OuterRef("named"))
    for pk in others.exclude(Exists(known)).order_by().values_list("pk", flat=True).distinct()[:MOST]:
        if cache.add(f"weighed:{pk}", True, WEIGH_EVERY):
            enqueue("tasks.jobs.weigh_others", pk)


def adopt_unwatched(now: datetime) -> None:
    """A task that has an id, if only by a callback, and no time for its next look would wait for ever: give it one."""
    named = Q(status=Status.RUNNING) | (Q(status=Status.UNCONFIRMED) & ~lifecycle.UNNAMED)
    lost = Task.objects.filter(named, next_look_at__isnull=True)
    lost.update(next_look_at=now)


def tell_of_batches(now: datetime) -> None:
    """Mail those who wait for the end of a batch."""
    tell_of_ended()


def keep_accounts(now: datetime) -> None:
    """The rollup of the reports, and what people should know of."""
    if cache.add("accounts-kept", True, ACCOUNTS_EVERY):
        _each(now, count_usage, raise_due, tell_of_files)


def count_usage(now: datetime) -> None:
    """Bring the rollup of the reports up to date."""
    catch_up()


def sweep(now: datetime) -> None:
    """Everything above, each part on its own: one broken row must not keep the others from being found."""
    _each(
        now,
        recover_claims,
        wake_held,
        read_balances,
        open_eyes,
        refresh_dead_links,
        weigh_other_numbers,
        adopt_unwatched,
        wipe_retired_keys,
        tell_of_batches,
        keep_accounts,
        sweep_gallery,
    )


def _each(now: datetime, *parts: Callable[[datetime], object]) -> None:
    for part in parts:
        try:
            part(now)
        except Exception:
            logger.exception("the sweep's %s broke", part.__name__)
