"""The viewer: one page per result, neighbours within the search, facts, star."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from gallery.models import Result
from gallery.wording import as_flags, in_words
from tests.gallery.conftest import Shelf, new_task


@pytest.fixture
def three(shelf: Shelf) -> list[Result]:
    """Newest first; the one in the middle has no fog."""
    now = timezone.now()
    prompts = ["fog at dawn", "clear noon", "fog at dusk"]
    oldest_first = [shelf(prompt=prompts[at], saved_at=now - timedelta(hours=at)) for at in (2, 1, 0)]
    return oldest_first[::-1]


def address(result: Result, query: str = "") -> str:
    return f"/gallery/{result.pk}/{query}"


def link(page: str, name: str) -> str:
    found = re.search(rf'data-{name} [^>]*href="([^"]+)"', page)
    return found[1] if found else ""


def test_a_result_has_a_page_with_its_prompt_and_facts(browser: Client, shelf: Shelf, owner: User) -> None:
    result = shelf(prompt="paper boats <at> dawn", width=1456, height=816, position=2)
    page = browser.get(address(result)).content.decode()
    assert "paper boats &lt;at&gt; dawn" in page
    assert "Image, result 3 of 4" in page
    assert "1456 \N{MULTIPLICATION SIGN} 816, 3:2" in page
    assert "--ar 3:2 --v 7 --s 250 --fast" in page
    assert f'href="/media/{result.pk}/download"' in page
    assert f'href="/?reuse={result.task_id}"' in page
    assert "Saved here" in page
    assert "style=" not in page


def test_another_person_and_nobody_see_none(shelf: Shelf, stranger: User) -> None:
    result = shelf()
    client = Client()
    assert client.get(address(result)).status_code == 302
    client.force_login(stranger, "allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(address(result)).status_code == 404
    assert client.post(address(result, "star/"), {"starred": "1"}).status_code == 404


def test_newer_and_older_stay_within_the_search(browser: Client, three: list[Result]) -> None:
    new, middle, old = three
    page = browser.get(address(middle)).content.decode()
    assert (link(page, "newer"), link(page, "older")) == (address(new), address(old))
    page = browser.get(address(new, "?q=fog")).content.decode()
    assert (link(page, "newer"), link(page, "older")) == ("", address(old, "?q=fog"))
    assert "1 of 2 for “fog”" in page
    assert 'href="/gallery/?q=fog"' in page


def test_the_filmstrip_shows_both_sides_and_marks_this_one(browser: Client, three: list[Result]) -> None:
    page = browser.get(address(three[1])).content.decode()
    strip = re.findall(r'<a class="r-3-2" href="/gallery/([^/]+)/"( aria-current="true")?', page.split("</nav>")[-2])
    assert [pk for pk, _ in strip] == [str(result.pk) for result in three]
    assert [bool(mark) for _, mark in strip] == [False, True, False]


def test_the_script_gets_the_viewer_alone(browser: Client, shelf: Shelf) -> None:
    response = browser.get(address(shelf()), headers={"HX-Request": "true"})
    page = response.content.decode()
    assert "data-viewer" in page
    assert "<html" not in page
    assert "HX-Request" in response["Vary"]


@pytest.mark.parametrize(("state", "word"), [("saving", "5 days are left"), ("lost", "The provider deleted its copy")])
def test_a_result_without_a_file_says_so(browser: Client, shelf: Shelf, state: str, word: str) -> None:
    result = shelf()
    deadline = timezone.now() + timedelta(days=5, hours=1)
    Result.objects.filter(pk=result.pk).update(state=state, saved_at=None, deadline=deadline, problem="It went away.")
    page = browser.get(address(result)).content.decode()
    assert word in page
    assert "It went away." in page
    assert f"/media/{result.pk}/" not in page


def test_a_clip_is_played_here(browser: Client, shelf: Shelf) -> None:
    result = shelf(kind="video", content_type="video/mp4", duration=5.0)
    page = browser.get(address(result)).content.decode()
    assert re.search(rf'<video[^>]+controls[^>]+poster="/media/{result.pk}/poster" src="/media/{result.pk}/clip"', page)


def test_an_unconfirmed_source_is_named(browser: Client, shelf: Shelf) -> None:
    assert "did not confirm" in browser.get(address(shelf(verified=False))).content.decode()


def test_the_family_line_shows_parent_and_children(browser: Client, shelf: Shelf, owner: User) -> None:
    parent = shelf(prompt="the first")
    own = shelf(task=new_task(owner, "the second", kind="vary", parent=parent.task))
    child = shelf(task=new_task(owner, "", kind="upscale", parent=own.task))
    page = browser.get(address(own)).content.decode()
    family = page.split('class="family"')[1]
    assert re.findall(r"<li><p>(.*?)</p>", family) == ["Parent", "This task", "Upscale"]
    for result in (parent, own, child):
        assert f'href="{address(result)}"' in family


def test_a_star_is_set_and_taken_away_and_told_to_the_board(browser: Client, shelf: Shelf, owner: User) -> None:
    result = shelf()
    for value in ("1", "0"):
        response = browser.post(address(result, "star/"), {"starred": value, "next": "/gallery/?q=fog"})
        assert (response.status_code, response["Location"]) == (302, "/gallery/?q=fog")
        before = result.revision
        result.refresh_from_db()
        assert result.starred == (value == "1")
        assert result.revision > before


def test_the_script_gets_a_quiet_answer_to_a_star(browser: Client, shelf: Shelf) -> None:
    result = shelf()
    response = browser.post(address(result, "star/"), {"starred": "1"}, headers={"HX-Request": "true"})
    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.parametrize(
    "target", ["https://evil.example.com/", "//evil.example.com", "javascript:alert(1)", "", "gallery"]
)
def test_a_star_leads_nowhere_else(browser: Client, shelf: Shelf, target: str) -> None:
    result = shelf()
    assert browser.post(address(result, "star/"), {"next": target})["Location"] == address(result)


def test_a_star_is_only_posted_and_with_a_token(browser: Client, shelf: Shelf, owner: User) -> None:
    result = shelf()
    assert browser.get(address(result, "star/")).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner, "allauth.account.auth_backends.AuthenticationBackend")
    assert strict.post(address(result, "star/"), {"starred": "1"}).status_code == 403


@pytest.mark.usefixtures("as_in_production")
def test_the_viewer_costs_the_same_few_queries_however_full(
    browser: Client, shelf: Shelf, django_assert_max_num_queries: Any
) -> None:
    result = shelf()
    for _ in range(15):
        shelf(task=result.task, position=Result.objects.count())
    browser.get(address(result))
    with django_assert_max_num_queries(10):
        browser.get(address(result))


@pytest.mark.parametrize(
    ("given", "flags"),
    [
        ({}, ""),
        ({"version": "niji6", "speed": "relaxed"}, "--niji 6 --relax"),
        ({"variety": 0, "weirdness": 100, "enable_translation": False}, "--c 0 --w 100"),
        ({"motion": "low", "video_batch_size": 2, "aspect_ratio": "16:9"}, "--ar 16:9 --motion low --bs 2"),
    ],
)
def test_parameters_can_be_typed_again(given: dict[str, Any], flags: str) -> None:
    assert as_flags(given) == flags


def test_parameters_in_words_leave_out_what_was_not_given() -> None:
    given = {"version": "niji6", "speed": "fast", "variety": 0, "enable_translation": True, "water_mark": ""}
    assert in_words(given) == [("Version", "Niji 6"), ("Speed", "Fast"), ("Variety", "0"), ("Translated", "Yes")]


@pytest.mark.parametrize("task_type", ["mj_img2img", "mj_style_reference", "mj_omni_reference"])
def test_a_picture_becomes_any_kind_of_reference_with_one_click(browser: Client, shelf: Shelf, task_type: str) -> None:
    result = shelf(prompt="fog at dawn")
    there = f"/?use={result.pk}&as={task_type}"
    assert there.replace("&", "&amp;") in browser.get(address(result)).text
    studio = browser.get(there).text
    assert re.search(rf'name="task_type" value="{task_type}"[^>]* checked', studio)
    assert f"/media/{result.pk}/320" in studio


@pytest.mark.parametrize("query", ["starred=1", "q=fog"])
def test_a_picture_outside_the_search_has_neighbours_and_no_place_in_it(
    browser: Client, shelf: Shelf, query: str
) -> None:
    outside = shelf(prompt="sea")
    inside = shelf(prompt="fog", starred=True)
    page = browser.get(f"/gallery/{outside.pk}/?{query}").text
    assert " of 1" not in page
    assert f"/gallery/{inside.pk}/" in page
    assert "1 of 1" in browser.get(f"/gallery/{inside.pk}/?{query}").text
