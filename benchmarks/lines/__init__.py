"""The lines of the table, in its order."""

from benchmarks.lines import bells, looks, money, pictures, polling, walls, weight
from benchmarks.ratios import Line

LINES: tuple[Line, ...] = (
    *polling.LINES,
    *bells.LINES,
    *looks.LINES,
    *pictures.LINES,
    *walls.LINES,
    *money.LINES,
    *weight.LINES,
)
