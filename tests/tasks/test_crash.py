"""SIGKILL at every point of sending and of applying a report: charged at most once, nothing lost."""

import json
import os
import subprocess
import sys
from collections import Counter
from typing import Any

from kie.sandbox import Sandbox

KEY = "crash-sandbox-key-0001"


def crash_everywhere(job: str, sandbox: Sandbox) -> list[dict[str, Any]]:
    """One entry for each statement the job was killed at, the last one for the run that came through."""
    environment = {**os.environ, "TEST_DATABASE_URL": ""}
    command = [sys.executable, "-m", "tests.tasks.crash_driver", job, sandbox.url, KEY]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=110)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [line["killed"] for line in lines] == [True] * (len(lines) - 1) + [False]
    return lines


def test_killed_at_any_statement_of_sending_a_task_is_paid_for_at_most_once_and_never_forgotten() -> None:
    with Sandbox(life=None, art="plain", callbacks=False, rate_limit=0) as sandbox:
        sandbox.add_account(KEY, 10_000)
        lines = crash_everywhere("submit", sandbox)
        charged = Counter(task.prompt for task in sandbox.tasks.values())
    assert len(lines) > 10
    assert max(charged.values()) == 1
    for line in lines:
        sent = charged[line["prompt"]] == 1
        expected = {"RUNNING"} if sent and not line["killed"] else {"RUNNING", "UNCONFIRMED"}
        assert line["status"] in expected, line


def test_killed_at_any_statement_of_applying_a_success_ends_with_four_results_and_one_settled_line() -> None:
    with Sandbox(life=None, art="plain", callbacks=False, rate_limit=0) as sandbox:
        sandbox.add_account(KEY, 10_000)
        lines = crash_everywhere("follow", sandbox)
    assert len(lines) > 8
    for line in lines:
        assert (line["status"], line["results"], line["ledger"]) == ("SUCCEEDED", 4, ["reserved", "settled"]), line
