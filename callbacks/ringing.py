"""The hot end of a callback: find the task by its token, store what came, set "look now". Three statements by hand.

The ORM would cost more than all the rest of the answer (docs/performance.md, B2). Nothing else is done here: the
truth is asked for by the sync loop, also when every worker stands still.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connections

from callbacks.journal import Entry, journal
from mjportal.encryption import Secret

# However often the bell rings, a task is looked at no more than once in this time.
LOOK_EVERY = timedelta(seconds=10)

_FIND = (
    "SELECT t.id, t.provider_task_id, t.looked_at, k.webhook_secret FROM tasks_task t"
    " LEFT JOIN accounts_apikey k ON k.user_id = t.user_id WHERE t.callback_token = %s"
)


@dataclass(frozen=True, slots=True)
class Rung:
    """The task a token belongs to, as far as the bell needs it."""

    task_id: UUID
    provider_task_id: str
    looked_at: datetime | None
    webhook_secret: Secret


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came and how it was judged: the columns of a `Delivery`, whose ORM row would cost as much as its storing."""

    at: datetime
    body: bytes
    truncated: bool
    signature: str
    answer: int
    provider_task_id: str
    address: str | None


def find(token: str) -> Rung | None:
    """The task behind a callback token, None when there is none."""
    with connections["default"].cursor() as cursor:
        cursor.execute(_FIND, [token])
        row = cursor.fetchone()
    if row is None:
        return None
    task_id = row[0] if isinstance(row[0], UUID) else UUID(row[0])
    looked_at: datetime | None = row[2]
    if looked_at and looked_at.tzinfo is None:
        # SQLite stores UTC without saying so.
        looked_at = looked_at.replace(tzinfo=UTC)
    return Rung(task_id, row[1], looked_at, Secret(row[3] or ""))


def ring(arrival: Arrival, rung: Rung, *, believed: bool, urls: Sequence[str] = ()) -> None:
    """Store the delivery; if it is believed, have the task looked at now, or ten seconds after its last look.

    Returns when both are committed.
    """
    database = connections["default"]
    adapt = database.ops.adapt_datetimefield_value
    pk = rung.task_id if database.vendor == "postgresql" else rung.task_id.hex
    at = adapt(arrival.at)
    due = at
    if rung.looked_at and rung.looked_at + LOOK_EVERY > arrival.at:
        due = adapt(rung.looked_at + LOOK_EVERY)
    verdict = (arrival.truncated, arrival.signature, arrival.answer, arrival.provider_task_id, arrival.address)
    look = (due, at, arrival.provider_task_id, json.dumps(urls), pk, due) if believed else None
    journal.write(Entry((pk, at, arrival.body, *verdict), look))
