"""Share links: what a visitor with a link may see, and until when. Every request asks anew, files included."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.core.cache import cache
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from gallery.models import Collection, Result, ShareLink

MOST_TRIES, TRY_SECONDS = 10, 600
MOST_SHOWN = 500


def make(
    collection: Collection,
    by: User,
    *,
    days: int | None,
    password: str,
    may_download: bool,
    may_comment: bool = False,
    wanted: int | None = None,
) -> tuple[ShareLink, str]:
    """Open a link. Returns (the link, its token in clear text, shown once)."""
    token = secrets.token_urlsafe(24)
    with transaction.atomic():
        link = ShareLink.objects.create(
            collection=collection,
            token_hash=hash_of(token),
            hint=token[-4:],
            password=make_password(password) if password else "",
            may_download=may_download,
            may_comment=may_comment,
            wanted=wanted if may_comment else None,
            created_by=by,
            expires_at=timezone.now() + timedelta(days=days) if days else None,
        )
        audit.note("share link made", actor=by, target=str(collection), team=collection.team, days=days or "for ever")
    return link, token


def revoke(link: ShareLink, by: User) -> None:
    """Close a link: it counts from the next request on, pictures included."""
    with transaction.atomic():
        if ShareLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now()):
            audit.note("share link closed", actor=by, target=str(link.collection), team=link.collection.team)


def hash_of(token: str) -> str:
    return hashlib.sha256(b"mj-portal share link\0" + token.encode()).hexdigest()


def find(token: str) -> ShareLink | None:
    """The open link with this token; a closed, expired or unknown one are all the same."""
    fresh = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return (
        ShareLink.objects.select_related("collection", "created_by")
        .filter(fresh, token_hash=hash_of(token), revoked_at=None)
        .first()
    )


def shown_by(link: ShareLink) -> "QuerySet[Result]":
    """What the link shows: the saved results of its collection and of that one's children, in their order."""
    collections = Q(items__collection=link.collection_id) | Q(items__collection__parent=link.collection_id)
    shown = Result.objects.filter(collections, saved_at__isnull=False, trashed_at=None)
    return shown.select_related("task").order_by("items__position", "-saved_at").distinct()


def may_enter(request: HttpRequest, link: ShareLink) -> bool:
    """Whether no password is asked, or this visitor has given it to this very link with this very password."""
    return not link.password or request.session.get(_name(link)) == link.password[-16:]


def enter(request: HttpRequest, link: ShareLink, password: str) -> bool:
    """Try a password; ten wrong ones in ten minutes are the end for a while, right or not."""
    counter = f"share-tries:{link.pk}"
    cache.add(counter, 0, TRY_SECONDS)
    if cache.incr(counter) > MOST_TRIES:
        return False
    if not check_password(password, link.password):
        return False
    request.session[_name(link)] = link.password[-16:]
    cache.delete(counter)
    return True


def count_opening(link: ShareLink) -> None:
    ShareLink.objects.filter(pk=link.pk).update(opened=F("opened") + 1)


def _name(link: ShareLink) -> str:
    return f"share-{link.pk.hex}"


def result_of(link: ShareLink, pk: UUID) -> Result | None:
    """One of the results the link shows."""
    return shown_by(link).filter(pk=pk).first()
