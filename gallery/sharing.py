"""Share links: what a visitor with a link may see, and until when. Every request asks anew, files included."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F, Min, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import Membership, User
from accounts.roles import Right, may
from accounts.spaces import Space
from gallery.models import Collection, Result, ShareLink

MOST_TRIES, TRIES_REST = 10, timedelta(minutes=10)
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


def close_links_of(user_id: int) -> None:
    """Close all that this person opened: who is let go and let in again later opens nothing by it."""
    ShareLink.objects.filter(created_by_id=user_id, revoked_at=None).update(revoked_at=timezone.now())


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
    by, team_id = link.created_by, link.collection.team_id
    if not by.is_active or team_id is None:
        return by.is_active
    # Who left the team and came back brings no old link back.
    since = Membership.objects.filter(user=by, team=team_id, joined_at__lte=link.created_at)
    return may(since.values_list("role", flat=True).first() or "", Right.MAKE)


def shown_in(collection: Collection) -> "QuerySet[Result]":
    """The saved results of a collection and of its children, each once, in the order that numbers them everywhere.

    Its own come first, in their order, then those of each child. What belongs to another space by now, as when it was
    handed over to a team, is not shown any more.
    """
    own, below = Q(items__collection=collection), Q(items__collection__parent=collection)
    held = Result.objects.in_space(Space(collection.user_id, collection.team_id)).on_wall()
    shown = held.filter(own | below).annotate(
        place=Min("items__position", filter=own),
        child=Min("items__collection__name", filter=below),
        place_below=Min("items__position", filter=below),
    )
    return shown.order_by(F("place").asc(nulls_last=True), "child", "place_below", "-saved_at", "pk")


def shown_by(link: ShareLink) -> "QuerySet[Result]":
    """What the link shows."""
    return shown_in(link.collection).select_related("task")


def may_enter(request: HttpRequest, link: ShareLink) -> bool:
    """Whether no password is asked, or this visitor has given it to this very link with this very password."""
    return not link.password or request.session.get(_name(link)) == link.password[-16:]


def enter(request: HttpRequest, link: ShareLink, password: str) -> bool:
    """Try a password; ten wrong ones in ten minutes are the end for a while, right or not."""
    now = timezone.now()
    own = ShareLink.objects.filter(pk=link.pk)
    own.filter(tried_at__lte=now - TRIES_REST).update(tries=0)
    # Counted before it is looked at, by one conditional UPDATE: tries at the same moment are as many tries.
    if not own.filter(tries__lt=MOST_TRIES).update(tries=F("tries") + 1, tried_at=now):
        return False
    if not check_password(password, link.password):
        return False
    request.session[_name(link)] = link.password[-16:]
    own.update(tries=0)
    return True


def count_opening(link: ShareLink) -> None:
    ShareLink.objects.filter(pk=link.pk).update(opened=F("opened") + 1)


def _name(link: ShareLink) -> str:
    return f"share-{link.pk.hex}"


def result_of(link: ShareLink, pk: UUID) -> Result | None:
    """One of the results the link shows."""
    return shown_by(link).filter(pk=pk).first()
