"""Walking the wall by keyset: newest first, by (saved_at, id). No offset, so page 1,000 costs what page 1 costs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Q

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Rank:
    """The place of one result in a search for words: tier 0 or 1, then its row in the index, newest first."""

    tier: int
    row: int

    @classmethod
    def parse(cls, text: str) -> "Rank | None":
        """A rank from `str(rank)`; None for anything else."""
        tier, dash, row = text.partition("-")
        if not dash or tier not in {"0", "1"} or not (row.isascii() and row.isdigit() and len(row) < 19):
            return None
        return cls(int(tier), int(row))

    def __str__(self) -> str:
        return f"{self.tier}-{self.row}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place of one saved result on the wall."""

    saved_at: datetime
    id: UUID

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """A cursor from `str(cursor)`; None for anything else."""
        moment, _, name = text.partition(".")
        # Up to the year 2286: at the calendar's end a clock in another zone runs over.
        if len(moment) > 16:
            return None
        try:
            return cls(EPOCH + int(moment) * MICROSECOND, UUID(hex=name))
        except (ValueError, OverflowError):
            return None

    def __str__(self) -> str:
        return f"{(self.saved_at - EPOCH) // MICROSECOND}.{self.id.hex}"

    # Written as a bound on saved_at and a tie-break: databases walk the index for this form, SQLite does not for
    # (a < x) OR (a = x AND b < y).
    @property
    def older(self) -> Q:
        return Q(saved_at__lte=self.saved_at) & (Q(saved_at__lt=self.saved_at) | Q(id__lt=self.id))

    @property
    def newer(self) -> Q:
        return Q(saved_at__gte=self.saved_at) & (Q(saved_at__gt=self.saved_at) | Q(id__gt=self.id))


Place = Cursor | Rank


def parse_place(text: str) -> Place | None:
    """Either kind of place from its text; None for anything else."""
    return Rank.parse(text) or Cursor.parse(text)
