"""The idle poll: answered before any other middleware, with one query and no body.

Two hundred open boards ask every two seconds whether anything changed, and nearly always nothing did. Sessions and
users through the ORM cost ten times the one statement below (docs/performance.md, A1). It only ever says "nothing
new"; everything else, a signed-out visitor included, goes on to the real view.
"""

from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

PATH = "/tasks/changes/"
_SQL = (
    "SELECT u.board_revision FROM django_session s"
    " JOIN usersessions_usersession b ON b.session_key = s.session_key"
    " JOIN accounts_user u ON u.id = b.user_id"
    " WHERE s.session_key = %s AND s.expire_date > %s AND u.is_active"
)


class IdlePollMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == PATH and request.method == "GET" and _nothing_new(request):
            return HttpResponse(status=204, headers={"Cache-Control": "no-store"})
        return self.get_response(request)


def _nothing_new(request: HttpRequest) -> bool:
    session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    after = request.GET.get("after", "")
    if not session_key or not after.isascii() or not after.isdigit():
        return False
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [session_key, now])
        row = cursor.fetchone()
    return row is not None and row[0] == int(after)
