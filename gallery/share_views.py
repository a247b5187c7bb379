"""The public page of a collection, its pictures, and the owner's side of a link."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.people import signed_in
from accounts.roles import Right
from accounts.spaces import may_in, visible
from gallery import sharing
from gallery.media import served_response
from gallery.models import Collection, ShareLink
from gallery.organise_views import collection_page

DAYS = {"1": 1, "7": 7, "30": 30, "": None}
PICTURES = {"320", "640", "1280", "poster", "clip"}


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """What somebody with the link sees, after its password when it has one; and nothing else of the site."""
    link = sharing.find(token)
    if link is None:
        return render(request, "gallery/shared_gone.html", status=404)
    wrong = request.method == "POST" and not sharing.enter(request, link, request.POST.get("password", "")[:200])
    if not sharing.may_enter(request, link):
        return render(request, "gallery/shared_door.html", {"wrong": wrong}, status=403 if wrong else 200)
    if request.method == "POST":
        return redirect("shares:page", token)
    sharing.count_opening(link)
    shown = sharing.shown_by(link)[: sharing.MOST_SHOWN]
    return render(request, "gallery/shared.html", {"link": link, "results": shown, "token": token})


@login_not_required
@require_safe
def file(request: HttpRequest, token: str, result_id: UUID, variant: str) -> HttpResponseBase:
    """One rendition, or the original where downloads are allowed. The link is asked for every single file."""
    link = sharing.find(token)
    if link is None or not sharing.may_enter(request, link):
        raise Http404
    if variant not in PICTURES and not (variant == "download" and link.may_download):
        raise Http404
    result = sharing.result_of(link, result_id)
    if result is None:
        raise Http404
    response = served_response(request, result, variant)
    # A revoked link must not live on in a cache.
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
def make(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """Open a link to a collection; its address is shown this once."""
    collection = _mine(request, collection_id)
    days = DAYS.get(request.POST.get("days", "7"), 7)
    password = request.POST.get("password", "")[:200]
    may_download = request.POST.get("may_download") == "on"
    _, token = sharing.make(collection, signed_in(request), days=days, password=password, may_download=may_download)
    address = request.build_absolute_uri(reverse("shares:page", args=[token]))
    return collection_page(request, collection, fresh_link=address)


@require_POST
def revoke(request: HttpRequest, link_id: UUID) -> HttpResponse:
    """Close a link."""
    link = get_object_or_404(ShareLink.objects.select_related("collection"), pk=link_id)
    _mine(request, link.collection_id)
    sharing.revoke(link, signed_in(request))
    messages.success(request, "The link is closed. Whoever has it sees nothing from now on.")
    return redirect("gallery:collection", link.collection_id)


def _mine(request: HttpRequest, collection_id: UUID) -> Collection:
    """A collection this person may share."""
    found = get_object_or_404(Collection.objects.filter(visible(request.user)), pk=collection_id)
    if not may_in(request.user, found.team_id, Right.MAKE):
        raise Http404
    return found
