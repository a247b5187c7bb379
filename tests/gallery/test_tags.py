"""Words on results and kept searches: put on, found by, counted, taken off, and never another space's."""

from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from accounts.spaces import Space
from gallery import organising
from gallery.models import Collection, Result, Tag
from gallery.search import LONGEST_TAG, tag_name
from tests.gallery.conftest import Shelf

HTMX = {"HX-Request": "true"}


def act(client: Client, act: str, *results: Result, **said: str) -> Any:
    body = {"act": act, "result": [str(result.pk) for result in results], **said}
    return client.post("/gallery/act/", body, headers=HTMX)


def shown(client: Client, query: str) -> set[str]:
    page = client.get(f"/gallery/?{query}").text
    return {str(pk) for pk in Result.objects.values_list("pk", flat=True) if f'data-result="{pk}"' in page}


def test_a_tag_is_put_on_many_found_by_and_taken_off(browser: Client, shelf: Shelf) -> None:
    first, second, third = (shelf(prompt=f"fox {number}") for number in range(3))
    assert "2 tagged cover ideas" in act(browser, "tag", first, second, tag="  Cover   IDEAS ").text
    assert shown(browser, "tag=cover+ideas") == {str(first.pk), str(second.pk)}
    act(browser, "tag", third, second, tag="warm")
    assert shown(browser, "tag=cover+ideas&tag=warm") == {str(second.pk)}
    act(browser, "untag", first, second, tag="cover ideas")
    assert not Tag.objects.filter(name="cover ideas").exists()
    assert shown(browser, "tag=cover+ideas") == set()


def test_the_filter_desk_counts_tags_without_what_is_in_the_trash(browser: Client, shelf: Shelf) -> None:
    first, second = shelf(), shelf()
    act(browser, "tag", first, second, tag="warm")
    act(browser, "trash", second)
    page = browser.get("/gallery/facets/").text
    assert "<span>warm</span> <b>1</b>" in page


def test_the_viewer_shows_tags_and_adds_one(browser: Client, shelf: Shelf) -> None:
    result = shelf()
    browser.post("/gallery/act/", {"act": "tag", "result": str(result.pk), "tag": "warm", "next": "/gallery/"})
    page = browser.get(f"/gallery/{result.pk}/").text
    assert 'href="/gallery/?tag=warm"' in page
    assert "Take the tag warm off" in page


def test_the_same_word_in_two_spaces_is_two_tags(shelf: Shelf, owner: User, stranger: User) -> None:
    mine, theirs = shelf(), shelf(user=stranger)
    for user in (owner, stranger):
        organising.tag(Space(user.pk), "warm", Result.objects.filter(user=user))
    assert Tag.objects.filter(name="warm").count() == 2
    assert organising.untag(Space(stranger.pk), "warm", Result.objects.all()) == 1
    assert list(mine.tags.values_list("name", flat=True)) == ["warm"]
    assert not theirs.tags.exists()


def test_somebody_elses_results_can_t_be_tagged(browser: Client, shelf: Shelf, stranger: User) -> None:
    theirs = shelf(user=stranger)
    act(browser, "tag", theirs, tag="warm")
    assert not theirs.tags.exists()


@pytest.mark.parametrize("word", ["", "   ", "\0\n"])
def test_a_tag_without_a_word_is_none(browser: Client, shelf: Shelf, word: str) -> None:
    assert act(browser, "tag", shelf(), tag=word).status_code == 404


@given(st.text(max_size=80))
def test_a_tag_s_name_is_one_short_line_and_naming_it_again_changes_nothing(said: str) -> None:
    name = tag_name(said)
    assert len(name) <= LONGEST_TAG
    assert name.isprintable()
    assert tag_name(name) == name


def test_a_kept_search_shows_what_it_finds_now(browser: Client, shelf: Shelf, owner: User) -> None:
    shelf(prompt="a red fox")
    answer = browser.post("/gallery/collections/", {"name": "Foxes", "query": "q=fox&kind=image&nonsense=1"})
    assert answer["Location"] == "/gallery/?q=fox&kind=image"
    kept = Collection.objects.get()
    assert kept.query == "q=fox&kind=image"
    later = shelf(prompt="another fox")
    strip = browser.get("/gallery/collections/?search=q%3Dfox%26kind%3Dimage", headers={"HX-Request": "true"}).text
    assert 'href="/gallery/?q=fox&amp;kind=image" aria-current="true"' in strip
    assert str(later.pk) in shown(browser, kept.query)


def test_a_kept_search_takes_no_results_no_links_and_no_children(browser: Client, shelf: Shelf, owner: User) -> None:
    kept = Collection.objects.create(user=owner, name="Foxes", query="q=fox")
    assert act(browser, "collect", shelf(), collection=str(kept.pk)).status_code == 404
    assert browser.post(f"/gallery/collections/{kept.pk}/share/").status_code == 404
    browser.post("/gallery/collections/", {"name": "Under it", "parent": str(kept.pk)})
    assert Collection.objects.get(name="Under it").parent is None
    page = browser.get(f"/gallery/collections/{kept.pk}/").text
    assert "Share links" not in page


def test_unsaved_files_are_asked_for_again_by_their_owner(browser: Client, shelf: Shelf, stranger: User) -> None:
    lost, theirs, home = shelf(), shelf(user=stranger), shelf()
    Result.objects.filter(pk__in=[lost.pk, theirs.pk]).update(state="lost", saved_at=None, next_try_at=None)
    page = browser.get("/gallery/").text
    assert "Fetch again" in page
    browser.post("/gallery/fetch/", {"result": str(lost.pk)})
    browser.post("/gallery/fetch/", {"result": str(theirs.pk)})
    browser.post("/gallery/fetch/")
    states = dict(Result.objects.values_list("pk", "state"))
    assert (states[lost.pk], states[theirs.pk], states[home.pk]) == ("saving", "lost", "saved")
