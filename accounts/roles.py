"""Who may do what in a team: one table, asked by views and shown on the team's page."""

from enum import Enum

from accounts.models import Role

RANK = {Role.VIEWER: 0, Role.MEMBER: 1, Role.ADMIN: 2, Role.OWNER: 3}


class Right(Enum):
    """An act in a team, and the least role that may do it."""

    LOOK = ("See the team's pictures and board", Role.VIEWER)
    MAKE = ("Make, keep and share pictures", Role.MEMBER)
    SPEND = ("See everyone's spend, set budgets", Role.ADMIN)
    PEOPLE = ("Invite and remove people", Role.ADMIN)
    TASKS = ("Stop or send on what others made", Role.ADMIN)
    TEAM = ("Lend the key, rename or delete the team", Role.OWNER)

    def __init__(self, words: str, least: Role) -> None:
        self.words, self.least = words, least


def may(role: str, right: Right) -> bool:
    """Whether this role is enough for the act; none, "", is enough for nothing."""
    return bool(role) and RANK[Role(role)] >= RANK[right.least]


def outranks(role: str, other: str) -> bool:
    """Whether `role` stands at least as high as `other`: nobody gives or takes more than they have."""
    return RANK[Role(role)] >= RANK[Role(other)]


def table() -> list[tuple[str, list[bool]]]:
    """(what, whether viewer, member, admin, owner may)."""
    return [(right.words, [may(role, right) for role in RANK]) for right in Right]
