"""When nothing may be sent: the pace of one account, and breakers per account and for the whole provider.

State lives in the table, so that all workers share it. Rules R12 and R13 of docs/reliability.md.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists

from tasks.keys import may_pay
from tasks.lifecycle import CLAIM_LEASE, UNNAMED
from tasks.models import Gate, Status, Task

PROVIDER = "provider"
PROBING = "one request goes first"
RECENT = 10
BAD_TO_OPEN = 5
OPEN_SECONDS = 60.0
OPEN_MOST_SECONDS = 600.0
# As long as a paid request may take: nobody else goes before the probe is back.
PROBE = timedelta(seconds=70)
# The provider counts on arrival, we count on departure: half a second covers the difference.
WINDOW_MARGIN = timedelta(seconds=0.5)


def key_scope(fingerprint: str) -> str:
    return f"key:{fingerprint}"


def closed_until(fingerprint: str, now: datetime) -> datetime | None:
    """When sending may go on for this account, None when it may now."""
    gates = Gate.objects.filter(scope__in=(PROVIDER, key_scope(fingerprint)), open_until__gt=now)
    return max((gate.open_until for gate in gates if gate.open_until), default=None)


def window() -> timedelta:
    return timedelta(seconds=settings.SEND_WINDOW_SECONDS) + WINDOW_MARGIN


def next_slot(fingerprint: str, now: datetime) -> datetime | None:
    """When the account's sliding window has room again, None when it has room now."""
    sent = Task.objects.filter(key_fingerprint=fingerprint, last_wire_at__gt=now - window()).order_by("-last_wire_at")
    times = list(sent.values_list("last_wire_at", flat=True)[: settings.SEND_LIMIT])
    if len(times) < settings.SEND_LIMIT or times[-1] is None:
        return None
    return times[-1] + window()


@contextmanager
def durable_commit() -> Iterator[None]:
    """A transaction that is on disk when it ends: losing the wire mark in a power cut could pay twice."""
    sqlite = connection.vendor == "sqlite" and not connection.in_atomic_block
    if sqlite:
        connection.cursor().execute("PRAGMA synchronous=FULL")
    try:
        with transaction.atomic():
            yield
    finally:
        if sqlite:
            connection.cursor().execute("PRAGMA synchronous=NORMAL")


def mark_on_wire(task: Task, now: datetime) -> datetime | None:
    """Set the wire mark, the second commit before the request. Returns None when set, else when to try again.

    Raises LostClaim when the claim is no longer ours to use.
    """
    Gate.objects.get_or_create(scope=key_scope(task.key_fingerprint))
    with durable_commit():
        # One account's marks are taken one after another; SQLite's IMMEDIATE transaction does the same by itself.
        Gate.objects.select_for_update().get(scope=key_scope(task.key_fingerprint))
        slot = next_slot(task.key_fingerprint, now)
        if slot:
            return slot
        # A callback that names the task tells of an earlier request: the provider took that one. And the key may have
        # been wiped, stopped or taken back while pictures were uploaded.
        mine = Task.objects.filter(
            Exists(may_pay(task)), pk=task.pk, status=Status.SUBMITTING, sent_at=None, lease_until=task.lease_until
        ).filter(UNNAMED)
        # The lease begins anew: uploads may have eaten it, and the answer must still find the claim its own.
        lease = now + CLAIM_LEASE
        if not mine.update(sent_at=now, last_wire_at=now, sends=task.sends + 1, lease_until=lease):
            raise LostClaim(str(task.pk))
    task.sent_at, task.last_wire_at, task.sends, task.lease_until = now, now, task.sends + 1, lease
    return None


def mark_again(task: Task, now: datetime) -> bool:
    """The wire mark before a second request of the same task; False when a callback says that the first was taken."""
    with durable_commit():
        mine = Task.objects.filter(
            pk=task.pk, status=Status.SUBMITTING, lease_until=task.lease_until, hinted_task_id=""
        )
        marked = mine.update(sent_at=now, last_wire_at=now, sends=task.sends + 1)
    if marked:
        task.sent_at, task.last_wire_at, task.sends = now, now, task.sends + 1
    return bool(marked)


class LostClaim(Exception):
    """The claim ran out, a callback has named the task, or its key may not pay any more: nothing may be sent."""


def take_probe(now: datetime) -> bool:
    """After a stop of the provider one request goes first to see; whether this caller may be it (or no stop is on)."""
    gate = Gate.objects.filter(scope=PROVIDER, streak__gt=0).first()
    if gate is None:
        return True
    return bool(Gate.objects.filter(pk=gate.pk, open_until__lte=now).update(open_until=now + PROBE, reason=PROBING))


def close_key(fingerprint: str, until: datetime, reason: str) -> None:
    """Nothing of this account is sent before `until`."""
    Gate.objects.update_or_create(scope=key_scope(fingerprint), defaults={"open_until": until, "reason": reason})


def note_provider(good: bool, now: datetime) -> None:
    """Count one outcome; five bad ones of the last ten stop sending for a minute, doubling to ten.

    Good looks are not counted: the reports may work while sending does not. While sending is stopped only the probe's
    outcome counts: requests that were under way, and looks that fail every second, must not stretch the stop.
    """
    with transaction.atomic():
        Gate.objects.get_or_create(scope=PROVIDER)
        gate = Gate.objects.select_for_update().get(scope=PROVIDER)
        if good and not gate.streak and gate.recent[-RECENT:] == [True] * RECENT:
            return
        if not good and gate.streak and gate.reason != PROBING:
            return
        if good and gate.streak:
            # Only what a stop postponed goes at once; who was told to wait keeps its time.
            waiting = Task.objects.filter(status=Status.QUEUED, first_busy_at=None, next_send_at__gt=now)
            waiting.update(next_send_at=now)
        gate.recent = [*gate.recent, good][-RECENT:]
        gate.reason = ""
        if good:
            gate.streak = 0
            gate.open_until = None
        elif gate.streak or gate.recent.count(False) >= BAD_TO_OPEN:
            gate.streak += 1
            seconds = min(OPEN_SECONDS * 2 ** (gate.streak - 1), OPEN_MOST_SECONDS)
            gate.open_until = now + timedelta(seconds=seconds)
            gate.recent = []
        gate.save()


def backoff(sends: int, spent: float = 0.0) -> timedelta:
    """Full jitter for a task that was provably not accepted, from one 10-s window up to five minutes.

    `spent`: seconds since the first try, where sends are not what is tried.
    """
    return timedelta(seconds=10 + random.uniform(0, min(max(5.0 * 2**sends, spent), 300.0)))
