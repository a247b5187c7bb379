"""Day bars as plain figures for an SVG template: nothing here knows a colour, words stay outside the drawing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import ceil

HEIGHT = 168
WIDTH = 1000
STEPS = (1, 2, 4, 5)


@dataclass(frozen=True)
class Piece:
    """One segment of a bar, in the drawing's units; `level` 0 is the lowest."""

    y: float
    height: float
    level: int


@dataclass(frozen=True)
class Bar:
    """One day. `words` is its twin for a reader: "5 November: 116 credits"."""

    day: date
    x: float
    width: float
    pieces: list[Piece]
    total: Decimal
    is_today: bool
    words: str


@dataclass(frozen=True)
class Chart:
    """`lines` are (y, label) from the bottom up; `dates` has a label, mostly empty, for each bar."""

    bars: list[Bar]
    lines: list[tuple[float, str]]
    dates: list[str]
    width: int = WIDTH
    height: int = HEIGHT


def top_of(highest: Decimal, lines: int = 4) -> tuple[Decimal, Decimal]:
    """(top, step) of a scale with about `lines` lines: steps of 1, 2, 4 or 5 times a power of ten, top above."""
    step = Decimal(1)
    while True:
        for factor in STEPS:
            tried = step * factor
            if tried * lines >= highest:
                count = max(ceil(highest / tried), 1)
                return tried * count, tried
        step *= 10


def bars(by_day: Mapping[date, Mapping[str, Decimal]], first: date, last: date, stack: Sequence[str]) -> Chart:
    """The chart of every day from `first` to `last`, stacked in the order of `stack`."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    totals = [sum(by_day.get(day, {}).values(), Decimal(0)) for day in days]
    top, step = top_of(max(totals, default=Decimal(0)) or Decimal(1))
    slot = WIDTH / len(days)
    drawn = []
    for number, (day, total) in enumerate(zip(days, totals, strict=True)):
        pieces, y = [], float(HEIGHT)
        for level, name in enumerate(stack):
            height = float(by_day.get(day, {}).get(name, 0) / top) * HEIGHT
            if height:
                y -= height
                pieces.append(Piece(round(y, 2), round(max(height - 0.6, 0.4), 2), level))
        words = f"{day:%-d %B}: {total.normalize():f} credits"
        x, width = round(number * slot + slot * 0.14, 2), round(slot * 0.72, 2)
        drawn.append(Bar(day, x, width, pieces, total, day == last, words))
    count = int(top / step)
    lines = [
        (round(HEIGHT - HEIGHT * number / count, 2), f"{(step * number).normalize():f}") for number in range(count + 1)
    ]
    every = max(1, -(-len(days) // 8))
    dates = [
        ("Today" if day == last else f"{day:%-d %b}") if (len(days) - 1 - number) % every == 0 else ""
        for number, day in enumerate(days)
    ]
    return Chart(drawn, lines, dates)
