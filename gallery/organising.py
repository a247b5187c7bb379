"""What people do with many results at once: star, rate, collect, throw away, bring back, delete for good."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.services import next_revisions
from accounts.spaces import Space
from gallery import fulltext
from gallery.found import Found
from gallery.gone import remember_gone
from gallery.models import Collection, CollectionItem, Result, Tag
from gallery.saving import forget_content, forget_stray
from gallery.search import Search

KEPT_IN_TRASH = timedelta(days=30)
MOST = 10_000
LONGEST_NAME = 80
MOST_COLLECTIONS = 500
BATCH = 500


def chosen(space: Space, ids: Iterable[UUID], *, trashed: bool = False) -> "QuerySet[Result]":
    """The results of the space among these ids, those in the trash or those outside of it."""
    return Result.objects.in_space(space).filter(pk__in=list(ids), trashed_at__isnull=not trashed)


def matching(space: Space, search: Search) -> "QuerySet[Result]":
    """Everything the search finds in the space, at most MOST of it, newest first."""
    found = Found(space, search).everything.order_by("-saved_at", "-id")
    return Result.objects.filter(pk__in=list(found.values_list("pk", flat=True)[:MOST]))


def mark(results: "QuerySet[Result]", **changes: Any) -> list[UUID]:
    """Set `changes` on results of one space and tell its boards. Returns the ids of those that were changed."""
    ids = list(results.values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        part = Result.objects.filter(pk__in=ids[start : start + BATCH])
        for user_id, team_id in set(part.order_by().values_list("user_id", "team_id")):
            # A transaction for each author: with a team's row locked, no second person's may be waited for.
            with transaction.atomic():
                own = part.filter(user_id=user_id, team_id=team_id)
                own.update(**changes, **next_revisions(user_id, team_id))
    return ids


def note_download(results: "QuerySet[Result]") -> None:
    """Somebody takes these along: what is worth a download was worth making."""
    results.filter(downloaded_at=None).update(downloaded_at=timezone.now())


def throw_away(results: "QuerySet[Result]", at: datetime | None = None) -> list[UUID]:
    """Into the trash, for 30 days from `at` (now). Returns the ids, to take it back with."""
    return mark(results, trashed_at=at or timezone.now())


def bring_back(results: "QuerySet[Result]") -> list[UUID]:
    """Out of the trash, to where they were."""
    return mark(results, trashed_at=None)


def delete_for_good(results: "QuerySet[Result]") -> int:
    """Remove rows and files of what lies in the trash. Files that another row names stay. Returns how many are gone."""
    gone = 0
    for result in results.iterator(chunk_size=BATCH):
        # The row first: whoever saves the same bytes now finds no other row, and the files are removed after it.
        if thrown := _delete(result):
            forget_content(thrown)
            if thrown.stray:
                forget_stray(thrown)
            gone += 1
    return gone


def _delete(result: Result) -> Result | None:
    """The row and its words; it, as it was. None when it was brought back since: then nothing may be taken from it."""
    with transaction.atomic():
        revisions = next_revisions(result.user_id, result.team_id)
        thrown = Result.objects.select_for_update().filter(pk=result.pk, trashed_at__isnull=False).first()
        if thrown is None:
            return None
        fulltext.remove([thrown.words_id] if thrown.words_id is not None else [])
        Result.objects.filter(task_id=thrown.task_id).update(**revisions)
        Result.objects.filter(pk=thrown.pk).delete()
        remember_gone(thrown.task_id, thrown.position)
    return thrown


def purge(now: datetime) -> int:
    """What lay in the trash for 30 days is deleted for good."""
    old = Result.objects.filter(trashed_at__lte=now - KEPT_IN_TRASH)
    return delete_for_good(Result.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])))


def collect(collection: Collection, results: "QuerySet[Result]") -> int:
    """Put results at the end of a collection; those that are in it stay where they are. Returns how many are new."""
    with transaction.atomic():
        last = collection.items.aggregate(last=Max("position"))["last"] or 0
        known = set(collection.items.filter(result__in=results).values_list("result_id", flat=True))
        fresh = [pk for pk in results.order_by("saved_at", "id").values_list("pk", flat=True) if pk not in known]
        items = [
            CollectionItem(collection=collection, result_id=pk, position=last + number)
            for number, pk in enumerate(fresh, start=1)
        ]
        CollectionItem.objects.bulk_create(items, batch_size=BATCH, ignore_conflicts=True)
    return len(fresh)


def tag(space: Space, name: str, results: "QuerySet[Result]") -> list[UUID]:
    """Put a word on results of the space; the ids of those that did not have it."""
    own = {"team_id": space.team_id} if space.team_id else {"user_id": space.user_id, "team": None}
    kept, _ = Tag.objects.get_or_create(**own, name=name, defaults={"user_id": space.user_id})
    fresh = list(results.exclude(tags=kept).values_list("pk", flat=True))
    through = Result.tags.through
    rows = [through(tag_id=kept.pk, result_id=pk) for pk in fresh]
    through.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    return fresh


def untag(space: Space, name: str, results: "QuerySet[Result]") -> int:
    """Take a word off results of the space; a word that is on nothing any more is gone. Returns how many had it."""
    kept = Tag.objects.filter(space.holds, name=name).first()
    if kept is None:
        return 0
    gone = int(Result.tags.through.objects.filter(tag=kept, result__in=results).delete()[0])
    if not kept.results.exists():
        kept.delete()
    return gone


def take_out(collection: Collection, results: "QuerySet[Result]") -> list[UUID]:
    """Out of the collection; the results themselves stay. Returns the ids of those that were in it."""
    items = collection.items.filter(result__in=results)
    taken = list(items.values_list("result_id", flat=True))
    items.delete()
    return taken


def collections_of(space: Space) -> list[Collection]:
    """The collections of a space, each with its children behind it. `front`: the id of its cover, or of its first."""
    inside = Result.objects.in_space(space).on_wall().filter(items__collection=OuterRef("pk"))
    cover = inside.order_by().filter(pk=OuterRef("cover_id")).values("pk")[:1]
    first = inside.order_by("items__position").values("pk")[:1]
    front = Coalesce(Subquery(cover), Subquery(first))
    found = list(Collection.objects.filter(space.holds).annotate(front=front).order_by("name"))
    line: list[Collection] = []
    for top in (each for each in found if each.parent_id is None):
        line += [top, *(each for each in found if each.parent_id == top.pk)]
    return line
