"""The filter desk: for every value of every facet, how many results there would be with it.

A facet's own ticks do not lower its own counts: they say what ticking one more would bring. All are counted in one pass
over the newest MOST_COUNTED results that fit the words and days: a gallery of a million costs what a small one does.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, Q

from accounts.models import User
from accounts.spaces import Space
from gallery.found import Found
from gallery.models import Collection, Tag
from gallery.search import FACETS, KINDS, Search
from gallery.wall import MOST_COUNTED

COLUMNS = (*(facet.column for facet in FACETS.values()), "kind", "starred", "rating")
VERSIONS = ("7", "6.1", "6", "5.2", "5.1", "niji6")
RATED = 4
MOST_TAGS = 16
MOST_COLLECTIONS = 12


@dataclass(frozen=True, slots=True)
class Option:
    """One value to tick."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Group:
    """One facet: `name` is the field of the form."""

    name: str
    label: str
    options: list[Option]


@dataclass(frozen=True, slots=True)
class Desk:
    """All there is to filter by. `capped`: counted among the newest MOST_COUNTED only. `marks`: star and rating."""

    groups: Mapping[str, Group]
    marks: list[Group]
    tags: Group
    collections: Group
    capped: bool
    most: str = f"{MOST_COUNTED:,}"

    @property
    def spaced(self) -> list[Group]:
        """The groups whose names people give: as wide as they are."""
        return [self.tags, self.collections]

    @property
    def columns(self) -> list[Group]:
        """The groups that are plain lists; a person's name is worth a column when there are several."""
        people = self.groups["person"]
        names = ["type", "version", "speed", "kind", *(["person"] if len(people.options) > 1 else [])]
        return [group for group in (self.groups[name] for name in names) if group.options]


def read_desk(space: Space, search: Search) -> Desk:
    """Four queries: the rows to count, the names of the people among them, tags and collections of the space."""
    wide = replace(search, kind="", starred=False, rating=0, chosen={})
    rows = list(Found(space, wide).everything.order_by("-saved_at").values_list(*COLUMNS)[:MOST_COUNTED])
    counts = _count(rows, search)
    people = {str(pk): name or email.split("@")[0] for pk, name, email in _people(counts["person"])}
    groups: dict[str, Group] = {name: _group(name, counts[name], search, people) for name in FACETS}
    kinds = [Option(value, label, counts["kind"][value], search.kind == value) for value, label in KINDS.items()]
    groups["kind"] = Group("kind", "Kind", kinds)
    marks = [
        Group("starred", "Starred", [Option("1", "Starred", counts["starred"]["True"], search.starred)]),
        Group("rating", "Rating", [Option("4", "4 stars and up", counts["rating"]["high"], search.rating >= RATED)]),
    ]
    return Desk(groups, marks, _tags(space, search), _collections(space, search), len(rows) >= MOST_COUNTED)


def _tags(space: Space, search: Search) -> Group:
    """The words of the space that are on most results, and those that are ticked."""
    shown = Count("results", filter=Q(results__trashed_at=None, results__saved_at__isnull=False))
    counted = Tag.objects.filter(space.holds).annotate(shown=shown).order_by("-shown", "name")
    names = {tag.name: tag.shown for tag in counted[:MOST_TAGS]}
    named = [*names, *(name for name in search.tags if name not in names)]
    return Group("tag", "Tags", [Option(name, name, names.get(name, 0), name in search.tags) for name in named])


def _collections(space: Space, search: Search) -> Group:
    """The collections of the space that hold most, and those that are ticked; saved searches hold nothing."""
    shown = Count("items", filter=Q(items__result__trashed_at=None, items__result__saved_at__isnull=False))
    counted = Collection.objects.filter(space.holds, query="").annotate(shown=shown).order_by("-shown", "name")
    ticked = counted.filter(pk__in=search.collections)
    found = {each.pk: each for each in [*counted[:MOST_COLLECTIONS], *(ticked if search.collections else ())]}
    return Group(
        "collection",
        "Collections",
        [Option(str(pk), each.name, each.shown, pk in search.collections) for pk, each in found.items()],
    )


def _count(rows: Iterable[tuple[Any, ...]], search: Search) -> dict[str, Counter[str]]:
    tests = _tests(search)
    counts: dict[str, Counter[str]] = {name: Counter() for name in tests}
    for row in rows:
        values = {name: str(value) for name, value in zip([*FACETS, "kind", "starred", "rating"], row, strict=True)}
        values["rating"] = "high" if int(values["rating"]) >= RATED else "low"
        failed = [name for name, fits in tests.items() if not fits(values[name])]
        if not failed:
            for name in tests:
                counts[name][values[name]] += 1
        elif len(failed) == 1:
            # It fails by this facet alone: ticking its value would bring it in.
            counts[failed[0]][values[failed[0]]] += 1
    return counts


def _tests(search: Search) -> dict[str, Callable[[str], bool]]:
    def any_of(wanted: Iterable[str]) -> Callable[[str], bool]:
        allowed = frozenset(wanted)
        return lambda value: not allowed or value in allowed

    return {
        **{name: any_of(search.chosen.get(name, ())) for name in FACETS},
        "kind": any_of([search.kind] if search.kind else []),
        "starred": any_of(["True"] if search.starred else []),
        "rating": any_of(["high"] if search.rating else []),
    }


def _people(counts: Mapping[str, int]) -> Iterable[tuple[int, str, str]]:
    people = User.objects.filter(pk__in=[int(pk) for pk in counts])
    return people.order_by("name", "email").values_list("pk", "name", "email")


def _group(name: str, counts: Mapping[str, int], search: Search, people: Mapping[str, str]) -> Group:
    facet = FACETS[name]
    chosen = search.chosen.get(name, ())
    if name == "person":
        known: Iterable[str] = people
    elif facet.known is not None:
        known = facet.known
    else:
        known = sorted({*counts, *chosen} - {""}, key=lambda value: (value not in VERSIONS, _newest_first(value)))
    options = [
        Option(value, people.get(value) or facet.word(value), counts.get(value, 0), value in chosen) for value in known
    ]
    return Group(name, facet.label, options)


def _newest_first(value: str) -> tuple[int, str]:
    return (VERSIONS.index(value) if value in VERSIONS else 0, value)
