"""The one tolerant parser: any bytes in, an `Answer` out, never an exception.

Source: the provider's envelope `{"code": int, "msg": text, "data": ...}`, and what its answers were seen to do in
practice: errors on HTTP 200, codes as text, JSON inside JSON, pages of HTML from the edge.
"""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

from kie.exchange import clean_text, cut_out

ANSWER_CAP = 1024 * 1024
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 3600.0

_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_CODE = re.compile(r"[0-9]{1,9}", re.ASCII)


class Form(Enum):
    """What an answer's body turned out to be."""

    OBJECT = "a JSON object"
    TEXT = "plainly not JSON: a page, a line of text, nothing"
    BROKEN = "JSON that is cut, hostile or no object: it may hide a task id"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, read.

    `code`: the effective code. `body`: the object, empty for other forms. `message`: the cleaned `msg`. `task_id`: the
    well-formed task id found in it, or "".
    """

    status: int
    code: int
    form: Form
    body: dict[str, Any]
    message: str
    task_id: str

    @property
    def content(self) -> dict[str, Any]:
        """`data` when it is an object, else an empty one."""
        inner = self.body.get("data")
        return inner if isinstance(inner, dict) else {}


def read_answer(raw: bytes, status: int, secrets: Iterable[str] = ()) -> Answer:
    """Read the body of any answer or callback. `status` is the HTTP status (200 for a callback).

    `secrets` are cut out first wherever the provider echoes them, so that no part read from here can hold one.
    """
    raw = cut_out(raw, secrets)
    parsed = parse_json(raw)
    if isinstance(parsed, dict):
        return Answer(
            status,
            effective_code(status, parsed),
            Form.OBJECT,
            parsed,
            clean_text(parsed.get("msg")),
            find_task_id(parsed),
        )
    form = Form.BROKEN if _may_be_json(raw) else Form.TEXT
    return Answer(status, status, form, {}, "", "")


def effective_code(status: int, body: object) -> int:
    """The body's `code` (an integer or digits, no boolean) under a 2xx status, in every other case the status."""
    if 200 <= status <= 299 and isinstance(body, dict):
        code = whole_number(body.get("code"))
        if code is not None:
            return code
    return status


def parse_json(raw: bytes | str) -> Any:
    """The JSON value, or None when this is no strict JSON in UTF-8: NaN, cut, too deep, too many digits, too long."""
    if len(raw) > ANSWER_CAP:
        return None
    try:
        text = raw if isinstance(raw, str) else raw.removeprefix(BOM_UTF8).decode()
        return _STRICT.decode(text)
    except (ValueError, RecursionError):
        return None


def whole_number(value: object) -> int | None:
    """An integer of at most nine digits, given as such or as text; None for anything else, booleans included."""
    if isinstance(value, str) and _CODE.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return value
    return None


def is_task_id(value: object) -> bool:
    """Whether this is text of 1 to 128 letters, digits, dashes and underscores."""
    return isinstance(value, str) and _TASK_ID.fullmatch(value) is not None


def find_task_id(body: dict[str, Any]) -> str:
    """The first well-formed id among data.taskId, data.task_id and the same two at the top; "" if there is none."""
    inner = body.get("data")
    return (task_id_in(inner) if isinstance(inner, dict) else "") or task_id_in(body)


def task_id_in(place: dict[str, Any]) -> str:
    """The well-formed id this object names itself; a whole number is an id too. "" if there is none."""
    for name in ("taskId", "task_id"):
        value = place.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**128:
            value = str(value)
        if isinstance(value, str) and is_task_id(value):
            return value
    return ""


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait from a Retry-After header (seconds or a date), held between 1 and 3600; None if there is none."""
    said = (value or "").strip()
    if not said:
        return None
    if _CODE.fullmatch(said):
        pause = float(said)
    else:
        try:
            moment = parsedate_to_datetime(said)
            pause = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
        except (ValueError, OverflowError, TypeError, IndexError):
            return None
    return min(max(pause, SHORTEST_PAUSE), LONGEST_PAUSE)


def _may_be_json(raw: bytes) -> bool:
    # A refusal is believed on its status alone only if its body cannot be the announcement of a task.
    head = raw.lstrip(b"\xef\xbb\xbf \t\r\n\x00")[:1]
    return head in (b"{", b"[", b'"') or b"taskId" in raw or b"task_id" in raw


def _no_constant(name: str) -> object:
    raise ValueError(name)


_STRICT = json.JSONDecoder(parse_constant=_no_constant)
