"""Acts on one or many results, the trash, and the zip. Everything stays within one space."""

import json
import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.people import signed_in
from accounts.roles import Right, may
from accounts.spaces import Space, may_in, open_role_in, space_of, spaces_of
from gallery import bulk, organising, sharing
from gallery.archives import zip_response
from gallery.found import Found
from gallery.models import BulkJob, Collection, Result
from gallery.organising import LONGEST_NAME, MOST_COLLECTIONS
from gallery.search import Search, tag_name
from gallery.wall import tiles
from mjportal.given import line_of, uuid_of, way_back

WAIT = "Wait until one of the acts under way is done."
TRASH_PAGE = 200
logger = logging.getLogger(__name__)
TILE = ("id", "kind", "width", "height", "duration", "placeholder", "starred", "trashed_at", "task__prompt")


def _chosen(request: HttpRequest, space: Space, *, trashed: bool = False) -> "QuerySet[Result]":
    """What the form names: `result` ids, or with `everything=1` all that the `search` finds, or the whole trash."""
    if request.POST.get("everything") == "1":
        return _thrown(space) if trashed else organising.matching(space, _search(request))
    ids = [found for said in request.POST.getlist("result")[: organising.MOST] if (found := uuid_of(said))]
    return organising.chosen(space, ids, trashed=trashed)


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Do to the chosen results what `act` says, one of the verbs below; hundreds and more are left to `gallery.bulk`.

    Answers the script with what was done in words, and the ids that an undo needs.
    """
    space = space_of(signed_in(request))
    if not space.may_make:
        raise Http404
    what = request.POST.get("act", "")
    if what in bulk.ACTS and request.POST.get("everything") == "1" and _is_many(request, space, what):
        return _in_background(request, space, what)
    results = _chosen(request, space, trashed=what in {"restore", "delete", "empty"})
    verbs: dict[str, Callable[[], tuple[str, list[UUID]]]] = {
        "star": lambda: ("starred", organising.mark(results, starred=True)),
        "unstar": lambda: ("without a star", organising.mark(results, starred=False)),
        "trash": lambda: ("in the trash", organising.throw_away(results)),
        "restore": lambda: ("back in the gallery", organising.bring_back(results)),
        "delete": lambda: (f"{organising.delete_for_good(results)} deleted for good", []),
        "empty": lambda: (f"{organising.delete_for_good(results)} deleted for good", []),
        "collect": lambda: _collect(request, space, results),
        "tag": lambda: _tag(request, space, results),
        "untag": lambda: (f"{organising.untag(space, _word(request), results)} without it", []),
        "take_out": lambda: ("taken out", organising.take_out(_collection(request, space), results)),
    }
    if what not in verbs:
        raise Http404
    words, ids = verbs[what]()
    said = f"{len(ids)} {words}" if ids or what in {"star", "unstar", "trash", "restore", "take_out"} else words
    if what in {"delete", "empty"}:
        audit.note("results deleted", target=said, request=request)
    if request.headers.get("HX-Request"):
        return HttpResponse(json.dumps({"said": said, "ids": [str(pk) for pk in ids]}), content_type="application/json")
    messages.success(request, said.capitalize())
    return redirect(way_back(request, "/gallery/"))


def _search(request: HttpRequest) -> Search:
    return Search.from_query(QueryDict(request.POST.get("search", "")))


def _thrown(space: Space) -> "QuerySet[Result]":
    return Result.objects.in_space(space).filter(trashed_at__isnull=False)


def _is_many(request: HttpRequest, space: Space, what: str) -> bool:
    rows = _thrown(space) if what in {"restore", "empty"} else Found(space, _search(request)).everything
    return rows[: bulk.MANY + 1].count() > bulk.MANY


def _in_background(request: HttpRequest, space: Space, what: str) -> HttpResponse:
    if what in {"tag", "untag"} and not _word(request):
        raise Http404
    said = f"{bulk.ACTS[what][0]} goes on in the background."
    try:
        with transaction.atomic():
            more: dict[str, Any] = {"collection": _collection(request, space)} if what == "collect" else {}
            bulk.begin(space, what, _search(request).query, tag=_word(request), **more)
            if what == "empty":
                audit.note("trash emptied", target=space.name, request=request)
    except bulk.TooManyJobs:
        said = WAIT
    if request.headers.get("HX-Request"):
        return HttpResponse(json.dumps({"said": said, "ids": [], "bulk": True}), content_type="application/json")
    messages.info(request, said)
    return redirect(way_back(request, "/gallery/"))


@require_safe
def bulk_jobs(request: HttpRequest) -> HttpResponse:
    """How far the person's large acts are; asks again by itself while one is under way."""
    jobs = bulk.shown_to(signed_in(request).pk)
    lines = [(job, *bulk.ACTS[job.act][:2]) for job in jobs]
    return render(request, "gallery/_bulk.html", {"lines": lines, "running": any(not job.finished_at for job in jobs)})


