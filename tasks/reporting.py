"""What a report does to a task: through lifecycle's verbs when something happened, as a note when it only runs on."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from kie.errors import Busy, KeyRefused, KieError
from kie.reports import Report, ReportState
from tasks import lifecycle, looks
from tasks.adopting import describe
from tasks.models import FailureClass, Kind, Status, Task

NOT_THERE = "The provider has no such task for this key. It keeps records for two months."
MODERATION = re.compile(r"banned|sensitive|moderat|policy|nsfw|prohibited", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LookNote:
    """When a task was looked at and when to look next: written for many tasks in one go (`tasks.notes`)."""

    task: Task
    looked_at: datetime
    next_look_at: datetime | None
    looks: int
    bad_looks: int = 0
    empty_looks: int = 0
    doubted_at: datetime | None = None
    confirmed_at: datetime | None = None


def _since(task: Task) -> datetime | None:
    """When the provider took it; an imported task was never sent from here."""
    return task.sent_at or task.accepted_at


def failure_class_of(message: str, code: str) -> str:
    """Moderation has no fixed wording: match loosely, and call everything else a failed generation."""
    if MODERATION.search(message):
        return FailureClass.MODERATION
    return FailureClass.PARAMETER if code in {"400", "422"} else FailureClass.GENERATION


def apply_report(task: Task, report: Report, now: datetime) -> LookNote | None:
    """Apply what the provider said. Returns the note to write when the task stays as it is, None when it moved on."""
    note = LookNote(
        task, now, looks.next_look(now, _since(task), task.looks), task.looks + 1, confirmed_at=task.confirmed_at or now
    )
    if report.state == ReportState.MISSING and task.kind == Kind.IMPORT:
        lifecycle.fail(task, FailureClass.UNAVAILABLE, NOT_THERE)
        return None
    ended = task.status in (Status.FAILED, Status.CANCELLED)
    if report.state == ReportState.MISSING:
        tries = task.bad_looks + 1
        # An ended task that a callback gave a number nobody knows: asked for long enough.
        gives_up = ended and tries >= looks.MISSING_TRIES
        return replace(
            note,
            next_look_at=None if gives_up else looks.after_missing(now, task.sent_at, tries),
            bad_looks=tries,
            confirmed_at=task.confirmed_at,
        )
    if report.state == ReportState.SWITCHED_OFF:
        return replace(note, next_look_at=now + looks.jittered(3600), confirmed_at=task.confirmed_at)
    if ended and report.state != ReportState.SUCCEEDED:
        # Only a success moves it any more. What a callback named is worth following until it has ended.
        follows = not task.provider_task_id and report.state != ReportState.FAILED
        return note if follows else replace(note, next_look_at=None)
    named = task.provider_task_id or ended
    if not named and not lifecycle.mark_running(task, task.hinted_task_id, task.sent_at or now):
        # It moved on meanwhile, or another task bears that id.
        return replace(note, confirmed_at=task.confirmed_at)
    if report.state == ReportState.SUCCEEDED:
        if task.kind == Kind.IMPORT:
            describe(task, report)
        lifecycle.succeed(task, report.urls, now)
        return None
    if report.state == ReportState.FAILED:
        return _failed(task, report, now, note)
    if report.state == ReportState.PENDING_RESULT:
        empty = task.empty_looks + 1
        due = now + looks.QUICK_LOOK if empty < looks.EMPTY_LOOKS else note.next_look_at
        return replace(note, next_look_at=due, empty_looks=empty)
    return note


def _failed(task: Task, report: Report, now: datetime, note: LookNote) -> LookNote | None:
    if report.needs_second_look and (task.doubted_at is None or now - task.doubted_at < looks.SECOND_LOOK):
        doubted = task.doubted_at or now
        return replace(note, next_look_at=doubted + looks.SECOND_LOOK, doubted_at=doubted)
    code = report.error_code or str(report.code)
    lifecycle.fail(task, failure_class_of(report.error_message, code), report.error_message, code)
    return None


def apply_trouble(task: Task, error: KieError, now: datetime) -> LookNote:
    """A look that brought no answer changes nothing but the time of the next one."""
    bad = task.bad_looks + 1
    if isinstance(error, Busy):
        due, bad = looks.after_busy(now, error.retry_after), task.bad_looks
    elif isinstance(error, KeyRefused):
        due = now + looks.jittered(3600)
    else:
        due = looks.next_look(now, _since(task), task.looks)
    return LookNote(
        task, now, due, task.looks + 1, bad, task.empty_looks, task.doubted_at, confirmed_at=task.confirmed_at
    )
