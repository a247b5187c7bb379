"""The site's own middleware."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.firstrun import somebody_exists
from accounts.models import User
from accounts.spaces import NotThere, factors_of, space_holding, space_of, work_in


class FirstRunMiddleware:
    """While nobody exists, every page leads to the one that makes the first admin."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.door = reverse("accounts:first_run")
        self.open = (self.door, reverse("health"), "/static/", "/callbacks/")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(self.open) and not somebody_exists():
            return redirect(self.door)
        return self.get_response(request)


class SpaceMiddleware:
    """What a page asks for happens in the space it was drawn for: its forms (`space`) and scripts (`X-Space`) name it.

    Where somebody works is one fact for all their tabs: a page that was opened before they went elsewhere would act on
    what it does not show. What names nothing happens where the person works now.
    """

    GONE = "You are not in the team of this page any more, so nothing was done. Reload it to go on in your own space."

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if not isinstance(request.user, User):
            return None
        named = request.POST.get("space") or request.headers.get("X-Space")
        if not named:
            return None
        try:
            work_in(request.user, named)
        except NotThere:
            return self._refused(request)
        return None

    def _refused(self, request: HttpRequest) -> HttpResponse:
        if "HX-Request" in request.headers or "X-Space" in request.headers:
            told = {"HX-Trigger": json.dumps({"toast": self.GONE})}
            return HttpResponse(self.GONE, status=409, content_type="text/plain; charset=utf-8", headers=told)
        messages.error(request, self.GONE)
        return redirect("tasks:studio")


class FactorMiddleware:
    """No second factor, no admin pages; and where a team asks for one, no work in that team and none of its pages.

    The person's own space stays open, so that nobody is locked out of what they paid for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.ruling = tuple(map(reverse, ("admin:index", "oversight:home", "usage:everyone", "usage:everyone_csv")))
        self.open = (
            reverse("accounts:home"),
            reverse("teams:choose"),
            reverse("health"),
            "/static/",
            "/callbacks/",
            "/s/",
        )

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> HttpResponse | None:
        user = request.user
        if not isinstance(user, User) or not (why := self._why(user, request.path_info, kwargs.get("team_id"))):
            return None
        messages.warning(request, why)
        return redirect("mfa_index")

    def _why(self, user: User, path: str, team_id: UUID | None) -> str:
        rules = user.is_staff and settings.STAFF_FACTOR_REQUIRED and path.startswith(self.ruling)
        if rules and not factors_of(user).exists():
            return "The admin's pages need a second factor. Set one up here first."
        if path.startswith(self.open):
            return ""
        space = space_holding(user, team_id) if team_id else space_of(user)
        if space.is_shut:
            return f"{space.name} asks its members for a second factor. Set one up here, or work in your own space."
        return ""
