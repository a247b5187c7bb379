"""A result comes home: whole, once, as it was sent; or it says why not and when it is tried again."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from gallery import files, jobs, saving, services
from gallery.models import Result
from tests.gallery.conftest import new_task
from tests.gallery.pictures import clip, encoded, jpeg, noise
from tests.kie.raw_server import RawServer, http

State = Result.State


def saved(result: Result) -> Result:
    """The row after one run of the job, made due first."""
    Result.objects.filter(pk=result.pk, state=State.SAVING).update(next_try_at=timezone.now())
    jobs.save_result(str(result.pk))
    result.refresh_from_db()
    return result


def kept(media: Path) -> list[str]:
    return sorted(str(path.relative_to(media)) for path in media.rglob("*") if path.is_file())


def test_a_picture_is_kept_byte_for_byte_with_its_renditions(waiting: Result, host: RawServer, media: Path) -> None:
    host.answer(http(200, jpeg()))
    result = saved(waiting)
    assert (result.state, result.problem, result.next_try_at, result.lease_until) == (State.SAVED, "", None, None)
    assert (result.width, result.height, result.size, result.content_type) == (96, 64, len(jpeg()), "image/jpeg")
    original = media / files.original_name(result.sha256, "jpg")
    assert original.read_bytes() == jpeg()
    names = [files.original_name(result.sha256, "jpg"), *(files.rendition_name(result.sha256, w) for w in files.WIDTHS)]
    assert kept(media) == sorted(names)


def test_saving_tells_the_board(waiting: Result, host: RawServer, owner: User) -> None:
    host.answer(http(200, jpeg()))
    before = waiting.revision
    assert saved(waiting).revision > before
    owner.refresh_from_db()
    assert owner.board_revision == waiting.revision


def test_a_second_run_changes_nothing(waiting: Result, host: RawServer) -> None:
    host.answer(http(200, jpeg()))
    first = saved(waiting).saved_at
    jobs.save_result(str(waiting.pk))
    assert saved(waiting).saved_at == first
    assert len(host.seen) == 1


def test_a_result_somebody_saves_already_is_left_alone(waiting: Result, host: RawServer) -> None:
    Result.objects.filter(pk=waiting.pk).update(lease_until=timezone.now() + timedelta(minutes=1))
    assert saved(waiting).state == State.SAVING
    assert host.seen == []


def test_a_bell_that_rings_before_the_next_try_is_due_does_nothing(waiting: Result, host: RawServer) -> None:
    Result.objects.filter(pk=waiting.pk).update(next_try_at=timezone.now() + timedelta(minutes=1))
    jobs.save_result(str(waiting.pk))
    assert host.seen == []


def test_a_bell_for_a_row_that_is_gone_does_nothing(db: None) -> None:
    jobs.save_result("00000000-0000-0000-0000-000000000000")


def test_a_clip_is_kept_with_its_poster(waiting: Result, host: RawServer) -> None:
    host.answer(http(200, clip()))
    result = saved(waiting)
    assert (result.state, result.kind, result.content_type) == (State.SAVED, "video", "video/mp4")
    assert result.duration == pytest.approx(1.0, abs=0.1)


def test_the_same_content_is_kept_once(waiting: Result, host: RawServer, owner: User, media: Path) -> None:
    task = new_task(owner)
    services.add_results(task.pk, (owner.pk, None), [f"{host.url}/again.jpeg"], "image")
    host.answer(http(200, jpeg()))
    other = Result.objects.exclude(pk=waiting.pk).get()
    assert saved(waiting).sha256 == saved(other).sha256
    assert len(kept(media)) == 4


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_dead_link_waits_for_a_fresh_one(waiting: Result, host: RawServer, status: int) -> None:
    host.answer(http(status, b""))
    result = saved(waiting)
    assert (result.state, result.lease_until) == (State.SAVING, None)
    assert result.dead_link_at is not None
    assert result.next_try_at is not None
    assert result.next_try_at <= timezone.now()
    saved(waiting)
    assert len(host.seen) == 1


def test_a_fresh_link_is_fetched(waiting: Result, host: RawServer, django_capture_on_commit_callbacks: Any) -> None:
    host.answer(http(404, b""), http(200, jpeg()))
    saved(waiting)
    with django_capture_on_commit_callbacks() as rung:
        services.renew_source(waiting.pk, f"{host.url}/fresh.jpeg")
    assert len(rung) == 1
    assert saved(waiting).state == State.SAVED
    assert host.seen[-1].path == "/fresh.jpeg"


def test_a_link_that_stays_gone_is_tried_again_later(waiting: Result, host: RawServer) -> None:
    host.answer(http(404, b""), http(200, jpeg()))
    saved(waiting)
    services.link_is_gone(waiting.pk)
    waiting.refresh_from_db()
    assert waiting.dead_link_at is None
    assert waiting.next_try_at is not None
    assert waiting.next_try_at > timezone.now()
    assert saved(waiting).state == State.SAVED


def test_a_page_instead_of_the_file_is_asked_again_twice(waiting: Result, host: RawServer) -> None:
    page = http(200, b"<html>" + b"x" * 2000)
    host.answer(page, page, http(200, jpeg()))
    assert saved(waiting).state == State.SAVED
    assert len(host.seen) == 3


def test_a_page_that_stays_is_put_off_with_its_reason(waiting: Result, host: RawServer) -> None:
    host.answer(http(200, b"<html>" + b"x" * 2000))
    result = saved(waiting)
    assert len(host.seen) == 3
    assert (result.state, result.attempts, result.lease_until) == (State.SAVING, 1, None)
    assert "page" in result.problem
    assert result.next_try_at is not None
    assert timedelta(seconds=10) < result.next_try_at - timezone.now() < timedelta(seconds=20)


@pytest.mark.parametrize(
    "body",
    [
        jpeg()[: len(jpeg()) // 2],
        b"<svg xmlns='http://www.w3.org/2000/svg'>" + b" " * 3000 + b"</svg>",
        b"%PDF-1.7" + b"x" * 3000,
        encoded(noise(), "TIFF"),
    ],
)
def test_what_is_no_whole_picture_leaves_no_file_behind(
    waiting: Result, host: RawServer, media: Path, body: bytes
) -> None:
    host.answer(http(200, body))
    result = saved(waiting)
    assert (result.state, result.sha256) == (State.SAVING, "")
    assert result.problem
    assert kept(media) == []


def test_the_waits_grow_to_an_hour() -> None:
    waits = [services.wait_before(attempts).total_seconds() for attempts in (1, 2, 5, 9, 5000)]
    expected = [15, 30, 240, 3600, 3600]
    assert waits == [pytest.approx(seconds, rel=0.21) for seconds in expected]


def test_a_full_disk_keeps_the_result_due(waiting: Result, host: RawServer, media: Path) -> None:
    host.answer(http(200, jpeg()))
    media.mkdir(exist_ok=True)
    (media / "originals").write_text("a file where a folder should be")
    result = saved(waiting)
    assert result.state == State.SAVING
    assert "could not be stored" in result.problem
    assert "FileExistsError" in result.problem or "NotADirectoryError" in result.problem


def test_other_bytes_than_an_earlier_attempt_declared_leave_no_orphan(
    waiting: Result, host: RawServer, media: Path
) -> None:
    body = jpeg(seed=7)
    stale = "cd" * 32
    old = media / files.original_name(stale, "jpg")
    old.parent.mkdir(parents=True)
    old.write_bytes(b"not what its name says")
    Result.objects.filter(pk=waiting.pk).update(sha256=stale, content_type="image/jpeg")
    host.answer(http(200, body))
    assert saved(waiting).state == State.SAVED
    assert not old.exists()


def test_a_declared_original_is_adopted_without_asking_again(waiting: Result, host: RawServer, media: Path) -> None:
    host.answer(http(200, jpeg()))
    saved(waiting)
    Result.objects.filter(pk=waiting.pk).update(state=State.SAVING, saved_at=None, next_try_at=timezone.now())
    assert saved(waiting).state == State.SAVED
    assert len(host.seen) == 1


def confirmed(result: Result, url: str) -> None:
    """The provider's record names this address."""
    services.add_results(result.task_id, (result.user_id, None), [url], "image")


