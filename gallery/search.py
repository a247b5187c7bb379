"""What a person is looking for in the gallery: read from the address, applied to results, said in words.

Every page, tile link and viewer carries the search in its address, so that next and previous stay inside it. A facet
whose values are ticked is one more row of FACETS.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date

from gallery.models import Result
from gallery.shapes import SHAPES
from gallery.wording import in_word
from gallery.words import Term, is_lost, terms
from mjportal.given import line_of, uuid_of
from mjportal.vocabulary import TYPES

KINDS = {"image": "Pictures", "video": "Clips"}
LONGEST = 200
MOST_CHOSEN = 20
LONGEST_TAG = 40
LONGEST_VERSION = 16


@dataclass(frozen=True, slots=True)
class Facet:
    """Values to tick, any of which will do. `column`: the result's; `known`: the values there can be, None for any."""

    label: str
    column: str
    known: Mapping[str, str] | None = None

    def word(self, value: str) -> str:
        return (self.known or {}).get(value) or in_word(value)


FACETS = {
    "type": Facet("Type", "task_type", TYPES),
    "version": Facet("Version", "version"),
    "ratio": Facet("Aspect ratio", "shape", {name: name.replace("-", ":") for name in SHAPES}),
    "speed": Facet("Speed", "speed", {"relaxed": "Relaxed", "fast": "Fast", "turbo": "Turbo"}),
    "person": Facet("Person", "user_id"),
}
FILTERS = (*FACETS, "kind", "starred", "rating", "children", "collection", "tag", "since", "until")


def tag_name(said: str) -> str:
    """A tag as it is kept: one line of lower-case words, at most 40 characters."""
    return line_of(said.lower(), LONGEST_TAG)


