"""The usage pages: mine, my team's, everybody's; and the same figures as CSV."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import F, OuterRef, Q, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts import audit
from accounts.models import ApiKey
from accounts.people import signed_in
from accounts.roles import Right
from accounts.spaces import Space, key_for, space_of
from mjportal.spreadsheets import csv_response
from usage import alerts, balances, budgets
from usage.charts import bars
from usage.models import BalanceReading, LedgerEntry
from usage.reports import COUNT_KEPT, PERIODS, STACK, Report, Scope, period, report, type_name
from usage.rollup import bounds, catch_up, outcome_of, seconds_of

HEAD = (
    "time",
    "person",
    "email",
    "team",
    "task",
    "type",
    "speed",
    "version",
    "line",
    "credits",
    "change",
    "counts_from",
    "outcome",
    "seconds",
    "kept",
)

MOST_DAYS = 14


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    return _page(request, "mine")


@require_safe
def team(request: HttpRequest) -> HttpResponse:
    """The team this person works in: everybody's spend for its admins, the person's own part for members."""
    return _page(request, "team")


@require_safe
def everyone(request: HttpRequest) -> HttpResponse:
    return _page(request, "everyone")


@require_safe
def export(request: HttpRequest, name: str) -> HttpResponseBase:
    """Every ledger line of the span as CSV: its sums are those of the page."""
    scope, _ = _scope(request, name)
    start, end = bounds(scope.first)[0], bounds(scope.last)[1]
    lines = LedgerEntry.objects.filter(scope.whose, at__gte=start, at__lt=end).order_by("at", "pk")
    audit.note("usage exported", target=f"{name} {scope.first} to {scope.last}", request=request)
    return csv_response(f"usage {name} {scope.first} to {scope.last}", HEAD, _lines(lines))


@require_http_methods(["GET", "HEAD", "POST"])
def alerts_page(request: HttpRequest) -> HttpResponse:
    """What this person should know of; a POST puts one (`alert`) or all of them away."""
    user = signed_in(request)
    if request.method == "POST":
        said = request.POST.get("alert", "")
        alerts.put_away(user, int(said) if said.isascii() and said.isdigit() and len(said) < 19 else None)
        return redirect("usage:alerts")
    earlier = user.alerts.exclude(put_away_at=None)[:30]
    return render(request, "usage/alerts.html", {"open": alerts.open_for(user)[:100], "earlier": earlier})


def _lines(lines: Any) -> Iterator[tuple[Any, ...]]:
    kept = (
        LedgerEntry.objects.filter(pk=OuterRef("pk")).order_by().values("pk").annotate(kept=COUNT_KEPT).values("kept")
    )
    found = lines.select_related("user", "team", "task").annotate(kept=Subquery(kept))
    for line in found.iterator(chunk_size=500):
        values = line.task.parameters
        is_done = line.kind == LedgerEntry.Kind.SETTLED
        yield (
            line.at,
            line.user.get_full_name(),
            line.user.email,
            line.team or "",
            line.task_id,
            type_name(line.task.kind, line.task.task_type),
            values.get("speed", ""),
            values.get("version", ""),
            line.kind,
            line.credits,
            line.delta,
            line.booked_at,
            outcome_of(line.kind, line.task.status, line.task.failure_class),
            round(seconds_of(line.task.sent_at, line.task.finished_at)) if is_done else "",
            line.kept if is_done else "",
        )


def _scope(request: HttpRequest, name: str) -> tuple[Scope, Space]:
    """Whose figures are asked for; 404 for those one may not see."""
    user = signed_in(request)
    space = space_of(user)
    whose: dict[str, Any] = {}
    if name == "mine":
        whose = {"user_id": user.pk}
    elif name == "team":
        if not space.team_id:
            raise Http404
        whose = {"team_id": space.team_id}
        if not space.may(Right.SPEND):
            whose["user_id"] = user.pk
    elif not user.is_staff:
        raise Http404
    asked = request.GET.get("period", "30")
    first, last = period(asked if asked in PERIODS else "30", Q(**whose))
    return Scope(name, first, last, **whose), space


def _page(request: HttpRequest, name: str) -> HttpResponse:
    catch_up()
    scope, space = _scope(request, name)
    user = signed_in(request)
    found = report(scope)
    team_id = scope.team_id if name == "team" else None
    key = key_for(user.pk, team_id) if name != "everyone" else None
    # A lent key's account holds what its owner spends elsewhere: not for everybody who may look in here.
    sees_account = name != "team" or space.may(Right.SPEND) or (key is not None and key.user_id == user.pk)
    today = timezone.localdate()
    asked = request.GET.get("period", "30")
    context = {
        "report": found,
        "scope": scope,
        "space": space,
        "tabs": _tabs(request, space),
        "periods": [(key, label or f"{today:%B}") for key, label in PERIODS.items()],
        "period": asked if asked in PERIODS else "30",
        "key": key,
        "balance": key.balance if key else _all_balances(),
        "budget": budgets.tightest(user.pk, team_id) if name != "everyone" else None,
        "chart": bars(found.by_day, scope.first, scope.last, STACK),
        "days": _days(found),
        "reconciled": _reconciliation(key, name) if sees_account else None,
    }
    return render(request, "usage/usage.html", context)


def _tabs(request: HttpRequest, space: Space) -> list[tuple[str, str]]:
    user = signed_in(request)
    tabs = [("mine", "Mine")]
    if space.team_id:
        tabs.append(("team", space.name))
    if user.is_staff:
        tabs.append(("everyone", "Everyone"))
    return tabs


def _all_balances() -> Any:
    """Of each account what was read last: the keys of one account may have been asked at different times."""
    read = ApiKey.objects.exclude(balance=None).order_by(F("checked_at").asc(nulls_first=True))
    known = read.values_list("fingerprint", "balance")
    return sum(dict(known).values()) if known else None


def _days(found: Report) -> list[tuple[Any, list[Any], Any]]:
    """The chart as a table: (day, credits of each part of the stack, sum), the latest first, quiet days left out."""
    return [
        (day, [parts.get(name, 0) for name in STACK], sum(parts.values()))
        for day, parts in sorted(found.by_day.items(), reverse=True)
    ]


def _reconciliation(key: ApiKey | None, name: str) -> list[tuple[str, balances.Day]]:
    """(the account's name, its day) of the last days of the account, or of all of them, on which something moved.

    Quiet days give way when there are many; what nobody can explain is always shown.
    """
    now = timezone.now()
    if name == "everyone":
        accounts = list(BalanceReading.objects.order_by().values_list("key_fingerprint", flat=True).distinct())
        keys = ApiKey.objects.select_related("user").order_by("-pk")
        names = {each.fingerprint: f"{each.user} {each}" for each in keys}
    else:
        accounts = [key.fingerprint] if key else []
        names = {}
    found = balances.days(accounts, now - timedelta(days=7), now)
    moved = [day for day in found if day.taken or day.unexplained or day.came_in]
    calm = [day for day in moved if not day.unexplained and not day.came_in][:MOST_DAYS]
    shown = [day for day in moved if day.unexplained or day.came_in or day in calm]
    return [(names.get(day.key_fingerprint, "a former key"), day) for day in shown]
