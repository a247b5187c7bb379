"""New tasks: what is accepted, what is refused with which code, and what it costs."""

import pytest

from tests.sandbox.conftest import Caller

IMAGE = "https://files.example.com/fox.png"


def test_an_accepted_task_gets_an_opaque_id_and_nothing_else(alice: Caller) -> None:
    answer = alice.submit()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    body = answer.json()
    assert {"code": body["code"], "msg": body["msg"]} == {"code": 200, "msg": "success"}
    assert len(body["data"].pop("taskId")) == 32
    assert body["data"] == {}


def test_the_request_log_proves_what_was_sent(alice: Caller) -> None:
    alice.submit(prompt="one fox", stylization=100)
    [request] = alice.sandbox.sent("mj/generate")
    assert request.method == "POST"
    assert request.headers["authorization"] == f"Bearer {alice.key}"
    assert request.json == {"taskType": "mj_txt2img", "prompt": "one fox", "speed": "fast", "stylization": 100}


@pytest.mark.parametrize(
    ("fields", "credits"),
    [
        ({"speed": "relaxed"}, 3),
        ({"speed": "fast"}, 8),
        ({"speed": "turbo"}, 16),
        ({"speed": None}, 8),
        ({"taskType": "mj_omni_reference", "fileUrls": [IMAGE], "speed": None, "ow": 500}, 8),
        ({"taskType": "mj_style_reference", "fileUrls": [IMAGE, IMAGE]}, 8),
        ({"taskType": "mj_img2img", "fileUrl": IMAGE}, 8),
        ({"taskType": "mj_video", "fileUrls": [IMAGE], "motion": "low"}, 15),
        ({"taskType": "mj_video_hd", "fileUrls": [IMAGE], "motion": "high", "videoBatchSize": 2}, 90),
    ],
)
def test_every_kind_is_charged_when_accepted(alice: Caller, fields: dict[str, object], credits: int) -> None:
    task_id = alice.generate(**fields)
    [charge] = alice.sandbox.charges(alice.key)
    assert charge.task_id == task_id
    assert -charge.credits == credits
    assert charge.balance == alice.balance() == 1000 - credits


@pytest.mark.parametrize(
    "fields",
    [
        {"taskType": None},
        {"taskType": "mj_blend"},
        {"prompt": ""},
        {"prompt": "   "},
        {"prompt": 7},
        {"prompt": "x" * 2001},
        {"speed": "Fast"},
        {"aspectRatio": "7:5"},
        {"version": "4"},
        {"version": True},
        {"variety": 7},
        {"variety": 105},
        {"variety": "5"},
        {"stylization": 1001},
        {"weirdness": -1},
        {"weirdness": 1.5},
        {"ow": 0},
        {"enableTranslation": "true"},
        {"waterMark": 3},
        {"callBackUrl": "ftp://example.com/"},
        {"callBackUrl": "http://[broken"},
        {"fileUrls": "https://files.example.com/a.png"},
        {"fileUrls": ["file:///etc/passwd"]},
        {"taskType": "mj_img2img"},
        {"taskType": "mj_video", "fileUrls": [IMAGE]},
        {"taskType": "mj_video", "fileUrls": [IMAGE, IMAGE], "motion": "low"},
        {"taskType": "mj_video", "fileUrls": [IMAGE], "motion": "medium"},
        {"taskType": "mj_video", "fileUrls": [IMAGE], "motion": "low", "videoBatchSize": 3},
    ],
)
def test_a_wrong_parameter_is_refused_with_422_and_costs_nothing(alice: Caller, fields: dict[str, object]) -> None:
    answer = alice.submit(**fields)
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (200, 422, None)
    assert alice.sandbox.charges(alice.key) == []
    assert alice.sandbox.tasks == {}


def test_a_prompt_of_2000_characters_and_a_number_as_version_are_fine(alice: Caller) -> None:
    task_id = alice.generate(prompt="x" * 2000, version=7)
    assert '"version":"7"' in alice.report(task_id)["paramJson"]


def test_an_unknown_field_is_ignored_unless_the_sandbox_is_told_to_mind(alice: Caller) -> None:
    assert "stylisation" not in alice.report(alice.generate(stylisation=5))["paramJson"]
    alice.sandbox.change(refuse_unknown=True)
    assert alice.submit(stylisation=5).json()["code"] == 422


def test_a_version_beyond_the_specification_can_be_switched_on(alice: Caller) -> None:
    assert alice.submit(version="niji7").json()["code"] == 422
    alice.sandbox.change(extra_versions=["niji7"])
    assert alice.submit(version="niji7").json()["code"] == 200


def test_a_body_that_is_no_json_object_is_a_400(alice: Caller) -> None:
    for body in (b"{'prompt': 1}", b"", b"[1]", b"\xff"):
        answer = alice.call("POST", "/api/v1/mj/generate", data=body)
        assert answer.json()["code"] == 400, body


def test_a_missing_or_unknown_key_is_a_401_in_the_body(alice: Caller) -> None:
    for header in ("", "Bearer nobody", alice.key, f"Basic {alice.key}"):
        answer = alice.call("POST", "/api/v1/mj/generate", json={}, headers={"Authorization": header})
        assert (answer.status_code, answer.json()["code"]) == (200, 401)


def test_errors_can_be_switched_to_their_http_status(alice: Caller) -> None:
    alice.sandbox.change(errors="status")
    assert alice.submit(speed="slow").status_code == 422
    assert alice.call("GET", "/api/v1/chat/credit", headers={"Authorization": ""}).status_code == 401


def test_too_little_credit_is_a_402_and_leaves_the_balance(alice: Caller) -> None:
    alice.sandbox.add_account(alice.key, balance="7.5")
    assert alice.submit().json() == {"code": 402, "msg": "Credits insufficient", "data": None}
    assert alice.balance() == 7.5


def test_the_twenty_first_task_in_ten_seconds_is_refused_not_queued(alice: Caller) -> None:
    codes = [alice.submit(speed="relaxed").json()["code"] for _ in range(21)]
    assert codes == [200] * 20 + [429]
    assert len(alice.sandbox.tasks) == 20
    alice.sandbox.advance(seconds=10)
    assert alice.submit().json()["code"] == 200


def test_the_limit_counts_all_keys_of_an_account_but_not_other_accounts(alice: Caller, bob: Caller) -> None:
    alice.sandbox.add_account("alice-second-key", same_as=alice.key)
    second = Caller(alice.sandbox, alice.session, "alice-second-key")
    codes = [caller.submit(speed="relaxed").json()["code"] for caller in (alice, second) * 10]
    assert codes == [200] * 20
    assert second.submit().json()["code"] == 429
    assert bob.submit().json()["code"] == 200
    assert second.balance() == alice.balance() == 940


def test_an_unknown_path_is_a_404_and_a_wrong_method_a_405(alice: Caller) -> None:
    assert alice.get("/api/v1/mj/nothing")["code"] == 404
    assert alice.get("/api/v1/mj/generate")["code"] == 405
    assert alice.post("/api/v1/mj/record-info?taskId=x")["code"] == 405


def test_the_edge_can_refuse_default_user_agents_with_plain_text(alice: Caller) -> None:
    alice.sandbox.change(strict_agent=True)
    refused = alice.call("GET", "/api/v1/chat/credit")
    assert (refused.status_code, refused.text) == (403, "error code: 1010")
    named = alice.call("GET", "/api/v1/chat/credit", headers={"User-Agent": "mj-portal/1.0"})
    assert named.json()["code"] == 200
