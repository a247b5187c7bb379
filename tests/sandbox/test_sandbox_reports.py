"""record-info: the record in the field's own shape, from running to forgotten."""

import json
import re

import pytest
from requests import Session

from kie.sandbox import Sandbox
from tests.sandbox.conftest import KEY, Caller


def test_a_running_task_has_nulls_and_times_in_milliseconds(alice: Caller) -> None:
    task_id = alice.generate()
    data = alice.report(task_id)
    created = data.pop("createTime")
    assert created > 10**12
    assert created % 1000 == 0
    params = data.pop("paramJson")
    assert data == {
        "taskId": task_id, "taskType": "mj_txt2img", "completeTime": None, "resultInfoJson": None,
        "successFlag": 0, "errorCode": None, "errorMessage": None,
    }  # fmt: skip
    assert list(json.loads(params)) == sorted(json.loads(params))


def test_parameters_are_repeated_with_the_defaults_of_the_provider(alice: Caller) -> None:
    params = json.loads(alice.report(alice.generate(callBackUrl="https://example.com/secret"))["paramJson"])
    assert params["enableTranslation"] is True
    assert (params["motion"], params["videoBatchSize"], params["prompt"]) == ("high", 1, "paper boats at dawn")
    assert "callBackUrl" not in params


def test_a_finished_image_task_has_four_urls_as_objects(alice: Caller) -> None:
    task_id = alice.finished()
    data = alice.report(task_id)
    assert data["successFlag"] == 1
    assert data["completeTime"] >= data["createTime"]
    assert [item["resultUrl"] for item in data["resultInfoJson"]["resultUrls"]] == [
        f"{alice.sandbox.url}/files/{task_id}_0_{position}.jpeg" for position in range(4)
    ]


def test_a_video_task_has_as_many_clips_as_ordered(alice: Caller) -> None:
    fields = {"fileUrls": ["https://files.example.com/a.jpg"], "motion": "low", "videoBatchSize": 2}
    task_id = alice.finished(taskType="mj_video", speed=None, **fields)
    assert [url[-8:] for url in alice.urls(task_id)] == ["_0_0.mp4", "_0_1.mp4"]


def test_a_failed_task_keeps_msg_success_and_is_refunded(alice: Caller) -> None:
    task_id = alice.generate()
    alice.sandbox.fail(task_id, "Banned prompt detected")
    answer = alice.look(task_id).json()
    assert (answer["code"], answer["msg"]) == (200, "success")
    data = answer["data"]
    assert (data["successFlag"], data["errorCode"]) == (3, 500)
    assert (data["errorMessage"], data["resultInfoJson"]) == ("Banned prompt detected", None)
    assert alice.balance() == 1000
    assert [entry.kind for entry in alice.sandbox.ledger] == ["opening", "charge", "refund"]


def test_refunds_can_be_switched_off(alice: Caller) -> None:
    alice.sandbox.change(refund=False)
    alice.sandbox.fail(alice.generate())
    assert alice.balance() == 992


def test_a_final_state_never_moves(alice: Caller) -> None:
    task_id = alice.finished()
    alice.sandbox.fail(task_id, "too late")
    assert alice.report(task_id)["successFlag"] == 1
    assert alice.balance() == 992


def test_an_unknown_or_foreign_task_does_not_exist(alice: Caller, bob: Caller) -> None:
    missing = {"code": 422, "msg": "The record does not exist", "data": None}
    assert alice.look("0" * 32).json() == missing
    assert bob.look(alice.generate()).json() == missing
    assert alice.get("/api/v1/mj/record-info")["code"] == 422


def test_records_are_forgotten_after_two_months(alice: Caller) -> None:
    task_id = alice.finished()
    alice.sandbox.advance(days=59)
    assert alice.report(task_id)["successFlag"] == 1
    alice.sandbox.advance(days=2)
    assert alice.look(task_id).json()["code"] == 422


@pytest.mark.parametrize(("speed", "early", "late"), [("fast", 9, 12), ("relaxed", 13, 16), ("turbo", 5, 8)])
def test_a_task_lives_as_long_as_configured_on_the_clock(alice: Caller, speed: str, early: int, late: int) -> None:
    alice.sandbox.change(life="10-20")
    task_id = alice.generate(speed=speed)
    alice.sandbox.advance(seconds=early)
    assert alice.report(task_id)["successFlag"] == 0
    alice.sandbox.advance(seconds=late)
    assert alice.report(task_id)["successFlag"] == 1


def test_answers_are_zipped_when_the_caller_can_read_it(alice: Caller) -> None:
    task_id = alice.finished()
    assert alice.look(task_id).headers["Content-Encoding"] == "gzip"
    plain = alice.call("GET", f"/api/v1/mj/record-info?taskId={task_id}", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.json()["data"]["taskId"] == task_id


def test_a_task_can_be_done_at_once(session: Session) -> None:
    with Sandbox(life=0, art="plain") as sandbox:
        sandbox.add_account(KEY)
        caller = Caller(sandbox, session)
        assert caller.report(caller.generate())["successFlag"] == 1


def test_the_balance_is_an_integer_or_a_decimal_number(alice: Caller) -> None:
    assert re.search(r'"data":1000}', alice.call("GET", "/api/v1/chat/credit").text)
    alice.sandbox.debit(alice.key, 0.25)
    assert re.search(r'"data":999.75}', alice.call("GET", "/api/v1/chat/credit").text)
    assert [entry.kind for entry in alice.sandbox.ledger] == ["opening", "debit"]
