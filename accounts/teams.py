"""The verbs of teams: make, invite, join, change, leave. Each writes the audit trail in its own transaction."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.models import ApiKey, Invitation, Membership, Role, Team, User
from accounts.roles import RANK, Right, may, outranks
from mjportal.given import line_of

P = ParamSpec("P")
R = TypeVar("R")
INVITATION_LIFE = timedelta(days=7)


class NotAllowed(Exception):
    """The act is refused; the words are for the person who tried."""


def _noting_refusals(verb: Callable[Concatenate[Membership, P], R]) -> Callable[Concatenate[Membership, P], R]:
    """A verb whose refusals are in the trail: written here, where the verb's own transaction is undone already."""

    @wraps(verb)
    def noting(by: Membership, /, *args: P.args, **options: P.kwargs) -> R:
        try:
            return verb(by, *args, **options)
        except NotAllowed as error:
            act = verb.__name__.replace("_", " ")
            audit.note("team act refused", actor=by.user, target=act, team=by.team, why=str(error))
            raise

    return noting


def create(user: User, name: str) -> Team:
    """Make a team that `user` owns, and work there from now on."""
    with transaction.atomic():
        team = Team.objects.create(name=name)
        Membership.objects.create(team=team, user=user, role=Role.OWNER)
        User.objects.filter(pk=user.pk).update(team=team, in_teams=True)
        audit.note("team made", actor=user, target=name, team=team)
    return team


def hash_of(token: str) -> str:
    return hashlib.sha256(b"mj-portal invitation\0" + token.encode()).hexdigest()


@_noting_refusals
def invite(by: Membership, email: str, role: str) -> tuple[Invitation, str]:
    """Open a way in for one address. Returns (the invitation, its token in clear text: shown or mailed, never kept).

    An open invitation of the same address is replaced. Raises NotAllowed.
    """
    email = email.strip().lower()
    if not may(by.role, Right.PEOPLE) or not outranks(by.role, role):
        raise NotAllowed("You can invite to a role up to your own.")
    if Membership.objects.filter(team=by.team, user__email=email).exists():
        raise NotAllowed(f"{email} is in the team already.")
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        by.team.invitations.filter(email=email, accepted_at=None, withdrawn_at=None).update(withdrawn_at=now)
        invitation = Invitation.objects.create(
            team=by.team,
            email=email,
            role=role,
            token_hash=hash_of(token),
            invited_by=by.user,
            expires_at=now + INVITATION_LIFE,
        )
        audit.note("invited", actor=by.user, target=email, team=by.team, role=role)
    return invitation, token


def link_of(token: str, site: str) -> str:
    """Where an invitation leads. `site` is the address this site is reached at, used while PUBLIC_URL is empty."""
    return f"{settings.PUBLIC_URL or site}{reverse('accounts:join', args=[token])}"


def mail_invitation(invitation: Invitation, token: str, site: str) -> None:
    """Send the link. `site` is the address this site is reached at."""
    role, last_day = invitation.get_role_display().lower(), timezone.localtime(invitation.expires_at)
    # A name with a new line in it would be no subject, and words of its own in the text.
    inviter, team = line_of(str(invitation.invited_by), 80), line_of(invitation.team.name, 60)
    text = (
        f"{inviter} invites you to the team {team} as {role}.\n\n{link_of(token, site)}\n\n"
        f"The link works once, until {last_day:%d %B %Y}, and only for this address."
    )
    send_mail(f"Join {team}", text, None, [invitation.email], fail_silently=True)


def find_invitation(token: str) -> Invitation | None:
    """The open invitation with this token; None when it was used, withdrawn, ran out, or nobody stands for it now."""
    open_ones = Invitation.objects.select_related("team", "invited_by").filter(accepted_at=None, withdrawn_at=None)
    found = open_ones.filter(token_hash=hash_of(token), expires_at__gt=timezone.now()).first()
    return found if found and _is_stood_for(found, _inviter(found)) else None


def _inviter(invitation: Invitation) -> "QuerySet[Membership]":
    return Membership.objects.filter(team=invitation.team_id, user=invitation.invited_by_id, user__is_active=True)


def _is_stood_for(invitation: Invitation, inviter: "QuerySet[Membership]") -> bool:
    """Whether who invited could do so today: what they opened ends with their right."""
    by = inviter.first()
    return by is not None and may(by.role, Right.PEOPLE) and outranks(by.role, invitation.role)


