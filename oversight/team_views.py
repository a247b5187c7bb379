"""Teams: choose where to work, the team's page, and everything that is done on it."""

from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import audit, teams
from accounts.models import ApiKey, Invitation, Membership, Role, User
from accounts.people import signed_in
from accounts.roles import Right, may
from accounts.spaces import open_memberships, role_in, spaces_of
from mjportal.given import uuid_of, way_back
from mjportal.spreadsheets import csv_response
from oversight.forms import BudgetForm, InviteForm, LiftForm, SettingsForm, TeamForm
from oversight.teampage import team_page
from tasks.offboarding import stop_unsent
from usage import budgets
from usage.models import Budget


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The page of the team this person works in, or of the first they are in; without one, how to make one."""
    user = signed_in(request)
    spaces = [space for space in spaces_of(user) if space.team_id]
    here = next((space for space in spaces if space.team_id == user.team_id), spaces[0] if spaces else None)
    if here:
        return redirect("teams:team", here.team_id)
    return render(request, "teams/none.html", {"form": TeamForm()})


@require_POST
def make(request: HttpRequest) -> HttpResponse:
    form = TeamForm(request.POST)
    if not form.is_valid():
        return render(request, "teams/none.html", {"form": form}, status=422)
    team = teams.create(signed_in(request), form.cleaned_data["name"])
    messages.success(request, f"{team} is made, and you work in it now. Invite the others.")
    return redirect("teams:team", team.pk)


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Work in `team` from now on, or in one's own space when it is empty."""
    user = signed_in(request)
    said = request.POST.get("team", "")
    team_id = uuid_of(said) if said else None
    # A team that is shut may be chosen: its words say what opens it.
    if said and (team_id is None or not role_in(user, team_id)):
        raise Http404
    User.objects.filter(pk=user.pk).update(team=team_id)
    return redirect(way_back(request, "tasks:studio"))


@require_safe
def team(request: HttpRequest, team_id: UUID) -> HttpResponse:
    return _page(request, _member(request, team_id))


@require_POST
def change(request: HttpRequest, team_id: UUID) -> HttpResponse:
    """Rename the team, ask for second factors, lend or take back the key."""
    me = _member(request, team_id, Right.TEAM)
    form = SettingsForm(request.POST)
    if not form.is_valid():
        return _page(request, me, settings=form)
    said = form.cleaned_data
    teams.change(me, name=said["name"], factor_required=said["factor_required"])
    own = ApiKey.objects.filter(user=me.user).first()
    is_lent = own is not None and me.team.key_id == own.pk
    if said["lend"] and own is None:
        messages.error(request, "Connect a key of your own first; then it can be lent.")
    elif said["lend"] != is_lent:
        teams.lend_key(me, own if said["lend"] else None)
    messages.success(request, "Kept.")
    return redirect("teams:team", team_id)


@reauthentication_required  # type: ignore[untyped-decorator]
@require_POST
def invite(request: HttpRequest, team_id: UUID) -> HttpResponse:
    me = _member(request, team_id, Right.PEOPLE)
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, me, invite=form)
    links = []
    for email in form.cleaned_data["emails"]:
        try:
            invitation, token = teams.invite(me, email, form.cleaned_data["role"])
        except teams.NotAllowed as error:
            messages.error(request, str(error))
            continue
        teams.mail_invitation(invitation, token, _site(request))
        links.append((email, teams.link_of(token, _site(request))))
    return _page(request, me, links=links)


@require_POST
def withdraw(request: HttpRequest, team_id: UUID, invitation_id: UUID) -> HttpResponse:
    me, found = _invitation(request, team_id, invitation_id)
    teams.withdraw(me, found)
    messages.success(request, f"The invitation of {found.email} is withdrawn.")
    return redirect("teams:team", team_id)


@reauthentication_required  # type: ignore[untyped-decorator]
@require_POST
def invite_again(request: HttpRequest, team_id: UUID, invitation_id: UUID) -> HttpResponse:
    """Send it once more, with a new link: as much a way in as the first, so the password is asked for as well."""
    me, found = _invitation(request, team_id, invitation_id)
    try:
        fresh, token = teams.invite(me, found.email, found.role)
    except teams.NotAllowed as error:
        messages.error(request, str(error))
        return redirect("teams:team", team_id)
    teams.mail_invitation(fresh, token, _site(request))
    return _page(request, me, links=[(fresh.email, teams.link_of(token, _site(request)))])


