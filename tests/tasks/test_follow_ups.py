"""What is built on a result: from the card, the viewer and the task page; who is whose child, and what it cost."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from gallery.models import Result
from tasks import follow_ups
from tasks.family import tree_of
from tasks.models import Status, Task
from tests.desk import Desk, fresh

HTMX = {"HX-Request": "true"}


@pytest.fixture
def done(desk: Desk) -> Task:
    task = desk.finished("seven ridges", aspect_ratio="16:9")
    Result.objects.filter(task=task).update(state="saved")
    return task


def first_of(task: Task) -> Result:
    return Result.objects.get(task=task, position=0)


def test_the_card_and_the_viewer_offer_what_a_picture_can_become(alice: Client, done: Task) -> None:
    result = first_of(done)
    for page in (alice.get("/").text, alice.get(f"/tasks/{done.pk}/").text, alice.get(f"/gallery/{result.pk}/").text):
        assert f"/tasks/follow/{result.pk}/" in page
        assert f"?animate={result.pk}" in page
        assert f"?use={result.pk}" in page


@pytest.mark.parametrize("task_type", ["mj_img2img", "mj_style_reference", "mj_omni_reference", "mj_video_hd"])
def test_a_picture_is_used_as_whatever_reference(alice: Client, done: Task, task_type: str) -> None:
    page = alice.get(f"/?use={first_of(done).pk}&as={task_type}").text
    assert f"https://pictures.invalid/result/{first_of(done).pk}" in page
    assert f'value="{task_type}"' in page.split("checked")[0].rsplit("<input", 1)[1]
    assert 'data-open="true"' in page


@pytest.mark.parametrize("asked", ["mj_txt2img", "nonsense", ""])
def test_a_type_that_takes_no_picture_becomes_from_image(alice: Client, done: Task, asked: str) -> None:
    page = alice.get(f"/?use={first_of(done).pk}&as={asked}").text
    assert 'value="mj_img2img"' in page.split("checked")[0].rsplit("<input", 1)[1]


def test_reuse_takes_everything_or_the_prompt_alone(alice: Client, desk: Desk, done: Task) -> None:
    desk.queue("another", aspect_ratio="1:2")
    everything = alice.get(f"/?reuse={done.pk}").text
    words_alone = alice.get(f"/?reuse={done.pk}&only=prompt").text
    for page, ratio in ((everything, "16:9"), (words_alone, "1:2")):
        assert "seven ridges</textarea>" in page
        assert f'name="aspect_ratio" value="{ratio}" checked' in page


def test_one_click_is_one_order_however_often_it_arrives(alice: Client, done: Task) -> None:
    result, nonce = first_of(done), str(uuid4())
    Task.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    for _ in range(3):
        alice.post(f"/tasks/follow/{result.pk}/", {"kind": "vary", "nonce": nonce}, headers=HTMX)
        Task.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert done.children.count() == 1
    alice.post(f"/tasks/follow/{result.pk}/", {"kind": "vary", "nonce": str(uuid4())}, headers=HTMX)
    assert done.children.count() == 2


def test_a_clip_can_be_extended_and_a_picture_cannot(alice: Client, done: Task) -> None:
    result = first_of(done)
    assert alice.get(f"/tasks/extend/{result.pk}/").status_code == 404
    Result.objects.filter(pk=result.pk).update(kind="video")
    assert f"/tasks/extend/{result.pk}/" in alice.get("/").text
    assert alice.post(f"/tasks/follow/{result.pk}/", {"kind": "upscale"}).status_code == 404


def test_an_extension_pressed_twice_is_bought_once(alice: Client, done: Task) -> None:
    Result.objects.filter(task=done).update(kind="video")
    nonce = str(uuid4())
    for _ in range(2):
        alice.post(f"/tasks/extend/{first_of(done).pk}/", {"prompt": "", "nonce": nonce})
    assert Task.objects.filter(kind="extend").count() == 1
    assert Task.objects.get(kind="extend").cost == 60


def test_a_prompt_of_2001_characters_extends_nothing(alice: Client, done: Task) -> None:
    Result.objects.filter(task=done).update(kind="video")
    response = alice.post(f"/tasks/extend/{first_of(done).pk}/", {"prompt": "x" * 2001})
    assert response.status_code == 422
    assert "2000" in response.text
    assert not Task.objects.filter(kind="extend").exists()


def test_the_tree_counts_each_branch(alice: Client, desk: Desk, done: Task) -> None:
    vary, _ = follow_ups.follow_up(desk.user, first_of(done), "vary")
    desk.send(vary)
    desk.sandbox.finish(fresh(vary).provider_task_id)
    desk.look(vary)
    Task.objects.filter(pk=vary.pk).update(cost=4)
    child = Result.objects.get(task=vary, position=1)
    grand, _ = follow_ups.follow_up(desk.user, child, "upscale")
    failed, _ = follow_ups.follow_up(desk.user, first_of(done), "upscale")
    Task.objects.filter(pk=grand.pk).update(cost=2)
    Task.objects.filter(pk=failed.pk).update(cost=99, status=Status.FAILED)
    for here in (done, fresh(vary), fresh(grand)):
        root = tree_of(here)
        assert [str(root.id), f"{root.credits:.0f}", f"{root.total:.0f}"] == [str(done.pk), "8", "14"]
        assert {kin.id: int(kin.total) for kin in root.children} == {vary.pk: 6, failed.pk: 0}
        assert root.children[0].children[0].name == "Upscale of result 2"
    page = alice.get(f"/tasks/{grand.pk}/").text
    assert "14 with its children" in page
    assert page.count('aria-current="page"') >= 1


def test_a_loop_of_parents_does_not_hang_the_page(alice: Client, done: Task) -> None:
    other, _ = follow_ups.follow_up(done.user, first_of(done), "vary")
    Task.objects.filter(pk=done.pk).update(parent=other)
    assert alice.get(f"/tasks/{done.pk}/").status_code == 200


def test_a_follow_up_of_what_the_provider_never_named_is_not_there(alice: Client, done: Task) -> None:
    Task.objects.filter(pk=done.pk).update(provider_task_id="")
    assert alice.post(f"/tasks/follow/{first_of(done).pk}/", {"kind": "vary"}, headers=HTMX).status_code == 404
    assert not Task.objects.exclude(pk=done.pk).exists()


def test_the_tree_asks_once_per_generation(done: Task, django_assert_max_num_queries: Any) -> None:
    for _ in range(3):
        follow_ups.follow_up(done.user, first_of(done), "vary", nonce=uuid4())
    with django_assert_max_num_queries(4):
        tree_of(done)
