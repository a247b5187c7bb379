"""The board's list: filters, and pages by cursor that stay put while new tasks arrive."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from accounts.spaces import Space
from tasks.cards import Card, card_of, with_results
from tasks.models import CLIP_TYPES, Kind, Status, Task

PAGE = 24
RUNNING = (Status.QUEUED, Status.SUBMITTING, Status.RUNNING)
WAITING = (Status.HELD, Status.UNCONFIRMED)
CLIPS = Q(task_type__in=CLIP_TYPES) | Q(kind=Kind.EXTEND)
FILTERS: dict[str, tuple[str, Q]] = {
    "all": ("Everything", Q()),
    "running": ("Running", Q(status__in=RUNNING)),
    "failed": ("Failed", Q(status=Status.FAILED)),
    "waiting": ("Waiting for you", Q(status__in=WAITING)),
    "images": ("Images", ~CLIPS),
    "videos": ("Videos", CLIPS),
}


@dataclass
class Page:
    """Cards, newest first, and the cursor of the next page ("" at the end)."""

    cards: list[Card]
    older: str


def page_of(space: Space, show: str, before: str) -> Page:
    """One page of the board of the space; a cursor that makes no sense starts at the top."""
    tasks = Task.objects.filter(space.holds).filter(FILTERS[show][1]).order_by("-created_at", "-id")
    at = _read(before)
    if at:
        moment, pk = at
        tasks = tasks.filter(Q(created_at__lt=moment) | Q(created_at=moment, id__lt=pk))
    found = list(with_results(tasks)[: PAGE + 1])
    now = timezone.now()
    older = _write(found[PAGE - 1]) if len(found) > PAGE else ""
    return Page([card_of(task, now) for task in found[:PAGE]], older)


def _write(task: Task) -> str:
    return f"{task.created_at.timestamp():.6f}_{task.pk.hex}"


def _read(cursor: str) -> tuple[datetime, UUID] | None:
    moment, _, pk = cursor.partition("_")
    try:
        return datetime.fromtimestamp(float(moment), timezone.get_current_timezone()), UUID(pk)
    except (ValueError, OverflowError, OSError):
        return None
