"""The search: words in any script, phrases, what is kept out, ranks, facets and their counts."""

import re
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Membership, Role, Team, User
from accounts.spaces import Space
from gallery import organising
from gallery.facets import MOST_TAGS, read_desk
from gallery.found import Found
from gallery.models import Collection, CollectionItem, Result
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


def counted(page: str) -> dict[str, int]:
    return {f"{name}={value}": int(count) for name, value, count in re.findall(
        r'name="(\w+)" value="([^"]+)"[^>]*>.*?<b>(\d+)</b>', page
    )}  # fmt: skip


def test_the_desk_says_what_each_tick_would_bring(browser: Client, shelf: Shelf) -> None:
    shelf(version="7", speed="fast", task_type="mj_txt2img", starred=True)
    shelf(version="6.1", speed="fast", task_type="mj_txt2img")
    shelf(version="6.1", speed="relaxed", task_type="mj_txt2img")
    counts = counted(browser.get("/gallery/facets/?version=6.1").content.decode())
    assert (counts["version=7"], counts["version=6.1"]) == (1, 2)
    assert (counts["speed=fast"], counts["speed=relaxed"], counts["starred=1"]) == (1, 1, 0)
    assert len(shown(browser.get("/gallery/?version=6.1&speed=fast").content.decode())) == 1


def test_collections_are_ticked_at_the_desk_like_every_other_facet(browser: Client, shelf: Shelf, owner: User) -> None:
    fog, sea, loose = shelf(prompt="fog"), shelf(prompt="sea"), shelf(prompt="loose")
    north, south = (Collection.objects.create(user=owner, name=name) for name in ("North", "South"))
    Collection.objects.create(user=owner, name="A search", query="q=fog")
    CollectionItem.objects.create(collection=north, result=fog, position=1)
    CollectionItem.objects.create(collection=south, result=sea, position=1)
    desk = browser.get(f"/gallery/facets/?collection={north.pk}").text
    counts = counted(desk)
    assert (counts[f"collection={north.pk}"], counts[f"collection={south.pk}"]) == (1, 1)
    assert f'value="{north.pk}" checked' in desk
    assert "A search" not in desk
    both = browser.get(f"/gallery/?collection={north.pk}&collection={south.pk}").text
    assert {str(fog.pk), str(sea.pk)} == set(shown(both))
    assert str(loose.pk) not in both
    stranger = Collection.objects.create(user=User.objects.create_user("bob@example.com"), name="Not ours")
    assert "Not ours" not in browser.get(f"/gallery/facets/?collection={stranger.pk}").text


def test_the_desk_counts_the_search_in_every_team_and_leads_there_with_it(
    browser: Client, shelf: Shelf, owner: User
) -> None:
    assert "facet-teams" not in browser.get("/gallery/facets/?q=fog").text
    north = Team.objects.create(name="North")
    Membership.objects.create(team=north, user=owner, role=Role.MEMBER)
    User.objects.filter(pk=owner.pk).update(in_teams=True)
    shelf(prompt="fog")
    for prompt in ("fog", "a foggy morning", "sea"):
        shelf(prompt=prompt, team=north)
    desk = browser.get("/gallery/facets/?q=fog").text
    counts = re.findall(r'name="team" value="([^"]*)".*?<b>(\d+)</b>', desk)
    assert counts == [("", "1"), (str(north.pk), "2")]
    [address] = re.findall(r'form="elsewhere" name="next" value="([^"]+)"', desk)
    answer = browser.post("/team/choose/", {"team": str(north.pk), "next": address})
    assert answer.headers["Location"] == "/gallery/?q=fog"
    assert len(shown(browser.get(answer.headers["Location"]).text)) == 2


