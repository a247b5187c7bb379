"""What of a result goes into the full-text index, and keeping it true: at saving, when rights move, and rebuilt."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from gallery import fulltext
from gallery.models import Result

BATCH = 500


def index_results(results: QuerySet[Result, Any]) -> int:
    """Put saved results into the index anew, oldest first: its order is that of saving. Returns how many."""
    rows = results.filter(saved_at__isnull=False).order_by("saved_at", "pk")
    found = list(rows.values_list("pk", "words_id", "user_id", "team_id", "task__prompt"))
    for start in range(0, len(found), BATCH):
        with transaction.atomic():
            _index(found[start : start + BATCH])
    return len(found)


def respell(results: "QuerySet[Any, Any]") -> None:
    """Spell what is indexed anew, after a change of how words are spelled; for a migration. Nothing else changes."""
    indexed = results.filter(words__isnull=False).order_by("pk")
    columns = ("pk", "words_id", "user_id", "team_id", "task__prompt")
    batch = list(indexed.values_list(*columns)[:BATCH])
    while batch:
        fulltext.spell_anew(
            (row, prompt, [fulltext.scope_of(user_id, team_id)]) for _, row, user_id, team_id, prompt in batch
        )
        batch = list(indexed.filter(pk__gt=batch[-1][0]).values_list(*columns)[:BATCH])


def _index(batch: Sequence[tuple[Any, ...]]) -> None:
    fulltext.remove([row for _, row, *_ in batch if row is not None])
    numbers = fulltext.add_many(
        (prompt, [fulltext.scope_of(user_id, team_id)]) for _, _, user_id, team_id, prompt in batch
    )
    for (pk, *_), number in zip(batch, numbers, strict=True):
        Result.objects.filter(pk=pk).update(words=number)