def forged(waiting: Result, host: RawServer, query: str = "") -> Result:
    """A saved result whose address only a callback had named."""
    Result.objects.filter(pk=waiting.pk).update(verified=False, source_url=f"{host.url}/forged.jpeg{query}")
    host.answer(http(200, jpeg()))
    return saved(waiting)


def names_of(result: Result) -> list[str]:
    renditions = [files.rendition_name(result.sha256, width) for width in files.WIDTHS]
    return sorted([files.original_name(result.sha256, "jpg"), *renditions])


def test_the_file_of_the_confirmed_address_takes_the_place_of_the_callback_s(
    waiting: Result, host: RawServer, media: Path
) -> None:
    before = forged(waiting, host)
    confirmed(before, f"{host.url}/true.jpeg")
    true = encoded(noise(120, 80), "JPEG")
    host.answer(http(200, true))
    after = saved(waiting)
    assert (after.state, after.verified, after.saved_at) == (State.SAVED, True, before.saved_at)
    assert (after.source_url, after.named_url, after.stray) == (f"{host.url}/true.jpeg", "", "")
    assert (after.width, after.next_try_at, after.lease_until) == (120, None, None)
    assert (media / files.original_name(after.sha256, "jpg")).read_bytes() == true
    assert kept(media) == names_of(after)


