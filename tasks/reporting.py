"""What a report does to a task: through lifecycle's verbs when something happened, as a note when it only runs on."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kie.errors import Busy, KeyRefused, KieError
from kie.reports import Report, ReportState
from tasks import lifecycle, looks
from tasks.adopting import describe
from tasks.models import FINAL, FailureClass, Kind, Status, Task

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
    if report.state == ReportState.MISSING:
        return _missing(task, now, note)
    if report.state == ReportState.SWITCHED_OFF:
        return replace(note, next_look_at=now + looks.jittered(3600), confirmed_at=task.confirmed_at)
    if task.status in FINAL and report.state != ReportState.SUCCEEDED:
        return _ended(task, report, now, note)
    named = task.provider_task_id or task.status in FINAL
    if not named and not lifecycle.mark_running(task, task.hinted_task_id, task.sent_at or now):
        # It moved on meanwhile, or another task bears that id.
        return replace(note, confirmed_at=task.confirmed_at)
    if report.state == ReportState.SUCCEEDED:
        if task.kind == Kind.IMPORT:
            describe(task, report)
        # Not won: somebody was faster, or another task bears that id. Either way there is nothing left to ask.
        return None if lifecycle.succeed(task, report.urls, now) else replace(note, next_look_at=None)
    if report.state == ReportState.FAILED:
        return _failed(task, report, now, note)
    if report.state == ReportState.PENDING_RESULT:
        empty = task.empty_looks + 1
        due = now + looks.QUICK_LOOK if empty < looks.EMPTY_LOOKS else note.next_look_at
        return replace(note, next_look_at=due, empty_looks=empty)
    return note


def _missing(task: Task, now: datetime, note: LookNote) -> LookNote | None:
    """The provider knows no such task. That alone ends nothing but an import, and what has ended already."""
    tries = task.bad_looks + 1
    due: datetime | None = looks.after_missing(now, _since(task), tries)
    if task.kind == Kind.IMPORT and looks.is_nowhere(now, task.accepted_at, task.confirmed_at, tries):
        return None if lifecycle.fail(task, FailureClass.UNAVAILABLE, NOT_THERE) else replace(note, next_look_at=None)
    if not task.provider_task_id and _try_another_hint(task):
        due = now + looks.QUICK_LOOK
    elif task.status in FINAL and tries >= looks.MISSING_TRIES:
        # A callback gave it a number nobody knows: asked for long enough.
        due = None
    return replace(note, next_look_at=due, bad_looks=tries, confirmed_at=task.confirmed_at)


def _ended(task: Task, report: Report, now: datetime, note: LookNote) -> LookNote:
    """Only a success moves an ended task any more: follow what a callback named, or said to be done, for a while."""
    if task.status == Status.SUCCEEDED or (not task.provider_task_id and report.state != ReportState.FAILED):
        return note
    if task.kind == Kind.IMPORT and report.state != ReportState.FAILED:
        # It was failed for a number nobody knew, and here it is.
        return note
    # The callback may be ahead of the record.
    follows = task.claimed_urls and task.empty_looks < looks.EMPTY_LOOKS
    due = now + looks.QUICK_LOOK if follows else None
    return replace(note, next_look_at=due, empty_looks=task.empty_looks + 1)


def _failed(task: Task, report: Report, now: datetime, note: LookNote) -> LookNote | None:
    if report.needs_second_look and (task.doubted_at is None or now - task.doubted_at < looks.SECOND_LOOK):
        doubted = task.doubted_at or now
        return replace(note, next_look_at=doubted + looks.SECOND_LOOK, doubted_at=doubted)
    code = report.error_code or str(report.code)
    failure = failure_class_of(report.error_message, code)
    return None if lifecycle.fail(task, failure, report.error_message, code) else replace(note, next_look_at=None)


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


def note_blind(task: Task, now: datetime) -> None:
    """There is no key to look with: remember since when, and look again in an hour."""
    since = task.blind_since or now
    Task.objects.filter(pk=task.pk).update(blind_since=since, next_look_at=now + timedelta(hours=1))
    task.blind_since = since


def _try_another_hint(task: Task) -> bool:
    """Callbacks named several ids for it and this one is unknown: go on to the next of them, round and round."""
    named = task.deliveries.filter(answer=200).exclude(provider_task_id="").order_by("pk")
    ids = list(dict.fromkeys(named.values_list("provider_task_id", flat=True)))
    if len(ids) < 2:
        return False
    after = ids.index(task.hinted_task_id) + 1 if task.hinted_task_id in ids else 0
    return bool(Task.objects.filter(pk=task.pk, provider_task_id="").update(hinted_task_id=ids[after % len(ids)]))
