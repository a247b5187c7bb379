"""The admin's pages over everything: home, what is stuck, the callback diary, the audit trail. Staff only."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.models import ApiKey, AuditEntry, StoppedKey, Team, User
from accounts.people import signed_in
from accounts.services import let_key_work, stop_key
from callbacks.models import Delivery
from gallery.models import Result
from gallery.services import try_again
from mjportal.given import line_of, number_of, uuid_of
from mjportal.spreadsheets import csv_response
from oversight import diary
from oversight.forms import OwnLiftForm
from oversight.home import home as gather
from oversight.stuck import stuck_tasks
from tasks import lifecycle, offboarding
from tasks.models import FINAL, WAITING, Task
from usage import budgets
from usage.models import Budget

PAGE = 100
MOST_TABS = 12
MOST_FETCHED = 500
MOST_OF_A_REASON = 500


def staff_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """To everybody else the page does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        if not signed_in(request).is_staff:
            raise Http404
        return view(request, *args, **options)

    return guarded


def _render(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    context["stuck_count"] = stuck_tasks().count()
    return render(request, f"oversight/{name}.html", context)


@require_safe
@staff_only
def home(request: HttpRequest) -> HttpResponse:
    teams = list(Team.objects.order_by("name")[:MOST_TABS])
    chosen = next((team for team in teams if str(team.pk) == request.GET.get("team")), None)
    return _render(request, "home", {"home": gather(chosen), "teams": teams, "chosen": chosen})


@require_safe
@staff_only
def stuck(request: HttpRequest) -> HttpResponse:
    """Every task that needs a person, with acts on one or many."""
    return _render(request, "stuck", {"tasks": stuck_tasks()[: PAGE * 2]})


@require_POST
@staff_only
def act_on_many(request: HttpRequest) -> HttpResponse:
    """`look`, `release` or `fail` (with a reason) the ticked tasks; each is in the audit trail."""
    act, reason = request.POST.get("act", ""), line_of(request.POST.get("reason", ""), MOST_OF_A_REASON)
    if act == "fail" and not reason:
        messages.error(request, "Say why: the person reads it on the card.")
        return redirect("oversight:stuck")
    verbs: dict[str, Callable[[Task], bool]] = {
        "look": lifecycle.look_now,
        "release": lifecycle.release,
        "fail": lambda task: lifecycle.fail_by_hand(task, reason),
    }
    if act not in verbs:
        raise Http404
    ids = [found for said in request.POST.getlist("task")[: PAGE * 2] if (found := uuid_of(said))]
    done = 0
    for task in Task.objects.filter(pk__in=ids):
        if verbs[act](task):
            done += 1
            audit.note(f"task {act}", target=task.pk, team=task.team, request=request, reason=reason)
    messages.success(request, f"{done} of {len(ids)} done.")
    return redirect("oversight:stuck")


@require_POST
@staff_only
def act(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Ask the provider about one task now."""
    found = get_object_or_404(Task, pk=task_id)
    if lifecycle.look_now(found):
        audit.note("task look", target=found.pk, team=found.team, request=request)
        messages.success(request, "It is looked at within seconds.")
    else:
        messages.error(request, "The provider never gave it a number, so only its callback can tell.")
    return redirect(_back(request))


@require_POST
@staff_only
def fetch(request: HttpRequest, result_id: UUID) -> HttpResponse:
    """Fetch a file again now."""
    if try_again(get_object_or_404(Result, pk=result_id)):
        audit.note("file fetched again", target=result_id, request=request)
        messages.success(request, "It is fetched now.")
    return redirect(_back(request))


@require_safe
@staff_only
def files(request: HttpRequest) -> HttpResponse:
    """Every file that is not on our storage: those on the way, the nearest to its end first, then the lost ones."""
    words = _words(request)
    found = _unsaved().filter(Q(user__email__icontains=words) | Q(user__name__icontains=words))
    saving, lost = (found.filter(state=state).count() for state in (Result.State.SAVING, Result.State.LOST))
    shown = found.select_related("user", "team", "task").order_by("-state", "deadline")
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    return _render(request, "files", {"page": page, "words": words, "saving": saving, "lost": lost})


@require_POST
@staff_only
def fetch_many(request: HttpRequest) -> HttpResponse:
    """Fetch the ticked files again, or with `everything=1` the MOST_FETCHED nearest to their end."""
    ids = [found for said in request.POST.getlist("result")[:MOST_FETCHED] if (found := uuid_of(said))]
    chosen = _unsaved() if request.POST.get("everything") == "1" else _unsaved().filter(pk__in=ids)
    asked = sum(try_again(each) for each in chosen.order_by("-state", "deadline")[:MOST_FETCHED])
    if asked:
        audit.note("files fetched again", target=f"{asked} files", request=request)
    messages.success(request, f"{asked} asked for again.")
    return redirect("oversight:files")


def _unsaved() -> "QuerySet[Result]":
    return Result.objects.filter(state__in=[Result.State.SAVING, Result.State.LOST])


@require_POST
@staff_only
def block(request: HttpRequest, user_id: int) -> HttpResponse:
    """Block a person or let them in again; nobody blocks themselves."""
    person = get_object_or_404(User, pk=user_id)
    if person.pk == request.user.pk:
        messages.error(request, "You can't block yourself.")
    else:
        blocked = request.POST.get("blocked") == "1"
        User.objects.filter(pk=person.pk).update(is_active=not blocked)
        audit.note("person blocked" if blocked else "person let in again", target=person.email, request=request)
        messages.success(request, f"{person} is blocked." if blocked else f"{person} may sign in.")
    return redirect("oversight:people")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def offboard(request: HttpRequest, user_id: int) -> HttpResponse:
    """Let somebody go in one act; asks once, and for who inherits the pictures."""
    person = get_object_or_404(User, pk=user_id)
    if person.pk == request.user.pk:
        raise Http404
    if request.method == "POST":
        said = uuid_of(request.POST.get("heir", ""))
        done = offboarding.offboard(person, signed_in(request), Team.objects.filter(pk=said).first() if said else None)
        messages.success(
            request,
            f"{person} is gone: {done['stopped']} tasks stopped, {done['pictures_handed_over']} pictures handed over.",
        )
        return redirect("oversight:people")
    context = {
        "person": person,
        "waiting": Task.objects.filter(user=person, status__in=WAITING).count(),
        "pictures": Result.objects.filter(user=person, team=None).count(),
        "teams": Team.objects.all(),
    }
    return _render(request, "offboard", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def lift(request: HttpRequest, user_id: int) -> HttpResponse:
    """Let somebody's own budget be passed once in this period: no team's admin could, for it counts everywhere."""
    found = get_object_or_404(Budget.objects.select_related("user"), user=user_id, team=None)
    form = OwnLiftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            budgets.lift(found, form.cleaned_data["credits"], form.cleaned_data["reason"], signed_in(request))
        except ValueError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{found.user} may pass their budget once.")
            return redirect("oversight:people")
    answer = _render(request, "lift", {"standing": budgets.standing_of(found), "form": form})
    answer.status_code = 422 if form.errors else 200
    return answer


@require_safe
@staff_only
def people(request: HttpRequest) -> HttpResponse:
    """Everybody with key, teams and when they were last here."""
    found = User.objects.select_related("api_key").prefetch_related("memberships__team").order_by("email")
    found = found.annotate(has_budget=Exists(Budget.objects.filter(user=OuterRef("pk"), team=None)))
    words = _words(request)
    if words:
        found = found.filter(Q(email__icontains=words) | Q(name__icontains=words))
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return _render(request, "people", {"page": page, "words": words})


@require_safe
@staff_only
def callbacks(request: HttpRequest) -> HttpResponseBase:
    """The diary of every call; `call` opens one beside the list."""
    since, kind = request.GET.get("since", "yesterday"), request.GET.get("kind", "all")
    kind = kind if kind in diary.KINDS else "all"
    words = _words(request)
    everything = diary.calls(diary.since_named(since), words)
    found = everything.filter(diary.KINDS[kind][1])
    if request.GET.get("format") == "csv":
        audit.note("callbacks exported", request=request)
        return _diary_csv(found)
    counts = [(name, label, everything.filter(condition).count()) for name, (label, condition) in diary.KINDS.items()]
    opened = next(iter(diary.lines(found.filter(pk=number_of(request.GET.get("call", ""))))), None)
    shown = list(diary.lines(found[: diary.PAGE]))
    context = {"lines": shown, "counts": counts, "kind": kind, "since": since, "words": words, "opened": opened}
    if opened:
        context["body"] = bytes(opened.delivery.body).decode("utf-8", "replace")[:4000]
    return _render(request, "callbacks", context)


def _diary_csv(found: Any) -> HttpResponseBase:
    head = ("time", "what", "then", "team", "person", "task", "provider_task", "signature", "we_said", "after_sending")
    rows = (
        (
            line.delivery.at,
            line.what,
            line.then,
            line.delivery.task.team or "" if line.delivery.task else "",
            line.delivery.task.user.email if line.delivery.task else "",
            line.delivery.task_id or "",
            line.delivery.provider_task_id,
            line.signed,
            line.delivery.answer,
            line.after,
        )
        for line in diary.lines(found.iterator(chunk_size=500))
    )
    return csv_response("callbacks", head, rows)


@require_POST
@staff_only
def replay(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Let a call ring again: the provider is asked about its task now. What it said is still not believed."""
    found = get_object_or_404(Delivery.objects.select_related("task"), pk=delivery_id)
    if found.task and lifecycle.look_now(found.task):
        audit.note("callback replayed", target=found.task_id or "", request=request)
        messages.success(request, "The provider is asked about its task now.")
    else:
        messages.info(request, "Its task has ended, or was never given a number: there is nothing to ask.")
    return redirect(_back(request))


@require_safe
@staff_only
def trail(request: HttpRequest) -> HttpResponseBase:
    """The audit trail, newest first."""
    words, action = _words(request), request.GET.get("action", "").replace("\0", "")[:40]
    found = AuditEntry.objects.select_related("team")
    if action:
        found = found.filter(action=action)
    if words:
        found = found.filter(Q(actor_name__icontains=words) | Q(target__icontains=words) | Q(address=words))
    if request.GET.get("format") == "csv":
        audit.note("audit exported", request=request)
        head = ("time", "who", "action", "target", "team", "address", "details", "seal")
        rows = (
            (each.at, each.actor_name, each.action, each.target, each.team or "", each.address, each.details, each.seal)
            for each in found.iterator(chunk_size=500)
        )
        return csv_response("audit", head, rows)
    actions = AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct()
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return _render(request, "audit", {"page": page, "words": words, "action": action, "actions": actions})


@require_safe
@staff_only
def keys(request: HttpRequest) -> HttpResponse:
    """The health of every key: balance, when it was read, what is bound to it. Never the key."""
    found = ApiKey.objects.select_related("user").prefetch_related("lent_to").order_by("user__email")
    bound = Count("tasks", filter=~Q(tasks__status__in=FINAL))
    nobodys = StoppedKey.objects.exclude(fingerprint__in=ApiKey.objects.values("fingerprint")).order_by("stopped_at")
    return _render(request, "keys", {"keys": found.annotate(bound=bound)[:PAGE], "nobodys": nobodys[:PAGE]})


@require_POST
@staff_only
def disable_key(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Stop a key or let it work again: nothing is sent with it meanwhile, what was sent is still followed."""
    key = get_object_or_404(ApiKey.objects.select_related("user"), pk=key_id)
    stopped = request.POST.get("disabled") == "1"
    if stopped:
        stop_key(key)
    else:
        let_key_work(key.fingerprint)
    audit.note("key stopped" if stopped else "key let work again", target=f"{key} of {key.user.email}", request=request)
    messages.success(request, f"{key} is stopped." if stopped else f"{key} works again.")
    return redirect("oversight:keys")


@require_POST
@staff_only
def release_key(request: HttpRequest, stop_id: int) -> HttpResponse:
    """Let a stopped key work again which nobody holds any more."""
    stop = get_object_or_404(StoppedKey, pk=stop_id)
    let_key_work(stop.fingerprint)
    audit.note("key let work again", target=str(stop), request=request)
    messages.success(request, f"{stop} may be connected and used again.")
    return redirect("oversight:keys")


def _back(request: HttpRequest) -> str:
    """The oversight page the act was on."""
    said = request.POST.get("next", "")
    return said if said.startswith("/oversight/") else "/oversight/"


def _words(request: HttpRequest) -> str:
    """What is searched for; PostgreSQL takes no NUL."""
    return request.GET.get("q", "").replace("\0", "").strip()[:100]
