"""The bell's short path: a callback is answered before any other middleware.

Nobody is signed in, nobody reads a page, and the token in the path is the only proof. Sessions, CSRF, policies and URL
patterns would add half of the whole cost and nothing else (docs/performance.md, B2). The address stays in
`callbacks.urls` too, for `reverse()`, and answers the same there.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from callbacks.views import receive

PREFIX = "/callbacks/"


class ShortcutMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path.startswith(PREFIX):
            token = path[len(PREFIX) : -1]
            if path.endswith("/") and token and "/" not in token:
                return receive(request, token)
        return self.get_response(request)
