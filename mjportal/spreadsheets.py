"""CSV that opens well and safely in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

# A cell that begins so is a formula to a spreadsheet (OWASP, CSV injection), also behind what it trims off; an
# apostrophe makes it text again. Where a list is separated by semicolons or tabs, quotes that follow a comma hold
# nothing together: there a text goes on in the next cell, or the next row, and begins anew.
_UNSEEN = r"\s\x00-\x1f\x7f\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
# Nor are a text's own quotes seen there: written twice, they begin the next cell with an empty pair.
_LOST = rf'["{_UNSEEN}]'
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
# Asked first, for it is quick: a sign with something seen before it begins nothing, and most cells have no other.
_MAY_BEGIN = re.compile(rf'{_SIGN}(?<![^;"{_UNSEEN}].)')
_BEGUN = re.compile(rf"(?:^[{_UNSEEN}]*+|;{_LOST}*+|(?<!{_LOST}){_LOST}++)(?={_SIGN})")


def csv_response(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """Stream `rows` under `head` as `name`.csv, UTF-8 with its mark, times in ISO 8601 of the site's zone."""
    response = StreamingHttpResponse(csv_lines(head, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.csv") or "attachment"
    response["Cache-Control"] = "private, no-store"
    return response


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The lines of such a file, its mark before the first."""
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(head)
    yield "\ufeff" + line.getvalue()
    for row in rows:
        line.seek(0)
        line.truncate()
        writer.writerow([cell(value) for value in row])
        yield line.getvalue()


def cell(value: Any) -> str:
    """One value as text. Numbers stay numbers; text that a spreadsheet would run is defused."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _BEGUN.sub(_as_text, value) if _MAY_BEGIN.search(value) else value
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    if isinstance(value, bool | int | float | Decimal):
        return str(value)
    return cell(str(value))


def _as_text(begun: re.Match[str]) -> str:
    is_new_cell = begun.start() == 0 or not {";", "\t", "\r", "\n"}.isdisjoint(begun[0])
    return f"{begun[0]}'" if is_new_cell else begun[0]
