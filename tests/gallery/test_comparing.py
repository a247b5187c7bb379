"""Two results beside each other: who may, what is called what, and what differs."""

import re
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from gallery.comparing import differences, name_of, names_of
from gallery.models import Result
from tests.gallery.conftest import Shelf, new_task


def compare(client: Client, left: Result, right: Result) -> str:
    response = client.get(f"/gallery/compare/?a={left.pk}&b={right.pk}")
    assert response.status_code == 200
    return response.text


def beside(client: Client, result: Result) -> str:
    """What the viewer offers to lay beside a result, as the query of the page."""
    found = re.search(r'data-beside href="[^"]*\?([^"]+)"', client.get(f"/gallery/{result.pk}/").text)
    return found[1].replace("&amp;", "&") if found else ""


@pytest.fixture
def pair(shelf: Shelf) -> tuple[Result, Result]:
    """The third picture of a task, and its upscale."""
    source = shelf(prompt="fog at dawn", position=2, width=1456, height=816)
    child = new_task(source.user, "", kind="upscale", parent=source.task, parent_position=2, parameters={})
    return source, shelf(task=child, sha256="cd" * 32, width=2912, height=1632, body=b"y" * 9000)


def test_an_upscale_is_offered_with_its_source_and_both_are_named(browser: Client, pair: tuple[Result, Result]) -> None:
    source, upscale = pair
    assert beside(browser, upscale) == f"a={source.pk}&b={upscale.pk}"
    page = compare(browser, source, upscale)
    assert "result 3 with upscale" in page
    assert page.count("<figure>") == 2
    assert f"/gallery/compare/?a={upscale.pk}&amp;b={source.pk}" in page or f"b={source.pk}" in page
    assert "style=" not in page


def test_only_what_differs_is_shown(pair: tuple[Result, Result]) -> None:
    found = {each.label: (each.left, each.right) for each in differences(*pair)}
    assert found["Size"] == ("1456 \N{MULTIPLICATION SIGN} 816", "2912 \N{MULTIPLICATION SIGN} 1632")
    assert found["Result"] == ("3", "from 3")
    assert found["Version"] == ("7", "none")
    assert "Type" not in found


def test_two_of_one_task_differ_in_nothing_but_their_number(shelf: Shelf) -> None:
    first = shelf()
    second = shelf(task=first.task, position=1)
    assert [each.label for each in differences(first, second)] == ["Result"]
    assert (name_of(first), name_of(second)) == ("Result 1", "Result 2")


def test_two_of_the_same_name_are_told_by_their_words_or_their_time(shelf: Shelf) -> None:
    first, second = shelf(prompt="fog at dawn"), shelf(prompt="a red fox in the deep snow")
    assert names_of(first, second) == ("Result 1 of “fog at dawn”", "Result 1 of “a red fox in …”")
    third = shelf(prompt="fog at dawn")
    names = names_of(first, third)
    assert all(re.fullmatch(r"Result 1, \d+ \w+ \d\d:\d\d:\d\d", name) for name in names)


def test_a_picture_without_a_source_is_offered_with_the_next_of_its_task(browser: Client, shelf: Shelf) -> None:
    first = shelf()
    assert beside(browser, first) == ""
    second = shelf(task=first.task, position=1)
    assert beside(browser, first) == f"a={second.pk}&b={first.pk}"
    assert beside(browser, second) == f"a={first.pk}&b={second.pk}"


def test_what_one_may_not_see_or_is_not_there_can_t_be_compared(browser: Client, shelf: Shelf, stranger: User) -> None:
    mine, theirs = shelf(), shelf(user=stranger)
    trashed = shelf()
    Result.objects.filter(pk=trashed.pk).update(trashed_at=trashed.saved_at)
    for other in (theirs.pk, trashed.pk, mine.pk, uuid4(), "nonsense", ""):
        assert browser.get(f"/gallery/compare/?a={mine.pk}&b={other}").status_code == 404, other
        assert browser.get(f"/gallery/compare/?a={other}&b={mine.pk}").status_code == 404, other


def test_hostile_words_are_only_ever_text(browser: Client, shelf: Shelf) -> None:
    left, right = shelf(prompt="<script>alert(1)</script>\u202e fox"), shelf(prompt='"> <b>x')
    assert "<script>alert" not in compare(browser, left, right)
    assert "<b>x" not in compare(browser, left, right)
