"""Every row of "What every answer means", for a paid request, a report and the free calls."""

from typing import Any

import pytest

from kie.client import Client
from kie.errors import (
    Busy,
    KeyRefused,
    KieError,
    OutcomeUnknown,
    OutOfCredit,
    Refused,
    UnexpectedReply,
)
from kie.reports import ReportState
from tests.kie.conftest import TASK
from tests.kie.raw_server import RawServer, http

VALUES = {"task_type": "mj_txt2img", "prompt": "a fox", "speed": "fast", "enable_translation": False}
NEW = "feedfacefeedfacefeedfacefeedface"


def said(code: object, data: object = None, msg: object = "words") -> dict[str, object]:
    return {"code": code, "msg": msg, "data": data}


def pay(client: Client) -> KieError:
    with pytest.raises(KieError) as caught:
        client.generate(VALUES)
    return caught.value


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, said(200, {"taskId": NEW})),
        (200, said("200", {"taskId": NEW})),
        (200, said(200, {"task_id": NEW})),
        (200, {"taskId": NEW}),
        (201, said(200, {"taskId": NEW})),
        (200, said(500, {"taskId": NEW})),
        (200, said(429, {"taskId": NEW})),
        (422, said(422, {"taskId": NEW})),
        (502, said(200, {"taskId": NEW})),
        (200, b"\xef\xbb\xbf" + b'{"code":200,"data":{"taskId":"%s"}}' % NEW.encode()),
    ],
)
def test_any_answer_with_a_task_id_is_accepted(server: RawServer, client: Client, status: int, body: Any) -> None:
    server.answer(http(status, body))
    assert client.generate(VALUES).task_id == NEW


REFUSALS = [
    (400, Refused, "parameter"),
    (422, Refused, "parameter"),
    (404, Refused, "not_found"),
    (501, Refused, "generation_failed"),
    (505, Refused, "switched_off"),
    (401, KeyRefused, None),
    (403, KeyRefused, None),
    (402, OutOfCredit, None),
    (429, Busy, None),
    (455, Busy, None),
]


@pytest.mark.parametrize("as_status", [True, False])
@pytest.mark.parametrize(("code", "error", "kind"), REFUSALS)
def test_a_refusal_in_json_is_believed(
    server: RawServer, client: Client, code: int, error: type[KieError], kind: str | None, as_status: bool
) -> None:
    server.answer(http(code if as_status else 200, said(code, msg="no\x00 \u202esuch\nluck")))
    raised = pay(client)
    assert type(raised) is error
    assert (raised.code, raised.message) == (code, "no such luck")
    assert getattr(raised, "kind", None) == kind
    assert getattr(raised, "maintenance", code == 455) is (code == 455)
    assert raised.exchange is not None
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("code", "error"), [(400, Refused), (401, KeyRefused), (402, OutOfCredit), (404, Refused), (429, Busy), (455, Busy)]
)
@pytest.mark.parametrize("page", ["", "<html>sorry</html>", "error code: 1015"])
def test_a_page_is_believed_for_codes_any_server_may_give(
    server: RawServer, client: Client, code: int, error: type[KieError], page: str
) -> None:
    server.answer(http(code, page))
    assert type(pay(client)) is error


@pytest.mark.parametrize("page", ["error code: 1010", "", "<html>Attention</html>", '{"code":403'])
def test_a_403_that_is_not_json_says_blocked_and_nothing_about_the_key(
    server: RawServer, client: Client, page: str
) -> None:
    server.answer(http(403, page))
    raised = pay(client)
    assert isinstance(raised, OutcomeUnknown)
    assert raised.blocked
    with pytest.raises(UnexpectedReply) as caught:
        client.report(TASK)
    assert caught.value.blocked


DEAD_ENDS: list[tuple[int, Any]] = [
    (200, said(200)),
    (200, said(200, {"taskId": ""})),
    (200, said(200, {"taskId": "a b"})),
    (200, said(200, {"taskId": "x" * 129})),
    (200, said(200, {"taskId": "id\n"})),
    (200, said(200, {"taskId": -7})),
    (200, said(200, {"taskId": 7.5})),
    (200, said(200, {"taskId": True})),
    (200, said(200, [NEW])),
    (200, said(True, {})),
    (200, said(500)),
    (200, said(550)),
    (200, said(999)),
    (200, {}),
    (204, b""),
    (500, said(429)),
    (500, said(200)),
    (501, "Not Implemented"),
    (505, "HTTP Version Not Supported"),
    (502, "<html>bad gateway</html>"),
    (503, ""),
    (504, ""),
    (520, "error code: 520"),
    (200, b""),
    (200, b"<html>hello</html>"),
    (200, b"[]"),
    (200, b"null"),
    (200, b'"text"'),
    (200, b'{"code":429,"data":NaN}'),
    (200, b'{"code":429,"msg":"\xff"}'),
    (200, b"[" * 100_000),
    (200, b'{"code":' + b"9" * 5_000 + b"}"),
    (429, b'{"code":429,"data":{"ta'),
    (401, b'{"code":401,"msg":"no'),
    (404, b'{"code":404,"msg":"no'),
    (429, b"[1]"),
    (400, b'no json, yet "taskId" is named'),
]


