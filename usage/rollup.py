"""The daily rollup: what reports read instead of the ledger. Any day can be rebuilt; the ledger stays the truth."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from usage.models import DayOfUse, LedgerEntry, RollupMark

DONE, CANCELLED = "done", "cancelled"
MARK = 1
BATCH = 500


def bounds(day: date) -> tuple[datetime, datetime]:
    """When a day of the site's time zone begins and ends."""
    zone = ZoneInfo(settings.TIME_ZONE)
    start, end = (datetime(each.year, each.month, each.day, tzinfo=zone) for each in (day, day + timedelta(days=1)))
    return start.astimezone(UTC), end.astimezone(UTC)


def rebuild(day: date) -> int:
    """Count one day anew from the ledger. Returns how many rows it has."""
    sums: dict[tuple[Any, ...], list[Any]] = {}
    for key, credits, seconds in _ended(day):
        known = sums.setdefault(key, [0, Decimal(0), 0.0])
        known[0] += 1
        known[1] += credits
        known[2] += seconds
    names = ("user_id", "team_id", "kind", "task_type", "speed", "version", "outcome")
    rows = [
        DayOfUse(day=day, **dict(zip(names, key, strict=True)), tasks=tasks, credits=credits, seconds=seconds)
        for key, (tasks, credits, seconds) in sums.items()
    ]
    with transaction.atomic():
        DayOfUse.objects.filter(day=day).delete()
        DayOfUse.objects.bulk_create(rows, batch_size=BATCH)
    return len(rows)


def _ended(day: date) -> Iterator[tuple[tuple[Any, ...], Decimal, float]]:
    """(what is grouped by, credits, seconds from sending to the end) of every task that ended on this day."""
    lines = LedgerEntry.objects.exclude(kind=LedgerEntry.Kind.RESERVED)
    start, end = bounds(day)
    fields = ("task__kind", "task__task_type", "task__parameters", "task__status", "task__failure_class")
    times = ("task__sent_at", "task__finished_at")
    found = lines.filter(at__gte=start, at__lt=end).values_list(
        "user_id", "team_id", "kind", "credits", *fields, *times
    )
    for user_id, team_id, line, credits, kind, task_type, values, status, failure, sent, finished in found.iterator():
        is_done = line == LedgerEntry.Kind.SETTLED
        if not is_done and status == "SUCCEEDED":
            # It was given up first and succeeded late: it counts on the day it was settled.
            continue
        outcome = DONE if is_done else failure or CANCELLED
        speed, version = (str(values.get(name) or "") for name in ("speed", "version"))
        seconds = (finished - sent).total_seconds() if is_done and sent and finished else 0.0
        key = (user_id, team_id, kind, task_type, speed, version, outcome)
        yield key, credits if is_done else Decimal(0), seconds


def catch_up() -> int:
    """Rebuild the days that new ledger lines touch. Returns how many; costs two queries when nothing is new."""
    mark, _ = RollupMark.objects.get_or_create(pk=MARK)
    fresh = LedgerEntry.objects.filter(pk__gt=mark.last_entry).exclude(kind=LedgerEntry.Kind.RESERVED)
    span = fresh.aggregate(first=Min("at"), last=Max("at"), newest=Max("pk"))
    if span["newest"] is None:
        return 0
    days = set(_days(span["first"], span["last"]))
    # A late success takes its task out of the day on which it had failed.
    late = fresh.filter(kind=LedgerEntry.Kind.SETTLED, task__ledger__kind=LedgerEntry.Kind.RELEASED)
    days |= {timezone.localdate(at) for at in late.values_list("task__ledger__at", flat=True)}
    for day in sorted(days):
        rebuild(day)
    # A line with a smaller number may commit later than one with a larger: today is counted again with the next one.
    RollupMark.objects.filter(pk=MARK).update(last_entry=span["newest"])
    return len(days)


def rebuild_all() -> int:
    """Every day the ledger knows, from nothing."""
    span = LedgerEntry.objects.aggregate(first=Min("at"), last=Max("at"), newest=Max("pk"))
    DayOfUse.objects.all().delete()
    if span["newest"] is None:
        return 0
    days = list(_days(span["first"], span["last"]))
    for day in days:
        rebuild(day)
    RollupMark.objects.update_or_create(pk=MARK, defaults={"last_entry": span["newest"]})
    return len(days)


def _days(first: datetime, last: datetime) -> Iterable[date]:
    start, end = timezone.localdate(first), timezone.localdate(last)
    return (start + timedelta(days=number) for number in range((end - start).days + 1))
