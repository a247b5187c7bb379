"""The hot end of callbacks: find tasks by their tokens, store what came, set "look now". Three statements by hand.

The ORM would cost more than all the rest of the answer (docs/performance.md, B2). Nothing else is done here: the
truth is asked for by the sync loop, also when every worker stands still.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connections, transaction

from mjportal.encryption import Secret

# However often the bell rings, a task is looked at no more than once in this time.
LOOK_EVERY = timedelta(seconds=10)

_FIND = (
    "SELECT t.callback_token, t.id, t.provider_task_id, t.looked_at, k.webhook_secret,"
    " k.fingerprint = t.key_fingerprint FROM tasks_task t LEFT JOIN accounts_apikey k ON k.id ="
    " COALESCE(t.api_key_id, (SELECT o.id FROM accounts_apikey o WHERE o.user_id = t.user_id))"
    " WHERE t.callback_token IN ({places})"
)
_STORE = (
    "INSERT INTO callbacks_delivery (task_id, at, body, truncated, signature, answer, provider_task_id, address)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
_LOOK = (
    "UPDATE tasks_task SET called_back_at = COALESCE(called_back_at, %s),"
    " next_look_at = CASE WHEN next_look_at <= %s THEN next_look_at ELSE %s END,"
    " hinted_task_id = CASE WHEN provider_task_id = '' THEN %s ELSE hinted_task_id END,"
    " claimed_urls = COALESCE({urls}, claimed_urls)"
    # Also where it waits or was cancelled, for the token proves that it was sent: the request was refused and taken all
    # the same, or a restored backup does not know of it.
    " WHERE id = %s AND status <> 'SUCCEEDED'"
    # The first ring is noted even where a look is due sooner anyway; later ones if they hasten it or name another id.
    " AND (next_look_at IS NULL OR next_look_at > %s OR called_back_at IS NULL"
    " OR provider_task_id = '' AND hinted_task_id <> %s OR claimed_urls <> COALESCE({urls}, claimed_urls))"
)


@dataclass(frozen=True, slots=True)
class Rung:
    """The task a token belongs to, as far as the bell needs it."""

    task_id: UUID
    provider_task_id: str
    looked_at: datetime | None
    webhook_secret: Secret
    is_same_account: bool = True


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came for a task and how it was judged: the columns of a `Delivery`, and whether to look because of it."""

    rung: Rung
    at: datetime
    body: bytes
    truncated: bool
    signature: str
    answer: int
    provider_task_id: str
    address: str | None
    believed: bool
    urls: Sequence[str] = ()


def find(tokens: Iterable[str]) -> dict[str, Rung]:
    """The tasks behind these callback tokens; unknown ones are left out."""
    wanted = list(dict.fromkeys(tokens))
    with connections["default"].cursor() as cursor:
        cursor.execute(_FIND.format(places=", ".join(["%s"] * len(wanted))), wanted)
        rows = cursor.fetchall()
    return {
        token: Rung(_uuid(pk), named, _aware(looked_at), Secret(secret or ""), bool(is_same))
        for token, pk, named, looked_at, secret, is_same in rows
    }


def ring(arrivals: Sequence[Arrival]) -> None:
    """Store the deliveries; those believed have their task looked at now, or ten seconds after its last look."""
    database = connections["default"]
    looks = [_look(arrival) for arrival in arrivals if arrival.believed]
    with transaction.atomic(), database.cursor() as cursor:
        cursor.executemany(_STORE, [_row(arrival) for arrival in arrivals])
        if looks:
            urls = "%s::jsonb" if database.vendor == "postgresql" else "%s"
            cursor.executemany(_LOOK.format(urls=urls), looks)


def _row(arrival: Arrival) -> tuple[Any, ...]:
    verdict = (arrival.truncated, arrival.signature, arrival.answer, arrival.provider_task_id, arrival.address)
    return (_key(arrival.rung.task_id), _time(arrival.at), arrival.body, *verdict)


def _look(arrival: Arrival) -> tuple[Any, ...]:
    at, looked_at = arrival.at, arrival.rung.looked_at
    due = _time(max(at, looked_at + LOOK_EVERY) if looked_at else at)
    # A later ring that names nothing leaves what an earlier one named.
    urls = json.dumps(list(arrival.urls)) if arrival.urls else None
    named = arrival.provider_task_id
    return (_time(at), due, due, named, urls, _key(arrival.rung.task_id), due, named, urls)


def _key(pk: UUID) -> UUID | str:
    return pk if connections["default"].vendor == "postgresql" else pk.hex


def _time(value: datetime) -> datetime | str:
    """As the database stores it; SQLite has UTC without saying so, and Django's own adapter asks the settings anew."""
    if connections["default"].vendor == "postgresql":
        return value
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def _aware(value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
