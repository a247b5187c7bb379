"""The board's poll, answered before any other middleware while its sender can be proved by one statement.

Two hundred open boards ask every two seconds whether anything changed, and nearly always nothing did. Sessions and
users through the ORM cost ten times the one statement below (docs/performance.md, A1 and A4). What cannot be answered
here, a signed-out visitor included, goes on to the real view.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from uuid import UUID

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.template import loader
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import Role, Team, User
from accounts.spaces import Space
from tasks.changed import POLL_PATH, context_since

_SQL = (
    "SELECT u.board_revision, u.id, u.password, s.session_data FROM django_session s"
    " JOIN usersessions_usersession b ON b.session_key = s.session_key"
    " JOIN accounts_user u ON u.id = b.user_id"
    " WHERE s.session_key = %s AND s.expire_date > %s AND u.is_active"
)

_TEAM_SQL = (
    "SELECT w.board_revision, u.id, u.password, s.session_data, m.role FROM django_session s"
    " JOIN usersessions_usersession b ON b.session_key = s.session_key"
    " JOIN accounts_user u ON u.id = b.user_id"
    " JOIN accounts_membership m ON m.user_id = u.id JOIN accounts_team w ON w.id = m.team_id"
    " WHERE s.session_key = %s AND s.expire_date > %s AND u.is_active AND w.id = %s"
    # As `accounts.spaces` has it: a team that asks for a second factor is shut without one.
    " AND (NOT w.factor_required OR EXISTS"
    " (SELECT 1 FROM mfa_authenticator f WHERE f.user_id = u.id AND f.type <> 'recovery_codes'))"
)


class Watcher(NamedTuple):
    """Who asks, as the one statement names them."""

    revision: int
    user_id: int
    password: str
    session: str
    role: str = Role.OWNER

    def is_proved(self) -> bool:
        """Whether the session still fits the password: a changed one ends every other session."""
        told = SessionStore().decode(self.session).get(HASH_SESSION_KEY, "")
        return constant_time_compare(told, User(password=self.password).get_session_auth_hash())


class BoardPollMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.csrf = CsrfViewMiddleware(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == POLL_PATH and request.method == "GET":
            # A QueryDict costs several times as much, a tenth of the whole answer.
            query = dict(parse_qsl(request.META["QUERY_STRING"], keep_blank_values=True))
            watcher = _watcher(request, query)
            if watcher and watcher.revision == int(query["after"]):
                return HttpResponse(status=204, headers={"Cache-Control": "no-store"})
            # Without htmx or the token's cookie the answer needs what other middleware adds to a page.
            is_fragment = "HTTP_HX_REQUEST" in request.META and settings.CSRF_COOKIE_NAME in request.COOKIES
            if watcher and is_fragment and watcher.is_proved():
                self.csrf.process_request(request)
                space = Space(watcher.user_id, team_named(query), watcher.role)
                return _fragment(request, context_since(space, int(query["after"]), query.get("board")))
        return self.get_response(request)


def is_revision(after: str) -> bool:
    """Whether this is a cursor we may have given out."""
    return after.isascii() and after.isdigit() and len(after) < 19


def is_team(team: str | None) -> bool:
    """Whether this is a team as a poll names it, or none."""
    return team is None or (len(team) == 32 and all(digit in "0123456789abcdef" for digit in team))


def team_named(query: Mapping[str, str]) -> UUID | None:
    """The team whose board is polled, after `is_team`."""
    team = query.get("team")
    return UUID(team) if team else None


def _watcher(request: HttpRequest, query: Mapping[str, str]) -> Watcher | None:
    session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    if not session_key or not is_revision(query.get("after", "")) or not is_team(query.get("team")):
        return None
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    team = team_named(query)
    with connection.cursor() as cursor:
        if team:
            cursor.execute(_TEAM_SQL, [session_key, now, Team._meta.pk.get_db_prep_value(team, connection)])
        else:
            cursor.execute(_SQL, [session_key, now])
        row = cursor.fetchone()
    return Watcher(*row) if row else None


def _fragment(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(loader.render_to_string("tasks/_changes.html", context, request), headers=headers)
