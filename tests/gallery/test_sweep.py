"""The sweep: everything due is found in the tables, and what a killed worker left behind is cleared."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import User
from gallery import files, jobs, services
from gallery.models import Result
from tests.gallery.conftest import Shelf, new_task

LONG_AGO = timedelta(minutes=30)


def rung(capture: Any, shift: timedelta = timedelta(0)) -> int:
    """How many bells one sweep rings."""
    with capture() as callbacks:
        jobs.sweep(timezone.now() + shift)
    return len(callbacks)


def older(result: Result, age: timedelta, **fields: Any) -> None:
    then = timezone.now() - age
    Result.objects.filter(pk=result.pk).update(first_seen_at=then, rung_at=None, **fields)


def test_a_due_result_whose_bell_was_lost_is_rung_for_once_a_minute(
    waiting: Result, django_capture_on_commit_callbacks: Any
) -> None:
    assert rung(django_capture_on_commit_callbacks) == 0
    assert rung(django_capture_on_commit_callbacks, timedelta(seconds=61)) == 1
    assert rung(django_capture_on_commit_callbacks, timedelta(seconds=100)) == 0
    assert rung(django_capture_on_commit_callbacks, timedelta(seconds=125)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"lease_until": timezone.now() + timedelta(hours=1)},
        {"next_try_at": timezone.now() + timedelta(hours=1)},
        {"dead_link_at": timezone.now()},
        {"state": "saved"},
        {"state": "lost"},
    ],
)
def test_what_is_not_due_is_not_rung_for(
    waiting: Result, fields: dict[str, Any], django_capture_on_commit_callbacks: Any
) -> None:
    Result.objects.filter(pk=waiting.pk).update(rung_at=None, **fields)
    assert rung(django_capture_on_commit_callbacks) == 0


def test_a_killed_workers_lease_runs_out(waiting: Result, django_capture_on_commit_callbacks: Any) -> None:
    Result.objects.filter(pk=waiting.pk).update(rung_at=None, lease_until=timezone.now() - timedelta(seconds=1))
    assert rung(django_capture_on_commit_callbacks) == 1


@pytest.mark.parametrize(("days", "state"), [(14.9, "saving"), (15.1, "lost")])
def test_a_file_is_given_up_on_day_fifteen_and_not_before(waiting: Result, days: float, state: str) -> None:
    older(waiting, timedelta(days=days), warned=4)
    jobs.sweep(timezone.now())
    waiting.refresh_from_db()
    assert waiting.state == state


@pytest.mark.parametrize("is_tried", [False, True])
def test_a_lost_file_that_is_asked_for_again_has_its_try_first_however_long_the_line_is(
    waiting: Result, is_tried: bool
) -> None:
    older(waiting, timedelta(days=16), state="lost", warned=4)
    services.try_again(waiting)
    for hours in (0, 1, 12):
        jobs.sweep(timezone.now() + timedelta(hours=hours))
        waiting.refresh_from_db()
        assert waiting.state == "saving"
    if is_tried:
        # The provider answers that it has nothing.
        Result.objects.update(next_try_at=timezone.now() + timedelta(hours=13))
    jobs.sweep(timezone.now() + timedelta(hours=12 if is_tried else 25, minutes=2))
    waiting.refresh_from_db()
    assert waiting.state == "lost"


def test_replaced_files_that_a_killed_worker_left_are_removed_unless_another_result_has_them(
    shelf: Shelf, media: Path
) -> None:
    old, shared = "ab" * 32, "cd" * 32
    shelf(sha256=old).delete()
    shelf(sha256=shared)
    for number, sha256 in enumerate((old, shared)):
        shelf(sha256=f"{number}f" * 32, stray=f"{sha256}.jpg")
    jobs.sweep(timezone.now())
    assert not (media / files.original_name(old, "jpg")).exists()
    assert (media / files.original_name(shared, "jpg")).exists()
    assert not Result.objects.exclude(stray="").exists()


def test_giving_up_removes_the_files_it_had_named_unless_another_result_has_them(
    waiting: Result, shelf: Shelf, media: Path
) -> None:
    shared, own = "ab" * 32, "cd" * 32
    shelf(sha256=shared)
    other = shelf(sha256=own)
    for result, sha256 in ((waiting, shared), (other, own)):
        older(result, timedelta(days=16), state="saving", sha256=sha256, content_type="image/jpeg")
    jobs.sweep(timezone.now())
    assert (media / files.original_name(shared, "jpg")).exists()
    assert not (media / files.original_name(own, "jpg")).exists()
    assert not (media / files.rendition_name(own, 320)).parent.exists()


@pytest.mark.parametrize(
    ("age", "told", "mails"),
    [
        (timedelta(minutes=59), 0, 0),
        (timedelta(minutes=61), 0, 1),
        (timedelta(minutes=61), 1, 0),
        (timedelta(hours=25), 1, 1),
        (timedelta(days=7, hours=1), 2, 1),
        (timedelta(days=12, hours=1), 3, 1),
        (timedelta(days=12, hours=1), 4, 0),
    ],
)
def test_the_owner_is_told_at_each_stage_once(
    waiting: Result, age: timedelta, told: int, mails: int, django_capture_on_commit_callbacks: Any
) -> None:
    older(waiting, age, warned=told, next_try_at=timezone.now() + timedelta(days=1))
    assert rung(django_capture_on_commit_callbacks) == mails
    for _ in range(2):
        jobs.warn_owner(str(waiting.user_id))
    assert len(mail.outbox) == mails


def test_one_mail_tells_of_all_files_with_their_days_left(owner: User, waiting: Result) -> None:
    Result.objects.create(task=new_task(owner), user=owner, position=0)
    for result in Result.objects.all():
        deadline = timezone.now() + timedelta(days=5, hours=1)
        older(result, timedelta(days=8), problem="The file host answered 500.", deadline=deadline)
    jobs.warn_owner(str(owner.pk))
    (sent,) = mail.outbox
    assert sent.to == [owner.email]
    assert sent.subject == "2 files are not saved yet"
    assert "5 days left" in sent.body
    assert "answered 500" in sent.body
    assert "http://127.0.0.1" not in sent.body


def test_a_stage_that_was_missed_is_not_told_twice(waiting: Result) -> None:
    older(waiting, timedelta(days=8))
    for _ in range(3):
        jobs.warn_owner(str(waiting.user_id))
    waiting.refresh_from_db()
    assert (len(mail.outbox), waiting.warned) == (1, 3)


def leave(name: str) -> Path:
    folder = files.temporary_root() / name
    folder.mkdir()
    (folder / "original").write_bytes(b"half a file")
    return folder


def test_the_folder_of_a_running_attempt_stays(waiting: Result) -> None:
    folder = leave(f"{waiting.pk}-1")
    Result.objects.filter(pk=waiting.pk).update(lease_until=timezone.now() + timedelta(minutes=1))
    jobs.sweep(timezone.now())
    assert folder.exists()


def test_the_folder_of_an_attempt_that_declared_its_content_stays_for_the_next(waiting: Result) -> None:
    folder = leave(f"{waiting.pk}-1")
    Result.objects.filter(pk=waiting.pk).update(sha256="ab" * 32)
    jobs.sweep(timezone.now())
    assert folder.exists()


@pytest.mark.parametrize("fields", [{}, {"state": "saved", "sha256": "ab" * 32}, {"state": "lost"}])
def test_a_folder_nobody_owns_any_more_is_removed(waiting: Result, fields: dict[str, Any]) -> None:
    folder = leave(f"{waiting.pk}-1")
    Result.objects.filter(pk=waiting.pk).update(attempts=1, lease_until=None, **fields)
    jobs.sweep(timezone.now())
    assert not folder.exists()


def test_the_folder_of_a_result_that_does_not_exist_is_removed(db: None, media: Path) -> None:
    folder = leave("11111111-2222-3333-4444-555555555555-1")
    jobs.sweep(timezone.now())
    assert not folder.exists()


def test_a_strange_temporary_file_is_removed_after_an_hour(db: None, media: Path) -> None:
    strange = files.temporary_root() / "probe-of-a-killed-worker"
    strange.write_bytes(b"probe")
    jobs.sweep(timezone.now())
    assert strange.exists()
    hour_ago = (timezone.now() - timedelta(minutes=61)).timestamp()
    os.utime(strange, (hour_ago, hour_ago))
    jobs.sweep(timezone.now())
    assert not strange.exists()
