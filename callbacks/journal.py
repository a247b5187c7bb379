"""One writer per process for all bells: whoever gets the turn commits everything that waits, in one transaction.

Callbacks come in bursts. SQLite lets one writer in and has the others sleep in growing steps, and every commit costs as
much as all its rows; shared, a burst of sixteen costs little more than one (docs/performance.md, B2).
"""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction

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


@dataclass(slots=True, eq=False)
class Entry:
    """The values of one delivery and, when it is believed, of the look it asks for."""

    delivery: Sequence[Any]
    look: Sequence[Any] | None
    is_settled: bool = False
    trouble: Exception | None = None


class Journal:
    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._waiting: deque[Entry] = deque()

    def write(self, entry: Entry) -> None:
        """Return when `entry` is committed, by this thread or by another; raise what kept it from being so."""
        self._waiting.append(entry)
        with self._turn:
            if not entry.is_settled:
                self._settle([self._waiting.popleft() for _ in range(len(self._waiting))])
        if entry.trouble:
            raise entry.trouble

    def _settle(self, entries: Sequence[Entry]) -> None:
        try:
            _store(entries)
        except Exception as trouble:  # noqa: BLE001 - every waiting thread must hear of its own entry
            if len(entries) > 1:
                # One bad row must not cost the others their place.
                for entry in entries:
                    self._settle([entry])
                return
            entries[0].trouble = trouble
        for entry in entries:
            entry.is_settled = True


def _store(entries: Sequence[Entry]) -> None:
    database = connections["default"]
    looks = [entry.look for entry in entries if entry.look]
    with transaction.atomic(), database.cursor() as cursor:
        cursor.executemany(_STORE, [entry.delivery for entry in entries])
        if looks:
            urls = "%s::jsonb" if database.vendor == "postgresql" else "%s"
            cursor.executemany(_LOOK.format(urls=urls), looks)


journal = Journal()
