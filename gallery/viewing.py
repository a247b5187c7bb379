"""Everything the viewer shows of one result: its neighbours in the search it came from, its strip, its family."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from accounts.spaces import Space
from gallery.found import Found
from gallery.models import Result
from gallery.paging import Place
from gallery.search import Search
from gallery.wall import COLUMNS, MOST_COUNTED, Tile, tiles

SIDE = 6
PARENT, OURS = "Parent", "This task"


@dataclass(frozen=True, slots=True)
class Strip:
    """The filmstrip: tiles newest first, the neighbours on both sides (None at the ends), and where we are."""

    tiles: list[Tile]
    newer: Tile | None
    older: Tile | None
    place: str


def read_strip(user: User | AnonymousUser, search: Search, result: Result) -> Strip:
    """In the result's own space: a few queries, none of which reads more than MOST_COUNTED rows of an index."""
    found = Found(Space(user.pk or 0, result.team_id), search)
    here = found.place_of(result)
    if here is None:
        return Strip([], None, None, "")
    before = _as_tiles(found.before(here, SIDE, *COLUMNS), search)
    after = _as_tiles(found.after(here, SIDE, *COLUMNS), search)
    own = _as_tiles(Result.objects.filter(pk=result.pk).values_list(*COLUMNS), search)
    return Strip(
        [*before, *own, *after],
        before[-1] if before else None,
        after[0] if after else None,
        _place(found, here) if found.holds(result) else "",
    )


def _as_tiles(rows: Iterable[tuple[Any, ...]], search: Search) -> list[Tile]:
    return [tile for _, tile in tiles(rows, search)]


def _place(found: Found, here: Place) -> str:
    before = found.count_before(here, MOST_COUNTED + 1)
    if before > MOST_COUNTED:
        return ""
    total = found.count(MOST_COUNTED + 1)
    return f"{before + 1:,} of {total:,}" if total <= MOST_COUNTED else f"{before + 1:,} of many"


@dataclass(frozen=True, slots=True)
class Kin:
    """A generation in the family line: what it is to us, its saved pictures, and their places in their task."""

    name: str
    tiles: list[Tile]
    positions: list[int]


def read_family(user: User | AnonymousUser, result: Result) -> list[Kin]:
    """Parent, this task and its children, those with saved pictures only: one query."""
    task = result.task
    kin = Result.objects.visible_to(user).on_wall()
    family = (
        kin.filter(task_id=task.pk)
        | kin.filter(task__parent_id=task.pk)
        | (kin.filter(task_id=task.parent_id) if task.parent_id else kin.none())
    )
    rows = list(
        family.order_by("task__created_at", "task_id", "position").values_list(
            "task_id", "position", "task__kind", *COLUMNS
        )[:60]
    )
    line: list[Kin] = []
    for task_id in dict.fromkeys(row[0] for row in rows):
        own = [row for row in rows if row[0] == task_id]
        if task_id == task.parent_id:
            name = PARENT
        elif task_id == task.pk:
            name = OURS
        else:
            name = str(own[0][2]).capitalize()
        line.append(Kin(name, _as_tiles((row[3:] for row in own), Search()), [row[1] for row in own]))
    return line


def beside(family: list[Kin], result: Result) -> Tile | None:
    """What one would lay beside this result: the picture it was made from, else the next one of its task."""
    is_clip = result.kind == Result.Kind.VIDEO
    kin = {each.name: each for each in family}
    source, own = kin.get(PARENT), kin.get(OURS)
    if source and result.task.parent_position in source.positions:
        tile = source.tiles[source.positions.index(result.task.parent_position)]
        if tile.is_clip == is_clip:
            return tile
    others = [tile for tile in own.tiles if tile.id != result.pk] if own else []
    later = [tile for tile, at in zip(own.tiles, own.positions, strict=True) if at > result.position] if own else []
    return next(iter([*later, *others]), None)
