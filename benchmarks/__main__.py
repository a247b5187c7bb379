"""Measure, print, and exit with 1 when a "must" is missed."""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import report, surroundings
from benchmarks.ratios import Scale, passed, run


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("lines", nargs="*", metavar="LINE", help="A1, B2, ... or a letter for its group; default: all")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and rows: a glance, not a verdict")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    parser.add_argument("--postgresql", metavar="URL", default="", help="measure in a database of its own there")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="mj-portal-bench-") as folder:
        surroundings.prepare(Path(folder), chosen.postgresql)
        # Models can be imported only now.
        from benchmarks.lines import LINES

        wanted = [line for line in LINES if is_chosen(line.key, chosen.lines)]
        if not wanted:
            parser.error("no such line")
        try:
            outcomes = run(wanted, Scale(chosen.quick), lambda outcome: print(report.line_of(outcome), flush=True))
        finally:
            surroundings.leave()
    if chosen.write:
        report.write(outcomes, " ".join(["python -m benchmarks", *arguments]))
    return 0 if passed(outcomes) else 1


def is_chosen(key: str, names: list[str]) -> bool:
    return not names or any(key == name.upper() or (len(name) == 1 and key.startswith(name.upper())) for name in names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
