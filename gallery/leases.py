"""Who is saving a result right now. A killed worker's word runs out by itself; a slow one's is renewed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from gallery.models import Result

# Longer than the child process may take, the longest step without a renewal.
LASTS = timedelta(seconds=120)
RENEW_AFTER = timedelta(seconds=30)
# Not home yet; or home, and the record names the address of another file.
WANTED = Q(state=Result.State.SAVING) | Q(state=Result.State.SAVED, named_url__gt="")


class LostLease(Exception):
    """Somebody else saves this result by now, or it is saved."""


@dataclass(slots=True)
class Lease:
    """The right to save one result; its end, exact to the microsecond, is what proves it is ours."""

    pk: Any
    until: datetime

    def keep_alive(self) -> None:
        """Called often; writes seldom. Raises LostLease."""
        now = timezone.now()
        if self.until - now < LASTS - RENEW_AFTER:
            self.change(lease_until=now + LASTS)
            self.until = now + LASTS

    def change(self, **fields: Any) -> None:
        """Write `fields` to the row if the lease is still ours. Raises LostLease."""
        ours = Result.objects.filter(WANTED, pk=self.pk, lease_until=self.until)
        if not ours.update(**fields):
            raise LostLease


def free(now: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=now)


def take(pk: Any) -> Lease | None:
    """The lease of a due result, by one conditional UPDATE that also counts the attempt; None if not to be had."""
    now = timezone.now()
    due = Result.objects.filter(WANTED, free(now), pk=pk, dead_link_at=None, next_try_at__lte=now)
    if due.update(lease_until=now + LASTS, attempts=F("attempts") + 1):
        return Lease(pk, now + LASTS)
    return None
