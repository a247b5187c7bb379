"""Acts on more results than a request should wait for: begun by a click, done by the workers, shown with progress.

A job walks what its search finds in the order it was saved and notes after each batch how far it came, so a killed
worker costs one batch done twice, and each of these acts may be done twice. Only what was saved before the click is
meant by it.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from accounts.models import User
from accounts.spaces import Space, role_in
from gallery import organising
from gallery.found import Found
from gallery.models import BulkJob, Collection, Result
from gallery.search import Search
from mjportal.background import enqueue

BULK_JOB = "gallery.jobs.run_bulk"
# More than this is not done while somebody waits for the page.
MANY = 500
BATCH = 500
MOST_AT_ONCE = 3
SHIFT_SECONDS = 240
LEASE = timedelta(seconds=120)
RING_AGAIN = timedelta(seconds=60)
SHOWN_FOR = timedelta(minutes=10)
REMEMBERED = timedelta(days=7)
logger = logging.getLogger(__name__)

Do = Callable[[BulkJob, Space, "QuerySet[Result]"], Any]
# What is being done, what was done, and how.
ACTS: dict[str, tuple[str, str, Do]] = {
    "star": ("Starring", "starred", lambda job, space, part: organising.mark(part, starred=True)),
    "unstar": ("Taking stars off", "without a star", lambda job, space, part: organising.mark(part, starred=False)),
    "trash": ("Throwing away", "in the trash", lambda job, space, part: organising.throw_away(part, job.created_at)),
    "restore": ("Bringing back", "back in the gallery", lambda job, space, part: organising.bring_back(part)),
    "empty": ("Deleting for good", "deleted for good", lambda job, space, part: organising.delete_for_good(part)),
    "collect": ("Collecting", "collected", lambda job, space, part: organising.collect(_collection(job), part)),
    "tag": ("Tagging", "tagged", lambda job, space, part: organising.tag(space, job.tag, part)),
    "untag": ("Taking the tag off", "without it", lambda job, space, part: organising.untag(space, job.tag, part)),
}


class TooManyJobs(Exception):
    """This person has MOST_AT_ONCE jobs under way."""


def begin(space: Space, act: str, search: str = "", **more: Any) -> BulkJob:
    """Note the job and ring for it. `more`: collection, tag or undoes. Raises TooManyJobs."""
    if BulkJob.objects.filter(user_id=space.user_id, finished_at=None).count() >= MOST_AT_ONCE:
        raise TooManyJobs
    with transaction.atomic():
        job = BulkJob.objects.create(user_id=space.user_id, team_id=space.team_id, act=act, search=search, **more)
        enqueue(BULK_JOB, job.pk)
    return job


def shown_to(user_id: int) -> list[BulkJob]:
    """What this person has under way, and the newest that ended a moment ago."""
    jobs = BulkJob.objects.filter(user_id=user_id).select_related("undone_by", "undoes")
    ended = jobs.filter(finished_at__gte=timezone.now() - SHOWN_FOR).order_by("-finished_at")
    return [*jobs.filter(finished_at=None), *ended[:1]]


def ring_due(now: datetime) -> None:
    """Ask again for jobs that nobody does: their bell was lost, or their worker was killed. Old ones are forgotten."""
    BulkJob.objects.filter(finished_at__lt=now - REMEMBERED).delete()
    due = BulkJob.objects.filter(_free(now), finished_at=None, rung_at__lt=now - RING_AGAIN)
    for job in due[: MOST_AT_ONCE * 10]:
        BulkJob.objects.filter(pk=job.pk).update(rung_at=now)
        enqueue(BULK_JOB, job.pk)


def run(pk: UUID | str) -> None:
    """Do one shift of a job; another worker goes on with what is left."""
    now = timezone.now()
    if not BulkJob.objects.filter(_free(now), pk=pk, finished_at=None).update(lease_until=now + LEASE):
        return
    job = BulkJob.objects.select_related("collection").get(pk=pk)
    until = time.monotonic() + SHIFT_SECONDS
    while step(job):
        if time.monotonic() > until:
            BulkJob.objects.filter(pk=pk).update(lease_until=None)
            enqueue(BULK_JOB, job.pk)
            return


def step(job: BulkJob) -> bool:
    """Do the next batch; False when there is none, or the person may not any more."""
    space = Space(job.user_id, job.team_id, role_in(job.user, job.team_id))
    is_active = User.objects.filter(pk=job.user_id, is_active=True).exists()
    if not is_active or not space.may_make:
        _finish(job, "You may not change this space any more.")
        return False
    left = _left(job, space)
    if job.total is None:
        job.total = left.count()
    part = list(left.values_list("pk", "saved_at")[:BATCH])
    if not part:
        _finish(job)
        return False
    ACTS[job.act][2](job, space, Result.objects.filter(pk__in=[pk for pk, _ in part]))
    job.after_id, job.after_at = part[-1]
    job.done += len(part)
    job.lease_until = timezone.now() + LEASE
    job.save(update_fields=["total", "done", "after_at", "after_id", "lease_until"])
    return True


def _left(job: BulkJob, space: Space) -> "QuerySet[Result]":
    """What is still to be done, in the order it is done."""
    trash = Result.objects.in_space(space).order_by("saved_at", "id")
    # What is brought back or deleted leaves the trash, so the rest begins at its first row.
    if job.undoes:
        return trash.filter(trashed_at=job.undoes.created_at)
    if job.act in {"restore", "empty"}:
        return trash.filter(trashed_at__lte=job.created_at)
    found = Found(space, Search.from_query(QueryDict(job.search))).everything.filter(saved_at__lte=job.created_at)
    if job.after_at:
        found = found.filter(Q(saved_at__gt=job.after_at) | Q(saved_at=job.after_at, id__gt=job.after_id))
    return found.order_by("saved_at", "id")


def _collection(job: BulkJob) -> Collection:
    if job.collection is None:
        raise ValueError("a job that collects needs a collection")
    return job.collection


def _finish(job: BulkJob, problem: str = "") -> None:
    job.finished_at, job.problem, job.lease_until = timezone.now(), problem, None
    job.save(update_fields=["total", "finished_at", "problem", "lease_until"])


def _free(now: datetime) -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=now)
