"""A zip of many results, streamed at once with a known length: nothing is held in memory or on disk."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from zipstream import ZipStream

from gallery import files
from gallery.models import Result
from gallery.naming import human_name
from gallery.sniffing import BY_MIME
from mjportal.spreadsheets import cell

MOST = 5_000
FIELDS = ("file", "prompt", "type", "version", "speed", "ratio", "width", "height", "seconds", "saved", "person", "id")


def zip_response(results: "QuerySet[Result]", name: str) -> StreamingHttpResponse:
    """The originals of these saved results under names people can read, with prompts.csv and prompts.json."""
    rows = list(
        results.filter(state=Result.State.SAVED).select_related("task", "user").order_by("saved_at", "id")[:MOST]
    )
    archive = ZipStream(sized=True)
    names = _names(rows)
    for row, inside in zip(rows, names, strict=True):
        kept = files.original_name(row.sha256, BY_MIME[row.content_type].extension)
        archive.add(_pieces(kept, row.size), inside, size=row.size)
    told = [_told(row, inside) for row, inside in zip(rows, names, strict=True)]
    archive.add(_csv(told), "prompts.csv")
    archive.add(json.dumps(told, ensure_ascii=False, indent=1).encode(), "prompts.json")
    response = StreamingHttpResponse(iter(archive), content_type="application/zip")
    response["Content-Length"] = str(len(archive))
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.zip") or "attachment"
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _names(rows: Iterable[Result]) -> list[str]:
    """One name for each row; equal ones are numbered."""
    seen: Counter[str] = Counter()
    names = []
    for row in rows:
        name = human_name(row, BY_MIME[row.content_type].extension)
        seen[name.lower()] += 1
        count = seen[name.lower()]
        stem, _, extension = name.rpartition(".")
        names.append(name if count == 1 else f"{stem} ({count}).{extension}")
    return names


def _pieces(name: str, size: int) -> Iterator[bytes]:
    """The file's bytes, opened when its turn comes. Exactly `size` of them, whatever became of the file meanwhile."""
    left = size
    try:
        for piece in files.read_range(name, 0, size):
            left -= len(piece)
            yield piece
    except FileNotFoundError:
        pass
    # The length is promised: a file that is gone is filled up, and its checksum tells.
    while left > 0:
        yield bytes(min(left, 65536))
        left -= min(left, 65536)


def _told(row: Result, name: str) -> dict[str, Any]:
    values = (
        name,
        row.task.prompt,
        row.task_type,
        row.version,
        row.speed,
        row.task.aspect_ratio,
        row.width,
        row.height,
        round(row.duration, 2),
        timezone.localtime(row.saved_at).isoformat(timespec="seconds") if row.saved_at else "",
        row.user.get_full_name(),
        str(row.pk),
    )
    return {**dict(zip(FIELDS, values, strict=True)), "parameters": row.task.parameters}


def _csv(told: Iterable[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(FIELDS)
    writer.writerows([cell(each[field]) for field in FIELDS] for each in told)
    return ("\ufeff" + text.getvalue()).encode()