def _invitation(request: HttpRequest, team_id: UUID, invitation_id: UUID) -> tuple[Membership, Invitation]:
    """(who asks, an invitation of the team that nobody has used)."""
    me = _member(request, team_id, Right.PEOPLE)
    return me, get_object_or_404(me.team.invitations, pk=invitation_id, accepted_at=None)


@require_POST
def member(request: HttpRequest, team_id: UUID, member_id: int, act: str) -> HttpResponse:
    """Change a role, remove somebody, or leave."""
    me = _member(request, team_id)
    found = get_object_or_404(me.team.memberships.select_related("user", "team"), pk=member_id)
    leaves = found.pk == me.pk
    if not leaves and not may(me.role, Right.PEOPLE):
        raise Http404
    try:
        if act == "role":
            teams.change_role(me, found, _role(request))
            messages.success(request, f"{found.user} is {found.get_role_display().lower()} now.")
        else:
            teams.remove(me, found)
            stop_unsent(found.user_id, team_id)
            messages.success(request, "You left." if leaves else f"{found.user} is not in the team any more.")
    except teams.NotAllowed as error:
        messages.error(request, str(error))
    return redirect("tasks:studio" if leaves and act == "remove" else request.path.split("members/")[0])


@require_POST
def budget(request: HttpRequest, team_id: UUID) -> HttpResponse:
    """Set the budget of the whole team, or of one member in it."""
    me = _member(request, team_id, Right.SPEND)
    form = BudgetForm(request.POST)
    if not form.is_valid():
        wrong = form.errors.get("time_zone") or ["A budget is a number of credits, or nothing."]
        messages.error(request, str(wrong[0]))
        return redirect("teams:team", team_id)
    said = form.cleaned_data
    whose = get_object_or_404(me.team.memberships, pk=said["member"]).user if said["member"] else None
    zone = said["time_zone"]
    budgets.set_budget(me.user, said["credits"], said["period"], user=whose, team=me.team, time_zone=zone)
    messages.success(request, "The budget counts from now on.")
    return redirect("teams:team", team_id)


@require_POST
def lift(request: HttpRequest, team_id: UUID) -> HttpResponse:
    """Let a budget be passed once in this period, with a reason."""
    me = _member(request, team_id, Right.SPEND)
    form = LiftForm(request.POST, budgets=Budget.objects.filter(team=me.team))
    if not form.is_valid():
        messages.error(request, "Say how many credits more, and why.")
        return redirect("teams:team", team_id)
    said = form.cleaned_data
    try:
        budgets.lift(said["budget"], said["credits"], said["reason"], me.user)
        messages.success(request, "It may be passed once.")
    except ValueError as error:
        messages.error(request, str(error))
    return redirect("teams:team", team_id)


@require_safe
def people_csv(request: HttpRequest, team_id: UUID) -> HttpResponseBase:
    """The people of the team with roles and budgets."""
    page = team_page(_member(request, team_id, Right.SPEND))
    rows = [
        (
            person.member.user.get_full_name(),
            person.member.user.email,
            person.member.get_role_display(),
            person.budget.used if person.budget else "",
            person.budget.limit if person.budget else "",
            person.factor or "none",
            person.member.joined_at,
        )
        for person in page.people
    ]
    audit.note("people exported", request=request, target=page.team, team=page.team)
    head = ("name", "email", "role", "used_credits", "budget_credits", "second_factor", "joined")
    return csv_response(f"{page.team} people", head, rows)


def _page(request: HttpRequest, me: Membership, **forms: Any) -> HttpResponse:
    page = team_page(me)
    settings = {"name": page.team.name, "factor_required": page.team.factor_required, "lend": page.is_key_mine}
    context = {
        "page": page,
        "invite": InviteForm(),
        "settings": SettingsForm(initial=settings),
        "links": [],
        "new_team": TeamForm(),
        **forms,
    }
    is_wrong = any(form.errors for form in forms.values() if hasattr(form, "errors"))
    return render(request, "teams/team.html", context, status=422 if is_wrong else 200)


def _member(request: HttpRequest, team_id: UUID | None, right: Right = Right.LOOK) -> Membership:
    """The membership of who asks; a team one is not in, or may not do this in, looks like one that is not there."""
    found = open_memberships(signed_in(request)).select_related("team__key", "user")
    me = found.filter(team_id=team_id).first() if team_id else None
    if me is None or not may(me.role, right):
        raise Http404
    return me


def _role(request: HttpRequest) -> str:
    said = request.POST.get("role", "")
    if said not in Role.values:
        raise teams.NotAllowed("Choose a role.")
    return said


def _site(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")
