"""Write many look notes in one statement: the hot end of a sync pass (docs/performance.md, C4).

Django's bulk_update is slower than one save() per row on SQLite; executemany there and UPDATE FROM json on PostgreSQL
are tens of times faster. The condition on `next_look_at` leaves a row alone that a callback woke in the meantime.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from tasks.reporting import LookNote

COLUMNS = ("looked_at", "next_look_at", "looks", "bad_looks", "empty_looks", "doubted_at", "confirmed_at")
_SQLITE = (
    "UPDATE tasks_task SET looked_at = %s, next_look_at = %s, looks = %s, bad_looks = %s, empty_looks = %s,"
    " doubted_at = %s, confirmed_at = %s, blind_since = NULL WHERE id = %s AND next_look_at IS %s"
)
_POSTGRES = (
    "UPDATE tasks_task AS t SET looked_at = n.looked_at, next_look_at = n.next_look_at, looks = n.looks,"
    " bad_looks = n.bad_looks, empty_looks = n.empty_looks, doubted_at = n.doubted_at, confirmed_at = n.confirmed_at,"
    " blind_since = NULL"
    " FROM jsonb_to_recordset(%s) AS n(id uuid, seen timestamptz, looked_at timestamptz, next_look_at timestamptz,"
    " looks int, bad_looks int, empty_looks int, doubted_at timestamptz, confirmed_at timestamptz)"
    " WHERE t.id = n.id AND t.next_look_at IS NOT DISTINCT FROM n.seen"
)


def write(notes: Sequence[LookNote]) -> None:
    """Store the notes; a task whose look was moved since it was read keeps the newer time."""
    if not notes:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRES, [json.dumps([_record(note) for note in notes])])
        else:
            cursor.executemany(_SQLITE, [_row(note) for note in notes])


def _row(note: LookNote) -> tuple[Any, ...]:
    return (
        _time(note.looked_at),
        _time(note.next_look_at),
        note.looks,
        note.bad_looks,
        note.empty_looks,
        _time(note.doubted_at),
        _time(note.confirmed_at),
        note.task.pk.hex,
        _time(note.task.next_look_at),
    )


def _time(value: datetime | None) -> str | None:
    """As Django stores a time in SQLite; its own adapter asks the settings anew for each and took most of the time."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ") if value else None


def _record(note: LookNote) -> dict[str, object]:
    values = {name: getattr(note, name) for name in COLUMNS}
    texts = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
    seen = note.task.next_look_at
    return {**texts, "id": str(note.task.pk), "seen": seen.isoformat() if seen else None}
