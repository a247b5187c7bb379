"""Review rounds: guests of a link pick, reject and comment; the house sees who chose what, and nobody else anything."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import User
from gallery import organising, reviewing, sharing
from gallery.models import Collection, Guest, Pick, Remark, Result, ShareLink
from tests.gallery.conftest import Shelf


@pytest.fixture
def collection(owner: User, shelf: Shelf) -> Collection:
    """Three pictures."""
    for name in ("aa", "bb", "cc"):
        shelf(prompt="a secret prompt", sha256=name * 32)
    found = Collection.objects.create(user=owner, name="Fog studies")
    organising.collect(found, Result.objects.all())
    return found


@pytest.fixture
def link(collection: Collection) -> tuple[ShareLink, str]:
    return sharing.make(
        collection, collection.user, days=7, password="", may_download=False, may_comment=True, wanted=2
    )


class Visitor:
    """Somebody with nothing but the link."""

    def __init__(self, token: str, name: str = "") -> None:
        self.client, self.address = Client(), f"/s/{token}/"
        if name:
            self.act("name", name=name)

    def act(self, act: str, result: Result | None = None, **said: str) -> int:
        body = {"act": act, **said, **({"result": str(result.pk)} if result else {})}
        return self.client.post(f"{self.address}review/", body).status_code

    def sees(self, query: str = "") -> str:
        return self.client.get(self.address + query).text


@pytest.fixture
def petra(link: tuple[ShareLink, str]) -> Visitor:
    return Visitor(link[1], "Petra")


def pictures(collection: Collection) -> list[Result]:
    return [item.result for item in collection.items.order_by("position")]


def test_a_guest_says_a_name_picks_and_rejects(collection: Collection, link: Any, petra: Visitor) -> None:
    first, second, _ = pictures(collection)
    petra.act("pick", first)
    petra.act("reject", second)
    page = petra.sees()
    assert "You are <b>Petra</b>" in page
    assert "<b>1</b> of 2 picked" in page
    assert page.count('class="picked"') == page.count('class="rejected"') == 1
    petra.act("reject", first)
    assert Pick.objects.get(result=first).verdict == "rejected"
    petra.act("reject", first)
    assert not Pick.objects.filter(result=first).exists()


def test_without_a_name_nothing_can_be_done(collection: Collection, link: Any) -> None:
    nobody = Visitor(link[1])
    first = pictures(collection)[0]
    for act in ("pick", "say", "send"):
        assert nobody.act(act, first, text="hello") == 302
    assert not Pick.objects.exists()
    assert not Remark.objects.exists()
    assert "Your name" in nobody.sees()
    assert 'value="pick"' not in nobody.sees()


def test_guests_see_each_other_and_only_change_their_own(collection: Collection, link: Any, petra: Visitor) -> None:
    first = pictures(collection)[0]
    tom = Visitor(link[1], "Tom")
    petra.act("pick", first)
    petra.act("say", first, text="Could it sit lower?")
    seen = tom.sees(f"?picture={first.pk}")
    assert "picked by Petra" in seen
    assert "Could it sit lower?" in seen
    assert 'class="picked"' not in seen
    tom.act("leave")
    assert "Your name" in tom.sees()
    assert Guest.objects.count() == 2


def test_only_pictures_of_the_link_can_be_spoken_of(link: Any, petra: Visitor, shelf: Shelf) -> None:
    other = shelf(sha256="dd" * 32)
    for act in ("pick", "say"):
        assert petra.act(act, other, text="hello") == 404
    assert petra.act("pick", result=None) == 404


def test_a_link_without_comments_takes_none(collection: Collection) -> None:
    _, token = sharing.make(collection, collection.user, days=7, password="", may_download=False)
    visitor = Visitor(token)
    assert visitor.act("name", name="Eve") == 404
    assert "Your name" not in visitor.sees()
    assert not Guest.objects.exists()


def test_a_closed_link_ends_the_review_with_the_next_request(
    collection: Collection, link: tuple[ShareLink, str], petra: Visitor
) -> None:
    sharing.revoke(link[0], collection.user)
    assert petra.act("pick", pictures(collection)[0]) == 404
    assert not Pick.objects.exists()


def test_a_password_stands_before_the_review(collection: Collection) -> None:
    _, token = sharing.make(
        collection, collection.user, days=7, password="a long one", may_download=False, may_comment=True
    )
    visitor = Visitor(token)
    assert visitor.act("name", name="Eve") == 404
    visitor.client.post(f"/s/{token}/", {"password": "a long one"})
    assert visitor.act("name", name="Eve") == 302
    assert Guest.objects.get().name == "Eve"


def test_what_a_guest_writes_is_only_ever_text(collection: Collection, link: Any, browser: Client) -> None:
    hostile = "<script>alert(1)</script>\u202e\0 \U0001f98a"
    eve = Visitor(link[1], f"Eve {hostile}")
    first = pictures(collection)[0]
    eve.act("say", first, text=hostile)
    for page in (eve.sees(f"?picture={first.pk}"), browser.get(f"/gallery/collections/{collection.pk}/").text):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_the_house_sees_the_tally_the_most_picked_first(
    collection: Collection, link: Any, petra: Visitor, browser: Client
) -> None:
    first, second, third = pictures(collection)
    tom = Visitor(link[1], "Tom")
    petra.act("reject", first)
    for guest in (petra, tom):
        guest.act("pick", second)
    assert [line.result for line in reviewing.tally(collection)] == [second, first]
    page = browser.get(f"/gallery/collections/{collection.pk}/").text
    assert "<b>2</b> Petra, Tom" in page
    assert f"/tasks/follow/{second.pk}/" in page
    assert f"/tasks/follow/{third.pk}/" not in page


def test_the_house_answers_and_the_guest_reads_it(
    collection: Collection, link: Any, petra: Visitor, browser: Client
) -> None:
    first = pictures(collection)[0]
    petra.act("say", first, text="More fog?")
    browser.post(f"/gallery/collections/{collection.pk}/reply/", {"result": str(first.pk), "text": "Here it is."})
    seen = petra.sees(f"?picture={first.pk}")
    assert "Here it is." in seen
    assert "Ada Berg" in seen
    assert "owner@example.com" not in seen


def test_sent_picks_are_told_by_mail(collection: Collection, link: Any, petra: Visitor) -> None:
    petra.act("pick", pictures(collection)[0])
    petra.act("send")
    guest = Guest.objects.get()
    assert guest.sent_at
    reviewing.tell_of_picks(str(guest.pk))
    [told] = mail.outbox
    assert told.to == ["owner@example.com"]
    assert "Petra picked 1 of Fog studies" in told.body
    assert "a secret prompt" not in petra.sees()


def test_a_review_page_asks_as_often_however_much_was_said(
    collection: Collection, link: Any, petra: Visitor, django_assert_max_num_queries: Any
) -> None:
    for result in pictures(collection):
        petra.act("pick", result)
        for number in range(5):
            petra.act("say", result, text=f"note {number}")
    with django_assert_max_num_queries(9):
        petra.sees()


@pytest.mark.parametrize(("said", "wanted"), [("6", 6), ("600", 500), ("0", None), ("0001999999", None), ("six", None)])
def test_the_number_asked_for_is_a_sensible_one(
    collection: Collection, browser: Client, said: str, wanted: int | None
) -> None:
    browser.post(f"/gallery/collections/{collection.pk}/share/", {"may_comment": "on", "wanted": said, "days": "7"})
    assert ShareLink.objects.get().wanted == wanted


def test_pressing_send_again_and_again_sends_one_mail(
    collection: Collection, link: Any, petra: Visitor, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as rung:
        for _ in range(5):
            petra.act("send")
    assert len(rung) == 1
