"""The verbs of the ledger. Called inside the transaction of the status change they belong to."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Min, Sum
from django.utils import timezone

from usage.models import LedgerEntry

Kind = LedgerEntry.Kind


@dataclass(frozen=True, slots=True)
class Chain:
    """Whose task it is, and which account pays: what every line of its chain says."""

    task_id: UUID
    user_id: int
    team_id: UUID | None
    key_fingerprint: str


def reserve(chain: Chain, credits: Decimal) -> None:
    """Note what a queued task is expected to cost."""
    _add(chain, Kind.RESERVED, credits, credits, timezone.now())


def settle(chain: Chain, credits: Decimal) -> None:
    """Note what a finished task cost. Once per task, and also after a release: success beats failure."""
    if not LedgerEntry.objects.filter(task_id=chain.task_id, kind=Kind.SETTLED).exists():
        outstanding, since = _standing(chain)
        _add(_as_reserved(chain), Kind.SETTLED, credits, credits - outstanding, since)


def release(chain: Chain) -> None:
    """Give a reserve back: the task ended without a result."""
    if not LedgerEntry.objects.filter(task_id=chain.task_id, kind=Kind.RELEASED).exists():
        outstanding, since = _standing(chain)
        _add(_as_reserved(chain), Kind.RELEASED, -outstanding, -outstanding, since)


def _as_reserved(chain: Chain) -> Chain:
    """With the person and team whose budget it was taken from: a task may be handed over while it is under way."""
    first = LedgerEntry.objects.filter(task_id=chain.task_id, kind=Kind.RESERVED)
    for user_id, team_id in first.values_list("user_id", "team_id"):
        return replace(chain, user_id=user_id, team_id=team_id)
    return chain


def _standing(chain: Chain) -> tuple[Decimal, datetime]:
    """What the chain has reserved or spent so far, and since when it exists."""
    said = LedgerEntry.objects.filter(task_id=chain.task_id).aggregate(sum=Sum("delta"), since=Min("booked_at"))
    return said["sum"] or Decimal(0), said["since"] or timezone.now()


def _add(chain: Chain, kind: str, credits: Decimal, delta: Decimal, booked_at: datetime) -> None:
    # get_or_create: a line that exists already was written by somebody who was faster.
    LedgerEntry.objects.get_or_create(
        task_id=chain.task_id,
        kind=kind,
        defaults={
            "user_id": chain.user_id,
            "team_id": chain.team_id,
            "key_fingerprint": chain.key_fingerprint,
            "credits": credits,
            "delta": delta,
            "booked_at": booked_at,
        },
    )
