"""The studio, the one poll, the task page and the acts on a task. Every query starts at the person."""

import json
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.people import signed_in
from accounts.roles import Right
from accounts.spaces import Space, key_for, may_in, open_role_in, space_holding, space_of, spaces_of, visible
from gallery.models import Result
from kie.parameters import TaskType
from mjportal.given import uuid_of
from tasks import batches, follow_ups, lifecycle
from tasks.board import FILTERS, page_of
from tasks.cards import Card, card_of, with_results
from tasks.changed import context_since, standing_of
from tasks.composing import compose_for, reading_for, shown_of
from tasks.detail import detail_of
from tasks.forms import ComposeForm, ExtendForm
from tasks.models import Batch, Kind, Status, Task
from tasks.polling import is_revision, is_team
from tasks.references import address, missing, source_of
from tasks.remembered import Preset
from tasks.remembering import starting_values
from usage import prices
from usage.budgets import OverBudget, tightest

ONLY_LOOKING = "In this team you may look, not make. Choose your own space, or ask an admin of the team."
NO_KEY = "Connect your API key first; nothing can be sent without it."


@require_safe
def studio(request: HttpRequest) -> HttpResponse:
    """The composer and the board; with `before=<cursor>` asked for by htmx, the next cards alone."""
    user = signed_in(request)
    space = space_of(user)
    show = request.GET.get("show", "all")
    show = show if show in FILTERS else "all"
    page = page_of(space, show, request.GET.get("before", ""))
    context: dict[str, Any] = {"cards": page.cards, "older": page.older, "show": show, "space": space}
    if request.htmx and request.GET.get("before"):  # type: ignore[attr-defined]
        response = render(request, "tasks/studio.html#cards", context)
    else:
        standing = standing_of(space)
        context |= {"batches": batches.under_way(space) if standing.batched else [], "spaces": spaces_of(user)}
        context |= {"filters": FILTERS, "counts": standing, "is_first": not page.cards and show == "all"}
        context |= {
            "composer": compose_for(user, space, _form_to_start(request), is_open=_asks_to_edit(request)),
            **standing.poll(space, is_board=True),
        }
        response = render(request, "tasks/studio.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _asks_to_edit(request: HttpRequest) -> bool:
    return any(name in request.GET for name in ("edit", "animate", "use"))


def _form_to_start(request: HttpRequest) -> ComposeForm:
    """Filled from the task named by `edit` or `reuse`; else with the settings of the last one, without its prompt."""
    mine = Task.objects.visible_to(request.user)
    named = request.GET.get("edit") or request.GET.get("reuse")
    prompt = request.GET.get("prompt", "")
    if named:
        shown = shown_of(get_object_or_404(mine, pk=uuid_of(named)))
        if request.GET.get("only") != "prompt":
            return ComposeForm(shown=shown)
        prompt = shown["prompt"]
    pictured = request.GET.get("animate") or request.GET.get("use")
    if pictured:
        return ComposeForm(shown=_to_start_from(request, pictured))
    shown = starting_values(space_of(signed_in(request)))
    preset = request.GET.get("preset")
    if preset:
        chosen = get_object_or_404(Preset.objects.filter(visible(request.user)), pk=uuid_of(preset))
        shown = {**{name: shown[name] for name in ("prompt", "file_urls") if name in shown}, **chosen.values}
    if prompt:
        shown["prompt"] = prompt
    return ComposeForm(shown=shown)


def _to_start_from(request: HttpRequest, pictured: str) -> dict[str, Any]:
    """A clip (`animate`) or a picture (`use`, of the type `as`) that starts from one of ours."""
    result = get_object_or_404(Result.objects.visible_to(request.user).select_related("task"), pk=uuid_of(pictured))
    shown = shown_of(result.task)
    kept: dict[str, Any] = {name: shown[name] for name in ("prompt", "aspect_ratio") if name in shown}
    asked = request.GET.get("as", TaskType.FROM_IMAGE.value) if "use" in request.GET else TaskType.VIDEO.value
    task_type = asked if asked in set(TaskType) - {TaskType.IMAGE} else TaskType.FROM_IMAGE.value
    return {**kept, "task_type": task_type, "file_urls": [address("result", result.pk)]}


@require_POST
def compose(request: HttpRequest) -> HttpResponse:
    """Check the form and queue a task; 422 with the messages beside the fields when something is wrong."""
    user = signed_in(request)
    space = space_of(user)
    form = ComposeForm(request.POST)
    if missing(user, form.shown["file_urls"]):
        form.add_error("file_urls", "One of these pictures is not there any more. Take it out.")
    if not space.may_make:
        form.add_error(None, ONLY_LOOKING)
    if form.is_valid():
        try:
            made = _queue(user, space, form)
        except lifecycle.NoKey:
            form.add_error(None, NO_KEY)
        except (OverBudget, lifecycle.UsedForm) as error:
            form.add_error(None, str(error))
        else:
            return _made(request, space, made, form.fresh_nonce)
    context = {
        "composer": compose_for(user, space, form),
        "cards": [],
        "filters": FILTERS,
        "show": "all",
        "space": space,
    }
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "tasks/_composer.html", context, status=422)
        response["HX-Retarget"], response["HX-Reswap"] = "#composer", "outerHTML"
        return response
    page = page_of(space, "all", "")
    standing = standing_of(space)
    context |= {"cards": page.cards, "older": page.older, "counts": standing, "spaces": spaces_of(user)}
    context |= standing.poll(space, is_board=True)
    return render(request, "tasks/studio.html", context, status=422)