def test_the_same_file_under_a_fresh_signature_is_confirmed_and_stays(
    waiting: Result, host: RawServer, media: Path
) -> None:
    before = forged(waiting, host, "?signature=a")
    confirmed(before, f"{host.url}/forged.jpeg?signature=b")
    after = saved(waiting)
    assert (after.state, after.verified, after.sha256) == (State.SAVED, True, before.sha256)
    assert kept(media) == names_of(after)


@pytest.mark.parametrize(("days", "is_tried_again"), [(1, True), (16, False)])
def test_a_saved_file_is_not_lost_when_the_confirmed_one_can_t_be_had(
    waiting: Result, host: RawServer, media: Path, days: int, is_tried_again: bool
) -> None:
    before = forged(waiting, host)
    Result.objects.update(first_seen_at=timezone.now() - timedelta(days=days), warned=4)
    confirmed(before, f"{host.url}/true.jpeg")
    jobs.sweep(timezone.now())
    host.answer(http(404, b""))
    after = saved(waiting)
    assert host.seen[-1].path == "/true.jpeg"
    jobs.sweep(timezone.now())
    after.refresh_from_db()
    assert (after.state, after.verified, after.sha256) == (State.SAVED, False, before.sha256)
    assert (after.next_try_at is not None, after.dead_link_at) == (is_tried_again, None)
    assert kept(media) == names_of(after)


def test_what_a_callback_s_address_brought_is_not_taken_for_the_confirmed_file(
    waiting: Result, host: RawServer, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is read while the other file is being kept: that attempt must not have the last word."""
    place = saving._place

    def confirmed_meanwhile(*given: Any) -> None:
        place(*given)
        confirmed(waiting, f"{host.url}/true.jpeg")

    with monkeypatch.context() as patched:
        patched.setattr(saving, "_place", confirmed_meanwhile)
        assert forged(waiting, host).state == State.SAVING
    host.answer(http(200, jpeg(seed=7)))
    after = saved(waiting)
    assert (after.state, after.verified) == (State.SAVED, True)
    assert (media / files.original_name(after.sha256, "jpg")).read_bytes() == jpeg(seed=7)
    assert kept(media) == names_of(after)
