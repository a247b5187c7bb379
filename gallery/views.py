"""The pages of the gallery: the wall, the viewer, the star."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from accounts.people import signed_in
from accounts.roles import Right
from accounts.spaces import Space, here_among, may_in, space_of, spaces_of
from gallery import comparing, services
from gallery.embedding import can_carry
from gallery.facets import read_desk
from gallery.models import KEPT_BY_PROVIDER, Result
from gallery.paging import parse_place
from gallery.search import KINDS, Search
from gallery.sniffing import BY_MIME
from gallery.viewing import beside, read_family, read_strip
from gallery.wall import clock, count_found, day_name, read_around, read_newer, read_page
from gallery.wording import as_flags, in_words, type_name
from mjportal.given import uuid_of, way_back

DENSITIES = 5
DEFAULT_DENSITY = 3
MOST_UNSAVED = 50


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The wall, around the result `at` when one is named; for htmx the page `after` or `before` a cursor alone."""
    search = Search.from_query(request.GET)
    place, up = (parse_place(request.GET.get(name, "")) for name in ("after", "before"))
    spaces = spaces_of(signed_in(request))
    space = here_among(spaces, signed_in(request))
    named = uuid_of(request.GET.get("at", ""))
    at = Result.objects.in_space(space).on_wall().filter(pk=named).first() if named else None
    if up:
        page = read_newer(space, search, up)
    else:
        page = read_around(space, search, at) if at and not place else read_page(space, search, place)
    today = timezone.localdate()
    context: dict[str, Any] = {
        "page": page,
        "days": [(day, day_name(day.date, today)) for day in page.days],
        "search": search,
        "more": _more(search, "after", page.older),
        "newer": _more(search, "before", page.newer),
        "files_line": (page.saving, page.lost),
    }
    is_fragment = bool(getattr(request, "htmx", False)) and (place or up) is not None
    if not is_fragment:
        context |= {"kinds": KINDS, "density": _density(request)}
        context |= {"space": space, "spaces": spaces}
        context["found"] = count_found(space, search) if search else ""
        context["kept_days"] = KEPT_BY_PROVIDER.days
        context["unsaved"] = _unsaved(space) if page.saving or page.lost else []
    response = render(request, "gallery/index.html#days" if is_fragment else "gallery/index.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def facets(request: HttpRequest) -> HttpResponse:
    """The filter desk alone, for the search in the address: fetched when somebody opens it."""
    search = Search.from_query(request.GET)
    person = signed_in(request)
    here, spaces = space_of(person), spaces_of(person)
    # A search is in one space: its facet leads from one to the other and takes the search along.
    counted = [space for space in spaces if not space.is_shut] if len(spaces) > 1 else []
    teams = [(space, count_found(space, search)) for space in counted]
    context = {"search": search, "desk": read_desk(here, search), "teams": teams, "space": here}
    return render(request, "gallery/_facets.html", context)


def _more(search: Search, way: str, cursor: str) -> str:
    if not cursor:
        return ""
    return f"{reverse('gallery:index')}?{search.query}{'&' if search else ''}{way}={cursor}"


def _density(request: HttpRequest) -> int:
    """1 (large pictures) to 5 (small), as the slider left it in a cookie, so that the first paint is right."""
    value = request.COOKIES.get("density", "")
    return int(value) if value in {str(step) for step in range(1, DENSITIES + 1)} else DEFAULT_DENSITY


def _unsaved(space: Space) -> list[Result]:
    waiting = Result.objects.in_space(space).filter(state__in=[Result.State.SAVING, Result.State.LOST])
    return list(waiting.select_related("task").order_by("deadline")[:MOST_UNSAVED])


@require_safe
def viewer(request: HttpRequest, result_id: UUID) -> HttpResponse:
    """One picture or clip, large; a whole page, or for the script the viewer alone."""
    visible = Result.objects.visible_to(request.user).select_related("task", "user")
    result = get_object_or_404(visible, pk=result_id)
    search = Search.from_query(request.GET)
    parameters = result.task.parameters
    family = read_family(request.user, result)
    context = {
        "result": result,
        "task": result.task,
        "search": search,
        "strip": read_strip(request.user, search, result),
        "family": family,
        "type": type_name(result.task.task_type),
        "length": clock(result.duration) if result.duration else "",
        "parameters": in_words(parameters),
        "flags": as_flags(parameters),
        "back": reverse("gallery:index") + (f"?{search.query}" if search else ""),
        "reuse": f"/?reuse={result.task_id}",
        "beside": beside(family, result),
        "tags": list(result.tags.values_list("name", flat=True)),
        "may_carry": can_carry(BY_MIME[result.content_type]) if result.content_type in BY_MIME else False,
        "may_make": may_in(request.user, result.team_id, Right.MAKE),
    }
    is_fragment = bool(getattr(request, "htmx", False))
    response = render(request, "gallery/viewer.html#viewer" if is_fragment else "gallery/viewer.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_POST
def fetch(request: HttpRequest) -> HttpResponse:
    """Try the files that are not saved again, now: the one named `result`, or all of this space."""
    space = space_of(signed_in(request))
    if not space.may_make:
        raise Http404
    unsaved = Result.objects.in_space(space).filter(state__in=[Result.State.SAVING, Result.State.LOST])
    if "result" in request.POST:
        unsaved = unsaved.filter(pk=uuid_of(request.POST["result"]) or UUID(int=0))
    asked = services.try_all_again(unsaved)
    said = f"{asked:,} asked for again; what arrives appears here by itself."
    if (left := unsaved.count() - asked) > 0 and "result" not in request.POST:
        said += f" {left:,} more are not asked for yet: press it again for them."
    messages.info(request, said)
    return redirect("gallery:index")


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Two saved results, `a` and `b`, over each other or side by side, and what differs."""
    ids = [uuid_of(request.GET.get(name, "")) for name in ("a", "b")]
    shown = Result.objects.visible_to(request.user).on_wall().select_related("task")
    found = {each.pk: each for each in shown.filter(pk__in=[pk for pk in ids if pk])}
    if ids[0] == ids[1] or not all(pk in found for pk in ids):
        raise Http404
    left, right = (found[pk] for pk in ids if pk)
    context = {
        "sides": list(zip((left, right), comparing.names_of(left, right), strict=True)),
        "differences": comparing.differences(left, right),
        "is_clip": Result.Kind.VIDEO in (left.kind, right.kind),
        "swapped": f"{reverse('gallery:compare')}?a={right.pk}&b={left.pk}",
    }
    return render(request, "gallery/compare.html", context)


@require_POST
def star(request: HttpRequest, result_id: UUID) -> HttpResponse:
    """Set the star (`starred=1`) or take it away; 204 for the script, back to where the form was otherwise."""
    result = get_object_or_404(Result.objects.visible_to(request.user), pk=result_id)
    if not may_in(request.user, result.team_id, Right.MAKE):
        raise Http404
    services.set_star(result, request.POST.get("starred") == "1")
    if getattr(request, "htmx", False):
        return HttpResponse(status=204)
    return redirect(way_back(request, reverse("gallery:viewer", args=[result.pk])))
