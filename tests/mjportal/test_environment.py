"""The environment: fresh secrets at first, and one clear line for nonsense."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mjportal.firstrun import write_environment

ROOT = Path(__file__).resolve().parents[2]


def check(**environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "check", "--deploy"]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_first_run_writes_fresh_secrets_and_never_overwrites(tmp_path: Path) -> None:
    assert write_environment(tmp_path / "one")
    assert write_environment(tmp_path / "two")
    one, two = ((tmp_path / name).read_text() for name in ("one", "two"))
    for line in one.splitlines():
        name, _, value = line.partition("=")
        if name in {"SECRET_KEY", "ENCRYPTION_KEYS", "SANDBOX_KEY", "POSTGRES_PASSWORD"}:
            assert len(value) >= 32
            assert line not in two
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    assert not write_environment(tmp_path / "one")
    assert (tmp_path / "one").read_text() == one


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PUBLIC_URL", "http://portal.example.com", "must be https"),
        ("PUBLIC_URL", "portal.example.com", "must look like"),
        ("STORAGE_URL", "ftp://somewhere", "STORAGE_URL must be"),
        ("SYNC_INTERVAL_SECONDS", "0", "must be above zero"),
        ("KIE_VARY_INDEX_BASE", "2", "must be 0 or 1"),
        ("ENCRYPTION_KEYS", "not-a-key", "no Fernet key"),
        ("SECRET_KEY", " ", "SECRET_KEY is not set"),
        ("PORT", "eighty", "PORT"),
    ],
)
def test_nonsense_is_refused_in_a_line_that_names_it(name: str, value: str, said: str) -> None:
    done = check(**{name: value})
    assert done.returncode != 0
    assert said in done.stderr.splitlines()[-1] or said in done.stderr.split("ERRORS:")[-1]


def test_plain_http_is_allowed_on_loopback() -> None:
    assert check(PUBLIC_URL="http://127.0.0.1:8000").returncode == 0
