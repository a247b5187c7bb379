"""The site's own middleware."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.firstrun import somebody_exists


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