@pytest.mark.parametrize("rating", ["3", "5"])
def test_a_rating_of_the_address_is_ticked_at_the_desk_and_counts_what_has_as_many_stars(
    browser: Client, shelf: Shelf, rating: str
) -> None:
    for stars in (3, 4, 5):
        shelf(version="7", rating=stars)
    desk = browser.get(f"/gallery/facets/?rating={rating}").text
    counts = counted(desk)
    assert re.search(rf'name="rating" value="{rating}"[^>]*checked', desk)
    assert (counts["rating=4"], counts[f"rating={rating}"]) == (2, 6 - int(rating))
    assert counts["version=7"] == len(shown(browser.get(f"/gallery/?rating={rating}").text))


def test_a_ticked_person_stays_on_the_desk_with_nothing_to_count(browser: Client, shelf: Shelf, owner: User) -> None:
    north = Team.objects.create(name="North")
    Membership.objects.create(team=north, user=owner, role=Role.MEMBER)
    User.objects.filter(pk=owner.pk).update(team=north, in_teams=True)
    stranger = User.objects.create_user("stranger@example.com", name="Nobody here")
    shelf(team=north, prompt="fog")
    for query in ("q=fog", "q=zebra"):
        desk = browser.get(f"/gallery/facets/?person={owner.pk}&{query}").text
        assert f'name="person" value="{owner.pk}" checked' in desk
        assert "Ada Berg" in desk
    desk = browser.get(f"/gallery/facets/?person={stranger.pk}").text
    assert f'name="person" value="{stranger.pk}" checked' in desk
    assert "Nobody here" not in desk


def test_tags_and_collections_are_counted_among_what_is_found(browser: Client, shelf: Shelf, owner: User) -> None:
    fog, sea = shelf(prompt="fog"), shelf(prompt="sea", starred=True)
    for name, one in (("warm", fog), ("cold", sea)):
        organising.tag(Space(owner.pk), name, Result.objects.filter(pk=one.pk))
    organising.tag(Space(owner.pk), "both", Result.objects.all())
    top = Collection.objects.create(user=owner, name="Top")
    sub = Collection.objects.create(user=owner, name="Sub", parent=top)
    organising.collect(sub, Result.objects.all())
    organising.collect(top, Result.objects.filter(pk=fog.pk))
    names = ["tag=warm", "tag=cold", "tag=both", f"collection={top.pk}", f"collection={sub.pk}"]
    for query in ("", "q=fog", "starred=1", "tag=warm", f"collection={sub.pk}"):
        counts = counted(browser.get(f"/gallery/facets/?{query}").text)
        for name in names:
            # Another tag narrows a search down, another collection widens it: its own hold what they hold.
            with_it = name if "collection" in query and "collection" in name else f"{query}&{name}"
            assert counts[name] == len(shown(browser.get(f"/gallery/?{with_it}").text)), (query, name)


def test_a_ticked_tag_beyond_those_that_are_offered_is_counted(browser: Client, shelf: Shelf, owner: User) -> None:
    results = [shelf().pk for _ in range(MOST_TAGS + 1)]
    for at in range(MOST_TAGS + 1):
        organising.tag(Space(owner.pk), f"t{at:02}", Result.objects.filter(pk__in=results[at:]))
    assert "tag=t16" not in counted(browser.get("/gallery/facets/").text)
    assert counted(browser.get("/gallery/facets/?tag=t16").text)["tag=t16"] == 1


def test_the_desk_costs_the_same_few_queries_however_full(
    shelf: Shelf, owner: User, django_assert_num_queries: Any
) -> None:
    space, search = Space(owner.pk), Search(text="fog")
    for number in range(4):
        shelf(prompt="fog")
        organising.tag(space, f"t{number}", Result.objects.all())
        organising.collect(Collection.objects.create(user=owner, name=f"C{number}"), Result.objects.all())
        with django_assert_num_queries(7):
            read_desk(space, search)


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
    assert all(re.fullmatch("[a-z0-9]{1,60}", token) for token in tokens(text))
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


def test_of_several_values_one_that_is_understood_is_enough(browser: Client, shelf: Shelf) -> None:
    shelf(version="7", rating=3, task_type="mj_txt2img")
    assert len(shown(browser.get("/gallery/?version=7&type=mj_txt2img&type=nonsense&rating=3&rating=4").text)) == 1
