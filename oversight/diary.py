"""The callback diary: what rang, what it was to us, and what came of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from callbacks.models import Delivery
from tasks.models import Status

PAGE = 100
EARLIER = Delivery.objects.filter(task=OuterRef("task"), answer=200, at__lt=OuterRef("at"))
GOOD = Q(answer=200)
KINDS: dict[str, tuple[str, Q]] = {
    "all": ("Everything", Q()),
    "first": ("First calls", GOOD & Q(repeated=False) & ~Q(late=True)),
    "repeated": ("Repeated", GOOD & Q(repeated=True)),
    "late": ("Late", GOOD & Q(repeated=False, late=True)),
    "refused": ("Refused", Q(answer=401)),
    "garbled": ("Garbled", Q(answer=400)),
}
SIGNED = {"none": "none", "valid": "good", "invalid": "bad", "missing": "missing", "stale": "too old"}


@dataclass(frozen=True)
class Line:
    """One call in words."""

    delivery: Delivery
    what: str
    then: str
    signed: str
    after: str
    is_bad: bool


def calls(since: datetime, words: str = "") -> "QuerySet[Delivery]":
    """The calls since then, newest first; `words` looks in the provider's task id, our task's id, and the address."""
    found = Delivery.objects.filter(at__gte=since).annotate(
        repeated=Exists(EARLIER), late=Q(task__finished_at__lt=F("at") - timedelta(seconds=1))
    )
    for word in words.split()[:5]:
        named = Q(provider_task_id__icontains=word) | Q(task__user__email__icontains=word)
        compact = word.replace("-", "")
        if len(compact) == 32 and all(digit in "0123456789abcdef" for digit in compact):
            named |= Q(task_id=compact)
        found = found.filter(named)
    return found.select_related("task__user", "task__team").order_by("-at", "-pk")


def lines(deliveries: Iterable[Delivery]) -> Iterator[Line]:
    for delivery in deliveries:
        what, then, is_bad = _outcome(delivery)
        yield Line(delivery, what, then, SIGNED[delivery.signature], _after(delivery), is_bad)


def _outcome(delivery: Any) -> tuple[str, str, bool]:
    """(what it was, what came of it, whether something is wrong)."""
    task = delivery.task
    if delivery.answer == 401:
        return (
            "Refused",
            {"invalid": "wrong signature", "stale": "an old stamp"}.get(delivery.signature, "unsigned"),
            True,
        )
    if delivery.answer == 400:
        return "Garbled", "no task id in it" if not delivery.truncated else "far too long", True
    if task is None:
        return "Unknown task", "nothing to do", True
    if task.provider_task_id and delivery.provider_task_id != task.provider_task_id:
        return "Other task", "names another task than its address", True
    if delivery.repeated:
        return "Repeated", "nothing to do", False
    if delivery.late:
        seconds = (delivery.at - task.finished_at).total_seconds()
        return "Late", f"the poll had it {seconds:.0f} s before", False
    if task.status == Status.SUCCEEDED:
        return "Settled", f"{task.expected_results} file{'' if task.expected_results == 1 else 's'}", False
    if task.status == Status.FAILED:
        return "Failed there", task.get_failure_class_display().lower(), False
    return "Heard", "asked the provider", False


def _after(delivery: Any) -> str:
    sent = delivery.task.sent_at if delivery.task else None
    if sent is None:
        return ""
    seconds = (delivery.at - sent).total_seconds()
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def since_named(name: str) -> datetime:
    """The beginning of a span by its name: today, yesterday, week, month."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"today": 0, "yesterday": 1, "week": 7, "month": 31}
    return today - timedelta(days=days.get(name, 1))
