"""The bell: one view that stores what rings and asks for a look. It believes nothing it is told."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.handlers.wsgi import LimitedStream
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from callbacks import signature
from callbacks.models import Delivery
from callbacks.ringing import Arrival, Rung, find, ring
from callbacks.together import Together
from kie.reports import CallbackHint, callback_hint, origin_of
from mjportal.encryption import Secret, Undecipherable

if TYPE_CHECKING:
    from _typeshed import SupportsRead

BODY_CAP = 64 * 1024
TRUSTED = frozenset({Delivery.Signature.VALID, Delivery.Signature.NOT_EXPECTED})


@dataclass(frozen=True, slots=True)
class Knock:
    """One callback as it came; whoever answers several together reads their bodies too."""

    token: str
    body: bytes
    truncated: bool
    stamp: str
    signed: str
    address: str | None


@csrf_exempt
@login_not_required
@require_POST
def receive(request: HttpRequest, token: str) -> HttpResponse:
    """Take one callback; where `callbacks.shortcut` stands before Django, it answers the same."""
    return HttpResponse(status=take(token, body_of(request.META), request.META))


def body_of(meta: Mapping[str, Any]) -> "SupportsRead[bytes]":
    """The body's stream, which ends where the body does, whether its length was declared or it comes in chunks."""
    length = meta.get("CONTENT_LENGTH") or ""
    stream: BytesIO = meta["wsgi.input"]
    if not length and meta.get("wsgi.input_terminated"):
        return stream
    return LimitedStream(stream, int(length) if length.isascii() and length.isdigit() else 0)


def take(token: str, stream: "SupportsRead[bytes]", meta: Mapping[str, Any]) -> int:
    """The HTTP status for a callback whose body is in `stream` and whose headers are in `meta`, as CGI names them.

    404: no such token. 400: no JSON, or no task id in it. 401: signature expected and not good. 200 for everything
    else, also for a task id that is not ours: ringing again would not change it.
    """
    raw = stream.read(BODY_CAP + 1)
    body, truncated = raw[:BODY_CAP], len(raw) > BODY_CAP
    knock = Knock(
        token,
        body,
        truncated,
        meta.get("HTTP_X_WEBHOOK_TIMESTAMP", ""),
        meta.get("HTTP_X_WEBHOOK_SIGNATURE", ""),
        meta.get("REMOTE_ADDR") or None,
    )
    return knocks.ask(knock)


def answer(together: Sequence[Knock]) -> list[int]:
    """The HTTP status of each; what is stored for them is committed when this returns."""
    # Django does so at the start of a request; the short path never gets there. Within a transaction of somebody else's
    # the line is in use, and closing it would lose that.
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
    rungs = find(knock.token for knock in together)
    judged = [judge(knock, rungs[knock.token]) if knock.token in rungs else None for knock in together]
    if arrivals := [arrival for arrival in judged if arrival]:
        ring(arrivals)
    return [arrival.answer if arrival else 404 for arrival in judged]


def judge(knock: Knock, rung: Rung) -> Arrival:
    """What to store of a callback for this task, what to answer, and whether to look because of it."""
    own = (origin_of(settings.KIE_API_URL), origin_of(settings.KIE_UPLOAD_URL))
    hint = None if knock.truncated else callback_hint(knock.body, own)
    verdict = _verdict(knock, hint, rung.webhook_secret)
    if verdict != Delivery.Signature.VALID and not rung.is_same_account:
        # It was sent with another account, whose webhook key is not here any more: the token alone speaks for it.
        verdict = Delivery.Signature.NOT_EXPECTED
    trusted = verdict in TRUSTED
    return Arrival(
        rung,
        at=timezone.now(),
        body=knock.body,
        truncated=knock.truncated,
        signature=verdict,
        answer=400 if hint is None else 200 if trusted else 401,
        provider_task_id=hint.task_id if hint else "",
        address=knock.address,
        believed=trusted and hint is not None and rung.provider_task_id in {"", hint.task_id},
        urls=hint.urls if hint and not hint.failed else (),
    )


def _verdict(knock: Knock, hint: CallbackHint | None, secret: Secret) -> Delivery.Signature:
    if not secret:
        return Delivery.Signature.NOT_EXPECTED
    try:
        key = secret.reveal()
    except Undecipherable:
        return Delivery.Signature.INVALID
    return signature.verdict(key, hint.task_id if hint else "", knock.stamp, knock.signed, time.time())


knocks: Together[Knock, int] = Together(answer)
