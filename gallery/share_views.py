"""The public page of a collection, its pictures, and the owner's side of a link."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.people import signed_in
from accounts.roles import Right
from accounts.spaces import may_in, visible
from gallery import reviewing, sharing
from gallery.collection_views import collection_page
from gallery.media import prompted_response, served_response
from gallery.models import Collection, Remark, ShareLink
from mjportal.given import line_of, number_of, uuid_of

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
    context = _shown(request, link, token)
    if not context.get("guest"):
        # A guest at work comes back to the page with every pick.
        sharing.count_opening(link)
    return render(request, "gallery/shared.html", context)


def _shown(request: HttpRequest, link: ShareLink, token: str) -> dict[str, Any]:
    """The page of a link; where guests review, with what they made of it, all of it or one kind of it."""
    results = list(sharing.shown_by(link)[: sharing.MOST_SHOWN])
    count = len(results) if len(results) < sharing.MOST_SHOWN else sharing.shown_by(link).count()
    context: dict[str, Any] = {"link": link, "token": token, "count": count, "most": sharing.MOST_SHOWN}
    if not link.may_comment:
        return {**context, "lines": [reviewing.Looked(each, number) for number, each in enumerate(results, start=1)]}
    guest = reviewing.guest_of(request, link)
    lines = reviewing.looked_at(results, Q(pk=link.pk), guest)
    kinds = {
        "all": ("All", lines),
        "mine": ("My picks", [line for line in lines if line.is_picked]),
        "picked": ("Anyone's picks", [line for line in lines if line.pickers]),
        "notes": ("With notes", [line for line in lines if line.remarks]),
    }
    show = request.GET.get("show", "all")
    show = show if show in kinds else "all"
    pictured = uuid_of(request.GET.get("picture", ""))
    at = next((place for place, line in enumerate(lines) if line.result.pk == pictured), None)
    return {
        **context,
        "guest": guest,
        "kinds": kinds,
        "show": show,
        "lines": kinds[show][1],
        "total": len(lines),
        "mine": kinds["mine"][1],
        "opened": None if at is None else lines[at],
        "newer": lines[at - 1] if at else None,
        "older": None if at is None else next(iter(lines[at + 1 : at + 2]), None),
    }


@login_not_required
@never_cache
@require_POST
def review(request: HttpRequest, token: str) -> HttpResponse:
    """A guest gives a name, leaves, picks, rejects, says something or sends the picks; then back to the page."""
    link = sharing.find(token)
    if link is None or not link.may_comment or not sharing.may_enter(request, link):
        raise Http404
    act, back = request.POST.get("act", ""), reverse("shares:page", args=[token])
    if act == "name":
        name = line_of(request.POST.get("name", ""), reviewing.LONGEST_NAME)
        came = name and reviewing.introduce(request, link, name)
        return redirect(back if came else f"{back}?{'full' if name else 'nameless'}=1")
    guest = reviewing.guest_of(request, link)
    if guest is None:
        return redirect(back)
    if act == "leave":
        reviewing.leave(request, link)
    elif act == "send":
        reviewing.send_picks(guest)
    else:
        result = sharing.result_of(link, uuid_of(request.POST.get("result", "")) or link.pk)
        if result is None:
            raise Http404
        if act in reviewing.VERDICTS:
            reviewing.judge(guest, result, act)
        query = {name: request.POST[name] for name in ("show", "picture") if request.POST.get(name)}
        text = request.POST.get("text", "")
        if act == "say" and not reviewing.remark(link, result, text, guest=guest, pin=_pin(request)) and text.strip():
            query["unsaid"] = "1"
        return redirect(f"{back}?{urlencode(query)}#p-{result.pk}")
    return redirect(back)


def _pin(request: HttpRequest) -> tuple[int, int] | None:
    """Where the remark points to, None when it points to nothing."""
    said = [request.POST.get(name, "") for name in ("pin_x", "pin_y")]
    if not all(said):
        return None
    x, y = (min(number_of(each), 1000) for each in said)
    return x, y


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
    if variant == "download" and link.with_prompts and request.method == "GET":
        response = prompted_response(request, result)
    else:
        response = served_response(request, result, variant, may_tell=False)
    # A revoked link must not live on in a cache.
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
def make(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """Open a link to a collection; its address is shown this once."""
    collection = _mine(request, collection_id)
    days = DAYS.get(request.POST.get("days", "7"), 7)
    password = request.POST.get("password", "")[:200]
    options = {name: request.POST.get(name) == "on" for name in ("may_download", "with_prompts", "may_comment")}
    said = request.POST.get("wanted", "")
    is_count = said.isascii() and said.isdigit() and len(said) < 4
    wanted = min(int(said), sharing.MOST_SHOWN) or None if is_count else None
    _, token = sharing.make(collection, signed_in(request), days=days, password=password, wanted=wanted, **options)
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


@require_POST
def reply(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """Answer a remark, where it was made: whoever reviews by another link reads nothing of it."""
    collection = _mine(request, collection_id)
    here = Q(link__collection=collection) | Q(link__collection__parent=collection)
    said = number_of(request.POST.get("remark", ""))
    remark = get_object_or_404(Remark.objects.filter(here).select_related("result"), pk=said)
    if link := next(iter(sharing.open_links(Q(pk=remark.link_id, may_comment=True))), None):
        text = request.POST.get("text", "")
        if not reviewing.remark(link, remark.result, text, user=signed_in(request)) and text.strip():
            messages.error(request, f"It was not kept: a link takes {reviewing.MOST_REMARKS:,} notes and has them all.")
    else:
        messages.error(request, "The link it came by takes no comments any more.")
    return redirect("gallery:collection", collection.pk)


def _mine(request: HttpRequest, collection_id: UUID) -> Collection:
    """A collection this person may share."""
    found = get_object_or_404(Collection.objects.filter(visible(request.user), query=""), pk=collection_id)
    if not may_in(request.user, found.team_id, Right.MAKE):
        raise Http404
    return found
