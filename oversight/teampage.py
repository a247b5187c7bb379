"""What the team's page shows: figures, people with budgets and factors, open invitations."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from allauth.mfa.models import Authenticator

from accounts.models import Invitation, Membership, Role, Team
from accounts.roles import Right, may, outranks, table
from tasks.remembered import Preset
from usage.budgets import Standing, standing_of
from usage.models import Budget

FACTORS = {"totp": "app", "webauthn": "passkey"}


@dataclass(frozen=True)
class Person:
    """One row. `roles` are those this viewer may give; empty when they may not."""

    member: Membership
    is_you: bool
    budget: Standing | None
    factor: str
    seen: datetime | None
    roles: list[tuple[str, str]]
    may_remove: bool


@dataclass(frozen=True)
class TeamPage:
    """Everything `templates/teams/team.html` draws for one member."""

    team: Team
    me: Membership
    people: list[Person]
    budget: Standing | None
    given_out: Decimal
    presets: int
    invitations: list[Invitation]
    may_people: bool
    may_spend: bool
    may_team: bool

    @property
    def owners(self) -> int:
        return sum(person.member.role == Role.OWNER for person in self.people)

    @property
    def admins(self) -> int:
        return sum(person.member.role == Role.ADMIN for person in self.people)

    @property
    def open_invitations(self) -> int:
        return sum(not each.is_over for each in self.invitations)

    @property
    def rights(self) -> list[tuple[str, list[bool]]]:
        return table()

    @property
    def is_key_mine(self) -> bool:
        return self.team.key is not None and self.team.key.user_id == self.me.user_id

    @property
    def grantable(self) -> list[tuple[str, str]]:
        return _grantable(self.me)


def team_page(me: Membership) -> TeamPage:
    """A constant number of queries, and two for each budget."""
    team = me.team
    members = list(team.memberships.select_related("user"))
    budgets = {each.user_id: standing_of(each) for each in Budget.objects.filter(team=team).select_related("user")}
    # The budget of somebody who left stays for the day they come back; until then it is given to nobody.
    personal = [budgets[member.user_id] for member in members if member.user_id in budgets]
    may_people = may(me.role, Right.PEOPLE)
    return TeamPage(
        team=team,
        me=me,
        people=_people(me, members, budgets),
        budget=budgets.get(None),
        given_out=sum((standing.limit for standing in personal), Decimal(0)),
        presets=Preset.objects.filter(team=team).count(),
        invitations=list(_open(team)) if may_people else [],
        may_people=may_people,
        may_spend=may(me.role, Right.SPEND),
        may_team=may(me.role, Right.TEAM),
    )


def _open(team: Team) -> list[Invitation]:
    unused = team.invitations.filter(accepted_at=None, withdrawn_at=None).select_related("invited_by")
    return list(unused[:50])


def _people(me: Membership, members: list[Membership], budgets: dict[int | None, Standing]) -> list[Person]:
    known = Authenticator.objects.filter(user__in=[member.user_id for member in members], type__in=FACTORS)
    factors: dict[int, set[str]] = {}
    for user_id, kind in known.values_list("user_id", "type"):
        factors.setdefault(user_id, set()).add(FACTORS[kind])
    may_people = may(me.role, Right.PEOPLE)
    may_spend = may(me.role, Right.SPEND)
    people = []
    for member in members:
        is_you = member.pk == me.pk
        above = may_people and outranks(me.role, member.role)
        people.append(
            Person(
                member=member,
                is_you=is_you,
                budget=budgets.get(member.user_id) if may_spend or is_you else None,
                factor=", ".join(sorted(factors.get(member.user_id, ()))),
                seen=member.user.last_login,
                roles=_grantable(me) if above and not is_you else [],
                may_remove=above and not is_you,
            )
        )
    return people


def _grantable(me: Membership) -> list[tuple[str, str]]:
    return [(value, label) for value, label in Role.choices if outranks(me.role, value)]
