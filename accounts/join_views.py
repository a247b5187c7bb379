"""The page an invitation leads to: join with the account one has, or make one for the invited address."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import audit, teams
from accounts.forms import JoinForm
from accounts.models import Invitation, User
from accounts.services import vouch_for_address
from accounts.views import BACKEND


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Accept an invitation. What became of a dead link is not told: it looks like one that never was."""
    invitation = teams.find_invitation(token)
    if invitation is None:
        return render(request, "accounts/join.html", {"gone": True}, status=404)
    if isinstance(request.user, User):
        return _as(request, request.user, invitation)
    if User.objects.filter(email=invitation.email).exists():
        return redirect(f"{reverse('account_login')}?{urlencode({'next': request.path})}")
    return _as_newcomer(request, invitation)


def _as(request: HttpRequest, user: User, invitation: Invitation) -> HttpResponse:
    context = {"invitation": invitation, "is_other": user.email != invitation.email}
    if request.method == "POST" or context["is_other"]:
        try:
            teams.accept(invitation, user)
        except teams.NotAllowed as error:
            return render(request, "accounts/join.html", {**context, "refused": error}, status=403)
        messages.success(request, f"Welcome to {invitation.team}.")
        return redirect("tasks:studio")
    return render(request, "accounts/join.html", context)


def _as_newcomer(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = _make(request, invitation, form.cleaned_data)
        except IntegrityError:
            # The first of two clicks made the account, while this one was on its way.
            messages.info(request, "Your account is made. Sign in with the password you chose.")
            return redirect("account_login")
        except teams.NotAllowed:
            return render(request, "accounts/join.html", {"gone": True}, status=404)
        login(request, user, backend=BACKEND)
        record_authentication(request, user, method="password", email=user.email)
        UserSession.objects.create_from_request(request)
        return redirect("tasks:studio")
    context = {"invitation": invitation, "form": form}
    return render(request, "accounts/join.html", context, status=422 if form.errors else 200)


def _make(request: HttpRequest, invitation: Invitation, said: dict[str, Any]) -> User:
    """The account and its membership, or neither. Raises NotAllowed, and IntegrityError when the account exists."""
    with transaction.atomic():
        made = {"name": said["name"], "is_address_told": True}
        user = User.objects.create_user(invitation.email, said["password"], **made)
        vouch_for_address(user)
        audit.note("account made", actor=user, target=user.email, team=invitation.team, request=request)
        teams.accept(invitation, user)
    return user
