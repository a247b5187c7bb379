"""The daily rollup: what reports read instead of the ledger. Any day can be rebuilt; the ledger stays the truth."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min, Q, QuerySet
from django.utils import timezone

from usage.models import DayOfUse, LedgerEntry, RollupMark

DONE, CANCELLED = "done", "cancelled"
MARK = 1
BATCH = 500
SETTLES_IN = timedelta(minutes=10)
# Made elsewhere: it was never sent from here and cost nothing, or never got so far as to say what it is.
BROUGHT = Q(task__sent_at=None, kind=LedgerEntry.Kind.SETTLED, credits=0) | Q(task__kind="import")


def bounds(day: date) -> tuple[datetime, datetime]:
    """When a day of the site's time zone begins and ends."""
    zone = ZoneInfo(settings.TIME_ZONE)
    start, end = (datetime(each.year, each.month, each.day, tzinfo=zone) for each in (day, day + timedelta(days=1)))
    return start.astimezone(UTC), end.astimezone(UTC)


def rebuild(day: date) -> int:
    """Count one day anew from the ledger. Returns how many rows it has."""
    with transaction.atomic():
        _locked_mark()
        return _count(day)


def _locked_mark() -> RollupMark:
    """The mark, which nobody else counts by until this transaction ends: two at once would write a day twice."""
    mark, _ = RollupMark.objects.select_for_update().get_or_create(pk=MARK)
    return mark


def _count(day: date) -> int:
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
    DayOfUse.objects.filter(day=day).delete()
    DayOfUse.objects.bulk_create(rows, batch_size=BATCH)
    return len(rows)


def _ended(day: date) -> Iterator[tuple[tuple[Any, ...], Decimal, float]]:
    """(what is grouped by, credits, seconds from sending to the end) of every task that ended on this day."""
    lines = LedgerEntry.objects.exclude(kind=LedgerEntry.Kind.RESERVED).exclude(BROUGHT)
    start, end = bounds(day)
    fields = ("task__kind", "task__task_type", "task__parameters", "task__status", "task__failure_class")
    times = ("task__sent_at", "task__finished_at")
    found = lines.filter(at__gte=start, at__lt=end).values_list(
        "user_id", "team_id", "kind", "credits", *fields, *times
    )
    for user_id, team_id, line, credits, kind, task_type, values, status, failure, sent, finished in found.iterator():
        is_done = line == LedgerEntry.Kind.SETTLED
        outcome = outcome_of(line, status, failure)
        if not outcome:
            continue
        speed, version = str(values.get("speed") or "")[:8], str(values.get("version") or "")[:16]
        seconds = seconds_of(sent, finished) if is_done else 0.0
        key = (user_id, team_id, kind, task_type, speed, version, outcome)
        yield key, credits if is_done else Decimal(0), seconds


def outcome_of(line: str, status: str, failure: str) -> str:
    """What a ledger line says about its task: done, cancelled, the class of the failure, or "" for none of them."""
    if line == LedgerEntry.Kind.SETTLED:
        return DONE
    # What was given up first and succeeded late counts on the day it was settled.
    if line == LedgerEntry.Kind.RESERVED or status == "SUCCEEDED":
        return ""
    return failure or CANCELLED


def seconds_of(sent: datetime | None, finished: datetime | None) -> float:
    """From sending to the end."""
    return (finished - sent).total_seconds() if sent and finished else 0.0


def catch_up() -> int:
    """Rebuild the days that new ledger lines touch. Returns how many; costs two queries when nothing is new."""
    if not _has_news(RollupMark.objects.filter(pk=MARK).first() or RollupMark()):
        return 0
    with transaction.atomic():
        mark = _locked_mark()
        # Whoever waited here for somebody else's counting finds nothing new any more.
        if not _has_news(mark):
            return 0
        fresh = _after(mark.last_entry)
        # The mark before the figures: what commits in between is counted twice rather than never.
        _move(mark)
        mark.save()
        span = fresh.aggregate(first=Min("at"), last=Max("at"))
        days = set(_days(span["first"], span["last"]))
        # A late success takes its task out of the day on which it had failed.
        late = fresh.filter(kind=LedgerEntry.Kind.SETTLED, task__ledger__kind=LedgerEntry.Kind.RELEASED)
        days |= {timezone.localdate(at) for at in late.values_list("task__ledger__at", flat=True)}
        for day in sorted(days):
            _count(day)
    return len(days)


def _after(pk: int) -> "QuerySet[LedgerEntry]":
    return LedgerEntry.objects.filter(pk__gt=pk).exclude(kind=LedgerEntry.Kind.RESERVED).order_by()


def _has_news(mark: RollupMark) -> bool:
    return _after(mark.last_entry).count() != mark.counted


def _move(mark: RollupMark) -> None:
    """To the last line before which none can be missing any more; those after it are counted again with the next one.

    A line with a smaller number may commit later than one with a larger, but no transaction takes minutes.
    """
    sure = LedgerEntry.objects.filter(pk__gt=mark.last_entry, at__lt=timezone.now() - SETTLES_IN)
    mark.last_entry = sure.order_by("-pk").values_list("pk", flat=True).first() or mark.last_entry
    mark.counted = _after(mark.last_entry).count()


def rebuild_all() -> int:
    """Every day the ledger knows, each in a transaction of its own: cut short, it leaves each as it was or right."""
    mark = RollupMark(pk=MARK)
    _move(mark)
    span = LedgerEntry.objects.aggregate(first=Min("at"), last=Max("at"))
    days = list(_days(span["first"], span["last"])) if span["first"] else []
    for day in days:
        rebuild(day)
    with transaction.atomic():
        _locked_mark()
        others = DayOfUse.objects.exclude(day__range=(days[0], days[-1])) if days else DayOfUse.objects.all()
        others.delete()
        mark.save()
    return len(days)


def _days(first: datetime, last: datetime) -> Iterable[date]:
    start, end = timezone.localdate(first), timezone.localdate(last)
    return (start + timedelta(days=number) for number in range((end - start).days + 1))
