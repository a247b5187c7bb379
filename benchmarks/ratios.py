"""What a line is and how it is judged: ours beside a named peer, in turns, one ratio, a "must" and an "aim"."""

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["aim", "must", "MISSED", "no limit"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A closed range for a ratio; an open end is None."""

    least: float | None = None
    most: float | None = None

    def allows(self, ratio: float) -> bool:
        return (self.least is None or ratio >= self.least) and (self.most is None or ratio <= self.most)

    def __str__(self) -> str:
        if self.least is not None and self.most is not None:
            return f"{self.least:g}-{self.most:g}"
        return f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}"


def at_least(ratio: float) -> Limit:
    return Limit(least=ratio)


def at_most(ratio: float) -> Limit:
    return Limit(most=ratio)


@dataclass(frozen=True, slots=True)
class Measured:
    """One line's outcome. `ours` and `peer` are words for a person; only `ratio` is judged."""

    ratio: float
    ours: str
    peer: str
    spread: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """How much to measure: everything, or the quick tenth of it."""

    quick: bool = False

    def pick(self, whole: int, quick: int) -> int:
        return quick if self.quick else whole


@dataclass(frozen=True)
class Line:
    """`measure` may return several lines' outcomes at once, keyed by name: one run serves them all."""

    key: str
    what: str
    must: Limit | None
    aim: Limit | None
    measure: Callable[[Scale], dict[str, Measured]] = field(repr=False)

    def judge(self, measured: Measured) -> Verdict:
        if self.must is None:
            return "no limit"
        if not self.must.allows(measured.ratio):
            return "MISSED"
        return "aim" if self.aim is None or self.aim.allows(measured.ratio) else "must"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A judged line, or one that could not be measured: then `trouble` says why."""

    line: Line
    measured: Measured | None
    trouble: str = ""

    @property
    def verdict(self) -> Verdict:
        return self.line.judge(self.measured) if self.measured else "MISSED"


def in_turns(rounds: int, *sides: Callable[[], float]) -> list[tuple[float, ...]]:
    """Run every side once per round, A B A B: a neighbour who takes the processor for a while takes it from all."""
    return [tuple(side() for side in sides) for _ in range(rounds)]


def ratio_of(pairs: Iterable[tuple[float, ...]], ours: int = 0, peer: int = 1) -> tuple[float, tuple[float, float]]:
    """The median of the rounds' own ratios, side `ours` over side `peer`, and the lowest and highest of them."""
    ratios = [sides[ours] / sides[peer] for sides in pairs]
    return statistics.median(ratios), (min(ratios), max(ratios))


def middle(rounds: Iterable[tuple[float, ...]], side: int) -> float:
    """The median of one side over all rounds."""
    return statistics.median(sides[side] for sides in rounds)


def run(lines: Iterable[Line], scale: Scale, tell: Callable[[Outcome], object] = lambda outcome: None) -> list[Outcome]:
    """Measure and judge `lines` in order; `tell` hears of each outcome at once."""
    known: dict[str, Measured] = {}
    outcomes = []
    for line in lines:
        outcomes.append(_outcome(line, scale, known))
        tell(outcomes[-1])
    return outcomes


def _outcome(line: Line, scale: Scale, known: dict[str, Measured]) -> Outcome:
    try:
        if line.key not in known:
            known.update(line.measure(scale))
        return Outcome(line, known[line.key])
    except Exception as error:  # noqa: BLE001 - a line that can't be measured is missed, and the others still count
        return Outcome(line, None, f"{type(error).__name__}: {error}"[:300])


def passed(outcomes: Iterable[Outcome]) -> bool:
    return all(outcome.verdict != "MISSED" for outcome in outcomes)
