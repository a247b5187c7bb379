"""Callbacks: the body, the signature, three tries, and everything that can go wrong with them."""

import base64
import hashlib
import hmac
import json

import pytest

from tests.sandbox.conftest import KEY, Caller, Receiver


def test_a_success_is_announced_with_plain_urls(alice: Caller, receiver: Receiver) -> None:
    task_id = alice.finished(callBackUrl=receiver.url)
    headers, body = receiver.next()
    assert (headers[":path"], headers["content-type"]) == ("/hook/abc?x=1", "application/json")
    assert not [name for name in headers if name.startswith("x-webhook") or name == "authorization"]
    said = json.loads(body)
    assert (said["code"], said["msg"], sorted(said["data"])) == (200, "success", ["promptJson", "resultUrls", "taskId"])
    assert (said["data"]["taskId"], said["data"]["resultUrls"]) == (task_id, alice.urls(task_id))


def test_a_failure_is_announced_with_500_and_no_urls(alice: Caller, receiver: Receiver) -> None:
    alice.sandbox.fail(alice.generate(callBackUrl=receiver.url), "failed")
    said = json.loads(receiver.next()[1])
    assert (said["code"], said["msg"], said["data"]["resultUrls"]) == (500, "failed", [])


def test_a_task_that_ends_by_the_clock_rings_too(alice: Caller, receiver: Receiver) -> None:
    alice.sandbox.change(life="10-20")
    task_id = alice.generate(callBackUrl=receiver.url)
    alice.sandbox.advance(seconds=30)
    assert json.loads(receiver.next()[1])["data"]["taskId"] == task_id


def test_an_upscale_rings_without_the_prompt(alice: Caller, receiver: Receiver) -> None:
    body = {"taskId": alice.finished(), "imageIndex": 0, "callBackUrl": receiver.url}
    alice.sandbox.finish(alice.post("/api/v1/mj/generateUpscale", body)["data"]["taskId"])
    data = json.loads(receiver.next()[1])["data"]
    assert (sorted(data), len(data["resultUrls"])) == (["resultUrls", "taskId"], 1)


@pytest.mark.parametrize(("failed", "expected"), [(False, (1, None)), (True, (3, "VIDEO_EXTEND_FAILED"))])
def test_an_extension_rings_in_the_shape_of_a_record(
    alice: Caller, receiver: Receiver, failed: bool, expected: tuple[int, str | None]
) -> None:
    video = {"taskType": "mj_video", "fileUrls": ["https://files.example.com/a.jpg"], "motion": "low"}
    body = {"taskType": "mj_video_extend_auto", "taskId": alice.finished(**video), "index": 0}
    task_id = alice.post("/api/v1/mj/generateVideoExtend", body | {"callBackUrl": receiver.url})["data"]["taskId"]
    alice.sandbox.fail(task_id) if failed else alice.sandbox.finish(task_id)
    data = json.loads(receiver.next()[1])["data"]
    assert (data["successFlag"], data["errorCode"]) == expected
    assert (data["resultInfoJson"] is None) is failed


def test_a_webhook_key_signs_task_and_time(alice: Caller, receiver: Receiver) -> None:
    alice.sandbox.add_account(KEY, balance=1000, webhook_key="shared-secret")
    task_id = alice.finished(callBackUrl=receiver.url)
    headers, _ = receiver.next()
    text = f"{task_id}.{headers['x-webhook-timestamp']}".encode()
    expected = base64.b64encode(hmac.new(b"shared-secret", text, hashlib.sha256).digest()).decode()
    assert headers["x-webhook-signature"] == expected


def test_a_refused_callback_is_tried_three_times_a_minute_and_five_apart(alice: Caller, receiver: Receiver) -> None:
    receiver.answers[:] = [500, 500, 500]
    task_id = alice.finished(callBackUrl=receiver.url)
    bodies = [receiver.next()[1]]
    for minutes in (1, 5):
        _until_tried(alice, task_id, len(bodies))
        alice.sandbox.advance(minutes=minutes)
        bodies.append(receiver.next()[1])
    _until_tried(alice, task_id, 3)
    assert len(set(bodies)) == 1
    assert [sent.status for sent in alice.sandbox.callbacks] == [500, 500, 500]
    assert alice.sandbox.tasks[task_id].callback_done


