"""The verbs other rooms call: rows made once, confirmed later, counted, starred."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.test import Client

from accounts.models import User
from gallery import files, organising, services
from gallery.models import Result
from tests.gallery.conftest import Shelf, new_task

URLS = [f"https://files.example.com/{n}.jpeg" for n in range(4)]


def add(user: User, urls: list[str] = URLS, **options: Any) -> int:
    task = user.tasks.first() or new_task(user)
    with transaction.atomic():
        return services.add_results(task.pk, (user.pk, None), urls, "image", **options)


def test_each_address_becomes_one_row_and_one_bell(owner: User, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks() as rung:
        assert add(owner) == 4
    assert list(Result.objects.order_by("position").values_list("position", "source_url")) == list(enumerate(URLS))
    assert len(rung) == 4


def test_adding_the_same_again_changes_nothing(owner: User, django_capture_on_commit_callbacks: Any) -> None:
    add(owner)
    owner.refresh_from_db()
    before = owner.board_revision
    with django_capture_on_commit_callbacks() as rung:
        assert add(owner) == 0
    owner.refresh_from_db()
    assert (Result.objects.count(), owner.board_revision, rung) == (4, before, [])


def test_a_later_report_with_more_addresses_adds_the_missing_ones(owner: User) -> None:
    assert add(owner, URLS[:1]) == 1
    assert add(owner) == 3


def test_rows_carry_the_revision_of_their_transaction(owner: User) -> None:
    add(owner)
    owner.refresh_from_db()
    assert set(Result.objects.values_list("revision", flat=True)) == {owner.board_revision}


def test_the_provider_confirms_what_only_a_callback_had_named(owner: User, shelf: Shelf) -> None:
    add(owner, verified=False)
    assert add(owner) == 0
    assert Result.objects.filter(verified=True).count() == 4


def test_another_confirmed_address_is_fetched_while_the_saved_file_stays(
    owner: User, shelf: Shelf, django_capture_on_commit_callbacks: Any
) -> None:
    forged = "https://forged.example.com/0.jpeg"
    result = shelf(source_url=forged, verified=False)
    with django_capture_on_commit_callbacks() as rung:
        services.add_results(result.task_id, (owner.pk, None), URLS[:1], "image")
    before = result.saved_at
    result.refresh_from_db()
    assert (result.state, result.saved_at, result.source_url) == ("saved", before, forged)
    assert (result.named_url, result.verified, len(rung)) == (URLS[0], False, 1)


def test_a_record_that_names_the_old_address_after_all_ends_the_search_for_another(owner: User, shelf: Shelf) -> None:
    result = shelf(source_url=URLS[1], verified=False)
    for url in URLS[:2]:
        services.add_results(result.task_id, (owner.pk, None), [url], "image")
    result.refresh_from_db()
    assert (result.verified, result.named_url, result.next_try_at) == (True, "", None)


def test_a_saved_result_can_neither_be_renewed_nor_lost(
    owner: User, shelf: Shelf, django_capture_on_commit_callbacks: Any
) -> None:
    result = shelf()
    services.renew_source(result.pk, "https://files.example.com/other.jpeg")
    services.link_is_gone(result.pk)
    assert not services.give_up(result)
    with django_capture_on_commit_callbacks() as bells:
        assert not services.try_again(result)
    assert bells == []
    result.refresh_from_db()
    assert (result.state, result.source_url) == ("saved", "")


def test_the_line_counts_what_is_on_the_way_and_what_is_lost(owner: User, stranger: User) -> None:
    add(owner)
    add(stranger)
    lost = Result.objects.filter(user=owner).first()
    assert lost is not None
    services.give_up(lost)
    assert services.files_line(owner) == (3, 1)
    assert services.files_line(AnonymousUser()) == (0, 0)


def test_a_lost_result_can_be_tried_again(owner: User, django_capture_on_commit_callbacks: Any) -> None:
    add(owner, URLS[:1])
    result = Result.objects.get()
    services.give_up(result)
    with django_capture_on_commit_callbacks() as rung:
        assert services.try_again(result)
    result.refresh_from_db()
    assert (result.state, len(rung)) == ("saving", 1)


def test_room_is_what_the_disk_has_beyond_its_reserve(media: Any, settings: Any) -> None:
    settings.STORAGE_KEEP_FREE = 1
    assert files.has_room()
    settings.STORAGE_KEEP_FREE = 1 << 60
    assert not files.has_room()


@pytest.mark.parametrize("blocked", ["tmp", ""])
def test_there_is_no_room_where_nothing_can_be_written(media: Any, settings: Any, blocked: str) -> None:
    settings.STORAGE_KEEP_FREE = 1
    (media / blocked).parent.mkdir(parents=True, exist_ok=True)
    (media / blocked).write_text("a file where a folder should be")
    assert not files.has_room()


@pytest.mark.parametrize("verified", [False, True])
@pytest.mark.parametrize("places", [[2], [0, 1, 2]])
def test_what_was_deleted_for_good_stays_gone_when_the_record_confirms_the_rest(
    owner: User, media: Any, places: list[int], verified: bool
) -> None:
    add(owner, URLS[:3], verified=verified)
    thrown = Result.objects.filter(position__in=places)
    organising.throw_away(thrown)
    organising.delete_for_good(thrown)
    # The record may name more than the callback did: that is new, and wanted.
    assert add(owner) == 1
    assert {each.position for each in Result.objects.all()} == {0, 1, 2, 3} - set(places)


def test_all_that_is_not_saved_is_asked_for_again_a_part_at_a_time_if_they_are_many(
    owner: User, browser: Client, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    rows = [Result(task=new_task(owner), user=owner, position=0, state="lost", rung_at=None) for _ in range(61)]
    Result.objects.bulk_create(rows)
    monkeypatch.setattr(services, "MOST_ASKED", 60)
    with django_capture_on_commit_callbacks() as rung:
        page = browser.post("/gallery/fetch/", follow=True).text
    assert "60 asked for again" in page
    assert "1 more are not asked for yet" in page
    assert len(rung) == 60
    browser.post("/gallery/fetch/")
    assert not Result.objects.filter(state="lost").exists()
