"""The verbs of the gallery that other rooms call, and the only code that changes a result's state."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Count, F, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.services import next_revisions
from gallery.gone import places_gone
from gallery.indexing import index_results
from gallery.models import GIVEN_UP_AFTER, Result
from gallery.shapes import nearest_shape
from gallery.sniffing import BY_MIME
from mjportal.background import enqueue

SAVE_JOB = "gallery.jobs.save_result"
FIRST_WAIT = 15.0
LONGEST_WAIT = 3600.0
# So many are asked for again by one click.
MOST_ASKED = 1000


def add_results(
    task_id: UUID,
    owner: tuple[int, UUID | None],
    urls: Sequence[str],
    kind: Literal["image", "video"],
    verified: bool = True,
    facts: Mapping[str, Any] | None = None,
) -> int:
    """Make one row per address of a task that has none yet and ring for each. Returns how many are new.

    `urls`: by the provider's index of each result, "" where it named none. `owner`: the author's id, and the team's
    when it is theirs. `facts`: what the filter desk asks of the task (task_type, version, speed, credits of each).
    Call it inside the transaction of the task's own change. Calling it again is harmless; a verified call confirms
    rows that only a callback vouched for, and starts again with those whose address was another one. What was deleted
    for good meanwhile stays gone.
    """
    now = timezone.now()
    user_id, team_id = owner
    known = {result.position: result for result in Result.objects.filter(task_id=task_id)}
    gone = places_gone(task_id) if verified else set()
    fresh = [
        Result(
            task_id=task_id,
            user_id=user_id,
            team_id=team_id,
            position=position,
            kind=kind,
            source_url=url,
            verified=verified,
            **(facts or {}),
        )
        for position, url in enumerate(urls)
        if url
        if position not in known and position not in gone
    ]
    doubted = [known[at] for at, url in enumerate(urls) if url and verified and at in known and not known[at].verified]
    if not fresh and not doubted:
        return 0
    revisions = next_revisions(user_id, team_id)
    for result in fresh:
        result.rung_at = now
        result.revision, result.team_revision = revisions["revision"], revisions.get("team_revision", 0)
    Result.objects.bulk_create(fresh, ignore_conflicts=True)
    made = list(Result.objects.filter(pk__in=[result.pk for result in fresh]).values_list("pk", flat=True))
    for pk in made:
        enqueue(SAVE_JOB, pk)
    # Read anew under a lock: it may have come home a moment ago.
    for result in Result.objects.select_for_update().filter(pk__in=[each.pk for each in doubted]).order_by("position"):
        _confirm(result, urls[result.position], revisions)
    return len(made)


def _confirm(result: Result, url: str, revisions: dict[str, int]) -> None:
    """The provider itself now names this position's address: believe it, and fetch again if it is another one.

    What is home stays as it is and doubted meanwhile: the other file may be gone by now, or be the same.
    """
    now = timezone.now()
    is_home = result.state == Result.State.SAVED
    again: dict[str, Any] = {"next_try_at": now, "rung_at": now, "dead_link_at": None, "lease_until": None}
    if url == result.source_url:
        changes: dict[str, Any] = {"verified": True}
        if is_home:
            changes |= {"named_url": "", "next_try_at": None, "lease_until": None}
    elif is_home:
        # Whoever is fetching it does so from what the record said before: each reading may sign the same file anew.
        if result.lease_until and result.lease_until > now:
            return
        changes = {"named_url": url, **again}
    else:
        changes = {"verified": True, "source_url": url, "state": Result.State.SAVING, **again}
        # Nothing of what the callback had named may be adopted.
        changes |= {"stray": content_name(result), "sha256": "", "content_type": ""}
    Result.objects.filter(pk=result.pk).update(**changes, **revisions)
    if url != result.source_url:
        enqueue(SAVE_JOB, result.pk)


def content_name(result: Result) -> str:
    """<sha256>.<extension> of the content a row names; empty when it names none."""
    known = BY_MIME.get(result.content_type)
    return f"{result.sha256}.{known.extension}" if known and result.sha256 else ""


def renew_source(result_id: UUID | str, url: str) -> None:
    """A fresh link was found for a result whose link was dead: fetch it now."""
    now = timezone.now()
    waiting = Result.objects.filter(pk=result_id, state=Result.State.SAVING)
    with transaction.atomic():
        if waiting.update(source_url=url, dead_link_at=None, next_try_at=now, rung_at=now):
            enqueue(SAVE_JOB, str(result_id))


def link_is_gone(result_id: UUID | str) -> None:
    """No fresh link could be had this time: the old one and the provider are tried again later, until day 15."""
    result = Result.objects.filter(pk=result_id, state=Result.State.SAVING).first()
    if result is not None:
        later = timezone.now() + wait_before(result.attempts)
        Result.objects.filter(pk=result_id, state=Result.State.SAVING).update(dead_link_at=None, next_try_at=later)


def wait_before(attempts: int) -> timedelta:
    """How long to wait after this many tries: 15 s doubling to an hour, 20 % either way."""
    seconds = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(max(attempts - 1, 0), 10))
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))


def settle(result: Result, **fields: Any) -> bool:
    """Move a result out of SAVING with `fields` (among them `state`): one UPDATE. Returns whether it won.

    Whoever fetched from an address that the record has replaced since does not win.
    """
    waiting = Result.objects.filter(pk=result.pk, state=Result.State.SAVING, source_url=result.source_url)
    with transaction.atomic():
        # The person's row before the result's, as all who change both do.
        revisions = next_revisions(result.user_id, result.team_id)
        return bool(waiting.update(**fields, **revisions))


def settle_saved(result: Result, **fields: Any) -> bool:
    """The file is home: say so, and put it where the search finds it, in one transaction. Returns whether it won."""
    fields |= {"shape": nearest_shape(fields["width"], fields["height"]), "problem": "", "lease_until": None}
    fields |= {"next_try_at": None, "dead_link_at": None}
    if result.state == Result.State.SAVED:
        return _replace(result, fields)
    with transaction.atomic():
        won = settle(result, **fields, state=Result.State.SAVED, saved_at=timezone.now())
        if won:
            index_results(Result.objects.filter(pk=result.pk))
    return won


def _replace(result: Result, fields: dict[str, Any]) -> bool:
    """The file of the record's address takes the place of the one we hold, whose files are to be removed then."""
    doubted = Result.objects.filter(pk=result.pk, state=Result.State.SAVED, named_url=result.named_url)
    fields |= {"verified": True, "source_url": result.named_url, "named_url": "", "stray": content_name(result)}
    with transaction.atomic():
        revisions = next_revisions(result.user_id, result.team_id)
        return bool(doubted.update(**fields, **revisions))