def _queue(user: User, space: Space, form: ComposeForm) -> list[Task]:
    """The task of the form, or those of its template."""
    nonce = form.cleaned_data["nonce"] or uuid4()
    prompts = [(prompt.text, prompt.values) for prompt in form.chosen]
    source = source_of(user, form.shown["file_urls"])
    kin: dict[str, Any] = {"parent": source.task, "parent_position": source.position} if source else {}
    kin["team_id"] = space.team_id
    if len(form.whole.prompts) > 1:
        return batches.create(user, form.whole.template, prompts, nonce, mail_wanted=form.mail_wanted, **kin)
    [(text, values)] = prompts
    return [lifecycle.create(user, values, nonce=nonce, expansion=text, **kin)[0]]


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """What the composer's text means, while it is typed: notes on flags, the list of prompts, what they cost."""
    form = ComposeForm(request.POST)
    space = space_of(signed_in(request))
    whose = space.user_id, space.team_id
    return render(request, "tasks/_reading.html", {"reading": reading_for(form, key_for(*whose), tightest(*whose))})


@require_POST
def batch(request: HttpRequest, batch_id: UUID, act: str) -> HttpResponse:
    """Pause, resume or cancel what has not left of a batch; its cards follow with the next poll."""
    user = signed_in(request)
    found = get_object_or_404(Batch.objects.filter(visible(user)), pk=batch_id)
    if act not in batches.ACTS or not _may_act(user, found):
        raise Http404
    batches.ACTS[act](found)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "tasks/_batches.html", {"batches": batches.under_way(space_of(user))})
    return redirect("tasks:studio")


def _may_act(user: User, made: Task | Batch) -> bool:
    """Whether the person may stop or send on what was made: their own while they may make, else as the team's admin."""
    return may_in(user, made.team_id, Right.MAKE if made.user_id == user.pk else Right.TASKS)


def _made(request: HttpRequest, space: Space, made: list[Task], nonce: str) -> HttpResponse:
    """The new cards at the head of the board, at once."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("tasks:studio")
    # The poll keeps its cursor: between it and now other cards may have changed, which the page has not seen.
    tasks = with_results(Task.objects.filter(space.holds, pk__in=[task.pk for task in made]))
    cards = [card_of(task) for task in tasks.order_by("-created_at")]
    context: dict[str, Any] = {"cards": cards, "nonce": nonce, "space": space}
    if len(made) > 1:
        context["batches"] = batches.under_way(space)
    return render(request, "tasks/_made.html", context)


@require_POST
def follow(request: HttpRequest, result_id: UUID) -> HttpResponse:
    """Upscale or vary one finished picture."""
    result = _to_follow(request, result_id, Result.Kind.IMAGE)
    kind = request.POST.get("kind", "")
    if kind not in (Kind.UPSCALE, Kind.VARY):
        return HttpResponse("Choose upscale or vary.", status=422, content_type="text/plain")
    user = signed_in(request)
    try:
        task, _ = follow_ups.follow_up(user, result, kind, nonce=uuid_of(request.POST.get("nonce", "")))
    except lifecycle.NoKey:
        messages.error(request, NO_KEY)
        return redirect("accounts:key")
    except (follow_ups.NotBuildable, lifecycle.UsedForm, OverBudget) as error:
        return _refused(request, str(error), result)
    return _made(request, space_of(user), [task], "")


def _refused(request: HttpRequest, why: str, result: Result) -> HttpResponse:
    """Say why nothing was queued: as a toast for the script, else on the viewer."""
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204, headers={"HX-Trigger": _toast(why)})
    messages.error(request, why)
    return redirect("gallery:viewer", result.pk)


def _to_follow(request: HttpRequest, result_id: UUID, kind: str) -> Result:
    """A result the provider can build on: of a finished task that it knows."""
    mine = Result.objects.visible_to(request.user).filter(kind=kind, task__status=Status.SUCCEEDED)
    found = get_object_or_404(mine.exclude(task__provider_task_id="").select_related("task"), pk=result_id)
    if not may_in(request.user, found.team_id, Right.MAKE):
        raise Http404
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def extend(request: HttpRequest, result_id: UUID) -> HttpResponse:
    """Lengthen a clip: a page of its own, because it costs the most and may take words."""
    result = _to_follow(request, result_id, Result.Kind.VIDEO)
    form = ExtendForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        nonce = form.cleaned_data["nonce"] or uuid4()
        try:
            follow_ups.follow_up(
                signed_in(request), result, Kind.EXTEND, prompt=form.cleaned_data["prompt"], nonce=nonce
            )
        except lifecycle.NoKey:
            messages.error(request, NO_KEY)
            return redirect("accounts:key")
        except (follow_ups.NotBuildable, lifecycle.UsedForm, OverBudget) as error:
            return _refused(request, str(error), result)
        return redirect("tasks:studio")
    cost = prices.today().estimate(Kind.EXTEND, {})
    context = {"form": form, "result": result, "nonce": uuid4(), "cost": cost}
    return render(request, "tasks/extend.html", context, status=422 if form.errors else 200)


@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """The one poll of a board: the cards that changed since `after`, out of band, and the next poll. 204 when none."""
    after = request.GET.get("after", "")
    since = int(after) if is_revision(after) else 0
    team = request.GET.get("team")
    if not is_team(team):
        raise Http404
    team_id = UUID(team) if team else None
    role = open_role_in(request.user, team_id)
    if not role:
        raise Http404
    space = Space(signed_in(request).pk, team_id, role)
    context = context_since(space, since, request.GET.get("board"))
    if context["revision"] == since:
        return HttpResponse(status=204)
    return render(request, "tasks/_changes.html", context)


@require_safe
def task(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Everything about one task."""
    found = get_object_or_404(with_results(Task.objects.visible_to(request.user)), pk=task_id)
    user = signed_in(request)
    space = space_holding(user, found.team_id)
    poll = standing_of(space).poll(space, is_board=False)
    sees_answers = found.user_id == user.pk or user.is_staff or space.may_stop
    context = {"detail": detail_of(found), "space": space, "sees_answers": sees_answers, **poll}
    return render(request, "tasks/task.html", context)


