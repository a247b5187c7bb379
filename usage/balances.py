"""Balance readings, and what they say beside our own lines: every movement we can't explain is listed."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from django.utils import timezone

from usage.models import BalanceReading, LedgerEntry

NOTHING = Decimal(0)
MOST_OPEN = 12


def note_reading(fingerprint: str, credits: Decimal, on_the_wire: Decimal) -> None:
    """Keep what the provider said just now, and what our tasks with it were expected to cost at that moment."""
    BalanceReading.objects.create(key_fingerprint=fingerprint, credits=credits, on_the_wire=on_the_wire)


@dataclass(frozen=True)
class Movement:
    """What happened to one account between two readings, in credits. What was taken is positive.

    `released` is what was reserved for tasks that ended without a result.
    """

    start: datetime
    end: datetime
    before: Decimal
    after: Decimal
    settled: Decimal
    released: Decimal
    on_the_wire: Decimal

    @property
    def taken(self) -> Decimal:
        return self.before - self.after

    @property
    def unexplained(self) -> Decimal:
        """Taken and in none of our lines; below zero when credit came in, or less was taken than our lines say."""
        return self.taken - self.settled - self.on_the_wire

    @property
    def given_back(self) -> Decimal:
        """The most that can have left the wire without a cost."""
        return max(self.released, -self.on_the_wire - self.settled)

    @property
    def sent(self) -> Decimal:
        """The most that can have gone on the wire."""
        return max(self.on_the_wire + self.settled + self.released, NOTHING)


@dataclass(frozen=True)
class Day:
    """The movements of one account on one day. What nobody took and nobody can explain stands in `unexplained`.

    Debits and credits apart: a top-up must not hide what was taken on the same day.
    """

    key_fingerprint: str
    day: date
    movements: tuple[Movement, ...]
    odd: tuple[Decimal, ...]

    @property
    def taken(self) -> Decimal:
        """All that left the account; what came in is not taken off."""
        return sum((each.taken for each in self.movements), NOTHING) + self.came_in

    @property
    def unexplained(self) -> Decimal:
        return sum((each for each in self.odd if each > 0), NOTHING)

    @property
    def came_in(self) -> Decimal:
        """Paid in, or taken less than our lines say."""
        return -sum((each for each in self.odd if each < 0), NOTHING)

    @property
    def explained(self) -> Decimal:
        return self.taken - self.unexplained


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
    ended = (LedgerEntry.Kind.SETTLED, LedgerEntry.Kind.RELEASED)
    lines = LedgerEntry.objects.filter(
        key_fingerprint=fingerprint, kind__in=ended, at__gt=readings[0].at, at__lte=readings[-1].at
    )
    told = deque(lines.order_by("at").values_list("at", "kind", "credits"))
    return [_between(first, second, told) for first, second in pairwise(readings)]


def _between(first: BalanceReading, second: BalanceReading, told: deque[tuple[datetime, str, Decimal]]) -> Movement:
    """`told`: the lines after the first reading; those up to the second one are taken off it."""
    ours = {LedgerEntry.Kind.SETTLED.value: NOTHING, LedgerEntry.Kind.RELEASED.value: NOTHING}
    while told and told[0][0] <= second.at:
        _, kind, credits = told.popleft()
        ours[kind] += abs(credits)
    settled, released = ours.values()
    wire = second.on_the_wire - first.on_the_wire
    return Movement(first.at, second.at, first.credits, second.credits, settled, released, wire)


def odd_sums(found: Sequence[Movement]) -> list[Decimal]:
    """What of each movement stays unexplained when the two halves of one event are taken together.

    A refund may be read before we learn that the task failed, and a task be on the wire before it is charged: then the
    same sum is missing here and left over there. It must be the very sum, and one that left or entered the wire.
    """
    left = [each.unexplained for each in found]
    open_: list[int] = []
    for number, sum_ in enumerate(left):
        if not sum_:
            continue
        others = open_[-MOST_OPEN:]
        # One other half, or several that follow each other.
        runs = [[other] for other in others] + [others[first:] for first in reversed(range(len(others) - 1))]
        halves = next((run for run in runs if _is_one_event([found[each] for each in (*run, number)])), None)
        if halves is None:
            open_.append(number)
            continue
        for each in (*halves, number):
            left[each] = NOTHING
        open_ = [each for each in open_ if each not in halves]
    return left


def _is_one_event(parts: Sequence[Movement]) -> bool:
    if sum((each.unexplained for each in parts), NOTHING):
        return False
    refunded = all(each.unexplained <= each.given_back for each in parts if each.unexplained > 0)
    return refunded or all(-each.unexplained <= each.sent for each in parts if each.unexplained < 0)


def days(fingerprints: Iterable[str], start: datetime, end: datetime) -> list[Day]:
    """Each account's days in the span, the latest first. A movement belongs to the day on which it was noticed."""
    found = []
    for fingerprint in fingerprints:
        by_day: dict[date, list[tuple[Movement, Decimal]]] = {}
        # From a day before, where the other half of what the first day shows may be.
        moved = movements(fingerprint, start - timedelta(days=1), end)
        for movement, odd in zip(moved, odd_sums(moved), strict=True):
            if movement.end >= start:
                by_day.setdefault(timezone.localdate(movement.end), []).append((movement, odd))
        found += [Day(fingerprint, day, *zip(*each, strict=True)) for day, each in by_day.items()]
    return sorted(found, key=lambda day: (day.day, day.key_fingerprint), reverse=True)
