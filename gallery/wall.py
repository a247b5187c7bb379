"""One page of the wall: tiles under day headings, and what is not home yet."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.spaces import Space
from gallery.found import Found
from gallery.models import Result
from gallery.paging import Cursor, Place
from gallery.search import Search, start_of_day
from gallery.shapes import nearest_shape, tile_sizes

PAGE = 60
MOST_COUNTED = 10_000
_SOURCES = 'srcset="{0}320 320w, {0}640 640w, {0}1280 1280w" src="{0}640"'
COLUMNS = ("id", "kind", "width", "height", "duration", "placeholder", "starred", "saved_at", "task__prompt")


@dataclass(frozen=True, slots=True)
class Tile:
    """A saved result as the template needs it. `media` and `href` are ready-made: nothing is reversed per tile.

    `placeholder`, `box` (width and height) and `sources` (srcset and src) are safe attribute text: made of our own
    numbers and addresses, they need no escaping, and sixty tiles are drawn in three quarters of the time.
    """

    id: UUID
    is_clip: bool
    width: int
    height: int
    length: str
    placeholder: SafeString
    starred: bool
    alt: str
    media: str
    href: str
    shape: str
    sizes: str
    box: SafeString
    sources: SafeString


@dataclass(slots=True)
class Day:
    """The tiles of one day on this page; `continues` when it began on an earlier page.

    `count` is the whole day's, None where nobody counts it: matches for words come by closeness, a day more than once.
    """

    date: date
    tiles: list[Tile]
    count: int | None = 0
    continues: bool = False


@dataclass(slots=True)
class Page:
    """`older` and `newer` are the cursors of the pages on both sides, "" at an end; `saving` and `lost` count others.

    A page read from the top on has no `newer`, whatever was saved since.
    """

    days: list[Day] = field(default_factory=list)
    older: str = ""
    newer: str = ""
    saving: int = 0
    lost: int = 0


def prefixes(search: Search) -> tuple[str, str, str]:
    """(media address before the id, viewer address before the id, what follows the id in a viewer address)."""
    nobody = UUID(int=0)
    media = reverse("media:file", args=[nobody, "320"]).partition(str(nobody))[0]
    viewer, _, tail = reverse("gallery:viewer", args=[nobody]).partition(str(nobody))
    return media, viewer, f"{tail}?{search.query}" if search else tail


def clock(seconds: float) -> str:
    """Seconds as a player shows them: 0:05."""
    return f"{round(seconds) // 60}:{round(seconds) % 60:02d}"


def tiles(rows: Iterable[tuple[Any, ...]], search: Search) -> list[tuple[datetime, Tile]]:
    """Tiles with their time, from rows of COLUMNS."""
    media, viewer, tail = prefixes(search)
    # Safe as they are: the placeholder was checked when it was made, the rest is our own numbers and addresses.
    return [
        (
            saved_at,
            Tile(
                pk,
                kind == Result.Kind.VIDEO,
                width,
                height,
                clock(duration) if duration else "",
                SafeString(placeholder),  # nosec B308 B703
                starred,
                prompt or "Without a prompt",
                f"{media}{pk}/",
                f"{viewer}{pk}{tail}",
                nearest_shape(width, height),
                tile_sizes(width, height),
                SafeString(f'width="{width}" height="{height}"'),  # nosec B308 B703
                SafeString(_SOURCES.format(f"{media}{pk}/")),  # nosec B308 B703
            ),
        )
        for pk, kind, width, height, duration, placeholder, starred, saved_at, prompt in rows
    ]


def read_page(space: Space, search: Search, place: Place | None) -> Page:
    """The page after `place` (the first without one): two queries, three when a search for words changes its tier."""
    found = Found(space, search)
    rows = found.after(place, PAGE + 1, *COLUMNS, "words_id")
    page = Page(_by_day(rows[:PAGE], search))
    if search.terms:
        _finish_matches(page, found, rows)
    else:
        _finish_days(page, found, rows, place)
    return page


def _by_day(rows: Iterable[tuple[Any, ...]], search: Search) -> list[Day]:
    """Rows of COLUMNS and more as days; matches come by tier, so their days may come twice and have no number."""
    shown = tiles((row[: len(COLUMNS)] for row in rows), search)
    days = []
    for day, members in groupby(shown, key=lambda pair: timezone.localdate(pair[0])):
        group = [tile for _, tile in members]
        days.append(Day(day, group, None if search.terms else len(group)))
    return days


def _at(pk: UUID) -> Result:
    """As much of a result as its place needs."""
    return Result.objects.only("pk", "saved_at", "words_id").get(pk=pk)


def read_around(space: Space, search: Search, result: Result) -> Page:
    """A page with this result in its first half: where somebody was, and comes back to."""
    found = Found(space, search)
    here = found.place_of(result)
    if here is None:
        return read_page(space, search, None)
    ahead = found.before(here, PAGE // 2, "id")
    first = _at(ahead[0][0]) if ahead else result
    start = found.place_of(first)
    beyond = found.before(start, 1, "id") if start else []
    if not beyond:
        return read_page(space, search, None)
    edge = found.place_of(_at(beyond[0][0]))
    page = read_page(space, search, edge)
    page.newer = str(start)
    return page


def read_newer(space: Space, search: Search, place: Place) -> Page:
    """The page that ends just before `place`: the way back up."""
    found = Found(space, search)
    rows = found.before(place, PAGE + 1, *COLUMNS, "words_id")
    more, rows = (rows[0], rows[1:]) if len(rows) > PAGE else (None, rows)
    page = Page(_by_day(rows, search))
    if rows and not search.terms:
        _count(page, found, Cursor(rows[-1][7], rows[-1][0]))
    if more:
        page.newer = str(found.place_of(_at(rows[0][0])))
        page.days[0].continues = not search.terms and timezone.localdate(more[7]) == page.days[0].date
    return page


def _finish_matches(page: Page, found: Found, rows: list[tuple[Any, ...]]) -> None:
    if len(rows) > PAGE:
        page.older = str(found.place_of(_at(rows[PAGE - 1][0])))


def _finish_days(page: Page, found: Found, rows: list[tuple[Any, ...]], place: Place | None) -> None:
    if page.days and isinstance(place, Cursor):
        page.days[0].continues = timezone.localdate(place.saved_at) == page.days[0].date
    last: Cursor | None = None
    if len(rows) > PAGE:
        last = Cursor(rows[PAGE - 1][7], rows[PAGE - 1][0])
        page.older = str(last)
    _count(page, found, last)


def _count(page: Page, found: Found, last: Cursor | None) -> None:
    """What the page's rows can't tell: the rest of its last day, and the results that are not saved."""
    own = Result.objects.in_space(found.space).order_by()
    by_state = own.filter(state__in=[Result.State.SAVING, Result.State.LOST]).values_list("state").annotate(Count("pk"))
    if last:
        # A union, not an OR: each half walks its own index, whatever the database thinks of combining two.
        begun = Q(saved_at__gte=start_of_day(timezone.localdate(last.saved_at)), trashed_at__isnull=True)
        rest = own.filter(begun & last.older & found.search.condition)
        by_state = by_state.union(rest.values_list("state").annotate(Count("pk")), all=True)
    counts = dict(by_state)
    page.saving, page.lost = counts.get(Result.State.SAVING, 0), counts.get(Result.State.LOST, 0)
    if last:
        page.days[-1].count = (page.days[-1].count or 0) + counts.get(Result.State.SAVED, 0)


def day_name(day: date, today: date) -> str:
    """`Today`, `Yesterday`, `Friday 20 November`, and the year when it is another one."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    name = f"{day:%A} {day.day} {day:%B}"
    return name if day.year == today.year else f"{name} {day.year}"


def count_found(space: Space, search: Search) -> str:
    """How many saved results the search finds, as words: exact up to MOST_COUNTED, one query."""
    count = Found(space, search).count(MOST_COUNTED + 1)
    return f"{count:,}" if count <= MOST_COUNTED else f"more than {MOST_COUNTED:,}"
