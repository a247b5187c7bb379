"""The filter desk: for every value of every facet, how many results there would be with it.

A facet's own ticks do not lower its own counts: they say what ticking one more would bring. All are counted in one pass
over the newest MOST_COUNTED results that fit the words and days: a gallery of a million costs what a small one does.
What is ticked is always offered, even where it finds nothing: the desk is the form, and what it leaves out is lost.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import User
from accounts.spaces import Space
from gallery.found import Found
from gallery.models import Collection, CollectionItem, Result, Tag
from gallery.search import FACETS, KINDS, Search, rating_words
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
        """The plain lists; a person's name is worth a column when there are several of them, or it is ticked."""
        people = self.groups["person"].options
        is_worth_it = len(people) > 1 or any(option.chosen for option in people)
        names = ["type", "version", "speed", "kind", *(["person"] if is_worth_it else [])]
        return [group for group in (self.groups[name] for name in names) if group.options]


def read_desk(space: Space, search: Search) -> Desk:
    """At most seven queries: the rows to count, the names of people among them, tags and collections of the space."""
    wide = replace(search, kind="", starred=False, rating=0, chosen={})
    rows = list(Found(space, wide).everything.order_by("-saved_at").values_list(*COLUMNS)[:MOST_COUNTED])
    counts = _count(rows, search)
    named = _people(space, counts["person"], search.chosen.get("person", ()))
    people = {str(pk): name or email.split("@")[0] for pk, name, email in named}
    groups: dict[str, Group] = {name: _group(name, counts[name], search, people) for name in FACETS}
    kinds = [Option(value, label, counts["kind"][value], search.kind == value) for value, label in KINDS.items()]
    groups["kind"] = Group("kind", "Kind", kinds)
    marks = [
        Group("starred", "Starred", [Option("1", "Starred", counts["starred"]["True"], search.starred)]),
        _ratings(counts["rating"], search),
    ]
    return Desk(groups, marks, _tags(space, search), _collections(space, search), len(rows) >= MOST_COUNTED)


def _ratings(counts: Mapping[str, int], search: Search) -> Group:
    """The one rating that is offered, and another one that the address asked for."""
    options = [
        Option(
            str(least),
            rating_words(least),
            sum(count for rating, count in counts.items() if int(rating) >= least),
            search.rating == least,
        )
        for least in sorted({RATED, search.rating or RATED})
    ]
    return Group("rating", "Rating", options)


def _newest(space: Space, search: Search) -> "QuerySet[Result, Any]":
    """The results a tag or a collection is counted among."""
    return Found(space, search).everything.order_by("-saved_at").values("pk")[:MOST_COUNTED]


def _tags(space: Space, search: Search) -> Group:
    """The words of the space that are on most of what is found, then others, and those that are ticked."""
    ours = Tag.objects.filter(space.holds)
    marked = Result.tags.through.objects.filter(tag__in=ours, result__in=_newest(space, search))
    counts = Counter(dict(marked.values_list("tag__name").annotate(Count("pk")).order_by("tag__name")))
    others = ours.order_by("name").values_list("name", flat=True)[:MOST_TAGS]
    offered = list(dict.fromkeys([*(name for name, _ in counts.most_common(MOST_TAGS)), *others]))[:MOST_TAGS]
    named = dict.fromkeys([*offered, *search.tags])
    return Group("tag", "Tags", [Option(name, name, counts[name], name in search.tags) for name in named])


def _collections(space: Space, search: Search) -> Group:
    """The collections of the space that hold most of what is found, and those that are ticked; a search holds nothing.

    One that has others under it holds what is in them, each result once.
    """
    names = dict(Collection.objects.filter(space.holds, query="").order_by("name").values_list("pk", "name"))
    items = CollectionItem.objects.filter(result__in=_newest(space, replace(search, collections=()))).order_by()
    own = items.values_list("collection").annotate(shown=Count("pk"))
    whole = items.annotate(top=Coalesce(F("collection__parent"), F("collection"))).values_list("top")
    counts: Counter[UUID] = Counter(dict(own)) | Counter(dict(whole.annotate(shown=Count("result", distinct=True))))
    most = sorted(names, key=lambda pk: -counts[pk])[:MOST_COLLECTIONS]
    offered = dict.fromkeys([*most, *(pk for pk in search.collections if pk in names)])
    return Group(
        "collection",
        "Collections",
        [Option(str(pk), names[pk], counts[pk], pk in search.collections) for pk in offered],
    )


def _count(rows: Iterable[tuple[Any, ...]], search: Search) -> dict[str, Counter[str]]:
    tests = _tests(search)
    counts: dict[str, Counter[str]] = {name: Counter() for name in tests}
    for row in rows:
        values = {name: str(value) for name, value in zip([*FACETS, "kind", "starred", "rating"], row, strict=True)}
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
        "rating": lambda value: int(value) >= search.rating,
    }


def _people(space: Space, counts: Iterable[str], chosen: Iterable[str]) -> Iterable[tuple[int, str, str]]:
    """Those whose results are counted; one who is ticked has a name here only when they are of this space."""
    here = Q(memberships__team=space.team_id) if space.team_id else Q(pk=space.user_id)
    people = User.objects.filter(Q(pk__in=list(map(int, counts))) | here & Q(pk__in=list(map(int, chosen))))
    return people.order_by("name", "email").values_list("pk", "name", "email").distinct()


def _group(name: str, counts: Mapping[str, int], search: Search, people: Mapping[str, str]) -> Group:
    facet = FACETS[name]
    chosen = search.chosen.get(name, ())
    if name == "person":
        known: Iterable[str] = dict.fromkeys([*people, *chosen])
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
