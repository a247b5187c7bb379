"""Draft, presets and history of the composer."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.people import signed_in
from accounts.spaces import space_holding, space_of, visible
from mjportal.given import line_of
from tasks import remembering
from tasks.forms import ComposeForm
from tasks.remembered import Preset


@require_POST
def draft(request: HttpRequest) -> HttpResponse:
    """Keep what stands in the composer."""
    remembering.save_draft(signed_in(request).pk, ComposeForm(request.POST).shown)
    return HttpResponse(status=204)


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """Earlier prompts, those with the words of `q`."""
    prompts = remembering.earlier_prompts(signed_in(request).pk, request.GET.get("q", "").replace("\0", "")[:200])
    return render(request, "tasks/_history.html", {"prompts": prompts})


@require_http_methods(["GET", "HEAD", "POST"])
def presets(request: HttpRequest) -> HttpResponse:
    """GET: the list. POST: keep the settings of the form under `name`."""
    space = space_of(signed_in(request))
    said = ""
    if request.method == "POST":
        name = line_of(request.POST.get("name", ""), 61)
        if not space.may_make:
            said = "In this team you may look, not keep presets."
        elif not 0 < len(name) <= 60:
            said = "Give it a name of at most 60 characters."
        else:
            try:
                remembering.save_preset(space, name, ComposeForm(request.POST).shown)
            except remembering.NotKept as error:
                said = str(error)
    return _list(request, said)


@require_POST
def preset(request: HttpRequest, preset_id: UUID, act: str) -> HttpResponse:
    """Start with this preset from now on (`default`), or delete it."""
    user = signed_in(request)
    found = get_object_or_404(Preset.objects.filter(visible(user)), pk=preset_id)
    if not remembering.may_change(space_holding(user, found.team_id), found):
        raise Http404
    if act == "default":
        remembering.make_default(found)
    else:
        found.delete()
    return _list(request, "") if request.headers.get("HX-Request") else redirect("tasks:studio")


def _list(request: HttpRequest, said: str) -> HttpResponse:
    space = space_of(signed_in(request))
    context: dict[str, Any] = {"space": space, "presets": remembering.presets_in(space), "said": said}
    return render(request, "tasks/_presets.html", context, status=422 if said else 200)
