"""docs/reliability.md names files, functions and tests that are there, and the proofs of the fault table."""

import re
from pathlib import Path

from tests.fault_table import GROUPS, RULES
from tests.without_rules import CUTS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "reliability.md").read_text()
SECTIONS = dict(re.findall(r"^### (R\d+) (.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL))


def where(name: str) -> Path:
    """The file of a name on the page: test files are named from tests/."""
    return ROOT / name if (ROOT / name).exists() else ROOT / "tests" / name


def defines(path: Path, name: str) -> bool:
    return re.search(rf"^\s*(?:def|class) {name}\b", path.read_text(), re.MULTILINE) is not None


def test_every_file_the_page_names_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)(?:::\w+)?`", PAGE)
    assert len(named) > 60
    assert [name for name in named if not where(name).is_file()] == []


def test_every_function_the_page_names_is_in_its_file() -> None:
    named = [
        (path, name)
        for path, names in re.findall(r"`([\w/]+\.py)`\s\(([^)]*)\)", PAGE)
        for name in re.findall(r"`(\w+)`", names)
    ]
    assert len(named) > 30
    assert [pair for pair in named if not defines(where(pair[0]), pair[1])] == []


def test_the_page_and_the_fault_table_name_the_same_proofs() -> None:
    listed = {rule: tuple(re.findall(r"^- `(.+)`$", text, re.MULTILINE)) for rule, text in SECTIONS.items()}
    assert listed == RULES


def test_every_proof_is_a_test_that_is_there() -> None:
    entries = {entry for entries in (*RULES.values(), *GROUPS.values()) for entry in entries}
    names = [entry.partition("::")[::2] for entry in entries]
    missing = [(path, name) for path, name in names if not defines(where(path), name or r"test_\w+")]
    assert missing == []


def test_every_rule_can_be_taken_out_and_every_cut_fits_the_code() -> None:
    assert {cut.rule for cut in CUTS} == set(RULES)
    assert [cut for cut in CUTS if (ROOT / cut.file).read_text().count(cut.code) != 1] == []
