"""Share links from a browser that knows nobody: what they show, what they never show, and when they end."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from gallery import organising, sharing
from gallery.models import Collection, Result, ShareLink
from tests.gallery.conftest import Shelf

BODY = b"the picture" * 500


@pytest.fixture
def collection(owner: User, shelf: Shelf) -> Collection:
    shelf(BODY, prompt="a secret prompt")
    found = Collection.objects.create(user=owner, name="For the client")
    organising.collect(found, Result.objects.all())
    return found


def link_to(collection: Collection, **options: Any) -> tuple[ShareLink, str]:
    said: dict[str, Any] = {"days": 7, "password": "", "may_download": False, **options}
    return sharing.make(collection, collection.user, **said)


def status(client: Client, address: str) -> int:
    """The status of an answer that is read to its end, as a browser would."""
    answer = client.get(address)
    answer.getvalue()
    return answer.status_code


@pytest.fixture
def visitor() -> Client:
    return Client()


def test_a_visitor_sees_the_pictures_and_nothing_else(collection: Collection, visitor: Client, shelf: Shelf) -> None:
    other = shelf(sha256="cd" * 32, prompt="not shared")
    _, token = link_to(collection)
    page = visitor.get(f"/s/{token}/").text
    assert "For the client" in page
    assert "1 picture" in page
    for hidden in (
        "secret prompt",
        "owner@example.com",
        "Ada Berg",
        "/gallery/",
        "/account/",
        "Sign in",
        str(other.pk),
    ):
        assert hidden not in page, hidden
    result = Result.objects.get(items__collection=collection)
    answer = visitor.get(f"/s/{token}/{result.pk}/640")
    assert answer.getvalue() == BODY
    assert answer["Cache-Control"] == "private, no-store"
    assert status(visitor, f"/s/{token}/{other.pk}/640") == 404
    assert visitor.get(f"/media/{result.pk}/640").status_code == 302


@pytest.mark.parametrize("may_download", [False, True])
def test_originals_are_there_only_where_downloads_are_allowed(
    collection: Collection, visitor: Client, may_download: bool
) -> None:
    _, token = link_to(collection, may_download=may_download)
    result = Result.objects.get()
    assert (status(visitor, f"/s/{token}/{result.pk}/download") == 200) == may_download
    assert status(visitor, f"/s/{token}/{result.pk}/original") == 404
    assert ("Download" in visitor.get(f"/s/{token}/").text) == may_download


def test_a_closed_link_shows_nothing_from_the_next_request_on(
    collection: Collection, visitor: Client, browser: Client
) -> None:
    link, token = link_to(collection)
    result = Result.objects.get()
    assert status(visitor, f"/s/{token}/{result.pk}/320") == 200
    browser.post(f"/gallery/links/{link.pk}/close/")
    assert visitor.get(f"/s/{token}/").status_code == 404
    assert status(visitor, f"/s/{token}/{result.pk}/320") == 404


def test_a_link_runs_out(collection: Collection, visitor: Client) -> None:
    link, token = link_to(collection)
    ShareLink.objects.filter(pk=link.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert visitor.get(f"/s/{token}/").status_code == 404


def test_unknown_closed_and_expired_links_look_the_same(collection: Collection, visitor: Client) -> None:
    link, token = link_to(collection)
    sharing.revoke(link, collection.user)
    closed, unknown = visitor.get(f"/s/{token}/").text, visitor.get("/s/nothing-like-this/").text
    blank = re.compile(r"[A-Za-z0-9]{64}")
    assert blank.sub("", closed) == blank.sub("", unknown)


def test_a_password_opens_the_page_and_its_pictures_for_this_visitor_alone(
    collection: Collection, visitor: Client
) -> None:
    link, token = link_to(collection, password="open sesame")
    result = Result.objects.get()
    assert "For the client" not in visitor.get(f"/s/{token}/").text
    assert status(visitor, f"/s/{token}/{result.pk}/320") == 404
    assert visitor.post(f"/s/{token}/", {"password": "wrong"}).status_code == 403
    assert visitor.post(f"/s/{token}/", {"password": "open sesame"}).status_code == 302
    assert "For the client" in visitor.get(f"/s/{token}/").text
    assert status(visitor, f"/s/{token}/{result.pk}/320") == 200
    assert status(Client(), f"/s/{token}/{result.pk}/320") == 404
    assert "open sesame" not in str(list(ShareLink.objects.values()))
    assert token not in str(list(ShareLink.objects.values()))
    assert link.password


def test_after_ten_wrong_passwords_even_the_right_one_has_to_wait(collection: Collection) -> None:
    _, token = link_to(collection, password="open sesame")
    for _ in range(10):
        assert Client().post(f"/s/{token}/", {"password": "guess"}).status_code == 403
    assert Client().post(f"/s/{token}/", {"password": "open sesame"}).status_code == 403


def test_what_is_thrown_away_is_not_shared_any_more(collection: Collection, visitor: Client) -> None:
    _, token = link_to(collection)
    result = Result.objects.get()
    organising.throw_away(Result.objects.all())
    assert status(visitor, f"/s/{token}/{result.pk}/320") == 404
    assert str(result.pk) not in visitor.get(f"/s/{token}/").text


def test_only_whose_collection_it_is_makes_and_closes_links(collection: Collection, stranger: User) -> None:
    link, _ = link_to(collection)
    client = Client()
    client.force_login(stranger)
    assert client.post(f"/gallery/collections/{collection.pk}/share/", {"days": "7"}).status_code == 404
    assert client.post(f"/gallery/links/{link.pk}/close/").status_code == 404
    assert ShareLink.objects.get().revoked_at is None


def test_the_address_of_a_new_link_is_shown_once(collection: Collection, browser: Client, visitor: Client) -> None:
    page = f"/gallery/collections/{collection.pk}/"
    made = browser.post(f"{page}share/", {"days": "30", "may_download": "on"}).text
    [address] = re.findall(r"http://testserver(/s/[\w-]+/)", made)
    assert visitor.get(address).status_code == 200
    assert address not in browser.get(page).text
    assert ShareLink.objects.get().may_download