@require_POST
def bulk_undo(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Bring back what one act threw away, once; again when it did not come to its end."""
    user = signed_in(request)
    stopped = BulkJob.objects.filter(undoes=job_id, finished_at__isnull=False).exclude(problem="")
    undone = Q(undone_by=None) | Q(undone_by__in=stopped)
    thrown = BulkJob.objects.filter(undone, user=user, act="trash", finished_at__isnull=False)
    job = get_object_or_404(thrown, pk=job_id)
    if not may(open_role_in(user, job.team_id), Right.MAKE):
        raise Http404
    try:
        with transaction.atomic():
            stopped.delete()
            bulk.begin(Space(user.pk, job.team_id), "restore", undoes=job)
    except bulk.TooManyJobs:
        messages.info(request, WAIT)
    except IntegrityError:
        logger.info("the undo of %s was asked for twice at once", job.pk)
    return redirect(way_back(request, "/gallery/"))


def _word(request: HttpRequest) -> str:
    return tag_name(request.POST.get("tag", ""))


def _tag(request: HttpRequest, space: Space, results: "QuerySet[Result]") -> tuple[str, list[UUID]]:
    word = _word(request)
    if not word:
        raise Http404
    return f"{len(organising.tag(space, word, results))} tagged {word}", []


def _collect(request: HttpRequest, space: Space, results: "QuerySet[Result]") -> tuple[str, list[UUID]]:
    collection = _collection(request, space)
    return f"{organising.collect(collection, results)} put into {collection}", []


@require_POST
def share_chosen(request: HttpRequest) -> HttpResponse:
    """Put the chosen results into a collection of their own and lead to its page, where the link is made."""
    space = space_of(signed_in(request))
    if not space.may_make:
        raise Http404
    results = _chosen(request, space)
    count = results.count()
    if not count:
        messages.info(request, "Nothing is chosen yet. Choose pictures first, then share them.")
        return redirect(way_back(request, "/gallery/"))
    if count > sharing.MOST_SHOWN:
        messages.info(request, f"A link shows at most {sharing.MOST_SHOWN} pictures, and {count:,} are chosen.")
        return redirect(way_back(request, "/gallery/"))
    name = line_of(request.POST.get("share_name", ""), LONGEST_NAME) or f"Shared {timezone.localdate():%-d %B}"
    with transaction.atomic():
        collection = _new_collection(space, name)
        organising.collect(collection, results)
    return redirect(f"{reverse('gallery:collection', args=[collection.pk])}#links")


def _new_collection(space: Space, name: str) -> Collection:
    if Collection.objects.filter(space.holds).count() >= MOST_COLLECTIONS:
        raise Http404
    return Collection.objects.create(user_id=space.user_id, team_id=space.team_id, name=name)


def _collection(request: HttpRequest, space: Space) -> Collection:
    """The collection the form names; with `name` a new one."""
    name = line_of(request.POST.get("name", ""), LONGEST_NAME)
    if name and not request.POST.get("collection"):
        return _new_collection(space, name)
    pk = uuid_of(request.POST.get("collection", ""))
    if pk is None:
        raise Http404
    return get_object_or_404(Collection.objects.filter(space.holds, query=""), pk=pk)


@require_POST
def rate(request: HttpRequest, result_id: UUID) -> HttpResponse:
    """Give 1 to 5 stars, or take them away with 0."""
    result = get_object_or_404(Result.objects.visible_to(request.user), pk=result_id)
    rating = request.POST.get("rating", "")
    if rating not in {"0", "1", "2", "3", "4", "5"} or not may_in(request.user, result.team_id, Right.MAKE):
        raise Http404
    organising.mark(Result.objects.filter(pk=result.pk), rating=int(rating))
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    return redirect("gallery:viewer", result.pk)


@require_safe
def trash(request: HttpRequest) -> HttpResponse:
    """What was thrown away in this space, the latest first."""
    space = space_of(signed_in(request))
    thrown = _thrown(space).order_by("-trashed_at")
    shown = [tile for _, tile in tiles(thrown.values_list(*TILE)[:TRASH_PAGE], Search())]
    context = {"tiles": shown, "count": thrown.count(), "space": space, "days": organising.KEPT_IN_TRASH.days}
    return render(request, "gallery/trash.html", {**context, "spaces": spaces_of(signed_in(request))})


@require_POST
def archive(request: HttpRequest) -> HttpResponseBase:
    """The chosen results as one zip, streamed."""
    space = space_of(signed_in(request))
    most = organising.MOST
    if request.POST.get("everything") == "1" and Found(space, _search(request)).count(most + 1) > most:
        messages.error(request, f"One zip holds at most {most:,} files: narrow the search down, by days for one.")
        return redirect(way_back(request, "/gallery/"))
    results = _chosen(request, space)
    if not results.exists():
        messages.info(request, "Choose something to download first.")
        return redirect(way_back(request, "/gallery/"))
    organising.note_download(results)
    audit.note("pictures downloaded", target=f"{results.count()} as a zip", request=request)
    return zip_response(results, f"pictures {timezone.localdate():%Y-%m-%d}")
