"""Many at once: choosing, the trash and its end, and collections."""

import re
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from django.db.models.signals import post_delete
from django.test import Client
from django.utils import timezone

from accounts import teams
from accounts.models import Membership, Role, Team, User
from accounts.spaces import Space
from gallery import files, organising
from gallery.models import Collection, Result
from gallery.search import Search
from tests.gallery.conftest import Shelf, new_task

HTMX = {"HX-Request": "true"}


def act(browser: Client, what: str, *results: Result, **more: str) -> Any:
    said = {"act": what, "result": [str(result.pk) for result in results], **more}
    answer = browser.post("/gallery/act/", said, headers=HTMX)
    assert answer.status_code == 200, answer.content
    return answer.json()


def sha(number: int) -> str:
    return f"{number:02x}" * 32


def test_what_is_thrown_away_leaves_the_wall_and_comes_back_with_an_undo(browser: Client, shelf: Shelf) -> None:
    result, other = shelf(prompt="one"), shelf(sha256=sha(2), prompt="two")
    done = act(browser, "trash", result)
    assert done == {"said": "1 in the trash", "ids": [str(result.pk)]}
    wall = browser.get("/gallery/").text
    assert str(result.pk) not in wall
    assert str(other.pk) in wall
    assert str(result.pk) in browser.get("/gallery/trash/").text
    act(browser, "restore", result)
    assert str(result.pk) in browser.get("/gallery/").text
    assert "Nothing here" in browser.get("/gallery/trash/").text


def test_thirty_days_later_rows_and_files_are_gone_and_shared_files_stay(
    browser: Client, shelf: Shelf, media: Path
) -> None:
    alone, shared, twin = shelf(sha256=sha(1)), shelf(sha256=sha(2)), shelf(sha256=sha(2))
    act(browser, "trash", alone, shared)
    now = timezone.now()
    assert organising.purge(now + timedelta(days=29)) == 0
    assert organising.purge(now + timedelta(days=31)) == 2
    assert list(Result.objects.values_list("pk", flat=True)) == [twin.pk]
    left = {path.parent.name + path.name for path in media.rglob("*") if path.is_file()}
    assert not [name for name in left if sha(1)[:40] in name]
    assert [name for name in left if sha(2)[:40] in name]


def test_as_many_as_an_act_takes_can_be_chosen_by_hand(browser: Client, shelf: Shelf, owner: User) -> None:
    task = shelf().task
    rows = [Result(task=task, user=owner, position=n, state="saved") for n in range(1, 1200)]
    Result.objects.bulk_create(rows)
    known = [str(each.pk) for each in rows]
    # The rest are strangers' ids: they are read like all others, and found nowhere.
    unknown = [str(uuid.uuid4()) for _ in range(organising.MOST - len(rows))]
    answer = browser.post("/gallery/act/", {"act": "star", "result": [*known, *unknown]}, headers=HTMX)
    assert answer.json()["said"] == "1199 starred"


def test_only_what_lies_in_the_trash_can_be_deleted_for_good(browser: Client, shelf: Shelf) -> None:
    result = shelf()
    act(browser, "delete", result)
    assert Result.objects.filter(pk=result.pk).exists()
    act(browser, "trash", result)
    assert act(browser, "delete", result)["said"] == "1 deleted for good"
    assert not Result.objects.exists()


