"""The search: words in any script, phrases, what is kept out, ranks, facets and their counts."""

import re
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from accounts.spaces import Space
from gallery.found import Found
from gallery.indexing import respell
from gallery.models import Result
from gallery.search import Search
from gallery.words import terms, tokens
from tasks.models import Task
from tests.desk import Desk
from tests.gallery.conftest import Shelf
from tests.gallery.test_wall import shown

PROMPTS = {
    "fog": "fog over the pine valley",
    "foggy": "a foggy morning",
    "cjk": "桜の木の下で猫が眠る",
    "accent": "Café au crépuscule",
    "emoji": "a fox 🦊 in the snow",
    "long": "pine trees and a valley of glass",
}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("fog", ["fog", "foggy"]),
        ("FO", ["emoji", "foggy", "fog"]),
        ('"pine valley"', ["fog"]),
        ("pine valley", ["long", "fog"]),
        ("pine -glass", ["fog"]),
        ("-pine", ["emoji", "accent", "cjk", "foggy"]),
        ("猫", ["cjk"]),
        ("木の下", ["cjk"]),
        ("cafe crepuscule", ["accent"]),
        ("🦊", ["emoji"]),
        ('"', ["long", "emoji", "accent", "cjk", "foggy", "fog"]),
        ("nothing like this", []),
        ("' OR 1=1 --", []),
    ],
)
def test_words_are_found_ranked_by_match_then_time(browser: Client, shelf: Shelf, query: str, found: list[str]) -> None:
    names = {str(shelf(prompt=prompt).pk): name for name, prompt in PROMPTS.items()}
    page = browser.get("/gallery/", {"q": query}).content.decode()
    assert [names[pk] for pk in shown(page)] == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('pine"fog valley"', 0),
        ('pine,"fog valley"', 0),
        ('("fog valley")', 0),
        ('("valley pine")', 1),
        ('-("pine fog")', 0),
        ("(-pine)", 0),
        ("\u201cfog valley\u201d", 0),
        ("\u201evalley pine\u201c", 1),
        ("fog \u2212pine", 0),
        ("fog \u2013pine", 0),
        ("fog \u2013 pine", 1),
        ('"valley pi', 1),
        ('"valley pi"', 0),
        ("valley pine fog a a a a b c d e f g h i j k -m", 0),
        ("valley pine fog a b c d e f g h i j k -l", 1),
    ],
)
def test_quotes_brackets_and_minus_mean_the_same_however_they_are_typed(
    browser: Client, shelf: Shelf, query: str, found: int
) -> None:
    shelf(prompt="valley pine fog a b c d e f g h i j k m")
    assert len(shown(browser.get("/gallery/", {"q": query}).text)) == found


@pytest.mark.parametrize(
    ("prompt", "typed"),
    [
        ("\u2600\ufe0fsunset over fog", "sunset"),
        ("a heart \u2764 here", "\u2764\ufe0f"),
        ("1\ufe0f\u20e3 red", "1"),
        ("fox\u00adglove", "foxglove"),
    ],
)
def test_what_only_changes_a_look_changes_no_word(browser: Client, shelf: Shelf, prompt: str, typed: str) -> None:
    shelf(prompt=prompt)
    assert len(shown(browser.get("/gallery/", {"q": typed}).text)) == 1


@pytest.mark.parametrize(
    ("prompt", "typed", "found"),
    [
        ("sm\u00f8rrebr\u00f8d on a plate", "sm", 1),
        ("sm\u00f8rrebr\u00f8d on a plate", "sm\u00f8rr", 1),
        ("sm\u00f8rrebr\u00f8d on a plate", "sm\u00f8r\u00f8", 0),
        ("z\u0142oty coin", "z", 1),
        ("\u043c\u043e\u0441\u0442", "\u043c\u043e", 1),
        ("dostoprimechatelnost " + "\u043e" * 20 + "\u0430", '"' + "\u043e" * 20 + '\u0431"', 0),
        ("\u0905" * 12 + "\u0915", '"' + "\u0905" * 12 + '\u0924"', 0),
        ("\u0645\u064e\u0631\u0652\u062d\u064e\u0628\u064b\u0627", "\u0645\u0631\u062d\u0628\u0627", 1),
        ("fixture 7e4b on the bench", "7e4b", 1),
        ("fixture 7e4b on the bench", '"7e4b on"', 1),
        ("fixture 12e4ab on the bench", "12e4", 1),
    ],
)
def test_words_are_told_apart_and_found_by_their_beginnings_in_every_script(
    browser: Client, shelf: Shelf, prompt: str, typed: str, found: int
) -> None:
    shelf(prompt=prompt)
    assert len(shown(browser.get("/gallery/", {"q": typed}).text)) == found


def test_what_was_indexed_in_another_spelling_is_spelled_anew_in_its_place(
    browser: Client, shelf: Shelf, monkeypatch: Any
) -> None:
    with monkeypatch.context() as before:
        before.setattr("gallery.fulltext.tokens", lambda text: ["zqaa"])
        old = [shelf(prompt=prompt).pk for prompt in ("sm\u00f8r one", "sm\u00f8r two")]
    assert shown(browser.get("/gallery/?q=sm").text) == []
    monkeypatch.setattr("gallery.indexing.BATCH", 1)
    respell(Result.objects.all())
    assert shown(browser.get("/gallery/?q=sm").text) == [str(pk) for pk in old[::-1]]
    assert shown(browser.get("/gallery/?q=two").text) == [str(old[1])]


