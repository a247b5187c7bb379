"""What the task page shows beyond the card: parameters, cost, the rail of stations, the family, raw answers."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from gallery.models import Result
from kie.parameters import BY_NAME
from tasks.cards import Card, card_of
from tasks.family import Node, tree_of
from tasks.models import Exchange, Task
from tasks.pace import took
from tasks.references import Slot, slots
from usage.models import LedgerEntry


@dataclass
class Station:
    """A point of the time rail: where it stands (0 to 100 of the whole) and what happened there."""

    name: str
    at: datetime | None
    note: str
    share: float


@dataclass
class Detail:
    """Everything `tasks/task.html` draws."""

    card: Card
    parameters: list[tuple[str, str]]
    ledger: list[LedgerEntry]
    stations: list[Station]
    total: str
    exchanges: list[dict[str, Any]]
    family: Node
    pictures: list[Slot]
    bytes_saved: int
    provider_until: datetime | None


def detail_of(task: Task) -> Detail:
    """Gather the page of a task fetched by `tasks.cards.with_results`."""
    results = list(task.results.all())
    saved_at = max((result.saved_at for result in results if result.saved_at), default=None)
    is_saved = bool(results) and all(result.state == Result.State.SAVED for result in results)
    end = saved_at if is_saved else task.finished_at
    return Detail(
        card=card_of(task),
        parameters=_parameters(task),
        ledger=list(task.ledger.all()),
        stations=_stations(task, saved_at if is_saved else None),
        total=took((end - task.created_at).total_seconds()) if end else "",
        exchanges=[_exchange(exchange) for exchange in task.exchanges.all()],
        family=tree_of(task),
        pictures=slots(task.user, task.parameters.get("file_urls") or []),
        bytes_saved=sum(result.size for result in results),
        provider_until=min((result.deadline for result in results), default=None),
    )


def _parameters(task: Task) -> list[tuple[str, str]]:
    rows = [("Type", task.kind_label)]
    for name, row in BY_NAME.items():
        value = task.parameters.get(name)
        if name != "file_urls" and value not in (None, ""):
            rows.append((row.label, _word(value)))
    return rows


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def _stations(task: Task, saved_at: datetime | None) -> list[Station]:
    cost = f"{task.cost.normalize():f} credits reserved" if task.cost else "free"
    points = [
        ("Queued", task.created_at, cost),
        ("Sent", task.sent_at, "the one paid request"),
        ("Confirmed", task.confirmed_at, "seen in the provider's record"),
        ("Callback", task.called_back_at, "the provider rang"),
        ("Finished", task.finished_at, task.get_status_display()),
        ("Saved", saved_at, "on our storage"),
    ]
    known = [at for _, at, _ in points if at]
    span = (max(known) - task.created_at).total_seconds() or 1.0
    shares = [100 * (at - task.created_at).total_seconds() / span if at else 0.0 for _, at, _ in points]
    return [Station(name, at, note, share) for (name, at, note), share in zip(points, shares, strict=True)]


def _exchange(exchange: Exchange) -> dict[str, Any]:
    return {
        "at": timezone.localtime(exchange.at),
        "outcome": exchange.outcome,
        "call": f"{exchange.method} {exchange.path.split('?')[0]}",
        "status": exchange.status or "no answer",
        "seconds": f"{exchange.seconds:.1f} s",
        "sent": _pretty(exchange.request_body),
        "answered": _pretty(exchange.response_body),
    }


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
