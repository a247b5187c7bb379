"""Odd but possible reports: the shapes clients have seen, and the stories a record can tell."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kie.sandbox.faults import Fault

Data = dict[str, Any]
Shape = Callable[[Data, "Fault"], Data]

# These need the history of the task and are told in reports.py.
STORIES = ("empty_success", "late_failure", "missing_after_submit")


def _urls(data: Data) -> list[str]:
    return [item["resultUrl"] for item in (data["resultInfoJson"] or {}).get("resultUrls", [])]


def _results(data: Data, results: Any) -> Data:
    return data | {"resultInfoJson": results} if data["resultInfoJson"] is not None else data


def _without_results(data: Data, instead: Callable[[list[str]], Data]) -> Data:
    if data["resultInfoJson"] is None:
        return data
    rest = {name: value for name, value in data.items() if name != "resultInfoJson"}
    return rest | instead(_urls(data))


def _times(data: Data, convert: Callable[[int], Any]) -> Data:
    times = {name: data[name] for name in ("createTime", "completeTime")}
    return data | {name: None if at is None else convert(at) for name, at in times.items()}


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _signed(url: str, fault: "Fault") -> str:
    """With a signature that is another one at each look."""
    return f"{url}?signature={fault.used}{'0' * int(fault.number('long', 0))}"


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


SHAPES: dict[str, Shape] = {
    "string_flag": lambda data, fault: data | {"successFlag": str(data["successFlag"])},
    "bool_flag": lambda data, fault: data | {"successFlag": data["successFlag"] == 1},
    "float_flag": lambda data, fault: data | {"successFlag": float(data["successFlag"])},
    "snake_id": lambda data, fault: data | {"taskId": None, "task_id": data["taskId"]},
    "null_flag": lambda data, fault: data | {"successFlag": data["successFlag"] or None},
    "unknown_flag": lambda data, fault: data | {"successFlag": int(fault.argument or 9)},
    "json_text_results": lambda data, fault: _results(data, text(data["resultInfoJson"])),
    "double_encoded": lambda data, fault: _results(data, text(text(data["resultInfoJson"]))),
    "plain_string_urls": lambda data, fault: _results(data, {"resultUrls": _urls(data)}),
    "repeated_urls": lambda data, fault: _results(data, {"resultUrls": _urls(data) * 2}),
    "top_level_urls": lambda data, fault: _without_results(data, lambda urls: {"resultUrls": urls}),
    "response_urls": lambda data, fault: _without_results(data, lambda urls: {"response": {"resultUrls": urls}}),
    "response_snake_urls": lambda data, fault: _without_results(data, lambda urls: {"response": {"result_urls": urls}}),
    "videos_urls": lambda data, fault: _without_results(data, lambda urls: {"videos": [{"url": url} for url in urls]}),
    "gap_in_urls": lambda data, fault: _results(data, {"resultUrls": [*_urls(data)[:1], None, *_urls(data)[2:]]}),
    "more_urls": lambda data, fault: _results(data, {"resultUrls": [*_urls(data), f"{_urls(data)[0]}?again=1"]}),
    "signed_urls": lambda data, fault: _results(data, {"resultUrls": [_signed(url, fault) for url in _urls(data)]}),
    "hostile_urls": lambda data, fault: _results(
        data, {"resultUrls": [{"resultUrl": fault.text("to", "http://169.254.169.254/latest/meta-data/")}]}
    ),
    "wrong_task_id": lambda data, fault: data | {"taskId": fault.text("to", "f" * 32)},
    "text_error_code": lambda data, fault: data | {"errorCode": "VIDEO_EXTEND_FAILED"},
    "epoch_seconds": lambda data, fault: _times(data, lambda at: at // 1000),
    "text_times": lambda data, fault: _times(data, str),
    "iso_times": lambda data, fault: _times(data, lambda at: _iso(at) + "Z"),
    "iso_times_without_zone": lambda data, fault: _times(data, _iso),
    "empty_times": lambda data, fault: _times(data, lambda at: ""),
}
