"""Money: what each task reserved, cost or gave back. Append-only."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class LedgerEntry(models.Model):
    """One line of a task's chain: reserved, then settled or released. Credits are the provider's, never currency."""

    class Kind(models.TextChoices):
        RESERVED = "reserved"
        SETTLED = "settled"
        RELEASED = "released"

    task = models.ForeignKey("tasks.Task", on_delete=models.PROTECT, related_name="ledger")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind)
    credits = models.DecimalField(max_digits=10, decimal_places=2)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name_plural = "ledger entries"
        constraints = [models.UniqueConstraint(fields=["task", "kind"], name="ledger_once_per_task_and_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.credits}"