def test_matches_stand_under_their_day_without_a_number_that_nobody_counted(browser: Client, shelf: Shelf) -> None:
    shelf(prompt="fog")
    assert '<h2 class="day-name">Today </h2>' in browser.get("/gallery/?q=fog").text
    assert "<span>1 result</span>" in browser.get("/gallery/").text


def test_another_person_finds_nothing(shelf: Shelf, stranger: User, client: Client) -> None:
    shelf(prompt="fog")
    client.force_login(stranger, "allauth.account.auth_backends.AuthenticationBackend")
    assert shown(client.get("/gallery/?q=fog").content.decode()) == []


def test_every_page_of_a_search_follows_the_one_before(browser: Client, shelf: Shelf, monkeypatch: Any) -> None:
    from gallery import wall

    monkeypatch.setattr(wall, "PAGE", 2)
    names = [shelf(prompt=prompt).pk for prompt in ["fog"] * 3 + ["foggy"] * 3]
    seen: list[str] = []
    address = "/gallery/?q=fog"
    while address:
        page = browser.get(address).content.decode()
        seen += shown(page)
        more = re.search(r'<div class="more" hx-get="([^"]+)"', page)
        address = more[1].replace("&amp;", "&") if more else ""
    assert seen == [str(names[at]) for at in (2, 1, 0, 5, 4, 3)]


def test_a_finished_task_tells_its_results_what_the_desk_asks(desk: Desk) -> None:
    task: Task = desk.finished(version="6.1", aspect_ratio="16:9")
    result = Result.objects.filter(task=task).first()
    assert result is not None
    assert (result.task_type, result.version, result.speed, result.credits * 4) == (
        "mj_txt2img",
        "6.1",
        "fast",
        task.cost,
    )


@given(st.text())
def test_any_text_becomes_plain_tokens(text: str) -> None:
    assert all(re.fullmatch("[a-z0-9]{1,600}", token) for token in tokens(text))
    assert all(term.tokens for term in terms(text))


@pytest.mark.parametrize(("typed", "found"), [("lantern", 2), ("lanter", 2), ("lanterns", 1), ("zeppelin lanter", 1)])
def test_a_word_that_goes_on_is_found_wherever_the_typed_one_ends(
    browser: Client, shelf: Shelf, typed: str, found: int
) -> None:
    shelf(prompt="a zeppelin and its lantern")
    shelf(prompt="paper lanterns")
    assert browser.get(f"/gallery/?q={typed}").text.count("data-result") == found


def test_where_no_word_goes_on_beginnings_are_not_gathered(
    shelf: Shelf, owner: User, django_assert_num_queries: Any
) -> None:
    shelf(prompt="a zeppelin and its lantern")
    found = Found(Space(owner.pk), Search(text="zeppelin lantern"))
    with django_assert_num_queries(2):
        assert len(found.after(None, 10, "pk")) == 1
    shelf(prompt="paper lanterns")
    with django_assert_num_queries(3):
        assert len(found.after(None, 10, "pk")) == 1


def test_a_version_as_long_as_one_is_kept_can_be_ticked(browser: Client, shelf: Shelf) -> None:
    shelf(version="7")
    alpha = shelf(version="8.1-alpha")
    assert shown(browser.get("/gallery/?version=8.1-alpha").text) == [str(alpha.pk)]


@pytest.mark.parametrize(
    "query",
    [
        f"version={'9' * 17}",
        "type=nonsense",
        "person=nonsense",
        "kind=nonsense",
        "starred=maybe",
        "rating=9",
        "children=maybe",
        "collection=nonsense",
        "tag=%E2%80%8B",
        "&".join(f"tag=t{number}" for number in range(21)),
        "since=nonsense",
        "until=9999-01-01",
        f"q={'a ' * 101}",
        "q=!!!",
        "q=%E2%80%8B",
        "q=-...",
    ],
)
def test_a_filter_nobody_understands_finds_nothing_and_no_act_means_more(
    browser: Client, shelf: Shelf, query: str
) -> None:
    shelf(prompt="a", version="7")
    assert shown(browser.get(f"/gallery/?{query}").text) == []
    search = Search.from_query(QueryDict(query))
    assert Search.from_query(QueryDict(search.query)) == search
    act = {"act": "trash", "everything": "1", "search": query}
    browser.post("/gallery/act/", act, headers={"HX-Request": "true"})
    assert not Result.objects.filter(trashed_at__isnull=False).exists()


@pytest.mark.parametrize("begun", ["", "-", '"', "(-", "\u201c", "\u2013"])
def test_the_beginning_of_a_term_leaves_the_wall_as_it_is(browser: Client, shelf: Shelf, begun: str) -> None:
    shelf()
    assert len(shown(browser.get("/gallery/", {"q": begun}).text)) == 1


def test_of_several_values_one_that_is_understood_is_enough(browser: Client, shelf: Shelf) -> None:
    shelf(version="7", rating=3, task_type="mj_txt2img")
    assert len(shown(browser.get("/gallery/?version=7&type=mj_txt2img&type=nonsense&rating=3&rating=4").text)) == 1