@pytest.mark.parametrize(("status", "body"), DEAD_ENDS)
def test_an_answer_that_proves_nothing_leaves_a_paid_request_unknown(
    server: RawServer, client: Client, status: int, body: Any
) -> None:
    server.answer(http(status, body))
    assert type(pay(client)) is OutcomeUnknown
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server: RawServer, client: Client, status: int) -> None:
    server.answer(http(status, said(200), Location=f"{server.url}/elsewhere"))
    assert type(pay(client)) is OutcomeUnknown
    with pytest.raises(UnexpectedReply):
        client.report(TASK)
    assert [request.path for request in server.seen] == ["/api/v1/mj/generate", f"/api/v1/mj/record-info?taskId={TASK}"]


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("0", 1), ("86400", 3600), ("soon", None), ("", None), ("-5", None)]
)
def test_the_wish_to_wait_is_kept_within_an_hour(
    server: RawServer, client: Client, header: str, seconds: float | None
) -> None:
    server.answer(http(429, said(429), Retry_After=header))
    raised = pay(client)
    assert isinstance(raised, Busy)
    assert raised.retry_after == seconds


@pytest.mark.parametrize(
    ("code", "error"), [(401, KeyRefused), (403, KeyRefused), (429, Busy), (455, Busy), (402, UnexpectedReply),
                        (400, UnexpectedReply), (500, UnexpectedReply), (502, UnexpectedReply), (999, UnexpectedReply)]
)  # fmt: skip
def test_a_report_tells_what_to_do_next(server: RawServer, client: Client, code: int, error: type[KieError]) -> None:
    server.answer(http(200, said(code)))
    with pytest.raises(KieError) as caught:
        client.report(TASK)
    assert (type(caught.value), caught.value.code) == (error, code)


@pytest.mark.parametrize(
    ("body", "state", "second_look"),
    [
        (said(422, msg="The record does not exist"), ReportState.MISSING, False),
        (said(404), ReportState.MISSING, False),
        (said(500, msg="recordInfo is null"), ReportState.MISSING, False),
        (said(200, msg="recordInfo is null"), ReportState.MISSING, False),
        (said(501), ReportState.FAILED, True),
        (said(505), ReportState.SWITCHED_OFF, False),
    ],
)
def test_a_report_without_a_record_still_has_a_state(
    server: RawServer, client: Client, body: dict[str, Any], state: ReportState, second_look: bool
) -> None:
    server.answer(http(200, body))
    report = client.report(TASK)
    assert (report.state, report.needs_second_look) == (state, second_look)


@pytest.mark.parametrize(("status", "body"), DEAD_ENDS)
def test_an_answer_that_proves_nothing_means_look_again(
    server: RawServer, client: Client, status: int, body: Any
) -> None:
    server.answer(http(status, body))
    with pytest.raises(UnexpectedReply):
        client.report(TASK)


@pytest.mark.parametrize("task_id", ["another", None, 5])
def test_a_report_about_another_task_is_no_report(server: RawServer, client: Client, task_id: object) -> None:
    server.answer(http(200, said(200, {"taskId": task_id, "successFlag": 1})))
    with pytest.raises(UnexpectedReply):
        client.report(TASK)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("5916.25", "5916.25"),
        ("92", "92"),
        ('"92.5"', "92.5"),
        ("0", "0"),
        ("-3", "-3"),
        ("0.1", "0.1"),
        ("34.300000000000004", "34.300000"),
    ],
)
def test_the_balance_is_an_exact_decimal(server: RawServer, client: Client, text: str, amount: str) -> None:
    server.answer(http(200, f'{{"code":200,"msg":"success","data":{text}}}'))
    assert str(client.balance()) == amount


@pytest.mark.parametrize("text", ["null", "true", '"NaN"', '"1_0"', '"1e9999"', "1e400", "[]", "{}", '"many"', '"٣"'])
def test_a_balance_that_is_no_number_is_no_balance(server: RawServer, client: Client, text: str) -> None:
    server.answer(http(200, f'{{"code":200,"msg":"success","data":{text}}}'))
    with pytest.raises(UnexpectedReply):
        client.balance()


@pytest.mark.parametrize(
    ("code", "error"), [(401, KeyRefused), (402, OutOfCredit), (429, Busy), (422, Refused), (500, UnexpectedReply)]
)
def test_free_calls_know_the_same_errors(server: RawServer, client: Client, code: int, error: type[KieError]) -> None:
    server.answer(http(200, said(code)))
    for call in (client.balance, lambda: client.download_url("https://a.example/b")):
        with pytest.raises(KieError) as caught:
            call()
        assert type(caught.value) is error
