"""The audit trail: append-only, each line sealed with the one before it, so that a change or a gap shows."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import AuditEntry, AuditHead, Team, User

HEAD = 1


def note(
    action: str,
    *,
    actor: Any = None,
    target: object = "",
    team: Team | None = None,
    request: HttpRequest | None = None,
    **details: Any,
) -> None:
    """Write one line, in the caller's transaction. `details` must be fit for JSON and hold no secret."""
    if actor is None and request is not None and request.user.is_authenticated:
        actor = request.user
    with transaction.atomic():
        AuditHead.objects.get_or_create(pk=HEAD)
        head = AuditHead.objects.select_for_update().get(pk=HEAD)
        entry = AuditEntry(
            at=timezone.now(),
            actor=actor if isinstance(actor, User) else None,
            actor_name=str(getattr(actor, "email", actor or "")),
            action=action,
            target=str(target)[:254],
            team=team,
            address=address_of(request),
            details=details,
            previous=head.seal,
        )
        entry.seal = seal_of(entry)
        entry.save(force_insert=True)
        AuditHead.objects.filter(pk=HEAD).update(seal=entry.seal, count=head.count + 1)


def address_of(request: HttpRequest | None) -> str:
    """Where a request came from, as the sign-in library sees it through the trusted proxies."""
    if request is None:
        return ""
    from allauth.account.adapter import get_adapter

    return str(get_adapter().get_client_ip(request) or "")[:45]


def seal_of(entry: AuditEntry) -> str:
    """SHA-256 over what the line says and the seal before it. Names, not keys: a person may be deleted later."""
    said = [entry.at.isoformat(), entry.actor_name, entry.action, entry.target, entry.address, entry.details]
    text = json.dumps([entry.previous, *said], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def faults() -> Iterator[str]:
    """What is wrong with the chain, in words; nothing when it is whole."""
    previous, count = "", 0
    for entry in AuditEntry.objects.order_by("pk").iterator():
        count += 1
        if entry.previous != previous:
            yield f"line {entry.pk}: the line before it is missing or was changed"
        if entry.seal != seal_of(entry):
            yield f"line {entry.pk}: its words were changed"
        previous = entry.seal
    head = AuditHead.objects.filter(pk=HEAD).first()
    if (head.count, head.seal) != (count, previous) if head else count:
        yield "the end of the trail was cut off or added to"
