"""What the composer keeps for people: settings under names, what was left in it, pictures to start from."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import Team, User


class Preset(models.Model):
    """Settings of the composer under a name, without prompt and pictures. `values` are those of the form."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="presets")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="presets")
    name = models.CharField(max_length=60)
    values = models.JSONField(default=dict)
    is_default = models.BooleanField(default=False)

    objects: ClassVar[models.Manager["Preset"]] = models.Manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"], condition=models.Q(team__isnull=True), name="one_preset_per_name"
            ),
            models.UniqueConstraint(
                fields=["team", "name"], condition=models.Q(team__isnull=False), name="one_team_preset_per_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Draft(models.Model):
    """What stood in the composer when somebody left it: it survives a reload, a sign-out and another device."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="draft")
    values = models.JSONField(default=dict)
    saved_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["Draft"]] = models.Manager()

    def __str__(self) -> str:
        return f"Draft of {self.user}"


class Reference(models.Model):
    """A picture somebody brought to start from. We keep it re-encoded as WebP, without its metadata."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="references")
    sha256 = models.CharField(max_length=64, help_text="of the bytes that were brought")
    name = models.CharField(max_length=120, blank=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["Reference"]] = models.Manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["user", "sha256"], name="one_reference_per_picture")]

    def __str__(self) -> str:
        return self.name or f"Picture {str(self.id)[:8]}"
