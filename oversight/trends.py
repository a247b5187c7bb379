"""The three small charts of the admin's home: balances, failures, and how long callbacks take. Thirty days each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from statistics import median, quantiles

from django.db.models import Max, Sum
from django.utils import timezone

from accounts.models import ApiKey
from tasks.models import Task
from usage.charts import top_of
from usage.models import BalanceReading, DayOfUse
from usage.rollup import CANCELLED, DONE, bounds

DAYS = 30
WIDTH, HEIGHT = 300, 80
MOST_KEYS = 3
MOST_CALLS = 20_000
LINES = 3


@dataclass(frozen=True)
class Line:
    """One drawn line: its points for a polyline, and what stands at its end."""

    points: str
    value: str
    name: str


@dataclass(frozen=True)
class Trend:
    """A small chart. `rows` is its table: (day, the value of each column in `head`)."""

    name: str
    unit: str
    head: list[str]
    rows: list[tuple[date, list[str]]]
    lines: list[Line] = field(default_factory=list)
    band: str = ""
    bars: list[tuple[float, float, float, float, bool]] = field(default_factory=list)
    scale: list[tuple[float, str]] = field(default_factory=list)
    width: int = WIDTH
    height: int = HEIGHT


def trends(today: date) -> list[Trend]:
    days = [today - timedelta(days=DAYS - 1 - number) for number in range(DAYS)]
    return [_balances(days), _failures(days), _delays(days)]


def _balances(days: Sequence[date]) -> Trend:
    """The last reading of each day of the accounts that were read last."""
    start = bounds(days[0])[0]
    newest = BalanceReading.objects.filter(at__gte=start).values("key_fingerprint").annotate(last=Max("at"))
    prints = [row["key_fingerprint"] for row in newest.order_by("-last")[:MOST_KEYS]]
    owners = ApiKey.objects.filter(fingerprint__in=prints).select_related("user").order_by("-pk")
    names = {key.fingerprint: f"{key.user} {key}" for key in owners}
    read: dict[str, dict[date, Decimal]] = {name: {} for name in prints}
    readings = BalanceReading.objects.filter(at__gte=start, key_fingerprint__in=prints).order_by("at")
    for name, at, credits in readings.values_list("key_fingerprint", "at", "credits").iterator():
        read[name][timezone.localdate(at)] = credits
    top, scale = _scale([value for of in read.values() for value in of.values()])
    lines = [
        Line(_points(days, read[name], top), f"{list(read[name].values())[-1]:,.0f}", names.get(name, "a former key"))
        for name in prints
    ]
    rows = [(day, [f"{read[name][day]:,.0f}" if day in read[name] else "" for name in prints]) for day in days]
    rows = [row for row in rows if any(row[1])]
    return Trend("Balances", "credits, 30 days", [line.name for line in lines], rows, lines, scale=scale)


def _failures(days: Sequence[date]) -> Trend:
    """Failed tasks a day."""
    found = DayOfUse.objects.filter(day__gte=days[0]).exclude(outcome__in=(DONE, CANCELLED))
    counts = {row["day"]: row["count"] for row in found.order_by().values("day").annotate(count=Sum("tasks"))}
    top, scale = _scale([Decimal(count) for count in counts.values()])
    slot = WIDTH / len(days)
    bars = []
    for number, day in enumerate(days):
        height = round(float(Decimal(counts.get(day, 0)) / top) * HEIGHT, 2)
        bars.append((round(number * slot + 1, 2), HEIGHT - height, round(slot - 2, 2), height, day == days[-1]))
    rows = [(day, [str(counts[day])]) for day in days if day in counts]
    end = [Line("", str(counts.get(days[-1], 0)), "today")]
    return Trend("Failures", "tasks a day", ["Failed"], rows, end, bars=bars, scale=scale)


def _delays(days: Sequence[date]) -> Trend:
    """Seconds from sending a task to its first callback: the median, and the middle eight of ten."""
    called = Task.objects.filter(called_back_at__gte=bounds(days[0])[0], sent_at__isnull=False)
    waited: dict[date, list[float]] = {}
    for sent, rang in called.order_by("-called_back_at").values_list("sent_at", "called_back_at")[:MOST_CALLS]:
        if sent and rang:
            waited.setdefault(timezone.localdate(rang), []).append(max(0.0, (rang - sent).total_seconds()))
    middle = {day: Decimal(str(round(median(each), 1))) for day, each in waited.items()}
    spans = {day: _middle_of(each) for day, each in waited.items()}
    top, scale = _scale([Decimal(high) for _, high in spans.values()])
    upper = _points(days, {day: Decimal(high) for day, (_, high) in spans.items()}, top)
    lower = _points(days, {day: Decimal(low) for day, (low, _) in spans.items()}, top)
    band = f"{upper} {' '.join(reversed(lower.split()))}" if upper else ""
    latest = max(middle, default=None)
    lines = [Line(_points(days, middle, top), f"{middle[latest]:.0f} s", "median")] if latest else []
    rows = [(day, [f"{middle[day]} s", f"{spans[day][0]:.0f} to {spans[day][1]:.0f} s"]) for day in sorted(middle)]
    return Trend("Callback delay", "seconds, band is 8 of 10", ["Median", "8 of 10"], rows, lines, band, scale=scale)


def _middle_of(values: Sequence[float]) -> tuple[float, float]:
    """The tenth and the ninetieth per cent of these values."""
    if len(values) < 2:
        return values[0], values[0]
    tenths = quantiles(values, n=10, method="inclusive")
    return tenths[0], tenths[-1]


def _points(days: Sequence[date], values: Mapping[date, Decimal], top: Decimal) -> str:
    """`x,y` of each day that has a value; a single day is drawn as a short line."""
    slot = WIDTH / (len(days) - 1)
    places = [
        (number * slot, HEIGHT - float(values[day] / top) * HEIGHT) for number, day in enumerate(days) if day in values
    ]
    if len(places) == 1:
        places.insert(0, (max(places[0][0] - slot, 0), places[0][1]))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _scale(values: Sequence[Decimal]) -> tuple[Decimal, list[tuple[float, str]]]:
    """(top, its lines from the bottom up as (y, label))."""
    top, step = top_of(max(values, default=Decimal(0)) or Decimal(1), LINES)
    count = int(top / step)
    return top, [(round(HEIGHT - HEIGHT * number / count, 2), _short(step * number)) for number in range(count + 1)]


def _short(value: Decimal) -> str:
    return f"{(value / 1000).normalize():f}k" if value >= 1000 else f"{value.normalize():f}"
