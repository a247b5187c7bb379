"""What needs a person: tasks that can't heal by themselves, keys the provider refuses, files that run out of days."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiKey
from gallery.models import Result
from mjportal.templatetags.words import lasting
from tasks.models import HoldReason, Status, Task
from tasks.pace import took, usual_seconds

RISKY_DAYS = timedelta(days=7)
MOST = 50


@dataclass(frozen=True)
class Need:
    """One line: what it is, the facts, what happens by itself, and the one act (a POST when `posts`)."""

    icon: str
    what: str
    facts: str
    then: str
    act: str
    url: str
    since: datetime
    posts: bool = False


def stuck_tasks(now: datetime | None = None) -> "QuerySet[Task]":
    """No confirmation, held, long queued, long running, or only useless answers. What somebody paused is not stuck."""
    now = now or timezone.now()
    found = Task.objects.stuck(now).exclude(status=Status.HELD, hold_reason=HoldReason.PAUSED)
    return found.select_related("user", "team").order_by("created_at")


def files_at_risk(now: datetime | None = None) -> "QuerySet[Result]":
    """Files we do not have and the provider deletes within a week, and those we lost."""
    now = now or timezone.now()
    waiting = Result.objects.filter(state=Result.State.SAVING, deadline__lt=now + RISKY_DAYS)
    return waiting.select_related("user", "task").order_by("deadline")


def needs(now: datetime | None = None) -> list[Need]:
    """Everything, the oldest first."""
    now = now or timezone.now()
    keys = ApiKey.objects.exclude(refused_at=None).select_related("user")[:MOST]
    found = [_of_key(key, now) for key in keys]
    found += [_of_task(task, now) for task in stuck_tasks(now)[:MOST]]
    found += [_of_file(result, now) for result in files_at_risk(now)[:MOST]]
    return sorted(found, key=lambda need: need.since)


def _of_key(key: ApiKey, now: datetime) -> Need:
    held = Task.objects.filter(api_key=key, status=Status.HELD).count()
    assert key.refused_at is not None  # noqa: S101 - asked for
    return Need(
        "key",
        "Key refused",
        f"{key.user}, {key}, for {lasting(key.refused_at, now)}. {held} held.",
        "Tried again every hour",
        "Open the key",
        reverse("admin:accounts_apikey_change", args=[key.pk]),
        key.refused_at,
    )


def _of_task(task: Task, now: datetime) -> Need:
    whose = f"{task.kind_label} of {task.user}"
    look = reverse("oversight:act", args=[task.pk])
    page = reverse("admin:tasks_task_change", args=[task.pk])
    if task.status == Status.UNCONFIRMED:
        sent = f"{timezone.localtime(task.sent_at):%H:%M}" if task.sent_at else "some time ago"
        facts = f"{whose}, sent {sent}, no answer. Perhaps {task.cost.normalize():f} credits."
        return Need(
            "question-mark-circle", "Unconfirmed", facts, "Its callback heals it", "Open it", page, task.created_at
        )
    if task.status == Status.HELD:
        facts = f"{whose}: {task.get_hold_reason_display()}."
        return Need("pause-circle", "Held", facts, "Leaves when the reason is gone", "Open it", page, task.created_at)
    if task.status == Status.RUNNING:
        started = task.sent_at or task.created_at
        usual = usual_seconds(task.task_type, str(task.parameters.get("speed", "fast")))[1]
        facts = f"{whose}, {took((now - started).total_seconds())}, usually about {took(usual)}."
        return Need(
            "clock", "Long overdue", facts, "Asked less and less often", "Ask again now", look, started, posts=True
        )
    facts = f"{whose}, waiting for {lasting(task.created_at, now)}."
    return Need("queue-list", "Not sent", facts, "Rung for again every 30 s", "Open it", page, task.created_at)


def _of_file(result: Result, now: datetime) -> Need:
    facts = f"{result.kind.capitalize()} {result.position + 1} of {result.user}: {result.problem or 'not fetched yet'}."
    then = f"Gone at the provider in {lasting(now, result.deadline)}" if result.deadline > now else "May be gone there"
    url = reverse("oversight:fetch", args=[result.pk])
    return Need("arrow-down-tray", "File at risk", facts, then, "Save it now", url, result.first_seen_at, posts=True)
