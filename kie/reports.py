"""What the provider says about a task: a report that was asked for, or a callback that came by itself.

Source: GET /api/v1/mj/record-info and the callback of the specification, with the shapes seen in the field: result
lists as objects or as text inside text, plain or wrapped addresses, flags and times as numbers or text.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from kie.answers import Answer, Form, effective_code, parse_json, read_answer, task_id_in, whole_number
from kie.cleaning import is_web_address
from kie.errors import Busy, KeyRefused, UnexpectedReply
from kie.exchange import Exchange, clean_text
from kie.outcomes import refusal, unusable

__all__ = [
    "Answer",
    "CallbackHint",
    "Exchange",
    "Form",
    "Report",
    "ReportState",
    "callback_hint",
    "effective_code",
    "is_result_address",
    "origin_of",
    "read_answer",
    "read_report",
    "read_time",
]

MOST_URLS = 64
# Far beyond what a form takes: signed links of object stores are long, and one that is dropped is a lost picture.
RESULT_URL_LIMIT = 16 * 1024
_ABSENT = "recordinfo is null"
_EPOCH_MILLISECONDS_FROM = 10**11


class ReportState(StrEnum):
    """What a report means for the task."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PENDING_RESULT = "pending_result"  # the flag says done, no usable address came with it
    MISSING = "missing"  # the provider knows no such task: too early, too late, or lost
    SWITCHED_OFF = "switched_off"


@dataclass(frozen=True, slots=True)
class Report:
    """The state of one task as the provider tells it.

    `flag`: successFlag 0 to 3, None if absent or odd; `raw_flag` is its text. `urls`: usable result addresses by the
    provider's own index, each once; "" stands where it names none. `error_code`, `error_message`: text, cleaned and
    capped, "" when absent. Times are aware, in UTC.
    `needs_second_look`: a failure to be believed only when a look 30 s later agrees. `retry_after`: seconds or None.
    """

    task_id: str
    state: ReportState
    code: int
    flag: int | None = None
    raw_flag: str = ""
    urls: tuple[str, ...] = ()
    error_code: str = ""
    error_message: str = ""
    created_at: datetime | None = None
    completed_at: datetime | None = None
    task_type: str = ""
    # What was asked for, by the provider's names. It holds the prompt, so it is kept out of every log.
    asked: Mapping[str, Any] = field(default_factory=dict, repr=False)
    needs_second_look: bool = False
    retry_after: float | None = None
    exchange: Exchange | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class CallbackHint:
    """What an unsigned callback claims: good for "look now", never for a decision by itself."""

    task_id: str
    urls: tuple[str, ...]
    code: int | None
    message: str
    failed: bool


def read_report(
    answer: Answer,
    task_id: str,
    *,
    own_origins: Collection[str] = (),
    retry_after: float | None = None,
    exchange: Exchange | None = None,
) -> Report:
    """The meaning of an answer to record-info, row by row of the table of answers.

    `own_origins`: origins such as "http://127.0.0.1:8001" whose addresses are taken although they are not https.
    Raises KeyRefused, Busy, or UnexpectedReply for everything that only means "look again".
    """
    if answer.form is Form.OBJECT and answer.code == 200 and answer.content:
        return _read_record(answer, task_id, own_origins, retry_after, exchange)
    error = refusal(answer, exchange, retry_after=retry_after)
    if isinstance(error, KeyRefused | Busy):
        raise error
    state = _state_without_record(answer)
    if state is None:
        raise unusable(answer, exchange)
    return Report(
        task_id,
        state,
        answer.code,
        error_code="" if state is ReportState.MISSING else str(answer.code),
        error_message=answer.message,
        needs_second_look=state is ReportState.FAILED,
        retry_after=retry_after,
        exchange=exchange,
    )


def callback_hint(raw: bytes, own_origins: Collection[str] = ()) -> CallbackHint | None:
    """What a callback's body claims, or None when it is no JSON object or names no task."""
    answer = read_answer(raw, 200)
    if not answer.task_id:
        return None
    code = whole_number(answer.body.get("code"))
    record = answer.content or answer.body
    flag = _flag(record)
    return CallbackHint(
        task_id=answer.task_id,
        urls=_result_urls(record, own_origins),
        code=code,
        message=clean_text(record.get("errorMessage")) or answer.message,
        failed=flag in (2, 3) or (code is not None and code != 200),
    )


