"""The bell: one view that stores what rings and asks for a look. It believes nothing it is told."""

import time

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from callbacks import signature
from callbacks.models import Delivery
from callbacks.ringing import Arrival, find, ring
from kie.reports import callback_hint, origin_of
from mjportal.encryption import Secret, Undecipherable

BODY_CAP = 64 * 1024


@csrf_exempt
@login_not_required
@require_POST
def receive(request: HttpRequest, token: str) -> HttpResponse:
    """Take one callback. 404: no such token. 400: no JSON, or no task id in it. 401: signature expected and not good.

    200 for everything else, also for a task id that is not ours: ringing again would not change it.
    """
    rung = find(token)
    if rung is None:
        return HttpResponse(status=404)
    raw = request.read(BODY_CAP + 1)
    body, truncated = raw[:BODY_CAP], len(raw) > BODY_CAP
    hint = None if truncated else callback_hint(body, (origin_of(settings.KIE_API_URL),))
    verdict = _verdict(request, rung.webhook_secret, hint.task_id if hint else "")
    trusted = verdict in {Delivery.Signature.VALID, Delivery.Signature.NOT_EXPECTED}
    ours = hint is not None and rung.provider_task_id in {"", hint.task_id}
    answer = 400 if hint is None else 200 if trusted else 401
    arrival = Arrival(
        at=timezone.now(),
        body=body,
        truncated=truncated,
        signature=verdict,
        answer=answer,
        provider_task_id=hint.task_id if hint else "",
        address=request.META.get("REMOTE_ADDR") or None,
    )
    ring(arrival, rung, believed=trusted and ours, urls=hint.urls if hint and not hint.failed else ())
    return HttpResponse(status=answer)


def _verdict(request: HttpRequest, secret: Secret, task_id: str) -> Delivery.Signature:
    if not secret:
        return Delivery.Signature.NOT_EXPECTED
    try:
        key = secret.reveal()
    except Undecipherable:
        return Delivery.Signature.INVALID
    stamp, signed = request.headers.get("X-Webhook-Timestamp", ""), request.headers.get("X-Webhook-Signature", "")
    return signature.verdict(key, task_id, stamp, signed, time.time())