def test_what_is_brought_back_while_the_trash_is_emptied_keeps_its_file_and_its_words(
    browser: Client, shelf: Shelf, media: Path
) -> None:
    for number in (1, 2):
        act(browser, "trash", shelf(sha256=sha(number)))
    saved: list[Any] = []

    def bring_back_the_other(**_: Any) -> None:
        other = Result.objects.filter(trashed_at__isnull=False)
        saved.extend(other.values_list("pk", flat=True))
        organising.bring_back(other)

    post_delete.connect(bring_back_the_other, Result)
    try:
        assert act(browser, "empty", everything="1")["said"] == "1 deleted for good"
    finally:
        post_delete.disconnect(bring_back_the_other, Result)
    left = Result.objects.get()
    assert [left.pk] == saved
    assert (media / files.original_name(left.sha256, "jpg")).exists()
    assert str(left.pk) in browser.get("/gallery/?q=boats").text


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one writer in at a time")
@pytest.mark.django_db(transaction=True)
def test_a_team_s_pictures_are_starred_while_its_people_s_tasks_change() -> None:
    """Whoever locks two people's rows in one transaction, with their team's between them, waits in a ring."""
    team = Team.objects.create(name="North")
    tasks = [new_task(User.objects.create_user(f"{n}@example.com"), team=team) for n in range(6)]
    for task in tasks:
        Result.objects.create(task=task, user=task.user, team=team, position=0, state="saved")
    broken: list[str] = []

    def again(step: Callable[[], Any]) -> None:
        try:
            for _ in range(100):
                step()
        except OperationalError as error:
            broken.append(str(error))
        finally:
            connections.close_all()

    def star() -> None:
        organising.mark(Result.objects.all(), starred=True)

    steps = [star, *(partial(task.advance, from_=(task.status,), to=task.status) for task in tasks[:3])]
    threads = [threading.Thread(target=again, args=[step]) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []


def test_everything_that_matches_is_more_than_what_the_page_shows(browser: Client, shelf: Shelf) -> None:
    for number in range(70):
        shelf(sha256=sha(number), prompt="red fox" if number < 65 else "grey owl")
    assert act(browser, "star", everything="1", search="q=fox")["said"] == "65 starred"
    assert Result.objects.filter(starred=True).count() == 65


def test_nobody_touches_what_is_another_person_s_or_in_another_space(
    browser: Client, shelf: Shelf, stranger: User, owner: User
) -> None:
    foreign = shelf(user=stranger, sha256=sha(1))
    team = Team.objects.create(name="North")
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    ours = shelf(sha256=sha(2), team=team)
    for what in ("star", "trash"):
        assert act(browser, what, foreign, ours)["ids"] == []
    foreign.refresh_from_db()
    assert (foreign.starred, foreign.trashed_at) == (False, None)


def test_a_page_acts_in_the_space_it_shows_wherever_the_person_went_since(
    browser: Client, shelf: Shelf, owner: User
) -> None:
    team = teams.create(owner, "North")
    mine, theirs = shelf(sha256=sha(1)), shelf(sha256=sha(2), team=team)
    Result.objects.update(trashed_at=timezone.now())
    assert browser.post("/gallery/act/", {"act": "empty", "everything": "1", "space": "own"}).status_code == 302
    assert list(Result.objects.all()) == [theirs]
    assert not Result.objects.filter(pk=mine.pk).exists()
    browser.post("/gallery/collections/", {"name": "Mine", "space": "own"})
    assert Collection.objects.get().team_id is None


def test_a_tag_put_on_in_the_viewer_is_put_on_wherever_the_person_works(
    browser: Client, shelf: Shelf, owner: User
) -> None:
    team = teams.create(owner, "North")
    theirs = shelf(team=team)
    browser.post("/team/choose/", {"team": ""})
    [form] = re.findall(r'<form[^>]*action="/gallery/act/".*?</form>', browser.get(f"/gallery/{theirs.pk}/").text, re.S)
    said = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    browser.post("/gallery/act/", {**said, "tag": "foggy", "act": "tag"})
    assert [tag.name for tag in theirs.tags.all()] == ["foggy"]


def test_a_viewer_of_a_team_organises_nothing(browser: Client, shelf: Shelf, owner: User) -> None:
    team = Team.objects.create(name="North")
    Membership.objects.create(team=team, user=owner, role=Role.VIEWER)
    User.objects.filter(pk=owner.pk).update(team=team, in_teams=True)
    result = shelf(team=team)
    answer = browser.post("/gallery/act/", {"act": "trash", "result": result.pk})
    assert answer.status_code == 404
    assert browser.post(f"/gallery/{result.pk}/rate/", {"rating": "5"}).status_code == 404


@pytest.mark.parametrize("rating", ["0", "1", "5"])
def test_a_rating_is_kept_and_found(browser: Client, shelf: Shelf, rating: str) -> None:
    result = shelf()
    assert browser.post(f"/gallery/{result.pk}/rate/", {"rating": rating}, headers=HTMX).status_code == 204
    assert Result.objects.get().rating == int(rating)
    found = browser.get("/gallery/?rating=4").text
    assert (str(result.pk) in found) == (int(rating) >= 4)


@pytest.mark.parametrize("rating", ["6", "-1", "", "x"])
def test_a_rating_that_is_none_is_refused(browser: Client, shelf: Shelf, rating: str) -> None:
    assert browser.post(f"/gallery/{shelf().pk}/rate/", {"rating": rating}).status_code == 404


def test_a_collection_shows_its_own_and_its_children_s_pictures_on_the_wall(browser: Client, shelf: Shelf) -> None:
    first, second, third = (shelf(sha256=sha(number)) for number in range(3))
    act(browser, "collect", first, name="Animals")
    top = Collection.objects.get()
    act(browser, "collect", first, second, collection=str(top.pk))
    assert top.items.count() == 2
    browser.post("/gallery/collections/", {"name": "Foxes", "parent": str(top.pk)})
    child = Collection.objects.get(name="Foxes")
    act(browser, "collect", third, collection=str(child.pk))
    wall = browser.get(f"/gallery/?collection={top.pk}").text
    assert all(str(result.pk) in wall for result in (first, second, third))
    assert str(first.pk) not in browser.get(f"/gallery/?collection={child.pk}").text
    strip = browser.get("/gallery/collections/", headers={"HX-Request": "true"}).text
    assert strip.index("Animals") < strip.index("Foxes")


def test_an_empty_collection_says_how_it_is_filled(browser: Client, owner: User) -> None:
    empty = Collection.objects.create(user=owner, name="Empty")
    page = browser.get(f"/gallery/?collection={empty.pk}").text
    assert "This collection is empty" in page
    assert "Nothing found" not in page


def test_the_strip_of_collections_opened_by_hand_leads_to_the_wall(browser: Client) -> None:
    assert browser.get("/gallery/collections/").headers["Location"] == "/gallery/"


def test_collections_nest_one_level_and_no_deeper(browser: Client, owner: User) -> None:
    top = Collection.objects.create(user=owner, name="Top")
    child = Collection.objects.create(user=owner, name="Child", parent=top)
    other = Collection.objects.create(user=owner, name="Other")
    browser.post(f"/gallery/collections/{top.pk}/", {"name": "Top", "parent": str(other.pk)})
    browser.post(f"/gallery/collections/{other.pk}/", {"name": "Other", "parent": str(child.pk)})
    browser.post(f"/gallery/collections/{other.pk}/", {"name": "Other", "parent": str(other.pk)})
    assert dict(Collection.objects.values_list("name", "parent__name")) == {"Top": None, "Child": "Top", "Other": None}


def test_an_order_is_kept_and_what_its_page_does_not_show_stays_where_it_is(
    browser: Client, shelf: Shelf, owner: User
) -> None:
    results = [shelf(sha256=sha(number)) for number in range(4)]
    collection = Collection.objects.create(user=owner, name="Kept")
    organising.collect(collection, Result.objects.all())
    wanted = [results[2], results[0]]
    said = {"act": "order", "result": [str(result.pk) for result in wanted]}
    browser.post(f"/gallery/collections/{collection.pk}/", said, headers=HTMX)
    kept = list(collection.items.values_list("result_id", flat=True))
    assert kept == [results[place].pk for place in (2, 1, 0, 3)]


def test_deleting_a_collection_leaves_its_pictures(browser: Client, shelf: Shelf, owner: User) -> None:
    result = shelf()
    collection = Collection.objects.create(user=owner, name="Kept")
    organising.collect(collection, Result.objects.all())
    browser.post(f"/gallery/collections/{collection.pk}/", {"act": "delete"})
    assert not Collection.objects.exists()
    assert Result.objects.get() == result


def test_everything_that_matches_is_at_most_what_can_be_undone(owner: User, shelf: Shelf) -> None:
    shelf(task=new_task(owner, "red fox"))
    assert organising.matching(Space(owner.pk), Search(text="fox")).count() == 1
    assert organising.matching(Space(owner.pk), Search(text="owl")).count() == 0


def test_what_is_chosen_is_shared_as_a_collection_of_its_own(browser: Client, shelf: Shelf) -> None:
    one, other = shelf(prompt="one"), shelf(sha256=sha(2), prompt="two")
    answer = browser.post("/gallery/share/", {"result": [str(one.pk)], "share_name": "For the client"})
    made = Collection.objects.get(name="For the client")
    assert answer.headers["Location"] == f"/gallery/collections/{made.pk}/#links"
    assert [item.result_id for item in made.items.all()] == [one.pk]
    assert "Nothing to see in here yet" not in browser.get(f"/gallery/collections/{made.pk}/").text
    browser.post("/gallery/share/", {"everything": "1", "search": "q=two"})
    assert [item.result_id for item in Collection.objects.exclude(pk=made.pk).get().items.all()] == [other.pk]


def test_sharing_nothing_or_too_much_is_said_in_words(
    browser: Client, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Nothing is chosen yet" in browser.post("/gallery/share/", {"next": "/gallery/"}, follow=True).text
    shelf(prompt="one"), shelf(sha256=sha(2), prompt="two")
    monkeypatch.setattr("gallery.sharing.MOST_SHOWN", 1)
    assert "at most 1 pictures" in browser.post("/gallery/share/", {"everything": "1"}, follow=True).text
    assert not Collection.objects.exists()


def test_a_viewer_of_a_team_shares_nothing(browser: Client, owner: User, shelf: Shelf) -> None:
    team = Team.objects.create(name="North")
    Membership.objects.create(user=owner, team=team, role=Role.VIEWER)
    User.objects.filter(pk=owner.pk).update(team=team)
    assert browser.post("/gallery/share/", {"everything": "1"}).status_code == 404


def test_a_collection_with_nothing_to_see_says_so_before_it_is_shared(browser: Client, owner: User) -> None:
    empty = Collection.objects.create(user=owner, name="Later")
    assert "Nothing to see in here yet" in browser.get(f"/gallery/collections/{empty.pk}/").text
