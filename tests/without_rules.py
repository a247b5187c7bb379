"""Take each rule out of the code and see its proof fail: `python -m tests.without_rules [R1 R13 ...]`.

A proof that passes without the rule it proves is none. Every cut is made in a copy of the checkout, where the tests that
the fault table names for that rule must then fail. Prints one line per cut; ends with 1 if any was not noticed.
"""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.fault_table import RULES

ROOT = Path(__file__).parent.parent
LEFT_OUT = (
    ".git",
    ".venv",
    "var",
    "staticfiles",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".import_linter_cache",
)


@dataclass(frozen=True, slots=True)
class Cut:
    """In `file`, the text `code` (there exactly once) becomes `instead`: the rule is gone, the code still runs."""

    rule: str
    file: str
    code: str
    instead: str


CUTS = (
    Cut("R1", "tasks/drafting.py", "nonce=nonce,\n        kind=kind,", "nonce=uuid.uuid4(),\n        kind=kind,"),
    Cut("R1", "tasks/lifecycle.py", "from_=(Status.QUEUED,), to=Status.SUBMITTING", "from_=tuple(Status.values), to=Status.SUBMITTING"),
    Cut("R1", "tasks/models.py", "condition=~models.Q(provider_task_id=\"\"),", "condition=models.Q(provider_task_id=\"none\"),"),
    Cut("R1", "tasks/gates.py", ").filter(UNNAMED)", ")"),
    Cut("R1", "tasks/gates.py", "Exists(may_pay(task)), pk=task.pk", "pk=task.pk"),
    Cut("R1", "tasks/jobs.py", "if not may_pay(task).exists():", "if False:"),
    Cut("R1", "tasks/jobs.py", "    if bring_in(task, other):\n", "    if False:\n"),
    Cut("R1", "tasks/lifecycle.py", "due = UNNAMED & Q(next_send_at__lte=now)", "due = UNNAMED"),
    Cut("R1", "tasks/gates.py", "status=Status.SUBMITTING, lease_until=task.lease_until, hinted_task_id=\"\"\n", "status=Status.SUBMITTING, lease_until=task.lease_until\n"),
    Cut("R1", "tasks/lifecycle.py", "return UNNAMED & Q(lease_until=task.lease_until)", "return Q(lease_until=task.lease_until)"),
    Cut("R1", "tasks/lifecycle.py", "return UNNAMED & Q(lease_until=task.lease_until)", "return UNNAMED"),
    Cut("R1", "callbacks/ringing.py", "status <> 'SUCCEEDED'", "status IN ('SUBMITTING', 'RUNNING', 'UNCONFIRMED', 'FAILED')"),
    Cut("R2", "tasks/gates.py", "if not mine.update(sent_at=now, last_wire_at=now,", "if not mine.update(last_wire_at=now,"),
    Cut("R2", "tasks/sweep.py", "if task.sent_at is None:", "if True:"),
    Cut("R2", "tasks/sweep.py", "if task.sent_at is None:", "if False:"),
    Cut("R3", "kie/wire.py", "max_retries=Retry(0, read=False, redirect=False)", "max_retries=Retry(2, allowed_methods=None, status_forcelist=(500,))"),
    Cut("R3", "kie/wire.py", "if len(raw) > ANSWER_CAP:", "if False:"),
    Cut("R3", "kie/wire.py", "left = self._deadline - time.monotonic()", "left = 60.0"),
    Cut("R4", "tasks/jobs.py", "if task.sends >= MOST_SENDS or now - first > MOST_WAIT:", "if now - first > MOST_WAIT:"),
    Cut("R4", "tasks/jobs.py", "if task.sends >= MOST_SENDS or now - first > MOST_WAIT:", "if task.sends >= MOST_SENDS:"),
    Cut("R4", "tasks/jobs.py", "case NotSent() | Busy():", "case NotSent() | Busy() | OutcomeUnknown():"),
    Cut("R4", "tasks/gates.py", "random.uniform(0, min(max(5.0 * 2**sends, spent), 300.0))", "min(5.0 * 2**sends, 300.0)"),
    Cut("R5", "kie/outcomes.py", "if answer.task_id and answer.task_id != parent:", "if answer.code == 200 and answer.task_id and answer.task_id != parent:"),
    Cut("R6", "callbacks/views.py", "believed=trusted and hint", "believed=hint"),
    Cut("R6", "callbacks/ringing.py", "max(at, looked_at + LOOK_EVERY) if looked_at else at", "at"),
    Cut("R6", "tasks/syncing.py", "and now - task.blind_since >= BLIND_FOR", ""),
    Cut("R6", "gallery/services.py", 'state=Result.State.SAVING, source_url=result.source_url)', "state=Result.State.SAVING)"),
    Cut("R6", "tasks/syncing.py", "now, verified=False)", "now)"),
    Cut("R6", "tasks/syncing.py", "and task.pk in strangers", "and False"),
    Cut("R6", "callbacks/views.py", "and not rung.is_same_account:", "and False:"),
    Cut("R6", "tasks/keys.py", "account.get(task.key_fingerprint) or mine", "mine"),
    Cut("R7", "tasks/lifecycle.py", "from_=(Status.RUNNING, Status.UNCONFIRMED, Status.FAILED, Status.CANCELLED)", "from_=(Status.RUNNING, Status.UNCONFIRMED)"),
    Cut("R7", "tasks/lifecycle.py", "from_=from_ or (Status.SUBMITTING, Status.RUNNING)", "from_=from_ or tuple(Status.values)"),
    Cut("R7", "tasks/reporting.py", "(not task.provider_task_id and report.state != ReportState.FAILED)", "False"),
    Cut("R7", "tasks/reporting.py", "due = now + looks.QUICK_LOOK if empty < looks.EMPTY_LOOKS else note.next_look_at", "due = now + looks.QUICK_LOOK\n        if empty > looks.EMPTY_LOOKS:\n            lifecycle.fail(task, FailureClass.GENERATION, \"\")"),
    Cut("R8", "tasks/lifecycle.py", "    with transaction.atomic():\n        won = task.advance(\n            from_=(Status.RUNNING, Status.UNCONFIRMED, Status.FAILED, Status.CANCELLED)", "    if True:\n        won = task.advance(\n            from_=(Status.RUNNING, Status.UNCONFIRMED, Status.FAILED, Status.CANCELLED)"),
    Cut("R8", "gallery/services.py", "if position not in known and position not in gone\n", ""),
    Cut("R9", "gallery/saving.py", "        _declare(result, found, lease)\n        _place(found, folder)\n        _commit(result, found, drawn)", "        _declare(result, found, lease)\n        _commit(result, found, drawn)\n        _place(found, folder)"),
    Cut("R9", "gallery/saving.py", "        drawn = decode(found.path, found.type, folder)\n        lease.keep_alive()\n        _declare(result, found, lease)\n        _place(found, folder)\n", "        _declare(result, found, lease)\n        _place(found, folder)\n        drawn = decode(found.path, found.type, folder)\n"),
    Cut("R10", "gallery/notices.py", "STAGES = (timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=12))", "STAGES = (timedelta(hours=1), timedelta(days=1), timedelta(days=12))"),
    Cut("R10", "gallery/sweeping.py", "first_seen_at__lte=now - GIVEN_UP_AFTER", "first_seen_at__lte=now - GIVEN_UP_AFTER / 2"),
    Cut("R11", "tasks/sweep.py", "rung += 1\n            Task.objects.filter(pk=task.pk).update(rung_at=now)\n            enqueue(lifecycle.SUBMIT_JOB, task.pk)", "rung += 1"),
    Cut("R11", "gallery/sweeping.py", "    for pk in chosen:\n        enqueue(SAVE_JOB, pk)", ""),
    Cut("R12", "tasks/looks.py", "return now + max(WINDOW, timedelta(seconds=asked)) +", "return now + WINDOW +"),
    Cut("R12", "tasks/looks.py", "return now + max(WINDOW, timedelta(seconds=asked)) +", "return now + timedelta(seconds=asked) +"),
    Cut("R12", "tasks/looks.py", "random.uniform(1 - JITTER, 1 + JITTER)", "1.0"),
    Cut("R12", "tasks/looks.py", "((3600.0, 60.0), ", "((3600.0, 30.0), "),
    Cut("R13", "tasks/gates.py", "if len(times) < settings.SEND_LIMIT or times[-1] is None:", "if True:"),
    Cut("R13", "tasks/gates.py", "if not good and gate.streak and gate.reason != PROBING:", "if False:"),
    Cut("R13", "tasks/gates.py", "BAD_TO_OPEN = 5", "BAD_TO_OPEN = 11"),
    Cut("R13", "tasks/jobs.py", "if not error.maintenance:", "if False:"),
    Cut("R13", "tasks/jobs.py", "        lifecycle.hold_on(task)", "        return"),
    Cut("R14", "tasks/jobs.py", 'return "" if has_room() else HoldReason.DISK_LOW', 'return ""'),
    Cut("R15", "tasks/provider.py", "Exchange.objects.filter(pk__in=surplus).delete()", "pass"),
    Cut("R15", "kie/exchange.py", "text = text.replace(secret, HIDDEN)", "pass"),
    Cut("R16", "tasks/management/commands/hold_after_restore.py", "sum(lifecycle.hold(task, HoldReason.RESTORED) for task in unsent.iterator())", "0"),
    Cut("R16", "tasks/management/commands/hold_after_restore.py", "(Status.QUEUED, Status.SUBMITTING), sent_at__isnull=True)", "(Status.QUEUED, Status.SUBMITTING))"),
)  # fmt: skip


def make(cut: Cut, copy: Path) -> None:
    """Make the cut in the copy; ValueError when the code has moved on and the cut must be drawn anew."""
    path = copy / cut.file
    text = path.read_text()
    if text.count(cut.code) != 1:
        raise ValueError(f"{cut.file} has {text.count(cut.code)} times: {cut.code}")
    path.write_text(text.replace(cut.code, cut.instead))


def is_noticed(cut: Cut) -> bool:
    """Whether a test of the rule fails without it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
        make(cut, copy)
        names = [f"tests/{entry}" for entry in RULES[cut.rule]]
        command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-migrations", "-p", "no:cacheprovider", *names]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise ValueError(done.stdout[-1500:] + done.stderr[-500:])
    return done.returncode == 1


def main(wanted: list[str]) -> int:
    unnoticed = 0
    for cut in CUTS:
        if wanted and cut.rule not in wanted:
            continue
        noticed = is_noticed(cut)
        unnoticed += not noticed
        print(f"{'noticed' if noticed else 'MISSED':8} {cut.rule:4} {cut.file}: {cut.code.split(chr(10))[0].strip()}")
        sys.stdout.flush()
    return min(unnoticed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
