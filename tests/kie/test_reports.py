"""The shapes a record and a callback come in, and what is made of them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from kie.errors import UnexpectedReply
from kie.reports import (
    Report,
    ReportState,
    callback_hint,
    effective_code,
    origin_of,
    read_answer,
    read_report,
    read_time,
)
from tests.kie.conftest import TASK

A, B = "https://files.example/a.jpeg", "https://files.example/b.jpeg"
OWN = "http://127.0.0.1:8001"


def report_of(record: dict[str, Any], **options: Any) -> Report:
    body = {"code": 200, "msg": "success", "data": {"taskId": TASK} | record}
    return read_report(read_answer(json.dumps(body).encode(), 200), TASK, **options)


@pytest.mark.parametrize(
    ("flag", "state"),
    [
        (0, ReportState.RUNNING),
        ("0", ReportState.RUNNING),
        (None, ReportState.RUNNING),
        (True, ReportState.SUCCEEDED),
        (1.0, ReportState.SUCCEEDED),
        (3.0, ReportState.FAILED),
        (False, ReportState.RUNNING),
        (1, ReportState.SUCCEEDED),
        ("1", ReportState.SUCCEEDED),
        (2, ReportState.FAILED),
        (3, ReportState.FAILED),
        ("3", ReportState.FAILED),
        (4, ReportState.RUNNING),
        (-1, ReportState.RUNNING),
        (10**400, ReportState.RUNNING),
        (1.5, ReportState.RUNNING),
        ("", ReportState.RUNNING),
        ("done", ReportState.RUNNING),
        ("\u0661", ReportState.RUNNING),
        ([1], ReportState.RUNNING),
        ({}, ReportState.RUNNING),
    ],
)
def test_the_flag_decides_and_an_odd_one_means_running(flag: object, state: ReportState) -> None:
    report = report_of({"successFlag": flag, "resultInfoJson": {"resultUrls": [A]}})
    assert report.state is state


def test_a_missing_flag_means_running() -> None:
    assert report_of({}).state is ReportState.RUNNING


def test_a_bare_true_without_addresses_means_running() -> None:
    assert report_of({"successFlag": True}).state is ReportState.RUNNING


URLS = {"resultUrls": [{"resultUrl": A}, {"resultUrl": B}]}


@pytest.mark.parametrize(
    "record",
    [
        {"resultInfoJson": URLS},
        {"resultInfoJson": json.dumps(URLS)},
        {"resultInfoJson": json.dumps(json.dumps(URLS))},
        {"resultInfoJson": {"resultUrls": [A, B]}},
        {"resultInfoJson": {"resultUrls": json.dumps([A, B])}},
        {"resultInfoJson": {"resultUrls": [{"resultUrl": f" {A} "}, B, A, "", None, 7, {"resultUrl": ""}, {}, B, A]}},
        {"resultInfoJson": None, "resultUrls": [A, B]},
        {"resultInfoJson": {"resultUrls": []}, "response": {"resultUrls": [A, B]}},
        {"resultInfoJson": "no json", "response": {"result_urls": [A, B]}},
        {"response": json.dumps({"resultUrls": [A, B]})},
        {"videos": [{"url": A}, {"url": B}]},
    ],
)
def test_result_addresses_are_found_in_order_and_once(record: dict[str, Any]) -> None:
    report = report_of({"successFlag": 1} | record)
    assert report.urls == (A, B)
    assert report.state is ReportState.SUCCEEDED


@pytest.mark.parametrize(
    "gap", [None, "", 7, {}, {"resultUrl": None}, A, f"{A}\nX: y", "http://files.example/c", "ftp://x/y", "https:///x"]
)
def test_a_result_keeps_the_provider_s_index_behind_one_that_cannot_be_had(gap: object) -> None:
    assert report_of({"successFlag": 1, "resultInfoJson": {"resultUrls": [A, gap, B]}}).urls == (A, "", B)


@pytest.mark.parametrize("record", [{"taskId": None, "task_id": TASK}, {"taskId": "", "task_id": TASK}])
def test_a_record_may_name_its_task_by_either_name(record: dict[str, Any]) -> None:
    assert report_of({"successFlag": 1, "resultUrls": [A]} | record).state is ReportState.SUCCEEDED


def test_a_whole_number_is_an_id_too() -> None:
    body = json.dumps({"code": 200, "data": {"taskId": 12345, "successFlag": 1, "resultUrls": [A]}}).encode()
    assert read_answer(body, 200).task_id == "12345"
    assert read_report(read_answer(body, 200), "12345").state is ReportState.SUCCEEDED


@pytest.mark.parametrize("record", [{"taskId": None}, {"taskId": "other"}, {"taskId": True}, {"task_id": "other"}])
def test_a_record_of_another_task_or_of_none_is_not_believed(record: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedReply):
        report_of({"successFlag": 1, "resultUrls": [A], "taskId": None} | record)


def test_a_long_signed_address_is_a_result_like_any_other() -> None:
    url = A + "?signature=" + "a" * 9_000
    assert report_of({"successFlag": 1, "resultUrls": [url]}).urls == (url,)


def test_one_bare_address_is_a_list_of_one() -> None:
    assert report_of({"successFlag": 1, "resultInfoJson": {"resultUrls": A}}).urls == (A,)


@pytest.mark.parametrize(
    "url",
    [
        "http://files.example/a",
        "https://user:pass@files.example/a",
        "https://files.example/a b",
        "https://files.example:99999/a",
        "https://[::1/a",
        "https://files.example/\ud800",
        "https://files.example/" + "a" * 16 * 1024,
        "javascript:alert(1)",
        "//files.example/a",
        "/a",
        "data:image/png;base64,AAAA",
        "https://files.example\\@evil.example/a",
        "http://127.0.0.1:8002/a",
        "http://x@127.0.0.1:8001/a",
    ],
)
def test_an_address_we_would_not_fetch_is_dropped_and_the_result_is_pending(url: str) -> None:
    report = report_of({"successFlag": 1, "resultInfoJson": {"resultUrls": [url]}}, own_origins={OWN})
    assert (report.urls, report.state) == ((), ReportState.PENDING_RESULT)


def test_the_configured_providers_own_origin_may_be_plain_http() -> None:
    record = {"successFlag": 1, "resultInfoJson": {"resultUrls": [f"{OWN}/files/a.jpeg"]}}
    assert report_of(record, own_origins={origin_of(OWN + "/")}).urls == (f"{OWN}/files/a.jpeg",)
    assert report_of(record).urls == ()


def test_addresses_are_never_scraped_from_the_rest_of_a_record() -> None:
    report = report_of(
        {"successFlag": 1, "paramJson": json.dumps({"fileUrl": A}), "msg": A, "resultInfoJson": {"x": B}}
    )
    assert report.state is ReportState.PENDING_RESULT


@pytest.mark.parametrize(
    ("code", "text", "message", "cleaned"),
    [
        (500, "500", "internal error, please try again later.", "internal error, please try again later."),
        ("VIDEO_EXTEND_FAILED", "VIDEO_EXTEND_FAILED", "a\x00b\r\nc\u202e", "a b c"),
        (None, "", None, ""),
        (True, "true", 5, ""),
        (10**30, "", "\ud800x", "x"),
        ("x" * 500, "x" * 63 + "…", "y" * 5_000, "y" * 299 + "…"),
        ([], "", {}, ""),
    ],
)
def test_the_reason_of_a_failure_is_text_fit_to_show(code: object, text: str, message: object, cleaned: str) -> None:
    report = report_of({"successFlag": 3, "errorCode": code, "errorMessage": message})
    assert (report.error_code, report.error_message, report.raw_flag) == (text, cleaned, "3")
    assert report.needs_second_look is False


MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        1767225600000,
        1767225600,
        "1767225600000",
        " 1767225600 ",
        1767225600.0,
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00",
        "2026-01-01T02:00:00+02:00",
        "2026-01-01T00:00:00.000Z",
    ],
)
def test_a_time_is_read_from_any_form_seen(value: object) -> None:
    assert read_time(value) == MOMENT


@pytest.mark.parametrize(
    "value",
    [None, "", " ", "soon", True, False, 0, -1, 10**30, "9" * 40, "0001-01-01T00:00:00+14:00", [], {}, "\xb2",
     float("inf"), float("nan"), "2026-13-01"],
)  # fmt: skip
def test_a_time_that_is_none_is_none(value: object) -> None:
    assert read_time(value) is None


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, {"code": 422}, 422),
        (200, {"code": "422"}, 422),
        (200, {"code": True}, 200),
        (200, {"code": None}, 200),
        (200, {"code": 4.5}, 200),
        (200, {"code": "x"}, 200),
        (200, {"code": "\uff14\uff12\uff12"}, 200),
        (200, {"code": 10**12}, 200),
        (200, {"code": -1}, 200),
        (204, {}, 204),
        (200, [], 200),
        (500, {"code": 200}, 500),
        (429, {"code": 455}, 429),
        (302, {"code": 200}, 302),
    ],
)
def test_the_bodys_code_counts_only_under_a_2xx(status: int, body: object, code: int) -> None:
    assert effective_code(status, body) == code


def test_a_finished_callback_is_a_hint() -> None:
    body = {"code": 200, "msg": "success", "data": {"taskId": TASK, "promptJson": "{}", "resultUrls": [A, B]}}
    hint = callback_hint(json.dumps(body).encode())
    assert hint is not None
    assert (hint.task_id, hint.urls, hint.code, hint.failed) == (TASK, (A, B), 200, False)


@pytest.mark.parametrize(
    "body",
    [
        {"code": 500, "msg": "Image generation failed", "data": {"taskId": TASK, "resultUrls": []}},
        {"code": "501", "msg": "Image generation failed", "data": {"task_id": TASK}},
        {"code": 200, "data": {"taskId": TASK, "successFlag": "2", "errorMessage": "Image generation failed"}},
        {"taskId": TASK, "successFlag": 3, "errorMessage": "Image generation failed"},
    ],
)
def test_a_failed_callback_says_so(body: dict[str, Any]) -> None:
    hint = callback_hint(json.dumps(body).encode())
    assert hint is not None
    assert (hint.task_id, hint.failed, hint.message) == (TASK, True, "Image generation failed")


@pytest.mark.parametrize("body", [{"task_id": TASK}, {"data": {"task_id": TASK}}, {"data": "x", "taskId": TASK}])
def test_a_callback_may_name_its_task_in_four_places(body: dict[str, Any]) -> None:
    hint = callback_hint(json.dumps(body).encode())
    assert hint is not None
    assert (hint.task_id, hint.failed, hint.code) == (TASK, False, None)


@pytest.mark.parametrize(
    "raw",
    [b"", b"hello", b"[]", b"{}", b'{"data":{}}', b'{"taskId":-5}', b'{"taskId":"a/b"}', b"\xff", b'{"taskId":NaN}'],
)
def test_a_callback_that_names_no_task_is_none(raw: bytes) -> None:
    assert callback_hint(raw) is None


def test_the_record_of_a_callback_shaped_like_a_report_is_read() -> None:
    body = {"code": 200, "data": {"taskId": TASK, "successFlag": 1, "resultInfoJson": json.dumps(URLS)}}
    hint = callback_hint(json.dumps(body).encode())
    assert hint is not None
    assert hint.urls == (A, B)
