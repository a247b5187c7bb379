"""The verbs of the ledger. Called inside the transaction of the status change they belong to."""

from decimal import Decimal
from uuid import UUID

from usage.models import LedgerEntry


def reserve(task_id: UUID, user_id: int, credits: Decimal) -> None:
    """Note what a queued task is expected to cost."""
    LedgerEntry.objects.create(task_id=task_id, user_id=user_id, kind=LedgerEntry.Kind.RESERVED, credits=credits)


def settle(task_id: UUID, user_id: int, credits: Decimal) -> None:
    """Note what a finished task cost. Once per task, and also after a release: success beats failure."""
    _once(task_id, user_id, LedgerEntry.Kind.SETTLED, credits)


def release(task_id: UUID, user_id: int) -> None:
    """Give a reserve back: the task ended without a result."""
    reserved = LedgerEntry.objects.filter(task_id=task_id, kind=LedgerEntry.Kind.RESERVED).first()
    if reserved:
        _once(task_id, user_id, LedgerEntry.Kind.RELEASED, -reserved.credits)


def _once(task_id: UUID, user_id: int, kind: LedgerEntry.Kind, credits: Decimal) -> None:
    LedgerEntry.objects.get_or_create(task_id=task_id, kind=kind, defaults={"user_id": user_id, "credits": credits})
