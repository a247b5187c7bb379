"""The audit trail: append-only, each line sealed with the one before it, so that a change or a gap shows.

The seals are keyed: whoever can write the tables, but has none of ENCRYPTION_KEYS, can seal nothing anew.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import AuditEntry, AuditHead, Team, User
from mjportal.encryption import Secret, Undecipherable

HEAD = 1
# What the key begins with, and no form takes: nobody can put another secret of the site, one they know, in its place.
MARK = "\0audit\0"


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
        _, is_new = AuditHead.objects.get_or_create(pk=HEAD)
        head = AuditHead.objects.select_for_update().get(pk=HEAD)
        key = _key_of(head)
        is_proven = is_new or _is_proven(head, key)
        if key is None:
            # The site's secrets are lost, and nobody shall be locked out for that. What was sealed before fits no more.
            head.key = new_key()
            head.save(update_fields=["key"])
            key = head.key.reveal().encode()
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
        entry.seal = seal_of(entry, key)
        entry.save(force_insert=True)
        head.count, head.seal = head.count + 1, entry.seal
        # A head that was meddled with is never proven again: the next line must not cover it up.
        head.mac = mac_of(head, key) if is_proven else ""
        head.save(update_fields=["count", "seal", "mac"])


def address_of(request: HttpRequest | None) -> str:
    """Where a request came from, as the sign-in library sees it through the trusted proxies."""
    if request is None:
        return ""
    from allauth.account.adapter import get_adapter

    return str(get_adapter().get_client_ip(request) or "")[:45]


def seal_of(entry: AuditEntry, key: bytes) -> str:
    """What the line says and the seal before it, under the trail's key. Names, not keys: a person may be deleted later.

    A team is deleted by nobody here; a line whose team was taken away is one that was changed.
    """
    return hmac.digest(key, _words_of(entry, str(entry.team_id or "")), "sha256").hex()


def mac_of(head: AuditHead, key: bytes) -> str:
    """What proves the head: that so many lines were written, so many of them plain, and this seal was the last."""
    return hmac.digest(key, f"head {head.count} {head.plain} {head.seal}".encode(), "sha256").hex()


def _plain_seal_of(entry: AuditEntry) -> str:
    """The seal of lines from before the trail had a key, and before a seal covered the team."""
    return hashlib.sha256(_words_of(entry)).hexdigest()


def _words_of(entry: AuditEntry, *more: str) -> bytes:
    said = [entry.at.isoformat(), entry.actor_name, entry.action, entry.target, entry.address, entry.details, *more]
    return json.dumps([entry.previous, *said], sort_keys=True, ensure_ascii=False).encode()


def new_key() -> Secret:
    """A key for the seals, at rest under ENCRYPTION_KEYS: rotating those moves it, and every old seal still fits."""
    return Secret.seal(MARK + secrets.token_hex(32))


def _key_of(head: AuditHead | None) -> bytes | None:
    """The key of the seals; None when there is none, or what stands there is something else."""
    try:
        text = head.key.reveal() if head else ""
    except Undecipherable:
        return None
    return text.encode() if text.startswith(MARK) else None


def faults() -> Iterator[str]:
    """What is wrong with the chain, in words; nothing when it is whole. Lines may be written meanwhile."""
    head = AuditHead.objects.filter(pk=HEAD).first()
    key = _key_of(head)
    if not _is_proven(head, key):
        yield "the head of the trail is missing, was changed, or its key is not to be read"
    previous, count, last = "", 0, ""
    for entry in _lines():
        count += 1
        if entry.previous != previous:
            yield f"line {entry.pk}: the line before it is missing or was changed"
        if not _is_whole(entry, key, is_plain=head is not None and count <= head.plain):
            yield f"line {entry.pk}: its words were changed"
        previous = entry.seal
        last = previous if head and count == head.count else last
    # A line and its head are committed together: what was written meanwhile is in the head as it is now.
    now = AuditHead.objects.filter(pk=HEAD).first()
    if head and now and (last != head.seal or not head.count <= count <= now.count or not _is_proven(now, key)):
        yield "the end of the trail was cut off or added to"


def _lines() -> Iterator[AuditEntry]:
    return iter(AuditEntry.objects.order_by("pk").iterator())


def _is_proven(head: AuditHead | None, key: bytes | None) -> bool:
    return bool(head and key and hmac.compare_digest(head.mac, mac_of(head, key)))


def _is_whole(entry: AuditEntry, key: bytes | None, *, is_plain: bool) -> bool:
    if is_plain:
        return entry.seal == _plain_seal_of(entry)
    # Without the key nothing can be told of a line's words; that it is missing is told once, of the head.
    return key is None or hmac.compare_digest(entry.seal, seal_of(entry, key))
