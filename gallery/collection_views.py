"""A space's collections: the strip over the wall, and the page of each with its order, its cover and its links."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.people import signed_in
from accounts.roles import Right
from accounts.spaces import Space, may_in, space_of, visible
from gallery import organising, reviewing, sharing
from gallery.models import Collection, CollectionItem, ShareLink
from gallery.organising import LONGEST_NAME, MOST_COLLECTIONS
from gallery.search import Search
from mjportal.given import line_of, number_of, uuid_of

PAGE = 200


@require_http_methods(["GET", "HEAD", "POST"])
def collections(request: HttpRequest) -> HttpResponse:
    """GET: the collections of the space, for the strip over the wall. POST: make one."""
    space = space_of(signed_in(request))
    if request.method == "POST":
        name = line_of(request.POST.get("name", ""), LONGEST_NAME)
        if not space.may_make:
            raise Http404
        if name and Collection.objects.filter(space.holds).count() < MOST_COLLECTIONS:
            query = Search.from_query(QueryDict(request.POST.get("query", ""))).query
            if query:
                Collection.objects.create(user_id=space.user_id, team_id=space.team_id, name=name, query=query)
                messages.success(request, f"The search is kept as {name}.")
                return redirect(f"{reverse('gallery:index')}?{query}")
            parent = _top(space, request.POST.get("parent", ""))
            made = Collection.objects.create(user_id=space.user_id, team_id=space.team_id, name=name, parent=parent)
            return redirect("gallery:collection", made.pk)
        messages.error(request, "Give it a name.")
        return redirect("gallery:index")
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("gallery:index")
    context = {
        "collections": organising.collections_of(space),
        "chosen": str(uuid_of(request.GET.get("collection", "")) or ""),
        "search": Search.from_query(QueryDict(request.GET.get("search", ""))),
        "space": space,
    }
    return render(request, "gallery/_collections.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def collection(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """One collection: its pictures in order, its name, and its links. POST: rename, move up or down, or delete."""
    found = _mine(request, collection_id)
    if request.method == "POST":
        if not may_in(signed_in(request), found.team_id, Right.MAKE):
            raise Http404
        return _change(request, found)
    return collection_page(request, found)


def collection_page(request: HttpRequest, found: Collection, **more: Any) -> HttpResponse:
    """The page of a collection. `more`: the address of a `fresh_link`, shown this once, or what is to be `asked`."""
    user = signed_in(request)
    may_change = may_in(user, found.team_id, Right.MAKE)
    own = Space(user.pk, found.team_id)
    links = found.links.filter(revoked_at=None) if may_change else found.links.none()
    tops = Collection.objects.filter(own.holds, parent=None, query="").exclude(pk=found.pk)
    context: dict[str, Any] = {
        "collection": found,
        "page": Paginator(_items(found), PAGE).get_page(request.GET.get("page")),
        "children": found.children.all(),
        "links": links,
        "shown": sharing.shown_in(found).count() if may_change else 0,
        "most_shown": sharing.MOST_SHOWN,
        "also_by": len(_open_links(found.parent)) if may_change else 0,
        "tops": tops,
        "may_change": may_change,
        "tally": reviewing.tally(found) if may_change else [],
        "now": timezone.now(),
        **more,
    }
    return render(request, "gallery/collection.html", context)


def _items(found: Collection) -> "QuerySet[CollectionItem]":
    """What its page shows: the saved pictures that belong to its space still."""
    space = Q(result__team=found.team_id) if found.team_id else Q(result__team=None, result__user=found.user_id)
    items = found.items.filter(space, result__trashed_at=None, result__saved_at__isnull=False)
    return items.select_related("result__task")


def _open_links(collection: Collection | None) -> list[ShareLink]:
    return sharing.open_links(Q(collection=collection)) if collection else []


def _mine(request: HttpRequest, collection_id: UUID) -> Collection:
    return get_object_or_404(Collection.objects.filter(visible(request.user)), pk=collection_id)


def _change(request: HttpRequest, found: Collection) -> HttpResponse:
    what = request.POST.get("act", "rename")
    if what == "delete":
        found.delete()
        messages.success(request, f"The collection {found} is deleted. Its pictures stay in the gallery.")
        return redirect("gallery:index")
    if what == "order":
        _order(found, request.POST.getlist("result"))
        return (
            HttpResponse(status=204) if request.headers.get("HX-Request") else redirect("gallery:collection", found.pk)
        )
    if what == "cover":
        item = found.items.filter(result_id=uuid_of(request.POST.get("result", "")) or found.pk).first()
        Collection.objects.filter(pk=found.pk).update(cover=item.result if item else None)
        address = reverse("gallery:collection", args=[found.pk])
        return redirect(f"{address}?page={number_of(request.GET.get('page', '')) or 1}")
    return _keep(request, found)


def _keep(request: HttpRequest, found: Collection) -> HttpResponse:
    """Its name and its place. Under a shared one it would be public at once: that is asked first."""
    name = line_of(request.POST.get("name", ""), LONGEST_NAME)
    parent = _top(Space(found.user_id, found.team_id), request.POST.get("parent", ""))
    # One level deep: what has children of its own stays on top.
    chosen = None if found.children.exists() or parent == found else parent
    links = len(_open_links(chosen)) if chosen and chosen != found.parent else 0
    if links and request.POST.get("sure") != "1":
        return collection_page(request, found, asked={"name": name, "parent": chosen, "links": links})
    Collection.objects.filter(pk=found.pk).update(name=name or found.name, parent=chosen)
    messages.success(request, "Kept.")
    return redirect("gallery:collection", found.pk)


def _top(space: Space, said: str) -> Collection | None:
    """A collection of the space that stands on top, by its id."""
    pk = uuid_of(said)
    return Collection.objects.filter(space.holds, parent=None, query="", pk=pk).first() if pk else None


def _order(found: Collection, said: list[str]) -> None:
    """Put these results into this order, on the places they have: all others, on another page or in the trash, stay."""
    place = {pk: number for number, text in enumerate(said) if (pk := uuid_of(text))}
    items = list(found.items.all())
    named = iter(sorted((each for each in items if each.result_id in place), key=lambda each: place[each.result_id]))
    line = [next(named) if each.result_id in place else each for each in items]
    for number, item in enumerate(line, start=1):
        item.position = number
    found.items.bulk_update(line, ["position"], batch_size=500)