@dataclass(frozen=True, slots=True)
class Search:
    """`text` as typed; `kind` is "", "image" or "video"; `chosen`: per facet the ticked values; days are local.

    `unclear`: a filter was asked for that nobody understands, or words without a letter. Such a search finds nothing:
    left out, they would make "all that match" mean more than was asked for.
    """

    text: str = ""
    kind: str = ""
    starred: bool = False
    rating: int = 0
    children: bool = False
    collections: Sequence[UUID] = ()
    tags: Sequence[str] = ()
    since: date | None = None
    until: date | None = None
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unclear: bool = False

    @classmethod
    def from_query(cls, query: QueryDict) -> "Search":
        """Never fails: what is not understood makes the search `unclear`."""
        text = query.get("q", "").replace("\x00", "").strip()
        kind = query.get("kind", "")
        # Any of several values will do: the smallest rating holds the others, a value left out finds less, not more.
        ratings = [int(each) for each in query.getlist("rating") if each in {"1", "2", "3", "4", "5"}]
        tags = dict.fromkeys(map(tag_name, filter(None, query.getlist("tag"))))
        chosen = {name: _values(facet, query.getlist(name)) for name, facet in FACETS.items()}
        understood = cls(
            text=text[:LONGEST].strip(),
            kind=kind if kind in KINDS else "",
            starred=query.get("starred") == "1",
            rating=min(ratings, default=0),
            children=query.get("children") == "1",
            collections=tuple(dict.fromkeys(filter(None, map(uuid_of, query.getlist("collection")))))[:MOST_CHOSEN],
            tags=tuple(filter(None, tags))[:MOST_CHOSEN],
            since=_day(query.get("since", "")),
            until=_day(query.get("until", "")),
            chosen={name: values for name, values in chosen.items() if values},
        )
        given = {name for name in (*FILTERS, "unclear") if any(query.getlist(name))}
        lost = given - {name for name, _ in understood.pairs} or len(understood.tags) < len(tags)
        return replace(understood, unclear=bool(lost) or len(text) > LONGEST or is_lost(text))

    @property
    def collection(self) -> UUID | None:
        """The one collection that is looked at; None with several."""
        return self.collections[0] if len(self.collections) == 1 else None

    @property
    def terms(self) -> list[Term]:
        """The words looked for; the full-text index knows about them, `condition` does not."""
        return terms(self.text)

    @property
    def condition(self) -> Q:
        """Everything but the words, on results."""
        wanted = Q(**{f"{FACETS[name].column}__in": values for name, values in self.chosen.items()})
        if self.unclear:
            wanted &= Q(pk__in=())
        if self.kind:
            wanted &= Q(kind=self.kind)
        if self.starred:
            wanted &= Q(starred=True)
        if self.rating:
            wanted &= Q(rating__gte=self.rating)
        if self.since:
            wanted &= Q(saved_at__gte=start_of_day(self.since))
        if self.until:
            wanted &= Q(saved_at__lt=start_of_day(self.until + timedelta(days=1)))
        if self.collections:
            items = Result._meta.get_field("items").related_model
            inside = Q(collection__in=self.collections) | Q(collection__parent__in=self.collections)
            wanted &= Q(Exists(items._default_manager.filter(inside, result=OuterRef("pk"))))
        for tag in self.tags:
            # Each of them: tags narrow a search down. Whose tag it is follows from the result it is on.
            wanted &= Q(Exists(Result.tags.through.objects.filter(tag__name=tag, result=OuterRef("pk"))))
        if self.children:
            tasks = Result._meta.get_field("task").related_model
            born = tasks._default_manager.filter(parent=OuterRef("task"), parent_position=OuterRef("position"))
            wanted &= Q(Exists(born))
        return wanted

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The search as the pairs of a query string, in a fixed order."""
        given = [
            ("q", self.text),
            ("kind", self.kind),
            *((name, value) for name in FACETS for value in self.chosen.get(name, ())),
            ("starred", "1" if self.starred else ""),
            ("rating", str(self.rating or "")),
            ("children", "1" if self.children else ""),
            *(("collection", str(pk)) for pk in self.collections),
            *(("tag", tag) for tag in self.tags),
            ("since", self.since.isoformat() if self.since else ""),
            ("until", self.until.isoformat() if self.until else ""),
            ("unclear", "1" if self.unclear else ""),
        ]
        return [(name, value) for name, value in given if value]

    @property
    def query(self) -> str:
        """The search as a query string without the question mark; "" when nothing is looked for."""
        return urlencode(self.pairs)

    @property
    def chips(self) -> list[tuple[str, str, str]]:
        """(what it is, its value in words, the query string without it) of every filter but the words."""
        return [
            (*_said(name, value), urlencode([pair for pair in self.pairs if pair != (name, value)]))
            for name, value in self.pairs
            if name != "q"
        ]

    @property
    def words(self) -> str:
        """The search as a person would say it: `fog, clips, version 7`."""
        said = [f"{what} {value}".strip().lower() for what, value, _ in self.chips]
        return ", ".join([self.text, *said] if self.text else said)

    @property
    def filters(self) -> int:
        return len([name for name, _ in self.pairs if name != "q"])

    def __bool__(self) -> bool:
        return bool(self.pairs)


def _values(facet: Facet, given: Sequence[str]) -> tuple[str, ...]:
    """Those of the given values that can be, each once, in the order they came."""
    if facet.known is not None:
        fitting = [value for value in given if value in facet.known]
    elif facet.column == "user_id":
        fitting = [value for value in given if value.isascii() and value.isdigit() and len(value) < 10]
    else:
        fitting = [value for value in given if value and len(value) <= LONGEST_VERSION and value.isprintable()]
    return tuple(dict.fromkeys(fitting))[:MOST_CHOSEN]


def _said(name: str, value: str) -> tuple[str, str]:
    if name in FACETS:
        return ("" if name in {"type", "speed", "ratio"} else FACETS[name].label), FACETS[name].word(value)
    if name in {"since", "until"}:
        return name.capitalize(), _date_words(value)
    if name == "rating":
        return "", rating_words(int(value))
    return "", {
        "kind": KINDS.get(value, ""),
        "starred": "Starred",
        "children": "Has children",
        "collection": "In a collection",
        "tag": value,
        "unclear": "A filter nobody understands",
    }[name]


def rating_words(least: int) -> str:
    """`4 stars and up`."""
    return f"{least} star{'' if least == 1 else 's'}{' and up' if least < 5 else ''}"


def _date_words(value: str) -> str:
    day = date.fromisoformat(value)
    return f"{day.day} {day:%b}" if day.year == timezone.localdate().year else f"{day.day} {day:%b} {day.year}"


def _day(text: str) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    # Further out the ends of the calendar would make arithmetic fail.
    return day if day and 2000 <= day.year <= 2999 else None


def start_of_day(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
