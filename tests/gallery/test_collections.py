"""The page of a collection: everything in it, what is taken out, its cover, its children, and who else sees it."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from gallery import collection_views, organising, sharing
from gallery.models import Collection, Result
from tests.gallery.conftest import Shelf
from tests.gallery.test_wall import shown

HTMX = {"HX-Request": "true"}


@pytest.fixture
def three(shelf: Shelf) -> list[Result]:
    return [shelf() for _ in range(3)]


@pytest.fixture
def fog(owner: User, three: list[Result]) -> Collection:
    made = Collection.objects.create(user=owner, name="Fog")
    organising.collect(made, Result.objects.all())
    return made


def address_of(collection: Collection) -> str:
    return f"/gallery/collections/{collection.pk}/"


def in_order(page: str) -> list[str]:
    return re.findall(r'data-result="([^"]+)"', page)


def fields_of(form: str, page: str) -> tuple[str, dict[str, str]]:
    """Where the form of this id leads, and what stands in it."""
    [(action, inside)] = re.findall(rf'<form id="{form}"[^>]*action="([^"]+)"[^>]*>(.*?)</form>', page, re.S)
    return action, dict(re.findall(r'name="(\w+)" value="([^"]*)"', inside))


def test_a_picture_is_taken_out_on_the_collection_s_page(browser: Client, fog: Collection, three: list[Result]) -> None:
    page = browser.get(address_of(fog)).text
    assert f'form="take-out" name="result" value="{three[1].pk}"' in page
    action, said = fields_of("take-out", page)
    back = browser.post(action, {**said, "result": str(three[1].pk)}, follow=True).text
    assert "1 taken out" in back
    assert in_order(back) == [str(three[0].pk), str(three[2].pk)]
    assert Result.objects.count() == 3


def test_what_is_taken_out_on_the_wall_is_told_to_the_script(
    browser: Client, fog: Collection, three: list[Result]
) -> None:
    wall = browser.get(f"/gallery/?collection={fog.pk}").text
    assert f'value="take_out" data-collection="{fog.pk}"' in wall
    assert "take_out" not in browser.get("/gallery/").text
    said = {"act": "take_out", "collection": str(fog.pk), "result": str(three[0].pk)}
    for taken in ([str(three[0].pk)], []):
        answer = browser.post("/gallery/act/", said, headers=HTMX).json()
        assert answer == {"said": f"{len(taken)} taken out", "ids": taken}


def test_a_collection_is_shown_by_its_cover_or_else_by_its_first_picture(
    browser: Client, fog: Collection, three: list[Result]
) -> None:
    def front() -> list[str]:
        return re.findall(r"/media/([^/]+)/320", browser.get("/gallery/collections/", headers=HTMX).text)

    assert front() == [str(three[0].pk)]
    page = browser.get(address_of(fog)).text
    assert f'form="cover" name="result" value="{three[2].pk}"' in page
    action, said = fields_of("cover", page)
    assert ">Cover<" in browser.post(action, {**said, "result": str(three[2].pk)}, follow=True).text
    assert front() == [str(three[2].pk)]
    organising.throw_away(Result.objects.filter(pk=three[2].pk))
    assert front() == [str(three[0].pk)]


def test_the_pages_of_a_collection_show_all_of_it(
    browser: Client, fog: Collection, three: list[Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection_views, "PAGE", 2)
    pages = [browser.get(f"{address_of(fog)}?page={number}").text for number in (1, 2)]
    assert "1 to 2 of 3" in pages[0]
    assert '?page=2"' in pages[0]
    assert [name for page in pages for name in in_order(page)] == [str(each.pk) for each in three]


def test_a_link_that_shows_a_part_says_so(browser: Client, fog: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "MOST_SHOWN", 2)
    for may_comment in (False, True):
        _, token = sharing.make(fog, fog.user, days=7, password="", may_download=False, may_comment=may_comment)
        assert "The first 2 of 3 are shown." in Client().get(f"/s/{token}/").text
    assert "the first 2 of these 3 pictures" in browser.get(address_of(fog)).text


def test_a_collection_names_those_that_lie_in_it(browser: Client, fog: Collection) -> None:
    child = Collection.objects.create(user=fog.user, name="Mist", parent=fog)
    assert f'href="{address_of(child)}">Mist</a>' in browser.get(address_of(fog)).text


def test_the_viewer_opened_from_a_collection_steps_within_it(browser: Client, owner: User, three: list[Result]) -> None:
    ends = Collection.objects.create(user=owner, name="Both ends")
    organising.collect(ends, Result.objects.filter(pk__in=[three[0].pk, three[2].pk]))
    [link] = re.findall(rf'href="(/gallery/{three[0].pk}/[^"]*)"', browser.get(address_of(ends)).text)
    [newer] = re.findall(r'data-newer[^>]*href="([^"]+)"', browser.get(link).text)
    assert str(three[2].pk) in newer


@pytest.mark.parametrize("said", [{}, {"sure": "1"}])
def test_a_collection_is_put_under_a_shared_one_only_when_that_was_asked(
    browser: Client, owner: User, fog: Collection, said: dict[str, str]
) -> None:
    shared = Collection.objects.create(user=owner, name="For the client")
    _, token = sharing.make(shared, owner, days=7, password="", may_download=False)
    page = browser.post(address_of(fog), {"name": "Fog", "parent": str(shared.pk), **said}, follow=True).text
    pictures = Client().get(f"/s/{token}/").text.count("<figure>")
    if said:
        assert pictures == 3
        assert "Also shown by 1 open link of" in page
    else:
        assert pictures == 0
        assert "For the client is shown by 1 open link" in page
        assert 'name="sure" value="1"' in page


def test_a_collection_is_renamed_on_the_page_that_shows_its_new_link(browser: Client, fog: Collection) -> None:
    page = browser.post(f"{address_of(fog)}share/", {"days": "7"}).text
    actions = re.findall(r'<form[^>]*method="post"[^>]*>', page[page.index("<h1>") :])
    assert [form for form in actions if "action=" not in form] == []


def test_the_strip_stands_beside_a_collection_nobody_made(browser: Client, fog: Collection) -> None:
    answer: Any = browser.get("/gallery/collections/?collection=nonsense", headers=HTMX)
    assert "Fog" in answer.text
    assert shown(browser.get("/gallery/?collection=nonsense").text) == []
