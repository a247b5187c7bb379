"""The filter desk: what each tick would bring, and that what is ticked stays."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Role, Team, User
from accounts.spaces import Space
from gallery import organising
from gallery.facets import MOST_TAGS, read_desk
from gallery.models import Collection, CollectionItem, Result
from gallery.search import Search
from tests.gallery.conftest import Shelf
from tests.gallery.test_wall import shown


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
