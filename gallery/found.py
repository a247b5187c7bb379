"""The results a search finds, in the order they are shown, read forwards and backwards from any of them.

Without words the order is time. With words it is match, then time: whole words first (tier 0), then words that only
begin as typed (tier 1). Each tier is walked along the index from its newest row and left when the page is full.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, QuerySet
from django.db.models.expressions import RawSQL

from accounts.spaces import Space
from gallery import fulltext
from gallery.models import Result
from gallery.paging import Cursor, Place, Rank
from gallery.search import Search

ROW = RawSQL(f'"{fulltext.TABLE}"."rowid"', (), BigIntegerField())  # noqa: S611 - a constant
Rows = QuerySet[Result, Any]


@dataclass(frozen=True)
class Found:
    """What `search` finds among the saved results of this space."""

    space: Space
    search: Search

    @property
    def everything(self) -> Rows:
        """All of it, in no order: for counting and for acts on everything that matches."""
        shown = Result.objects.in_space(self.space).on_wall().filter(self.search.condition).order_by()
        return shown.filter(words__document__match=self._question()) if self.search.terms else shown

    def after(self, place: Place | None, limit: int, *columns: str) -> list[tuple[Any, ...]]:
        """At most `limit` rows that follow `place` (from the beginning without one)."""
        return self._walk(place, limit, columns, forwards=True)

    def before(self, place: Place, limit: int, *columns: str) -> list[tuple[Any, ...]]:
        """At most `limit` rows that come before `place`, in the order they are shown."""
        return self._walk(place, limit, columns, forwards=False)[::-1]

    def count_before(self, place: Place, most: int) -> int:
        """How many are shown before `place`, counted up to `most`."""
        return sum(rows[:most].count() for rows in self._parts(place, forwards=False))

    def count(self, most: int) -> int:
        """How many there are, counted up to `most`."""
        return self.everything[:most].count()

    def holds(self, result: Result) -> bool:
        """Whether this result is among them."""
        if not self.search:
            return result.trashed_at is None and result.saved_at is not None
        return self.everything.filter(pk=result.pk).exists()

    def place_of(self, result: Result) -> Place | None:
        """Where this result stands, or would stand if it is not among them; None when it has no time."""
        if not self.search.terms:
            return Cursor(result.saved_at, result.pk) if result.saved_at else None
        if result.words_id is None:
            return None
        exact = Result.objects.filter(pk=result.pk, words__document__match=self._question(0)).exists()
        return Rank(0 if exact else 1, result.words_id)

    def _walk(
        self, place: Place | None, limit: int, columns: tuple[str, ...], *, forwards: bool
    ) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for part in self._parts(place, forwards=forwards):
            rows += part.values_list(*columns)[: limit - len(rows)]
            if len(rows) >= limit:
                break
        return rows

    def _parts(self, place: Place | None, *, forwards: bool) -> Iterator[Rows]:
        """What lies on one side of `place`, tier by tier, the nearest first."""
        if not self.search.terms:
            yield self._by_time(place if isinstance(place, Cursor) else None, forwards=forwards)
            return
        here = place if isinstance(place, Rank) else None
        tiers = [0, 1] if self._has_beginnings else [0]
        for tier in tiers if forwards else tiers[::-1]:
            if tier == 1 and not fulltext.has_longer(self.search.terms):
                continue
            if here is None or tier == here.tier or (tier > here.tier) == forwards:
                yield self._by_match(tier, here.row if here and tier == here.tier else None, forwards=forwards)

    def _by_time(self, cursor: Cursor | None, *, forwards: bool) -> Rows:
        rows = Result.objects.in_space(self.space).on_wall().filter(self.search.condition)
        if cursor:
            rows = rows.filter(cursor.older if forwards else cursor.newer)
        return rows.order_by("-saved_at", "-id") if forwards else rows.order_by("saved_at", "id")

    def _by_match(self, tier: int, row: int | None, *, forwards: bool) -> Rows:
        rows = Result.objects.on_wall().filter(self.search.condition, words__document__match=self._question(tier))
        # Named on the index's own side: on the result's, SQLite would sort every match before it shows the first.
        numbered: Rows = rows.annotate(row=ROW)
        if row is not None:
            numbered = numbered.filter(**{"row__lt" if forwards else "row__gt": row})
        return numbered.order_by("-row" if forwards else "row")

    @property
    def _has_beginnings(self) -> bool:
        return any(not term.whole and not term.negated for term in self.search.terms)

    def _question(self, tier: int | None = None) -> str:
        scope = fulltext.scope_of(self.space.user_id, self.space.team_id)
        return fulltext.question(scope, self.search.terms, tier)
