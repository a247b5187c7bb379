"""The house rules that a reader relies on: sizes, names, no inline script, documents that lead somewhere."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("mjportal", "accounts", "kie", "usage", "gallery", "tasks", "callbacks", "oversight")
NO_NAMES = {"utils", "helpers", "common", "misc", "manager", "handle", "process", "data"}
LONGEST = {".py": 350, ".html": 180, ".css": 400, ".js": 250}
LONGEST_FUNCTION = 50


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository; without git (an archive) those that lie there."""
    listed = subprocess.run(["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).exists()]
    return [path for pattern in patterns for path in ROOT.rglob(pattern) if ".venv" not in path.parts]


def sources() -> list[Path]:
    return [path for path in tracked("*.py") if "migrations" not in path.parts]


def test_files_stay_small_enough_to_be_read_in_one_go() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked("*.py", "*.html", "*.css", "*.js")
        if (count := len(path.read_text().splitlines())) > LONGEST[path.suffix]
    }
    assert not long


def test_functions_fit_on_a_screen() -> None:
    long = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.end_lineno:
                lines = node.end_lineno - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = lines
    assert not long


def test_no_module_is_named_after_nothing() -> None:
    assert not [path for path in sources() if path.stem in NO_NAMES]


@pytest.mark.parametrize(
    "mark", [r"<script(?![^>]*\bsrc=)[^>]*>", r"\sstyle=", r"<style", r"\son[a-z]+=", r"hx-on", r"javascript:"]
)
def test_templates_carry_no_script_and_no_style(mark: str) -> None:
    found = {str(path.relative_to(ROOT)) for path in tracked("*.html") if re.search(mark, path.read_text())}
    # A block of JSON for a script to read is no script.
    found -= {name for name in found if mark.startswith("<script") and "application/json" in (ROOT / name).read_text()}
    assert not found


def test_every_picture_says_what_it_shows() -> None:
    pictures = [tag for path in tracked("*.html") for tag in re.findall(r"<img\b[^>]*>", path.read_text())]
    assert pictures
    assert not [tag for tag in pictures if "alt=" not in tag]


def test_the_environment_is_documented_name_by_name() -> None:
    read = set(
        re.findall(r"""(?:env\.\w+|required)\(["']([A-Z0-9_]+)["']""", (ROOT / "mjportal/settings.py").read_text())
    )
    told = set(re.findall(r"^([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert read - told == set()
    assert told - read == {"POSTGRES_PASSWORD"}


def test_the_example_environment_holds_no_secret() -> None:
    example = (ROOT / ".env.example").read_text()
    for name in ("SECRET_KEY", "ENCRYPTION_KEYS", "SANDBOX_KEY", "POSTGRES_PASSWORD"):
        assert re.search(rf"^{name}=$", example, re.M), name


def test_links_between_documents_lead_somewhere() -> None:
    dead = []
    for page in tracked("*.md"):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                dead.append(f"{page.name} -> {target}")
    assert not dead


def test_the_readmes_table_from_click_to_gallery_names_what_exists() -> None:
    table = (ROOT / "README.md").read_text().split("## From the click to the gallery")[1].split("## Read on")[0]
    for row in re.findall(r"^\| (?!Step|---)[^|]+\|([^|]+)\|([^|]+)\|", table, re.M):
        files = [ROOT / name for name in re.findall(r"`([^`]+)`", row[0])]
        assert all(path.exists() for path in files), row
        text = "".join(path.read_text() for path in files)
        for name in re.findall(r"`([^`]+)`", row[1]):
            assert name.rsplit(".", 1)[-1].rsplit(":", 1)[-1] in text, (row, name)


def test_nothing_is_left_for_later_without_an_issue() -> None:
    words = re.compile(r"\b(" + "TO" + "DO|FIX" + "ME|X" + "XX)\\b")
    assert not [path for path in tracked("*.py", "*.html", "*.css", "*.js", "*.md") if words.search(path.read_text())]


def test_only_the_bell_and_the_loops_speak_to_the_job_queue() -> None:
    callers = {str(path.relative_to(ROOT)) for path in sources() if re.search(r"\basync_task\(", path.read_text())}
    assert {name for name in callers if name.split("/")[0] in ROOMS} == {"mjportal/background.py", "tasks/schedules.py"}


def test_a_status_is_written_by_the_lifecycle_alone() -> None:
    change = re.compile(r"\.advance\(|\.update\([^)]*\bstatus=")
    writers = {
        str(path.relative_to(ROOT))
        for path in tracked("tasks/*.py", "callbacks/*.py")
        if change.search(path.read_text())
    }
    assert writers == {"tasks/lifecycle.py"}
