"""Where somebody works: their own space or a team's. Lists show one space; an object asks what is visible at all."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.models import ApiKey, Membership, Role, User
from accounts.roles import Right, may

KNOWN = "_known_spaces"


@dataclass(frozen=True, slots=True)
class Space:
    """A person in their own space (`team_id` None) or in a team's, with their role there."""

    user_id: int
    team_id: UUID | None = None
    role: str = Role.OWNER
    name: str = "Mine"
    factor_required: bool = False

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


def space_of(user: User) -> Space:
    """Where this person works now; a team they are not in any more is their own space: one query, none without one."""
    if not user.team_id:
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
    if user.in_teams or user.team_id:
        for each in Membership.objects.filter(user=user).select_related("team").order_by("team__name"):
            team = each.team
            spaces.append(Space(user.pk, team.pk, each.role, team.name, team.factor_required))
    return spaces


def here_among(spaces: list[Space], user: User) -> Space:
    """Where this person works now, among all they may work in: for pages that show the choice too."""
    return next((space for space in spaces if space.team_id == user.team_id), spaces[0])


def space_holding(user: User, team_id: UUID | None) -> Space:
    """The space in which something of this team (or of nobody's) is seen by this person, who may see it."""
    return next((space for space in spaces_of(user) if space.team_id == team_id), Space(user.pk, team_id, Role.VIEWER))


def visible(user: Any) -> Q:
    """What this person may see of models with `user` and `team`: their own, and their teams'."""
    mine = Membership.objects.filter(user_id=user.pk).values("team_id")
    return Q(user_id=user.pk, team_id__isnull=True) | Q(team_id__in=mine)


def role_in(user: Any, team_id: UUID | None) -> str:
    """The person's role in the team, "" when they are not in it; in nobody's team everybody owns what is theirs."""
    if team_id is None:
        return Role.OWNER
    return Membership.objects.filter(user_id=user.pk, team_id=team_id).values_list("role", flat=True).first() or ""


def may_in(user: Any, team_id: UUID | None, right: Right) -> bool:
    """Whether the person may do this in the team, or in their own space."""
    role = role_in(user, team_id)
    return bool(role) and may(role, right)


def key_for(user_id: int, team_id: UUID | None) -> ApiKey | None:
    """The key that pays: the one lent to the team, else the person's own."""
    if team_id:
        lent = ApiKey.objects.filter(lent_to=team_id).first()
        if lent:
            return lent
    return ApiKey.objects.filter(user_id=user_id).first()
