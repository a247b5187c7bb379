"""Share links from a browser that knows nobody: what they show, what they never show, and when they end."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from accounts import teams
from accounts.models import Membership, Role, User
from gallery import organising, sharing
from gallery.models import Collection, CollectionItem, Result, ShareLink
from tasks import offboarding
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


def test_passwords_tried_at_the_same_moment_are_as_many_tries(
    collection: Collection, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, _ = link_to(collection, password="open sesame")
    looked_at: list[str] = []
    waiting = [str(number) for number in range(30)]

    def try_another(execute: Any, sql: str, *rest: Any) -> Any:
        # Before each statement of one try comes the whole of the next.
        if waiting and "sharelink" in sql:
            sharing.enter(HttpRequest(), link, waiting.pop())
        return execute(sql, *rest)

    monkeypatch.setattr(sharing, "check_password", lambda given, kept: looked_at.append(given))
    with connection.execute_wrapper(try_another):
        sharing.enter(HttpRequest(), link, "the first")
    assert waiting == []
    assert len(looked_at) == sharing.MOST_TRIES


def test_after_a_rest_the_password_opens_again(collection: Collection) -> None:
    _, token = link_to(collection, password="open sesame")
    for _ in range(11):
        Client().post(f"/s/{token}/", {"password": "guess"})
    ShareLink.objects.update(tried_at=timezone.now() - sharing.TRIES_REST)
    assert Client().post(f"/s/{token}/", {"password": "open sesame"}).status_code == 302


def test_what_was_handed_to_a_team_is_shown_by_no_old_link_when_its_maker_is_let_in_again(
    collection: Collection, owner: User, browser: Client
) -> None:
    team = teams.create(User.objects.create_user("boss@example.com"), "North")
    _, token = link_to(collection, may_download=True)
    offboarding.offboard(owner, User.objects.create_superuser("admin@example.com"), team)
    User.objects.update(is_active=True)
    assert sharing.find(token) is None
    browser.force_login(owner, "allauth.account.auth_backends.AuthenticationBackend")
    assert "secret prompt" not in browser.get(f"/gallery/collections/{collection.pk}/").text
    again = browser.post(f"/gallery/collections/{collection.pk}/share/", {"days": "7"}).text
    [address] = re.findall(r"http://testserver(/s/[\w-]+/)", again)
    assert status(Client(), f"{address}{Result.objects.get().pk}/640") == 404


def test_who_comes_back_to_a_team_opens_no_old_link_by_it(owner: User) -> None:
    team = teams.create(owner, "North")
    dora = User.objects.create_user("dora@example.com")
    member = Membership.objects.create(team=team, user=dora, role=Role.MEMBER)
    shared = Collection.objects.create(user=owner, team=team, name="Theirs")
    _, token = sharing.make(shared, dora, days=None, password="", may_download=False)
    assert sharing.find(token)
    member.delete()
    Membership.objects.create(team=team, user=dora, role=Role.MEMBER)
    assert sharing.find(token) is None


def test_a_link_shows_its_own_pictures_first_and_those_of_each_child_together(
    collection: Collection, shelf: Shelf
) -> None:
    own = [Result.objects.get(), shelf(), shelf()]
    children = [Collection.objects.create(user=collection.user, name=name, parent=collection) for name in ("B", "A")]
    below = {child.name: [shelf(), shelf()] for child in children}
    for place, result in enumerate(own):
        CollectionItem.objects.update_or_create(collection=collection, result=result, defaults={"position": place * 10})
    for child in children:
        organising.collect(child, Result.objects.filter(pk__in=[each.pk for each in below[child.name]]))
    assert list(sharing.shown_in(collection)) == [*own, *below["A"], *below["B"]]


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
