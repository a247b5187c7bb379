"""The outcomes as text for the terminal and as the table of docs/performance.md."""

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.ratios import Outcome

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
HEAD = ("", "What", "Ours", "Peer", "Ratio", "Rounds", "Must", "Aim", "Reached")


def line_of(outcome: Outcome) -> str:
    """One outcome in one line of a terminal."""
    line, measured = outcome.line, outcome.measured
    if measured is None:
        return f"{line.key:<4} {'-':>8}  {'':<16} MISSED    {line.what}: {outcome.trouble}"
    limits = f"must {line.must}" if line.must else "no limit"
    return (
        f"{line.key:<4} {number(measured.ratio):>8}  {limits:<16} {outcome.verdict:<9} {line.what}"
        f" [{measured.ours} | {measured.peer}]"
    )


def number(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.3g}"


def cells(outcome: Outcome) -> tuple[str, ...]:
    line, measured = outcome.line, outcome.measured
    must, aim = (str(limit) if limit else "" for limit in (line.must, line.aim))
    if measured is None:
        return (line.key, line.what, "", outcome.trouble, "", "", must, aim, "MISSED")
    spread = " to ".join(number(end) for end in measured.spread) if measured.spread else ""
    ratio = number(measured.ratio)
    return (line.key, line.what, measured.ours, measured.peer, ratio, spread, must, aim, outcome.verdict)


def markdown(outcomes: Iterable[Outcome]) -> str:
    rows = [HEAD, ("---",) * len(HEAD), *map(cells, outcomes)]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows)


def write(outcomes: Sequence[Outcome], command: str, page: Path = PAGE) -> None:
    """Put the table between the page's two marks, with when, where and by which command it was made."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{page.name} has no place for the table")
    day = datetime.now(UTC).date().isoformat()
    made = f"Made on {day} by `{command}` on {os.cpu_count()} cores, Python {platform.python_version()}, SQLite."
    page.write_text(f"{before}{BEGIN}\n\n{made}\n\n{markdown(outcomes)}\n\n{END}{after}", encoding="utf-8")
