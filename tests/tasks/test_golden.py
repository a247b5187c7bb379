"""The exact JSON of each type and follow-up as the provider receives it, from the form people fill in."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from gallery.models import Result
from tasks.models import Task
from tests.desk import Desk

GOLDEN = Path(__file__).parent / "golden"
HTMX = {"HX-Request": "true"}
# What the browser sends: every control that the type shows, with its value.
LOOK = {"stylization": "250", "variety": "10", "weirdness": "100"}
SHAPE = {"aspect_ratio": "16:9", "version": "7"}
PICTURES = ["https://example.com/a.jpg", "https://example.com/b.png"]
CLIP = {"aspect_ratio": "16:9", "video_batch_size": "2", "motion": "low"}
FORMS: dict[str, dict[str, Any]] = {
    "mj_txt2img": {**SHAPE, **LOOK, "speed": "turbo", "water_mark": "ours", "enable_translation": "true"},
    "mj_img2img": {**SHAPE, **LOOK, "speed": "relaxed", "file_urls": PICTURES},
    "mj_style_reference": {**SHAPE, **LOOK, "speed": "fast", "file_urls": PICTURES},
    "mj_omni_reference": {**SHAPE, **LOOK, "ow": "300", "file_urls": PICTURES[:1]},
    "mj_video": {**CLIP, "file_urls": PICTURES[:1]},
    "mj_video_hd": {**CLIP, "video_batch_size": "1", "file_urls": PICTURES[:1]},
}


@pytest.fixture
def alice(desk: Desk, settings: Any) -> Client:
    settings.PUBLIC_URL = "https://portal.example.com"
    client = Client()
    client.force_login(desk.user)
    return client


def received(desk: Desk, task: Task) -> dict[str, Any]:
    """The last paid request, with what differs each time put aside."""
    desk.send(task)
    request = [each for each in desk.sandbox.requests if "/mj/generate" in each.path or each.path.endswith("/upscale")][
        -1
    ]
    body: dict[str, Any] = json.loads(request.body)
    assert body.pop("callBackUrl") == f"https://portal.example.com/callbacks/{task.callback_token}/"
    return {"path": request.path, "body": body}


@pytest.mark.parametrize("task_type", sorted(FORMS))
def test_each_type_is_sent_as_the_specification_has_it(alice: Client, desk: Desk, task_type: str) -> None:
    said = {"task_type": task_type, "prompt": "paper boats at dawn", "nonce": str(uuid4()), **FORMS[task_type]}
    response = alice.post("/tasks/compose/", said, headers=HTMX)
    assert response.status_code == 200, response.text
    assert received(desk, Task.objects.get()) == json.loads((GOLDEN / f"{task_type}.json").read_text())


@pytest.mark.parametrize("kind", ["upscale", "vary"])
def test_a_follow_up_is_sent_as_the_specification_has_it(alice: Client, desk: Desk, kind: str) -> None:
    parent = desk.finished()
    result = Result.objects.get(task=parent, position=2)
    assert alice.post(f"/tasks/follow/{result.pk}/", {"kind": kind}, headers=HTMX).status_code == 200
    got = received(desk, Task.objects.get(kind=kind))
    assert got["body"].pop("taskId") == parent.provider_task_id
    assert got == json.loads((GOLDEN / f"{kind}.json").read_text())


@pytest.mark.parametrize(("words", "golden"), [("", "extend_auto"), ("the rain begins", "extend_manual")])
def test_an_extension_is_sent_as_the_specification_has_it(alice: Client, desk: Desk, words: str, golden: str) -> None:
    values = {"task_type": "mj_video", "prompt": "rain", "file_urls": PICTURES[:1], "video_batch_size": 2}
    parent = desk.send(desk.queue_values(values))
    desk.sandbox.finish(parent.provider_task_id)
    desk.look(parent)
    clip = Result.objects.get(task=parent, position=1)
    assert "60 credits" in alice.get(f"/tasks/extend/{clip.pk}/").text
    response = alice.post(f"/tasks/extend/{clip.pk}/", {"prompt": words, "nonce": str(uuid4())})
    assert response.status_code == 302
    got = received(desk, Task.objects.get(kind="extend"))
    assert got["body"].pop("taskId") == parent.provider_task_id
    assert got == json.loads((GOLDEN / f"{golden}.json").read_text())