def read_time(value: object) -> datetime | None:
    """A moment in UTC from milliseconds, seconds (below 10^11), the same as text, or ISO text (no zone: UTC)."""
    if isinstance(value, str):
        said = value.strip()
        if said.isascii() and said.isdigit() and len(said) <= 16:
            value = int(said)
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            return None
        return datetime.fromtimestamp(value if value < _EPOCH_MILLISECONDS_FROM else value / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def origin_of(url: str) -> str:
    """`scheme://host[:port]` of an address, lower case; "" if it cannot be read."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""


def is_result_address(url: str, own_origins: Collection[str]) -> bool:
    """Whether a result may be fetched from here: https, or one of the configured provider's own origins."""
    schemes = ("http", "https") if origin_of(url) in own_origins else ("https",)
    return is_web_address(url, schemes, RESULT_URL_LIMIT)


def _read_record(
    answer: Answer,
    task_id: str,
    own_origins: Collection[str],
    retry_after: float | None,
    exchange: Exchange | None,
) -> Report:
    record = answer.content
    if task_id_in(record) != task_id:
        raise UnexpectedReply("The provider reported another task.", code=answer.code, exchange=exchange)
    urls = _result_urls(record, own_origins)
    # A bare true is believed where it comes with what it claims.
    flag = 1 if record.get("successFlag") is True and urls else _flag(record)
    return Report(
        task_id=task_id,
        state=_state(flag, urls),
        code=answer.code,
        flag=flag,
        raw_flag=_as_text(record.get("successFlag"), 32),
        urls=urls,
        error_code=_as_text(record.get("errorCode"), 64),
        error_message=clean_text(record.get("errorMessage")),
        created_at=read_time(record.get("createTime")),
        completed_at=read_time(record.get("completeTime")),
        task_type=_as_text(record.get("taskType"), 32),
        asked=_mapping(record.get("paramJson")),
        retry_after=retry_after,
        exchange=exchange,
    )


def _state(flag: int | None, urls: tuple[str, ...]) -> ReportState:
    if flag == 1:
        return ReportState.SUCCEEDED if urls else ReportState.PENDING_RESULT
    return ReportState.FAILED if flag in (2, 3) else ReportState.RUNNING


def _state_without_record(answer: Answer) -> ReportState | None:
    """The state an answer without a record tells, None for "look again"."""
    if answer.form is Form.BROKEN:
        return None
    if answer.code in (404, 422) or _ABSENT in answer.message.lower():
        return ReportState.MISSING
    if answer.form is Form.TEXT:
        return None
    return {501: ReportState.FAILED, 505: ReportState.SWITCHED_OFF}.get(answer.code)


def _flag(record: dict[str, Any]) -> int | None:
    flag = record.get("successFlag")
    flag = whole_number(int(flag) if isinstance(flag, float) and flag.is_integer() else flag)
    return flag if flag in (0, 1, 2, 3) else None


def _as_text(value: object, limit: int) -> str:
    if isinstance(value, int):
        return str(value).lower() if abs(value) < 10**18 else ""
    return clean_text(value, limit)


def _result_urls(record: dict[str, Any], own_origins: Collection[str]) -> tuple[str, ...]:
    """Usable addresses from the first place that has any, each at its own index: follow-ups name a picture by it."""
    for place in _result_places(record):
        found: list[str] = []
        for url in islice(_addresses(place), MOST_URLS):
            found.append(url if url not in found and is_result_address(url, own_origins) else "")
        while found and not found[-1]:
            found.pop()
        if found:
            return tuple(found)
    return ()


def _result_places(record: dict[str, Any]) -> Iterator[object]:
    info = _unwrap(record.get("resultInfoJson"))
    yield info.get("resultUrls") if isinstance(info, dict) else info
    yield record.get("resultUrls")
    response = _unwrap(record.get("response"))
    if isinstance(response, dict):
        yield response.get("resultUrls")
        yield response.get("result_urls")
    yield record.get("videos")


def _mapping(value: object) -> dict[str, Any]:
    """An object, or the text of one; {} for everything else."""
    unwrapped = _unwrap(value)
    return unwrapped if isinstance(unwrapped, dict) else {}


def _unwrap(value: object) -> object:
    """Undo up to two layers of JSON text."""
    for _ in range(2):
        if isinstance(value, str):
            value = parse_json(value)
    return value


def _addresses(place: object) -> Iterator[str]:
    unwrapped = _unwrap(place) if isinstance(place, str) and place.lstrip()[:1] in ("[", '"') else place
    for item in unwrapped if isinstance(unwrapped, list) else [unwrapped]:
        address = item.get("resultUrl", item.get("url")) if isinstance(item, dict) else item
        yield address.strip() if isinstance(address, str) else ""