def accept(invitation: Invitation, user: User) -> Membership:
    """Join. Raises NotAllowed for another address than the invited one, and for a link that was used meanwhile."""
    if user.email != invitation.email:
        audit.note("invitation refused", actor=user, target=invitation.email, team=invitation.team)
        raise NotAllowed(f"This invitation is for {invitation.email}, and you are signed in as {user.email}.")
    with transaction.atomic():
        open_one = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
        if not open_one.filter(expires_at__gt=timezone.now()).update(accepted_at=timezone.now()):
            raise NotAllowed("This invitation was used already, withdrawn, or ran out.")
        # Locked, so that whoever takes the inviter's right away comes before this or finds the newcomer in the team.
        if not _is_stood_for(invitation, _inviter(invitation).select_for_update(no_key=True)):
            raise NotAllowed("Who invited you may not invite any more. Ask the team for a new invitation.")
        found, _ = Membership.objects.get_or_create(team=invitation.team, user=user, defaults={"role": invitation.role})
        User.objects.filter(pk=user.pk).update(team=invitation.team, in_teams=True)
        audit.note("joined", actor=user, target=user.email, team=invitation.team, role=found.role)
    return found


@_noting_refusals
def withdraw(by: Membership, invitation: Invitation) -> None:
    """Close an invitation that was not used. Raises NotAllowed."""
    _require(by, Right.PEOPLE)
    with transaction.atomic():
        if Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(withdrawn_at=timezone.now()):
            audit.note("invitation withdrawn", actor=by.user, target=invitation.email, team=by.team)


@_noting_refusals
def change_role(by: Membership, member: Membership, role: str) -> None:
    """Give `member` another role. Raises NotAllowed: nobody gives or takes more than they have, one owner stays."""
    _require(by, Right.PEOPLE)
    if not outranks(by.role, member.role) or not outranks(by.role, role):
        raise NotAllowed("You can change roles up to your own.")
    with transaction.atomic():
        if role != Role.OWNER:
            _keep_an_owner(member)
        before = member.role
        Membership.objects.filter(pk=member.pk).update(role=role)
        member.role = role
        audit.note("role changed", actor=by.user, target=member.user.email, team=by.team, before=before, after=role)


@_noting_refusals
def remove(by: Membership, member: Membership) -> None:
    """End a membership: it counts from the next request on. Leaving is removing oneself. Raises NotAllowed."""
    leaves = by.pk == member.pk
    if not leaves:
        _require(by, Right.PEOPLE)
        if not outranks(by.role, member.role):
            raise NotAllowed("You can remove people up to your own role.")
    with transaction.atomic():
        _keep_an_owner(member)
        audit.note("left" if leaves else "removed", actor=by.user, target=member.user.email, team=by.team)
        end(member)


def end(member: Membership) -> None:
    """End a membership and what hangs on it. Whoever calls this has asked whether it may be, and who is owner then."""
    with transaction.atomic():
        Team.objects.filter(pk=member.team_id, key__user_id=member.user_id).update(key=None)
        Membership.objects.filter(pk=member.pk).delete()
        User.objects.filter(pk=member.user_id, team=member.team_id).update(team=None)


def end_all(user: User, by: User) -> None:
    """End every membership of somebody who is let go.

    A team whose only owner goes is owned by the highest of those who stay, among them by who was there first.
    """
    with transaction.atomic():
        for member in Membership.objects.filter(user=user).select_related("team"):
            staying = Membership.objects.select_for_update(of=("self",)).select_related("user")
            others = sorted(
                staying.filter(team=member.team, user__is_active=True).exclude(pk=member.pk),
                key=lambda other: -RANK[Role(other.role)],
            )
            if member.role == Role.OWNER and others and others[0].role != Role.OWNER:
                heir, before = others[0], others[0].role
                Membership.objects.filter(pk=heir.pk).update(role=Role.OWNER)
                why: dict[str, Any] = {"before": before, "after": Role.OWNER, "why": "the only owner was let go"}
                audit.note("role changed", actor=by, target=heir.user.email, team=member.team, **why)
            end(member)


@_noting_refusals
def lend_key(by: Membership, key: ApiKey | None) -> None:
    """Let the team's tasks be paid with the owner's own key, or, with None, no more. Raises NotAllowed."""
    _require(by, Right.TEAM)
    if key is not None and key.user_id != by.user_id:
        raise NotAllowed("You can lend your own key only.")
    with transaction.atomic():
        Team.objects.filter(pk=by.team_id).update(key=key)
        audit.note("key lent" if key else "key taken back", actor=by.user, target=key or "", team=by.team)


@_noting_refusals
def change(by: Membership, *, name: str, factor_required: bool) -> None:
    """Rename the team, and say whether its members need a second factor. Raises NotAllowed."""
    _require(by, Right.TEAM)
    with transaction.atomic():
        Team.objects.filter(pk=by.team_id).update(name=name, factor_required=factor_required)
        audit.note("team changed", actor=by.user, target=name, team=by.team, factor_required=factor_required)


def _require(by: Membership, right: Right) -> None:
    if not may(by.role, right):
        raise NotAllowed("Your role in this team is not enough for that.")


def _keep_an_owner(member: Membership) -> None:
    """The row locks make two owners who leave at once see each other."""
    owners = Membership.objects.select_for_update().filter(team_id=member.team_id, role=Role.OWNER)
    if [each.pk for each in owners] == [member.pk]:
        raise NotAllowed("The team needs an owner: make somebody else one first.")
