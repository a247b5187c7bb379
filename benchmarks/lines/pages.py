from benchmarks.ratios import Line

LINES: tuple[Line, ...] = ()
