"""Acts on thousands: done by the workers a batch at a time, with progress, resumed after a kill, and undone."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Role, Team, User
from accounts.spaces import Space
from gallery import bulk
from gallery.indexing import index_results
from gallery.models import BulkJob, Collection, Result
from tasks.models import Task
from tests.gallery.conftest import Shelf

MANY = bulk.MANY + bulk.BATCH + 7


@pytest.fixture
def thousand(owner: User) -> list[Result]:
    """More saved results than one request and one batch do, without files, a second apart."""
    tasks = [Task(user=owner, prompt="a red fox", task_type="mj_txt2img", parameters={}) for _ in range(MANY // 4 + 1)]
    Task.objects.bulk_create(tasks)
    began = timezone.now() - timedelta(hours=1)
    common = {"kind": "image", "state": "saved", "next_try_at": None, "content_type": "image/jpeg", "user": owner}
    rows = [
        Result(
            task=tasks[number // 4], position=number % 4, width=3, height=2, sha256=f"{number:064x}",
            saved_at=began + timedelta(seconds=number), **common,
        )
        for number in range(MANY)
    ]  # fmt: skip
    made = Result.objects.bulk_create(rows)
    index_results(Result.objects.all())
    return made


def ask(browser: Client, what: str, **more: str) -> dict[str, Any]:
    said = {"act": what, "everything": "1", **more}
    answer = browser.post("/gallery/act/", said, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    told: dict[str, Any] = json.loads(answer.content)
    return told


def ended() -> BulkJob:
    """The newest job, after the workers did it."""
    job = BulkJob.objects.filter(finished_at=None).latest("created_at")
    bulk.run(job.pk)
    job.refresh_from_db()
    assert job.finished_at
    return job


def test_everything_is_thrown_away_in_the_background_and_brought_back_by_one_undo(
    browser: Client, thousand: list[Result], shelf: Shelf
) -> None:
    earlier = shelf(sha256="ee" * 32)
    Result.objects.filter(pk=earlier.pk).update(trashed_at=timezone.now() - timedelta(days=1))
    told = ask(browser, "trash")
    assert told["bulk"]
    assert not Result.objects.filter(trashed_at=None).count() < MANY
    assert "waiting for a worker" in browser.get("/gallery/bulk/").text
    job = ended()
    assert (job.total, job.done) == (MANY, MANY)
    assert not Result.objects.filter(trashed_at=None).exists()
    page = browser.get("/gallery/bulk/").text
    assert f"{MANY:,} in the trash" in page
    undo = f"/gallery/bulk/{job.pk}/undo/"
    assert undo in page
    browser.post(undo)
    ended()
    assert Result.objects.filter(trashed_at=None).count() == MANY
    assert Result.objects.get(pk=earlier.pk).trashed_at
    assert browser.post(undo).status_code == 404


def test_what_is_saved_after_the_click_is_not_meant(browser: Client, thousand: list[Result], shelf: Shelf) -> None:
    ask(browser, "star")
    late = shelf(sha256="ee" * 32)
    ended()
    assert Result.objects.filter(starred=True).count() == MANY
    assert not Result.objects.get(pk=late.pk).starred


def test_a_killed_worker_s_job_goes_on_where_it_was(browser: Client, thousand: list[Result]) -> None:
    ask(browser, "tag", tag="fog", search="q=fox")
    job = BulkJob.objects.get()
    BulkJob.objects.update(lease_until=timezone.now() + bulk.LEASE)
    bulk.step(job)
    bulk.run(job.pk)
    assert BulkJob.objects.get().done == bulk.BATCH
    assert f"{bulk.BATCH} of {MANY:,}" in browser.get("/gallery/bulk/").text
    BulkJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert ended().done == MANY
    assert browser.get("/gallery/?tag=fog").text.count("data-result") == 60
    ask(browser, "untag", tag="fog", search="tag=fog")
    ended()
    assert "data-result" not in browser.get("/gallery/?tag=fog").text


def test_a_lost_bell_is_made_good(
    browser: Client, thousand: list[Result], django_capture_on_commit_callbacks: Any
) -> None:
    ask(browser, "star")
    now = timezone.now()
    with django_capture_on_commit_callbacks() as bells:
        bulk.ring_due(now)
        bulk.ring_due(now + bulk.RING_AGAIN * 2)
    assert len(bells) == 1
    BulkJob.objects.update(finished_at=now)
    bulk.ring_due(now + bulk.REMEMBERED * 2)
    assert not BulkJob.objects.exists()


def test_a_collection_keeps_the_order_in_which_things_were_made(browser: Client, thousand: list[Result]) -> None:
    ask(browser, "collect", name="Foxes")
    ended()
    order = list(Collection.objects.get().items.order_by("position").values_list("result_id", flat=True))
    assert order == [result.pk for result in thousand]


def test_the_trash_is_emptied_for_good(browser: Client, thousand: list[Result], media: Any) -> None:
    Result.objects.update(trashed_at=timezone.now())
    assert f"Delete {MANY:,} for good" in browser.get("/gallery/trash/").text
    ask(browser, "empty")
    ended()
    assert not Result.objects.exists()


def test_who_may_not_any_more_changes_nothing(browser: Client, thousand: list[Result], owner: User) -> None:
    team = Team.objects.create(name="North")
    membership = Membership.objects.create(team=team, user=owner, role=Role.MEMBER)
    Result.objects.update(team=team)
    bulk.begin(Space(owner.pk, team.pk, Role.MEMBER), "trash")
    membership.role = Role.VIEWER
    membership.save()
    assert ended().problem
    assert not Result.objects.exclude(trashed_at=None).exists()


def test_a_fourth_large_act_waits(browser: Client, thousand: list[Result]) -> None:
    for _ in range(bulk.MOST_AT_ONCE):
        ask(browser, "star")
    assert "Wait until" in ask(browser, "star")["said"]
    ask(browser, "collect", name="Never begun")
    assert BulkJob.objects.count() == bulk.MOST_AT_ONCE
    assert not Collection.objects.exists()


def test_nobody_sees_or_undoes_somebody_else_s(browser: Client, thousand: list[Result], stranger: User) -> None:
    ask(browser, "trash")
    job = ended()
    other = Client()
    other.force_login(stranger, "allauth.account.auth_backends.AuthenticationBackend")
    assert "in the trash" not in other.get("/gallery/bulk/").text
    assert other.post(f"/gallery/bulk/{job.pk}/undo/").status_code == 404


def test_the_act_of_somebody_who_is_blocked_goes_no_further(
    browser: Client, owner: User, thousand: list[Result]
) -> None:
    ask(browser, "trash")
    job = BulkJob.objects.get()
    assert bulk.step(job)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert not bulk.step(job)
    assert job.problem
    assert Result.objects.filter(trashed_at=None).count() == MANY - bulk.BATCH


def test_an_undo_that_was_stopped_can_be_asked_for_again(browser: Client, owner: User, thousand: list[Result]) -> None:
    team = Team.objects.create(name="North")
    Result.objects.update(team=team)
    member = Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    bulk.begin(Space(owner.pk, team.pk), "trash")
    undo = f"/gallery/bulk/{ended().pk}/undo/"
    browser.post(undo)
    Membership.objects.update(role=Role.VIEWER)
    assert ended().problem
    member.save()
    page = browser.get("/gallery/bulk/").text
    assert f'formaction="{undo}">Try again' in page
    browser.post(undo)
    assert not ended().problem
    assert Result.objects.filter(trashed_at=None).count() == MANY
