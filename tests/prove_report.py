"""A pytest plugin for `make prove`: run the fault table's tests and nothing else, and say per group how it went."""

from collections import Counter
from collections.abc import Iterable

import pytest

from tests.fault_table import GROUPS, RULES

BAD = ("failed", "error", "skipped")


def name_of(nodeid: str) -> str:
    """`tasks/test_x.py::test_y` of a node id, without its parameters."""
    return nodeid.removeprefix("tests/").partition("[")[0].partition("@")[0]


def is_named(name: str, entries: Iterable[str]) -> bool:
    return any(name == entry or name.partition("::")[0] == entry for entry in entries)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    every = [entry for entries in (*GROUPS.values(), *RULES.values()) for entry in entries]
    kept = [item for item in items if is_named(name_of(item.nodeid), every)]
    found = {name_of(item.nodeid) for item in kept}
    found |= {name.partition("::")[0] for name in found}
    if missing := sorted(set(every) - found):
        raise pytest.UsageError(f"the fault table names tests that do not exist: {', '.join(missing)}")
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Green is only what ran: a skipped proof, or a run that a wrong fault table ended early, is no proof."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(session.config, "workerinput") or session.config.option.collectonly:
        return
    outcomes = count(reporter)
    if not exitstatus and any(verdict(outcomes, entries)[1] for entries in (*GROUPS.values(), *RULES.values())):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def count(reporter: pytest.TerminalReporter) -> dict[str, Counter[str]]:
    """Per test, how many of its cases ended how."""
    outcomes: dict[str, Counter[str]] = {}
    for outcome in ("passed", *BAD):
        for report in reporter.stats.get(outcome, []):
            outcomes.setdefault(name_of(report.nodeid), Counter())[outcome] += 1
    return outcomes


def verdict(outcomes: dict[str, Counter[str]], entries: Iterable[str]) -> tuple[Counter[str], bool]:
    """The counts of these entries together, and whether one of them was not proven."""
    by_entry = [
        sum((counts for name, counts in outcomes.items() if is_named(name, [entry])), start=Counter[str]())
        for entry in entries
    ]
    bad = any(not counts["passed"] or any(counts[outcome] for outcome in BAD) for counts in by_entry)
    return sum(by_entry, start=Counter[str]()), bad


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    outcomes = count(terminalreporter)
    for title, table in (("Fault table", GROUPS), ("Rules", RULES)):
        terminalreporter.section(title)
        for group, entries in table.items():
            counts, bad = verdict(outcomes, entries)
            trouble = "".join(f", {counts[outcome]} {outcome}" for outcome in BAD if counts[outcome])
            terminalreporter.write_line(
                f"{'FAILED' if bad else 'held':6}  {group:50} {counts['passed']:5} cases{trouble}",
                red=bad,
                green=not bad,
            )
