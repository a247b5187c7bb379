"""A result whose link is dead: the record is asked for a fresh one, then the provider's download-url call."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gallery.jobs import save_result
from gallery.models import Result
from tasks.jobs import refresh_link
from tests.desk import Desk


@pytest.fixture(autouse=True)
def storage(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}},
    }


def asked(desk: Desk, path: str) -> int:
    return len(desk.sandbox.sent(path))


def tried(result: Result) -> Result:
    """One try at the file, and one at a fresh link when the old one is dead."""
    Result.objects.filter(pk=result.pk).update(next_try_at=timezone.now(), lease_until=None)
    save_result(str(result.pk))
    refresh_link(str(result.pk))
    result.refresh_from_db()
    return result


@pytest.mark.parametrize("shape", ["", "[[fault:signed_urls]]"])
def test_when_the_record_has_only_dead_links_download_url_is_asked(desk: Desk, shape: str) -> None:
    desk.sandbox.fault("file_404", on="file", times=0)
    result = desk.finished(f"a fox {shape}").results.get(position=0)
    for _ in range(4):
        result = tried(result)
    assert asked(desk, "common/download-url") >= 1
    assert result.state == Result.State.SAVED


def test_a_link_the_record_signs_anew_is_tried_first(desk: Desk) -> None:
    desk.sandbox.fault("file_403", on="file", times=1)
    result = desk.finished("a fox [[fault:signed_urls]]").results.get(position=0)
    for _ in range(2):
        result = tried(result)
    assert result.state == Result.State.SAVED
    assert asked(desk, "common/download-url") == 0


def test_a_link_that_stays_dead_is_asked_about_ever_more_seldom(desk: Desk) -> None:
    for on in ("file", "link"):
        desk.sandbox.fault("file_404", on=on, times=0)
    result = desk.finished("a fox").results.get(position=0)

    def asks() -> int:
        return asked(desk, "mj/record-info") + asked(desk, "common/download-url")

    before = asks()
    for _ in range(10):
        save_result(str(result.pk))
        refresh_link(str(result.pk))
    result.refresh_from_db()
    assert (result.state, result.attempts) == (Result.State.SAVING, 4)
    assert 0 < asks() - before <= 6
    assert result.next_try_at is not None
    assert result.next_try_at - timezone.now() > timedelta(minutes=1)


def test_a_bell_left_over_asks_nothing_before_the_next_try_is_due(desk: Desk) -> None:
    result = desk.finished("a fox").results.get(position=0)
    soon = timezone.now() + timedelta(minutes=1)
    Result.objects.filter(pk=result.pk).update(dead_link_at=timezone.now(), next_try_at=soon)
    before = asked(desk, "mj/record-info")
    refresh_link(str(result.pk))
    assert asked(desk, "mj/record-info") == before
