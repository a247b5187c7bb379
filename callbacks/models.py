"""What arrived at the bell."""

from django.db import models
from django.utils import timezone


class Delivery(models.Model):
    """One callback as it came: raw bytes (capped), headers that matter, our verdict and answer."""

    class Signature(models.TextChoices):
        NOT_EXPECTED = "none", "not expected"
        VALID = "valid"
        INVALID = "invalid"
        MISSING = "missing"
        STALE = "stale"

    task = models.ForeignKey("tasks.Task", on_delete=models.CASCADE, null=True, related_name="deliveries")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    body = models.BinaryField(max_length=65536)
    truncated = models.BooleanField(default=False)
    signature = models.CharField(max_length=8, choices=Signature)
    answer = models.PositiveSmallIntegerField()
    provider_task_id = models.CharField(max_length=128, blank=True)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.answer}"