def give_up(result: Result) -> bool:
    """The provider's copy is gone by its own word (day 15) and we never got it."""
    return settle(result, state=Result.State.LOST, next_try_at=None, lease_until=None, dead_link_at=None)


def is_past_saving(result: Result, now: datetime) -> bool:
    return result.first_seen_at <= now - GIVEN_UP_AFTER


def try_again(result: Result) -> bool:
    """A person asks to fetch a saving or lost result again, now. Returns whether there was anything to fetch."""
    return bool(_try_again([result.pk], result.user_id, result.team_id))


def _try_again(ids: list[UUID], user_id: int, team_id: UUID | None) -> int:
    now = timezone.now()
    changes: dict[str, Any] = {"state": Result.State.SAVING, "dead_link_at": None, "next_try_at": now, "rung_at": now}
    with transaction.atomic():
        # The person's row before the results', as all who change both do.
        changes |= next_revisions(user_id, team_id)
        if asked := Result.objects.filter(pk__in=ids).exclude(state=Result.State.SAVED).update(**changes):
            for pk in ids:
                enqueue(SAVE_JOB, pk)
    return asked


def try_all_again(results: "QuerySet[Result]") -> int:
    """The same for many, those first that were asked for the longest ago. Returns how many there were to fetch."""
    asked: dict[tuple[int, UUID | None], list[UUID]] = {}
    oldest = results.exclude(state=Result.State.SAVED).order_by(F("rung_at").asc(nulls_first=True), "deadline")
    for pk, user_id, team_id in oldest.values_list("pk", "user_id", "team_id")[:MOST_ASKED]:
        asked.setdefault((user_id, team_id), []).append(pk)
    return sum(_try_again(ids, *owner) for owner, ids in asked.items())


def set_star(result: Result, starred: bool) -> None:
    """Keep the star and tell the board, which shows it too."""
    with transaction.atomic():
        revisions = next_revisions(result.user_id, result.team_id)
        Result.objects.filter(pk=result.pk).exclude(starred=starred).update(starred=starred, **revisions)
    result.starred = starred


def files_line(user: User | AnonymousUser) -> tuple[int, int]:
    """(files still on the way, files lost) of this person, for the top line: one indexed query."""
    unsaved = Result.objects.filter(user_id=user.pk or 0, state__in=[Result.State.SAVING, Result.State.LOST])
    counts = dict(unsaved.order_by().values_list("state").annotate(Count("pk")))
    return counts.get(Result.State.SAVING, 0), counts.get(Result.State.LOST, 0)


def hand_over_results(user_id: int, team_id: UUID) -> int:
    """Make a person's own results the team's, found by its searches from now on. Returns how many."""
    own = Result.objects.filter(user_id=user_id, team=None)
    handed = list(own.values_list("pk", flat=True))
    own.update(team_id=team_id)
    index_results(Result.objects.filter(pk__in=handed))
    return len(handed)
