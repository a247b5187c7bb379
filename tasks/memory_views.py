"""Draft, presets and history of the composer."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tasks import remembering
from tasks.forms import ComposeForm
from tasks.models import Preset


@require_POST
def draft(request: HttpRequest) -> HttpResponse:
    """Keep what stands in the composer."""
    remembering.save_draft(_person(request), ComposeForm(request.POST).shown)
    return HttpResponse(status=204)


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """Earlier prompts, those with the words of `q`."""
    prompts = remembering.earlier_prompts(_person(request), request.GET.get("q", "")[:200])
    return render(request, "tasks/_history.html", {"prompts": prompts})


@require_http_methods(["GET", "HEAD", "POST"])
def presets(request: HttpRequest) -> HttpResponse:
    """GET: the list. POST: keep the settings of the form under `name`."""
    person = _person(request)
    said = ""
    if request.method == "POST":
        name = " ".join(request.POST.get("name", "").split())
        if not 0 < len(name) <= 60:
            said = "Give it a name of at most 60 characters."
        else:
            try:
                remembering.save_preset(person, name, ComposeForm(request.POST).shown)
            except remembering.TooManyPresets as error:
                said = str(error)
    return _list(request, said)


@require_POST
def preset(request: HttpRequest, preset_id: UUID, act: str) -> HttpResponse:
    """Start with this preset from now on (`default`), or delete it."""
    found = get_object_or_404(Preset, pk=preset_id, user_id=_person(request))
    if act == "default":
        remembering.make_default(found)
    else:
        found.delete()
    return _list(request, "") if request.headers.get("HX-Request") else redirect("tasks:studio")


def _list(request: HttpRequest, said: str) -> HttpResponse:
    context: dict[str, Any] = {"presets": Preset.objects.filter(user_id=_person(request)), "said": said}
    return render(request, "tasks/_presets.html", context, status=422 if said else 200)


def _person(request: HttpRequest) -> int:
    assert request.user.pk is not None  # noqa: S101 - the login middleware has seen to it
    return request.user.pk
