"""Review rounds: guests of a link pick, reject and comment; the house sees who chose what, and nobody else anything."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import teams
from accounts.models import Membership, Role, User
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
    assert page.count(' picked"') == page.count(' rejected"') == 1
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


def test_a_remark_points_to_a_place_of_the_picture(collection: Collection, link: Any, browser: Client) -> None:
    eve = Visitor(link[1], "Eve")
    first = pictures(collection)[0]
    eve.act("say", first, text="All of it")
    eve.act("say", first, text="This ridge", pin_x="325", pin_y="90000")
    eve.act("say", first, text="No place", pin_x="", pin_y="5")
    eve.act("say", first, text="This sun", pin_x="-1", pin_y="nonsense")
    page = eve.sees(f"?picture={first.pk}")
    # On the picture in the list and on the large one.
    assert page.count('<svg x="32.5%" y="100.0%"') == 2
    assert page.count('<svg x="0.0%" y="0.0%"') == 2
    assert re.search(r'Pin 1">1</b>\s*This ridge', page)
    assert re.search(r'Pin 2">2</b>\s*This sun', page)
    assert "Where the pins are" in browser.get(f"/gallery/collections/{collection.pk}/").text


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
    remark = str(Remark.objects.get().pk)
    browser.post(f"/gallery/collections/{collection.pk}/reply/", {"remark": remark, "text": "Here it is."})
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


def test_an_answer_goes_to_the_link_it_was_asked_by_and_to_no_other(collection: Collection, browser: Client) -> None:
    first = pictures(collection)[0]
    options: Any = {"days": 7, "password": "", "may_download": False, "may_comment": True}
    one, other = (Visitor(sharing.make(collection, collection.user, **options)[1], name) for name in ("Ann", "Ben"))
    one.act("say", first, text="How much?")
    remark = str(Remark.objects.get().pk)
    reply = f"/gallery/collections/{collection.pk}/reply/"
    browser.post(reply, {"remark": remark, "text": "For Ann alone."})
    assert "For Ann alone." in one.sees(f"?picture={first.pk}")
    assert "For Ann alone." not in other.sees(f"?picture={first.pk}")
    ShareLink.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    browser.post(reply, {"remark": remark, "text": "Too late."})
    assert not Remark.objects.filter(text="Too late.").exists()
    assert browser.post(reply, {"remark": "nonsense", "text": "x"}).status_code == 404


def test_pictures_of_a_child_are_numbered_and_counted_as_the_guests_see_them(
    collection: Collection, link: Any, petra: Visitor, browser: Client, shelf: Shelf
) -> None:
    child = Collection.objects.create(user=collection.user, name="Below", parent=collection)
    below = shelf(sha256="ee" * 32)
    organising.collect(child, Result.objects.filter(pk__in=[below.pk, pictures(collection)[2].pk]))
    shown = list(sharing.shown_in(collection))
    assert len(shown) == len(set(shown)) == 4
    for result in shown:
        assert petra.client.get(f"{petra.address}?picture={result.pk}").status_code == 200
    petra.act("pick", below)
    [line] = reviewing.tally(collection)
    assert (line.result, line.number) == (below, shown.index(below) + 1)


def test_a_link_ends_with_its_maker_s_rights_and_mails_nobody_then(
    collection: Collection, link: Any, petra: Visitor
) -> None:
    petra.act("send")
    User.objects.filter(pk=collection.user_id).update(is_active=False)
    assert petra.client.get(petra.address).status_code == 404
    reviewing.tell_of_picks(str(Guest.objects.get().pk))
    assert not mail.outbox


def test_a_link_of_a_team_ends_when_its_maker_leaves(collection: Collection) -> None:
    team = teams.create(collection.user, "North")
    dora = User.objects.create_user("dora@example.com")
    member = Membership.objects.create(team=team, user=dora, role=Role.MEMBER)
    Collection.objects.filter(pk=collection.pk).update(team=team)
    collection.refresh_from_db()
    _, token = sharing.make(collection, dora, days=None, password="", may_download=True)
    assert sharing.find(token)
    member.delete()
    assert sharing.find(token) is None


def test_one_browser_can_not_fill_a_review(collection: Collection, link: Any) -> None:
    visitor = Visitor(link[1])
    for number in range(20):
        visitor.act("name", name=f"Eve {number}")
        if number % 2:
            visitor.act("leave")
    assert Guest.objects.count() == reviewing.MOST_OF_ONE
    assert "No more guests" in visitor.sees("?full=1")
    assert "You are" in Visitor(link[1], "Tom").sees()


def test_files_of_a_link_are_named_without_the_prompt(collection: Collection) -> None:
    _, token = sharing.make(collection, collection.user, days=7, password="", may_download=True)
    first = pictures(collection)[0]
    for variant in ("320", "download"):
        answer = Client().get(f"/s/{token}/{first.pk}/{variant}")
        answer.getvalue()
        assert "secret" not in answer["Content-Disposition"], variant


@pytest.mark.parametrize("act", ["collect", "collections"])
def test_a_collection_s_name_has_no_letters_a_database_refuses(browser: Client, shelf: Shelf, act: str) -> None:
    said = {"name": "a\0b", "act": "collect", "result": str(shelf().pk)}
    browser.post("/gallery/act/" if act == "collect" else "/gallery/collections/", said)
    assert Collection.objects.get().name == "a b"


def test_a_name_of_nothing_that_can_be_read_is_not_taken_for_a_full_house(link: Any) -> None:
    visitor = Visitor(link[1])
    said = {"act": "name", "name": "\u200b \u202e "}
    page = visitor.client.post(f"{visitor.address}review/", said, follow=True).text
    assert "nothing in it that can be read" in page
    assert "No more guests" not in page
    assert not Guest.objects.exists()


def test_a_note_too_many_is_told_to_who_wrote_it(
    collection: Collection, petra: Visitor, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pictures(collection)[0]
    petra.act("say", first, text="one")
    monkeypatch.setattr(reviewing, "MOST_REMARKS", 1)
    said = {"act": "say", "result": str(first.pk), "text": "two"}
    assert "Your note was not kept" in petra.client.post(f"{petra.address}review/", said, follow=True).text
    reply = {"remark": str(Remark.objects.get().pk), "text": "three"}
    page = browser.post(f"/gallery/collections/{collection.pk}/reply/", reply, follow=True).text
    assert "It was not kept" in page


def test_a_guest_reads_no_part_of_a_mail_address(
    owner: User, collection: Collection, petra: Visitor, browser: Client
) -> None:
    User.objects.filter(pk=owner.pk).update(name="", email="ab1977@example.com")
    first = pictures(collection)[0]
    petra.act("say", first, text="one")
    reply = {"remark": str(Remark.objects.get().pk), "text": "two"}
    browser.post(f"/gallery/collections/{collection.pk}/reply/", reply)
    page = petra.sees(f"?picture={first.pk}")
    assert "Whoever sent you this link asks you" in page
    assert "<b>The house</b>" in page
    assert "ab1977" not in page
