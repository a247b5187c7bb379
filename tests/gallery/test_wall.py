"""The wall: what is on it, in which order, page by page, found by words; and no query per tile."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.spaces import Space
from gallery import wall
from gallery.indexing import index_results
from gallery.models import Result
from gallery.paging import Cursor
from gallery.search import Search
from gallery.shapes import SHAPES, nearest_shape
from gallery.wall import PAGE
from tests.gallery.conftest import Shelf, new_task

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def shown(page: str) -> list[str]:
    return re.findall(r'<li class="tile[^>]*data-result="([^"]+)"', page)


def fill(user: User, count: int, start: datetime = NOON, step: timedelta = timedelta(minutes=1), **fields: Any) -> None:
    task = new_task(user, fields.pop("prompt", "paper boats"))
    rows = [
        Result(
            task=task,
            user=user,
            position=at,
            saved_at=start - at * step,
            width=96,
            height=64,
            **{"state": "saved", "sha256": "ab" * 32, "next_try_at": None, **fields},
        )
        for at in range(count)
    ]
    Result.objects.bulk_create(rows)
    index_results(Result.objects.filter(task=task))


def every_page(browser: Client, address: str) -> list[list[str]]:
    pages = []
    while address:
        page = browser.get(address).content.decode()
        pages.append(shown(page))
        more = re.search(r'<div class="more" hx-get="([^"]+)"', page)
        address = more[1].replace("&amp;", "&") if more else ""
    return pages


def test_an_empty_wall_teaches(browser: Client) -> None:
    page = browser.get("/gallery/").content.decode()
    assert "Everything you make is kept here" in page
    assert shown(page) == []


def test_nothing_found_says_for_what(browser: Client, shelf: Shelf) -> None:
    shelf()
    assert "Nothing found for “&lt;zebra&gt;”" in browser.get("/gallery/?q=<zebra>").content.decode()


def test_the_newest_come_first_and_strangers_see_none(browser: Client, shelf: Shelf, stranger: User) -> None:
    now = timezone.now()
    old, new = shelf(saved_at=now - timedelta(days=1)), shelf(saved_at=now)
    shelf(user=stranger)
    assert shown(browser.get("/gallery/").content.decode()) == [str(new.pk), str(old.pk)]


def test_a_tile_has_its_shape_sizes_and_prompt_before_it_has_its_picture(browser: Client, shelf: Shelf) -> None:
    result = shelf(prompt='boats "at" dawn', width=1456, height=816, placeholder="data:image/webp;base64,AAAA")
    page = browser.get("/gallery/").content.decode()
    assert "tile r-16-9" in page
    assert 'width="1456" height="816"' in page
    assert 'src="data:image/webp;base64,AAAA"' in page
    assert 'alt="boats &quot;at&quot; dawn"' in page
    assert f"/media/{result.pk}/320 320w, /media/{result.pk}/640 640w, /media/{result.pk}/1280 1280w" in page
    assert 'loading="lazy"' in page
    assert "style=" not in page


def test_a_clip_says_how_long_it_is_and_where_it_plays(browser: Client, shelf: Shelf) -> None:
    result = shelf(kind="video", content_type="video/mp4", duration=65.2)
    page = browser.get("/gallery/").content.decode()
    assert f'data-clip="/media/{result.pk}/clip"' in page
    assert "1:05" in page


def test_days_have_names_and_whole_counts(browser: Client, owner: User) -> None:
    noon = timezone.now().replace(hour=12)
    fill(owner, 2, noon)
    fill(owner, 1, noon - timedelta(days=1))
    fill(owner, 70, noon - timedelta(days=400), timedelta(seconds=1))
    page = browser.get("/gallery/").content.decode()
    headings = re.findall(r'day-name">(.*?) <span>(.*?)</span>', page)
    assert [heading[1] for heading in headings] == ["2 results", "1 result", "70 results"]
    assert [heading[0] for heading in headings[:2]] == ["Today", "Yesterday"]
    assert headings[2][0].endswith(str((noon - timedelta(days=400)).year))


@pytest.mark.parametrize("step", [timedelta(minutes=7), timedelta(0)])
def test_pages_follow_each_other_without_gap_or_repeat(browser: Client, owner: User, step: timedelta) -> None:
    fill(owner, 130, step=step)
    pages = every_page(browser, "/gallery/?q=boats")
    assert [len(page) for page in pages] == [60, 60, 10]
    expected = [str(pk) for pk in Result.objects.order_by("-saved_at", "-id").values_list("pk", flat=True)]
    assert [pk for page in pages for pk in page] == expected


def test_a_page_that_begins_within_a_day_repeats_no_heading(browser: Client, owner: User) -> None:
    fill(owner, 61, step=timedelta(0))
    first = browser.get("/gallery/").content.decode()
    more = re.search(r'hx-get="(/gallery/\?after=[^"]+)"', first)
    assert more is not None
    rest = browser.get(more[1], headers={"HX-Request": "true"}).content.decode()
    assert "day-on" in rest
    assert "<h2" not in rest
    assert "<html" not in rest


AT_THE_END = "253402300799999999." + "0" * 32


@pytest.mark.parametrize(
    "cursor", ["", "x", "1.2", "9" * 40 + "." + "0" * 32, "-1." + "f" * 32, "1.nothex", AT_THE_END]
)
def test_a_cursor_nobody_gave_out_does_no_harm(browser: Client, shelf: Shelf, cursor: str) -> None:
    shelf()
    with timezone.override("Europe/Berlin"):
        assert browser.get("/gallery/", {"after": cursor}).status_code == 200


def test_a_cursor_survives_its_text() -> None:
    cursor = Cursor(datetime(2026, 11, 22, 14, 22, 1, 123457, tzinfo=UTC), uuid4())
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=FOG", {"fog"}),
        ("q=fog&kind=video", set()),
        ("kind=video", {"clip"}),
        ("kind=image", {"fog", "star"}),
        ("starred=1", {"star"}),
        ("q=%25", set()),
        ("q=%00", {"fog", "clip", "star"}),
        ("kind=nonsense&starred=maybe", set()),
    ],
)
def test_a_search_finds_by_words_kind_and_star(browser: Client, shelf: Shelf, query: str, found: set[str]) -> None:
    names = {
        str(shelf(prompt="fog in a valley").pk): "fog",
        str(shelf(kind="video", content_type="video/mp4", prompt="rain").pk): "clip",
        str(shelf(starred=True, prompt="sun").pk): "star",
    }
    page = browser.get(f"/gallery/?{query}").content.decode()
    assert {names[pk] for pk in shown(page)} == found


def test_a_search_is_carried_in_every_address_and_said_in_words() -> None:
    search = Search.from_query(QueryDict("q=fog+%26+rain&kind=video&starred=1"))
    assert Search.from_query(QueryDict(search.query)) == search
    assert (search.words, search.filters) == ("fog & rain, clips, starred", 2)
    assert not Search.from_query(QueryDict("q=++"))


def test_what_is_on_the_way_or_lost_is_shown_with_its_days(browser: Client, owner: User, shelf: Shelf) -> None:
    shelf()
    fill(owner, 2, state="saving", prompt="still on its way")
    Result.objects.filter(task__prompt="still on its way").update(
        saved_at=None, deadline=timezone.now() + timedelta(days=4, hours=1), problem="The file host answered 500."
    )
    lost = Result.objects.filter(state="saving").first()
    assert lost is not None
    Result.objects.filter(pk=lost.pk).update(state="lost")
    page = browser.get("/gallery/").content.decode()
    assert "1 file on the way" in page
    assert "1 lost" in page
    assert "<td>4</td>" in page
    assert "answered 500" in page
    assert len(shown(page)) == 1


@pytest.mark.usefixtures("as_in_production")
def test_the_wall_costs_the_same_few_queries_however_full(
    browser: Client, owner: User, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    fill(owner, 5)
    browser.get("/gallery/")
    with django_assert_max_num_queries(4) as few:
        browser.get("/gallery/")
    fill(owner, 200)
    with django_assert_num_queries(len(few.captured_queries)):
        browser.get("/gallery/")


@pytest.mark.parametrize("density", ["0", "6", "x", "", "1; x"])
def test_a_size_nobody_chose_is_the_middle_one(browser: Client, density: str) -> None:
    browser.cookies["density"] = density
    assert 'class="walls density-3"' in browser.get("/gallery/").content.decode()
    browser.cookies["density"] = "5"
    assert 'class="walls density-5"' in browser.get("/gallery/").content.decode()


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_wall_is_only_read(browser: Client, method: str) -> None:
    assert getattr(browser, method)("/gallery/").status_code == 405


def test_every_size_takes_the_nearest_of_eleven_shapes() -> None:
    assert {nearest_shape(round(ratio * 1000), 1000) for ratio in SHAPES.values()} == set(SHAPES)
    assert [nearest_shape(1456, 816), nearest_shape(9000, 10), nearest_shape(0, 0)] == ["16-9", "2-1", "1-1"]


def test_a_count_beyond_the_limit_is_said_without_counting_on(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(owner, 4)
    monkeypatch.setattr(wall, "MOST_COUNTED", 3)
    assert wall.count_found(Space(owner.pk), Search(text="boats")) == "more than 3"


def way(page: str, name: str) -> str:
    found = re.search(rf'href="([^"]*{name}=[^"]+)"', page)
    return found[1].replace("&amp;", "&") if found else ""


@pytest.mark.parametrize("query", ["", "q=fog"])
def test_coming_back_to_a_picture_the_wall_goes_on_in_both_directions(browser: Client, owner: User, query: str) -> None:
    fill(owner, 200, step=timedelta(minutes=40), prompt="fog at dawn")
    everything = [str(result.pk) for result in Result.objects.order_by("-saved_at", "-id")]
    here = everything[130]
    page = browser.get(f"/gallery/?{query}&at={here}").text
    above = shown(page)
    assert here in above
    assert len(above) == PAGE
    start = everything.index(above[0])
    assert above == everything[start : start + PAGE]
    while newer := way(page, "before"):
        page = browser.get(newer, headers={"HX-Request": "true"}).text
        above = shown(page) + above
    assert above == everything[: start + PAGE]


def test_a_day_that_is_entered_from_below_is_counted_whole(browser: Client, owner: User) -> None:
    fill(owner, 150, step=timedelta(seconds=1))
    everything = [str(result.pk) for result in Result.objects.order_by("-saved_at", "-id")]
    page = browser.get(f"/gallery/?at={everything[140]}").text
    assert "day-on" in page
    above = browser.get(way(page, "before"), headers={"HX-Request": "true"}).text
    top = browser.get(way(above, "before"), headers={"HX-Request": "true"}).text
    assert "150 results" in top


def test_a_picture_that_is_not_there_or_not_mine_leads_to_the_top(
    browser: Client, owner: User, stranger: User, shelf: Shelf
) -> None:
    fill(owner, 100, step=timedelta(minutes=40))
    top = shown(browser.get("/gallery/").text)
    for at in (shelf(user=stranger).pk, uuid4(), "nonsense", ""):
        assert shown(browser.get(f"/gallery/?at={at}").text) == top