def test_a_try_that_is_answered_ends_it(alice: Caller, receiver: Receiver) -> None:
    receiver.answers[:] = [503]
    task_id = alice.finished(callBackUrl=receiver.url)
    receiver.next()
    _until_tried(alice, task_id, 1)
    alice.sandbox.advance(minutes=2)
    receiver.next()
    _until_tried(alice, task_id, 2)
    assert alice.sandbox.tasks[task_id].callback_done


def test_an_unreachable_receiver_and_a_redirect_are_failures(alice: Caller, receiver: Receiver) -> None:
    task_id = alice.generate()
    sent = alice.sandbox.send_callback(task_id, url="http://127.0.0.1:9/")
    assert (sent.status, bool(sent.error)) == (0, True)
    receiver.answers[:] = [307]
    assert alice.sandbox.send_callback(task_id, url=receiver.url).status == 307


def test_callbacks_can_be_switched_off(alice: Caller) -> None:
    alice.sandbox.change(callbacks=False)
    task_id = alice.finished(callBackUrl="http://127.0.0.1:9/")
    assert alice.sandbox.tasks[task_id].callback_done
    assert alice.sandbox.callbacks == []


def test_fast_lives_retry_faster(alice: Caller) -> None:
    settings = alice.sandbox.settings
    assert settings.spacing_scale() == 1
    settings.change(life="10-20")
    assert settings.spacing_scale() == 1
    settings.change(life=[0.05, 0.1])
    assert settings.spacing_scale() == pytest.approx(0.005)


def test_the_duplicate_fault_rings_twice(alice: Caller, receiver: Receiver) -> None:
    alice.finished(prompt="a fox [[fault:callback_duplicate]]", callBackUrl=receiver.url)
    assert receiver.next()[1] == receiver.next()[1]


def test_the_none_fault_rings_never(alice: Caller) -> None:
    alice.sandbox.fault("none", on="callback")
    task_id = alice.finished(callBackUrl="http://127.0.0.1:9/")
    assert alice.sandbox.tasks[task_id].callback_done
    assert alice.sandbox.callbacks == []


def test_the_delayed_fault_rings_later_by_the_clock(alice: Caller, receiver: Receiver) -> None:
    alice.finished(prompt="a fox [[fault:callback_delayed seconds=100]]", callBackUrl=receiver.url)
    alice.finished(callBackUrl=receiver.url)
    first = json.loads(receiver.next()[1])
    assert "[[fault" not in first["data"]["promptJson"]
    alice.sandbox.advance(seconds=101)
    assert "[[fault" in json.loads(receiver.next()[1])["data"]["promptJson"]


def test_the_early_fault_rings_while_the_task_still_runs(alice: Caller, receiver: Receiver) -> None:
    task_id = alice.generate(prompt="a fox [[fault:callback_early]]", callBackUrl=receiver.url)
    said = json.loads(receiver.next()[1])
    assert (said["data"]["taskId"], len(said["data"]["resultUrls"])) == (task_id, 4)
    assert alice.report(task_id)["successFlag"] == 0


@pytest.mark.parametrize("variant", ["forged_signature", "stale_signature", "unsigned", "altered_body"])
def test_callbacks_can_be_forged_in_every_way(alice: Caller, receiver: Receiver, variant: str) -> None:
    alice.sandbox.add_account(KEY, balance=1000, webhook_key="shared-secret")
    task_id = alice.finished(callBackUrl=receiver.url)
    honest, forged = receiver.next(), None
    alice.sandbox.send_callback(task_id, variant)
    forged = receiver.next()
    assert (forged[1] != honest[1]) is (variant == "altered_body")
    assert ("x-webhook-signature" not in forged[0]) is (variant == "unsigned")
    if variant == "stale_signature":
        assert int(honest[0]["x-webhook-timestamp"]) - int(forged[0]["x-webhook-timestamp"]) > 3000
    if variant == "forged_signature":
        assert honest[0]["x-webhook-signature"] != forged[0]["x-webhook-signature"]


def test_any_body_can_be_posted_on_demand(alice: Caller, receiver: Receiver) -> None:
    task_id = alice.finished()
    for body in (b"not json", {"taskId": task_id}):
        alice.sandbox.send_callback(task_id, url=receiver.url, body=body)
    assert [receiver.next()[1] for _ in range(2)] == [b"not json", b'{"taskId":"%s"}' % task_id.encode()]


def _until_tried(alice: Caller, task_id: str, tries: int) -> None:
    """The answer reaches the receiver a moment before the sandbox has booked the try."""
    assert alice.sandbox.wait_for(lambda: alice.sandbox.tasks[task_id].callback_tries >= tries)
