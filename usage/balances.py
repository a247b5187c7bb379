"""Balance readings, and what they say beside our own lines: every movement we can't explain is listed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

from django.utils import timezone

from usage.models import BalanceReading, LedgerEntry


def note_reading(fingerprint: str, credits: Decimal, on_the_wire: Decimal) -> None:
    """Keep what the provider said just now, and what our tasks with it were expected to cost at that moment."""
    BalanceReading.objects.create(key_fingerprint=fingerprint, credits=credits, on_the_wire=on_the_wire)


@dataclass(frozen=True)
class Movement:
    """What happened to one account between two readings, in credits. What was taken is positive."""

    start: datetime
    end: datetime
    before: Decimal
    after: Decimal
    settled: Decimal
    on_the_wire: Decimal

    @property
    def taken(self) -> Decimal:
        return self.before - self.after

    @property
    def unexplained(self) -> Decimal:
        """Taken and in none of our lines; below zero when credit came in, or less was taken than our lines say."""
        return self.taken - self.settled - self.on_the_wire


@dataclass(frozen=True)
class Day:
    """The movements of one account on one day."""

    key_fingerprint: str
    day: date
    movements: tuple[Movement, ...]

    @property
    def taken(self) -> Decimal:
        return sum((each.taken for each in self.movements), Decimal(0))

    @property
    def settled(self) -> Decimal:
        return sum((each.settled for each in self.movements), Decimal(0))

    @property
    def on_the_wire(self) -> Decimal:
        return sum((each.on_the_wire for each in self.movements), Decimal(0))

    @property
    def unexplained(self) -> Decimal:
        return sum((each.unexplained for each in self.movements), Decimal(0))


def movements(fingerprint: str, start: datetime, end: datetime) -> list[Movement]:
    """The account's movements between consecutive readings from the last one before `start` to `end`.

    The provider takes the credits when it accepts a task, we settle when it is done: what is on the wire at a reading
    stands between the two, so its change counts as ours.
    """
    all_readings = BalanceReading.objects.filter(key_fingerprint=fingerprint).order_by("at", "pk")
    earlier = all_readings.filter(at__lt=start).last()
    readings = [*([earlier] if earlier else []), *all_readings.filter(at__gte=start, at__lt=end)]
    if not readings:
        return []
    lines = LedgerEntry.objects.filter(
        key_fingerprint=fingerprint, kind=LedgerEntry.Kind.SETTLED, at__gt=readings[0].at, at__lte=readings[-1].at
    )
    settled = list(lines.order_by("at").values_list("at", "credits"))
    return [_between(first, second, settled) for first, second in pairwise(readings)]


def _between(first: BalanceReading, second: BalanceReading, settled: Iterable[tuple[datetime, Decimal]]) -> Movement:
    ours = sum((credits for at, credits in settled if first.at < at <= second.at), Decimal(0))
    return Movement(first.at, second.at, first.credits, second.credits, ours, second.on_the_wire - first.on_the_wire)


def days(fingerprints: Iterable[str], start: datetime, end: datetime) -> list[Day]:
    """Each account's days in the span, the latest first. A movement belongs to the day on which it was noticed."""
    found = []
    for fingerprint in fingerprints:
        by_day: dict[date, list[Movement]] = {}
        for movement in movements(fingerprint, start, end):
            by_day.setdefault(timezone.localdate(movement.end), []).append(movement)
        found += [Day(fingerprint, day, tuple(each)) for day, each in by_day.items()]
    return sorted(found, key=lambda day: (day.day, day.key_fingerprint), reverse=True)
