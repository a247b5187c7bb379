"""Share links: what a visitor with a link may see, and until when. Every request asks anew, files included."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.core.cache import cache
from django.db import transaction
from django.db.models import F, Min, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.roles import Right
from accounts.spaces import may_in
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
    with_prompts: bool = False,
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
            with_prompts=may_download and with_prompts,
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
    return next(iter(open_links(Q(token_hash=hash_of(token)))), None)


def open_links(which: Q) -> list[ShareLink]:
    """Those of the links that work now: not closed, not run out, and made by somebody who may still share there."""
    fresh = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    links = ShareLink.objects.select_related("collection", "created_by").filter(which, fresh, revoked_at=None)
    return [link for link in links if _may_share(link)]


def _may_share(link: ShareLink) -> bool:
    by = link.created_by
    return by.is_active and may_in(by, link.collection.team_id, Right.MAKE)


def shown_in(collection_id: UUID) -> "QuerySet[Result]":
    """The saved results of a collection and of its children, each once, in the order that numbers them everywhere."""
    inside = Q(items__collection=collection_id) | Q(items__collection__parent=collection_id)
    shown = Result.objects.filter(inside, saved_at__isnull=False, trashed_at=None)
    return shown.annotate(place=Min("items__position", filter=inside)).order_by("place", "-saved_at", "pk")


def shown_by(link: ShareLink) -> "QuerySet[Result]":
    """What the link shows."""
    return shown_in(link.collection_id).select_related("task")


def may_enter(request: HttpRequest, link: ShareLink) -> bool:
    """Whether no password is asked, or this visitor has given it to this very link with this very password."""
    return not link.password or request.session.get(_name(link)) == link.password[-16:]


def enter(request: HttpRequest, link: ShareLink, password: str) -> bool:
    """Try a password; ten wrong ones in ten minutes are the end for a while, right or not."""
    counter = f"share-tries:{link.pk}"
    tries = int(cache.get(counter, 0)) + 1
    cache.set(counter, tries, TRY_SECONDS)
    if tries > MOST_TRIES:
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