@require_POST
def cancel(request: HttpRequest, task_id: UUID) -> HttpResponse:
    return _act(request, task_id, lifecycle.cancel, "It has left already, so it can't be cancelled.")


@require_POST
def release(request: HttpRequest, task_id: UUID) -> HttpResponse:
    release_it = partial(lifecycle.release, by=signed_in(request))
    return _act(request, task_id, release_it, "It could not be sent: there is no key that may pay for it.")


@require_POST
def look(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Ask the provider now. A task nobody ever named an id for can only be healed by its callback."""
    sorry = "The provider never gave it a number, so only its callback can tell. Check the log at the provider."
    return _act(request, task_id, lifecycle.look_now, sorry, "Looking it up at the provider.")


def _act(request: HttpRequest, task_id: UUID, verb: Any, sorry: str, done: str = "") -> HttpResponse:
    user = signed_in(request)
    found = get_object_or_404(Task.objects.visible_to(user), pk=task_id)
    if not _may_act(user, found):
        raise Http404
    said = done if verb(found) else sorry
    if request.htmx:  # type: ignore[attr-defined]
        context = {"card": _card(user, task_id), "space": space_holding(user, found.team_id)}
        response = render(request, "tasks/_card.html", context)
        if said:
            response["HX-Trigger"] = _toast(said)
        return response
    if said:
        messages.info(request, said)
    return redirect("tasks:task", task_id)


@require_http_methods(["GET", "HEAD", "POST"])
def again(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Ask once whether to send an unconfirmed task anew, since it may cost twice; on POST, do it."""
    mine = Task.objects.visible_to(request.user).select_related("user", "parent")
    found = get_object_or_404(mine, pk=task_id, status__in=(Status.UNCONFIRMED, Status.FAILED, Status.CANCELLED))
    # What was only looked up was never sent, so there is nothing to send again.
    if found.kind == Kind.IMPORT or found.user_id != request.user.pk or not _may_act(signed_in(request), found):
        raise Http404
    if request.method == "POST":
        nonce = uuid_of(request.POST.get("nonce", "")) or uuid4()
        try:
            follow_ups.send_again(found, nonce)
        except lifecycle.NoKey:
            messages.error(request, NO_KEY)
        except (OverBudget, lifecycle.UsedForm) as error:
            messages.error(request, str(error))
        return redirect("tasks:studio")
    # A callback named it, whatever its answer said: the provider may have it.
    is_doubtful = found.status == Status.UNCONFIRMED or bool(found.hinted_task_id and not found.provider_task_id)
    context = {"card": card_of(found), "nonce": uuid4(), "is_doubtful": is_doubtful}
    return render(request, "tasks/again.html", context)


def _card(user: User, task_id: UUID) -> Card:
    return card_of(with_results(Task.objects.visible_to(user)).get(pk=task_id))


def _toast(text: str) -> str:
    # Header values are Latin-1: JSON's escapes keep any word whole.
    return json.dumps({"toast": text})
