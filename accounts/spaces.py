"""Where somebody works: their own space or a team's. Lists show one space; an object asks what is visible at all."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import Exists, Q

from accounts.models import ApiKey, Membership, Role, User
from accounts.roles import Right, may
from mjportal.given import uuid_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

KNOWN = "_known_spaces"
NAMED = "_named_space"
# How a page names the space it shows, when that is nobody's team.
OWN = "own"


@dataclass(frozen=True, slots=True)
class Space:
    """A person in their own space (`team_id` None) or in a team's, with their role there.

    `is_shut`: the team asks for a second factor, and the person has none.
    """

    user_id: int
    team_id: UUID | None = None
    role: str = Role.OWNER
    name: str = "Mine"
    is_shut: bool = False

    @property
    def holds(self) -> Q:
        """The rows of this space, for models with `user` and `team`."""
        return Q(team_id=self.team_id) if self.team_id else Q(user_id=self.user_id, team_id__isnull=True)

    def may(self, right: Right) -> bool:
        return may(self.role, right)

    @property
    def may_make(self) -> bool:
        return self.may(Right.MAKE)

    @property
    def may_stop(self) -> bool:
        """Whether the person may also stop or send on what others made here."""
        return self.team_id is not None and self.may(Right.TASKS)


class NotThere(Exception):
    """A page was drawn for a space its reader is not in any more."""


def work_in(user: User, named: str) -> None:
    """Take this person as working in the space a page was drawn for, as long as the person object lives: one request.

    They may have gone elsewhere since, in another tab. It gives no right: raises NotThere without a membership.
    """
    team_id = None if named == OWN else uuid_of(named)
    user.__dict__[NAMED] = team_id
    if named != OWN and (team_id is None or space_of(user).team_id != team_id):
        del user.__dict__[NAMED]
        raise NotThere


def name_of(team_id: UUID | None) -> str:
    """What `work_in` understands, for a team's space or, with None, one's own."""
    return team_id.hex if team_id else OWN


def _works_in(user: User) -> UUID | None:
    where: UUID | None = user.__dict__.get(NAMED, user.team_id)
    return where


def space_of(user: User) -> Space:
    """Where this person works now; a team they are not in any more is their own space: one query, none without one."""
    if not _works_in(user):
        return Space(user.pk)
    return here_among(spaces_of(user), user)


def spaces_of(user: User) -> list[Space]:
    """All this person may work in, their own first. Asked for once per person object, of which a request has one."""
    known: list[Space] | None = user.__dict__.get(KNOWN)
    if known is None:
        known = user.__dict__[KNOWN] = _ask(user)
    return known


def _ask(user: User) -> list[Space]:
    spaces = [Space(user.pk)]
    if user.in_teams or user.team_id or _works_in(user):
        mine = Membership.objects.filter(user=user).select_related("team").annotate(is_open=_open_to(user))
        for each in mine.order_by("team__name"):
            spaces.append(Space(user.pk, each.team_id, each.role, each.team.name, not each.is_open))
    return spaces


def factors_of(user: Any) -> "QuerySet[Authenticator]":
    """The person's second factors: an app or a passkey is one; recovery codes alone are none."""
    known: QuerySet[Authenticator] = Authenticator.objects.filter(user_id=user.pk)
    return known.exclude(type=Authenticator.Type.RECOVERY_CODES)


def _open_to(user: Any) -> Q:
    """Those memberships of this person whose team asks for no second factor, or all when they have one."""
    return Q(team__factor_required=False) | Q(Exists(factors_of(user)))


def open_memberships(user: Any) -> "QuerySet[Membership]":
    """The teams this person may look into. One that asks for a second factor is shut without, wherever they work."""
    return Membership.objects.filter(_open_to(user), user_id=user.pk)


def here_among(spaces: list[Space], user: User) -> Space:
    """Where this person works now, among all they may work in: for pages that show the choice too."""
    return next((space for space in spaces if space.team_id == _works_in(user)), spaces[0])


def space_holding(user: User, team_id: UUID | None) -> Space:
    """The space in which something of this team (or of nobody's) is seen by this person, who may see it."""
    return next((space for space in spaces_of(user) if space.team_id == team_id), Space(user.pk, team_id, Role.VIEWER))


def visible(user: Any) -> Q:
    """What this person may see of models with `user` and `team`: their own, and that of the teams open to them."""
    return _held(user, open_memberships(user))


def at_hand(user: Any) -> Q:
    """What the site itself may use for this person: a worker that does what they ordered has no factor to show."""
    return _held(user, Membership.objects.filter(user_id=user.pk))


def _held(user: Any, mine: "QuerySet[Membership]") -> Q:
    return Q(user_id=user.pk, team_id__isnull=True) | Q(team_id__in=mine.values("team_id"))


def role_in(user: Any, team_id: UUID | None) -> str:
    """The person's role in the team, "" when they are not in it; in nobody's team everybody owns what is theirs."""
    return _role(Membership.objects.filter(user_id=user.pk), team_id)


def open_role_in(user: Any, team_id: UUID | None) -> str:
    """The same for who asks through a browser: "" also while the team is shut to them."""
    return _role(open_memberships(user), team_id)


def _role(memberships: "QuerySet[Membership]", team_id: UUID | None) -> str:
    if team_id is None:
        return Role.OWNER
    return memberships.filter(team_id=team_id).values_list("role", flat=True).first() or ""


def may_in(user: Any, team_id: UUID | None, right: Right) -> bool:
    """Whether the person may do this in the team, or in their own space."""
    return may(role_in(user, team_id), right)


def key_for(user_id: int, team_id: UUID | None) -> ApiKey | None:
    """The key that pays: the one lent to the team, else the person's own."""
    if team_id:
        lent = ApiKey.objects.filter(lent_to=team_id).first()
        if lent:
            return lent
    return ApiKey.objects.filter(user_id=user_id).first()
