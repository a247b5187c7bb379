"""Upscale, vary and extend: a finished parent of the same account, then a task of their own."""

import json
from io import BytesIO

import pytest
from PIL import Image

from tests.sandbox.conftest import Caller

UPSCALE = "/api/v1/mj/generateUpscale"
QUICK = "/api/v1/mj/upscale"
VARY = "/api/v1/mj/generateVary"
EXTEND = "/api/v1/mj/generateVideoExtend"
VIDEO = {"taskType": "mj_video", "fileUrls": ["https://files.example.com/a.jpg"], "motion": "low", "speed": None}


def test_an_upscale_yields_one_larger_picture_for_nothing(alice: Caller) -> None:
    parent = alice.finished(aspectRatio="16:9")
    answer = alice.post(UPSCALE, {"taskId": parent, "imageIndex": 3})
    child = answer["data"]["taskId"]
    alice.sandbox.finish(child)
    [url] = alice.urls(child)
    widths = [Image.open(BytesIO(alice.fetch(each).content)).width for each in (alice.urls(parent)[3], url)]
    assert widths[1] == 2 * widths[0]
    assert [charge.credits for charge in alice.sandbox.charges(alice.key)] == [-8, 0]


def test_the_quickstart_upscale_counts_from_one(alice: Caller) -> None:
    parent = alice.finished()
    assert alice.post(QUICK, {"taskId": parent, "index": 0})["code"] == 422
    assert alice.post(QUICK, {"taskId": parent, "index": 4})["code"] == 200


def test_a_variation_yields_four_new_pictures(alice: Caller) -> None:
    parent = alice.finished()
    child = alice.post(VARY, {"taskId": parent, "imageIndex": 0})["data"]["taskId"]
    alice.sandbox.finish(child)
    files = {alice.fetch(url).content for url in (*alice.urls(parent), *alice.urls(child))}
    assert len(files) == 8


def test_the_base_of_the_vary_index_is_a_setting(alice: Caller) -> None:
    parent = alice.finished()
    alice.sandbox.change(vary_base=1)
    assert alice.post(VARY, {"taskId": parent, "imageIndex": 0})["code"] == 422
    assert alice.post(VARY, {"taskId": parent, "imageIndex": 4})["code"] == 200


@pytest.mark.parametrize("index", [-1, 4, "1", True, None, 1.0])
def test_an_image_index_outside_zero_to_three_is_refused(alice: Caller, index: object) -> None:
    parent = alice.finished()
    assert alice.post(UPSCALE, {"taskId": parent, "imageIndex": index})["code"] == 422
    assert len(alice.sandbox.tasks) == 1


def test_an_extension_yields_one_clip_for_sixty_credits(alice: Caller) -> None:
    parent = alice.finished(**VIDEO)
    body = {"taskType": "mj_video_extend_auto", "taskId": parent, "index": 0}
    child = alice.post(EXTEND, body)["data"]["taskId"]
    alice.sandbox.finish(child)
    [url] = alice.urls(child)
    assert url.endswith(".mp4")
    assert [charge.credits for charge in alice.sandbox.charges(alice.key)] == [-15, -60]


def test_a_manual_extension_needs_a_prompt(alice: Caller) -> None:
    parent = alice.finished(**VIDEO)
    body = {"taskType": "mj_video_extend_manual", "taskId": parent, "index": 0}
    assert alice.post(EXTEND, body)["code"] == 422
    child = alice.post(EXTEND, body | {"prompt": "it rains"})["data"]["taskId"]
    assert json.loads(alice.report(child)["paramJson"])["prompt"] == "it rains"
    assert alice.post(EXTEND, {"taskType": "mj_video", "taskId": parent, "index": 0})["code"] == 422


def test_the_parent_must_be_finished_ours_and_of_the_right_kind(alice: Caller, bob: Caller) -> None:
    running, image, clip = alice.generate(), alice.finished(), alice.finished(**VIDEO)
    for caller, parent in ((alice, running), (bob, image), (alice, clip), (alice, "0" * 32), (alice, None)):
        assert caller.post(UPSCALE, {"taskId": parent, "imageIndex": 0})["code"] == 422
    body = {"taskType": "mj_video_extend_auto", "taskId": image, "index": 0}
    assert alice.post(EXTEND, body)["code"] == 422


def test_an_upscaled_picture_can_be_upscaled_once_more_at_index_zero_only(alice: Caller) -> None:
    parent = alice.finished()
    child = alice.post(UPSCALE, {"taskId": parent, "imageIndex": 2})["data"]["taskId"]
    alice.sandbox.finish(child)
    assert alice.post(UPSCALE, {"taskId": child, "imageIndex": 1})["code"] == 422
    assert alice.post(UPSCALE, {"taskId": child, "imageIndex": 0})["code"] == 200


def test_a_follow_up_inherits_neither_callback_nor_faults_of_its_parent(alice: Caller) -> None:
    parent = alice.finished(prompt="a fox [[fault:file_404]]", callBackUrl="http://127.0.0.1:9/")
    child = alice.post(UPSCALE, {"taskId": parent, "imageIndex": 0})["data"]["taskId"]
    task = alice.sandbox.tasks[child]
    assert (task.prompt, task.callback_url, task.faults) == ("a fox", "", [])
