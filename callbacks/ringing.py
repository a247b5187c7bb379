"""The hot end of a callback: find the task by its token, store what came, set "look now". Three statements by hand.

The ORM would cost more than all the rest of the answer (docs/performance.md, B2). Nothing else is done here: the
truth is asked for by the sync loop, also when every worker stands still.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from callbacks.models import Delivery
from mjportal.encryption import Secret

# However often the bell rings, a task is looked at no more than once in this time.
LOOK_EVERY = timedelta(seconds=10)

_FIND = (
    "SELECT t.id, t.provider_task_id, t.looked_at, k.webhook_secret FROM tasks_task t"
    " LEFT JOIN accounts_apikey k ON k.user_id = t.user_id WHERE t.callback_token = %s"
)
_STORE = (
    "INSERT INTO callbacks_delivery (task_id, at, body, truncated, signature, answer, provider_task_id, address)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
_LOOK = (
    "UPDATE tasks_task SET next_look_at = %s, called_back_at = COALESCE(called_back_at, %s),"
    " hinted_task_id = CASE WHEN provider_task_id = '' THEN %s ELSE hinted_task_id END, claimed_urls = {urls}"
    " WHERE id = %s AND status IN ('SUBMITTING', 'RUNNING', 'UNCONFIRMED', 'FAILED')"
    " AND (next_look_at IS NULL OR next_look_at > %s)"
)


@dataclass(frozen=True, slots=True)
class Rung:
    """The task a token belongs to, as far as the bell needs it."""

    task_id: UUID
    provider_task_id: str
    looked_at: datetime | None
    webhook_secret: Secret


def find(token: str) -> Rung | None:
    """The task behind a callback token, None when there is none."""
    with connection.cursor() as cursor:
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


def ring(delivery: Delivery, rung: Rung, *, believed: bool, urls: Sequence[str] = ()) -> None:
    """Store the delivery; if it is believed, have the task looked at now, or ten seconds after its last look."""
    adapt = connection.ops.adapt_datetimefield_value
    pk = rung.task_id if connection.vendor == "postgresql" else rung.task_id.hex
    at = delivery.at
    body = bytes(delivery.body)
    stored = (delivery.truncated, delivery.signature, delivery.answer, delivery.provider_task_id, delivery.address)
    due = max(at, rung.looked_at + LOOK_EVERY) if rung.looked_at else at
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_STORE, [pk, adapt(at), body, *stored])
        if believed:
            cast = "%s::jsonb" if connection.vendor == "postgresql" else "%s"
            values = [adapt(due), adapt(at), delivery.provider_task_id, json.dumps(list(urls)), pk, adapt(due)]
            cursor.execute(_LOOK.format(urls=cast), values)
