"""The bell's short path: a callback is answered before Django's own handling of a request begins.

Nobody is signed in, nobody reads a page, and the token in the path is the only proof. Request objects, signals,
sessions, policies and URL patterns would add more than half of the whole cost and nothing else (docs/performance.md,
B2). The address stays in `callbacks.urls` too, for `reverse()`, and answers the same there.
"""

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from callbacks.views import body_of, take

PREFIX = "/callbacks/"
logger = logging.getLogger(__name__)


class CallbackShortcut:
    """A WSGI application in front of another one."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        token = path[len(PREFIX) : -1]
        is_ring = path.startswith(PREFIX) and path.endswith("/") and token and "/" not in token
        if not is_ring or environ["REQUEST_METHOD"] != "POST":
            return self.application(environ, start_response)
        status = HTTPStatus(_answer(token, environ))
        start_response(f"{status.value} {status.phrase}", [("Content-Length", "0"), ("Cache-Control", "no-store")])
        return []


def _answer(token: str, environ: dict[str, Any]) -> int:
    try:
        return take(token, body_of(environ), environ)
    except Exception:
        # Our own trouble, a locked database for one: the provider rings again.
        logger.exception("A callback could not be stored")
        return HTTPStatus.INTERNAL_SERVER_ERROR
