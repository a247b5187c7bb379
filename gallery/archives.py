"""A zip of many results, streamed at once with a known length: nothing is held in memory or on disk."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from zipstream import ZipStream

from gallery import files
from gallery.models import Result
from gallery.naming import human_name
from gallery.sniffing import BY_MIME
from mjportal.spreadsheets import csv_lines

HELD = 1000
_ENCODER = json.JSONEncoder(ensure_ascii=False)
FIELDS = ("file", "prompt", "type", "version", "speed", "ratio", "width", "height", "seconds", "saved", "person", "id")


class Row(NamedTuple):
    """What a zip needs of a result: as plain columns, for thousands of whole objects would take a second."""

    pk: UUID
    sha256: str
    size: int
    content_type: str
    position: int
    prompt: str
    task_type: str
    version: str
    speed: str
    width: int
    height: int
    duration: float
    saved_at: datetime | None
    name: str
    email: str
    parameters: dict[str, Any]

    @property
    def extension(self) -> str:
        return BY_MIME[self.content_type].extension


COLUMNS = (
    *("pk", "sha256", "size", "content_type", "position", "task__prompt", "task_type", "version", "speed"),
    *("width", "height", "duration", "saved_at", "user__name", "user__email", "task__parameters"),
)


def zip_response(results: "QuerySet[Result]", name: str) -> StreamingHttpResponse:
    """The originals of these saved results under names people can read, with prompts.csv and prompts.json.

    How many that may be is the caller's to say: the rows, not the files, are read before the first byte.
    """
    saved = results.filter(state=Result.State.SAVED).order_by("saved_at", "id")
    rows = [Row(*columns) for columns in saved.values_list(*COLUMNS)]
    archive = ZipStream(sized=True)
    names = _names(rows)
    for row, inside in zip(rows, names, strict=True):
        archive.add(_pieces(files.original_name(row.sha256, row.extension), row.size), inside, size=row.size)
    zone = timezone.get_current_timezone()
    held = list(_all_told(rows, names, zone)) if len(rows) <= HELD else None
    for name_inside, written in (("prompts.csv", _csv), ("prompts.json", _json)):
        # Written twice, now to measure it and again when its turn comes: thousands of prompts are many megabytes.
        size = sum(len(piece) for piece in written(held or _all_told(rows, names, zone)))
        archive.add(written(held or _all_told(rows, names, zone)), name_inside, size=size)
    response = StreamingHttpResponse(iter(archive), content_type="application/zip")
    response["Content-Length"] = str(len(archive))
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.zip") or "attachment"
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _names(rows: Iterable[Row]) -> list[str]:
    """One name for each row; equal ones are numbered."""
    seen: Counter[str] = Counter()
    names = []
    for row in rows:
        name = human_name(row.prompt, row.position, row.extension)
        seen[name.lower()] += 1
        count = seen[name.lower()]
        stem, _, extension = name.rpartition(".")
        names.append(name if count == 1 else f"{stem} ({count}).{extension}")
    return names


def _pieces(name: str, size: int) -> Iterator[bytes]:
    """The file's bytes, opened when its turn comes. Where some are missing the transfer breaks off.

    The length is promised, so the browser says that the download failed. Filled up it would be a whole zip with a
    right checksum, for that is reckoned over what was sent: nobody would know of the loss.
    """
    left = size
    for piece in files.read_range(name, 0, size):
        left -= len(piece)
        yield piece
    if left:
        raise EOFError(f"{name} is {left} bytes short")


def _told(row: Row, name: str, zone: tzinfo) -> dict[str, Any]:
    values = (
        name,
        row.prompt,
        row.task_type,
        row.version,
        row.speed,
        row.parameters.get("aspect_ratio", ""),
        row.width,
        row.height,
        round(row.duration, 2),
        row.saved_at.astimezone(zone).isoformat(timespec="seconds") if row.saved_at else "",
        row.name or row.email.split("@")[0],
        str(row.pk),
    )
    return {**dict(zip(FIELDS, values, strict=True)), "parameters": row.parameters}


def _all_told(rows: Iterable[Row], names: Iterable[str], zone: tzinfo) -> Iterator[dict[str, Any]]:
    return (_told(row, inside, zone) for row, inside in zip(rows, names, strict=True))


def _csv(told: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    return (line.encode() for line in csv_lines(FIELDS, ([each[field] for field in FIELDS] for each in told)))


def _json(told: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    yield b"["
    for number, each in enumerate(told):
        yield f"{', ' if number else ''}{_ENCODER.encode(each)}".encode()
    yield b"]"
