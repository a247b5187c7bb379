"""A task: one paid generation, at most one paid request. The task table is the queue."""

import secrets
import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models, transaction
from django.utils import timezone

from accounts.models import ApiKey, Team, User
from accounts.services import next_revisions
from accounts.spaces import visible
from mjportal.vocabulary import TYPES
from tasks.remembered import Draft, Preset, Reference  # noqa: F401 - Django finds models here


def new_callback_token() -> str:
    return secrets.token_urlsafe(32)


class Status(models.TextChoices):
    """Drawn in docs/architecture.md. Only `tasks.lifecycle` moves a task from one to another."""

    QUEUED = "QUEUED", "Queued"
    SUBMITTING = "SUBMITTING", "Sending"
    RUNNING = "RUNNING", "Running"
    UNCONFIRMED = "UNCONFIRMED", "No confirmation yet"
    HELD = "HELD", "Held"
    SUCCEEDED = "SUCCEEDED", "Done"
    FAILED = "FAILED", "Failed"
    CANCELLED = "CANCELLED", "Cancelled"


class HoldReason(models.TextChoices):
    KEY_REFUSED = "key_refused", "key refused"
    KEY_DISABLED = "key_disabled", "key stopped by an admin"
    KEY_GONE = "key_gone", "the lent key was taken back"
    NO_CREDIT = "no_credit", "not enough credits"
    PROVIDER_PAUSED = "provider_paused", "the provider is not taking tasks"
    OVER_BUDGET = "over_budget", "over budget"
    DISK_LOW = "disk_low", "our storage is nearly full"
    RESTORED = "restored", "restored from a backup"
    PAUSED = "paused", "paused by you"


class FailureClass(models.TextChoices):
    """What went wrong, by what the person can do about it."""

    MODERATION = "moderation", "Refused by moderation"
    PARAMETER = "parameter", "A setting was refused"
    GENERATION = "generation", "The generation failed"
    UNAVAILABLE = "unavailable", "Not available"
    SWITCHED_OFF = "switched_off", "Switched off at the provider"
    BY_HAND = "by_hand", "Ended by an admin"


class Kind(models.TextChoices):
    GENERATE = "generate", "Generate"
    UPSCALE = "upscale", "Upscale"
    VARY = "vary", "Vary"
    EXTEND = "extend", "Extend"
    # Made elsewhere, brought here by its number; what it is shows when its record is read.
    IMPORT = "import", "Import"


LONG_QUEUED = timedelta(minutes=5)
LONG_RUNNING = timedelta(hours=1)
MANY_BAD_LOOKS = 5
WAITING = (Status.QUEUED, Status.HELD)
ACTIVE = (Status.QUEUED, Status.SUBMITTING, Status.RUNNING, Status.UNCONFIRMED)
FINAL = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)
ALWAYS = models.Q()
CLIP_TYPES = ("mj_video", "mj_video_hd")


class Batch(models.Model):
    """The tasks that one prompt with braces unfolded to; its template is kept as it was typed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="batches")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="batches")
    nonce = models.UUIDField(default=uuid.uuid4)
    template = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    paused_at = models.DateTimeField(null=True, blank=True, help_text="nothing of it leaves by itself")
    mail_wanted = models.BooleanField(default=False, help_text="tell the person by mail when all of it has ended")

    objects: ClassVar[models.Manager["Batch"]] = models.Manager()

    class Meta:
        verbose_name_plural = "batches"
        constraints = [models.UniqueConstraint(fields=["user", "nonce"], name="one_batch_per_form")]

    def __str__(self) -> str:
        return f"Batch {str(self.id)[:8]}"


class TaskQuerySet(models.QuerySet["Task"]):
    def visible_to(self, user: Any) -> "TaskQuerySet":
        """The tasks this person may see; every user-facing query starts here."""
        return self.filter(visible(user)) if user.pk else self.none()

    def stuck(self, now: datetime) -> "TaskQuerySet":
        """What needs a person: no confirmation, held, long queued, long running, or only useless answers."""
        return self.filter(
            models.Q(status__in=(Status.UNCONFIRMED, Status.HELD))
            | models.Q(status__in=(Status.QUEUED, Status.SUBMITTING), created_at__lt=now - LONG_QUEUED)
            | models.Q(status=Status.RUNNING, sent_at__lt=now - LONG_RUNNING)
            | models.Q(status=Status.RUNNING, bad_looks__gte=MANY_BAD_LOOKS)
        )

    def active(self) -> "TaskQuerySet":
        return self.filter(status__in=ACTIVE)


class Task(models.Model):
    """One generation and all that is known of it. `parameters` holds the provider's fields in snake case."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tasks")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="tasks")
    api_key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, blank=True, related_name="tasks")
    key_fingerprint = models.CharField(max_length=32, blank=True)
    nonce = models.UUIDField(default=uuid.uuid4)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.GENERATE)
    task_type = models.CharField(max_length=32)
    prompt = models.TextField(blank=True)
    parameters = models.JSONField(default=dict)
    batch = models.ForeignKey(Batch, on_delete=models.SET_NULL, null=True, blank=True, related_name="tasks")
    expansion = models.TextField(blank=True, help_text="the prompt as unfolded from its template, flags included")
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children")
    parent_position = models.PositiveSmallIntegerField(null=True, blank=True, help_text="0-based picture of the parent")
    cost = models.DecimalField("credits, estimated", max_digits=10, decimal_places=2, default=Decimal(0))

    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    hold_reason = models.CharField(max_length=16, choices=HoldReason, blank=True)
    failure_class = models.CharField(max_length=12, choices=FailureClass, blank=True)
    failure_code = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=500, blank=True, help_text="the provider's words, cleaned for a person")
    revision = models.BigIntegerField(default=0, editable=False)
    team_revision = models.BigIntegerField(default=0, editable=False)

    callback_token = models.CharField(max_length=64, unique=True, default=new_callback_token, editable=False)
    provider_task_id = models.CharField(max_length=128, blank=True)
    hinted_task_id = models.CharField(max_length=128, blank=True, help_text="an id a callback named; unproven")

    created_at = models.DateTimeField(default=timezone.now)
    next_send_at = models.DateTimeField(default=timezone.now)
    rung_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField("wire mark", null=True, blank=True)
    last_wire_at = models.DateTimeField(
        null=True, blank=True, help_text="kept when the wire mark is taken back: it paces the key"
    )
    sends = models.PositiveSmallIntegerField(default=0)
    first_busy_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True, help_text="first seen in the provider's record")
    called_back_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)

    next_look_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    looks = models.PositiveIntegerField(default=0)
    bad_looks = models.PositiveIntegerField(default=0, help_text="useless answers in a row")
    blind_since = models.DateTimeField(null=True, blank=True, help_text="no usable key to look with since then")
    claimed_urls = models.JSONField(default=list, blank=True, help_text="what a callback named; used only when blind")
    doubted_at = models.DateTimeField(null=True, blank=True, help_text="a failure that a second look must confirm")
    empty_looks = models.PositiveIntegerField(default=0, help_text="finished without pictures, in a row")

    objects: ClassVar[models.Manager["Task"]] = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "nonce"], name="one_task_per_form"),
            models.UniqueConstraint(
                fields=["key_fingerprint", "provider_task_id"],
                condition=~models.Q(provider_task_id=""),
                name="one_task_per_provider_id",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="task_board"),
            models.Index(fields=["user", "revision"], name="task_revision"),
            models.Index(fields=["user", "status"], name="task_state"),
            *(
                models.Index(fields=["team", *fields], name=f"task_team_{name}", condition=models.Q(team__isnull=False))
                for name, fields in (
                    ("board", ["-created_at", "-id"]),
                    ("revision", ["team_revision"]),
                    ("state", ["status"]),
                )
            ),
            models.Index(fields=["next_look_at"], name="task_look_due", condition=models.Q(next_look_at__isnull=False)),
            models.Index(
                fields=["status", "next_send_at"],
                name="task_send_due",
                condition=models.Q(status__in=["QUEUED", "SUBMITTING", "HELD"]),
            ),
            models.Index(fields=["key_fingerprint", "last_wire_at"], name="task_pace"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {str(self.id)[:8]}"

    def advance(self, *, from_: tuple[str, ...], to: str, where: models.Q = ALWAYS, **fields: Any) -> bool:
        """Move to status `to` if still in one of `from_`, setting `fields`: one UPDATE. Returns whether it won.

        `where`: what else must hold at that moment. The board revisions move in the same transaction, so a poll can
        never miss the change.
        """
        fields["status"] = to
        with transaction.atomic():
            if not Task.objects.filter(pk=self.pk, status__in=from_).filter(where).update(**fields):
                return False
            # Read again under the row's lock: work may have been handed to a team since the caller read it.
            self.refresh_from_db(fields=["team_id"])
            revisions = next_revisions(self.user_id, self.team_id)
            fields |= revisions
            Task.objects.filter(pk=self.pk).update(**revisions)
        for name, value in fields.items():
            setattr(self, name, value)
        return True

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def is_clip(self) -> bool:
        return self.task_type in CLIP_TYPES or self.kind == Kind.EXTEND

    @property
    def kind_label(self) -> str:
        """What it is, in a word or two."""
        if self.kind != Kind.GENERATE:
            return self.get_kind_display()
        return TYPES.get(self.task_type, self.task_type)

    @property
    def expected_results(self) -> int:
        """How many pictures or clips a success brings."""
        if self.is_clip:
            return int(self.parameters.get("video_batch_size") or 1)
        return 1 if self.kind == Kind.UPSCALE else 4

    @property
    def aspect_ratio(self) -> str:
        return str(self.parameters.get("aspect_ratio") or "1:1")


class Exchange(models.Model):
    """One request and its raw answer, capped and without the key; the last twenty of a task are kept."""

    KEPT = 20

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="exchanges")
    at = models.DateTimeField(default=timezone.now)
    method = models.CharField(max_length=6)
    path = models.CharField(max_length=200)
    request_body = models.TextField(blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    response_body = models.TextField(blank=True)
    seconds = models.FloatField(default=0)
    outcome = models.CharField(max_length=60, help_text="what we took it to mean")

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status or 'no answer'}"


class Gate(models.Model):
    """A breaker and a lock row: `key:<fingerprint>` paces one account, `provider` stands for the whole service."""

    scope = models.CharField(max_length=80, unique=True)
    open_until = models.DateTimeField(null=True, blank=True, help_text="nothing is sent before")
    reason = models.CharField(max_length=40, blank=True)
    recent = models.JSONField(default=list, help_text="the last ten outcomes, true is good; provider only")
    streak = models.PositiveSmallIntegerField(default=0, help_text="how often it opened in a row")

    def __str__(self) -> str:
        return self.scope

    def is_open(self, now: datetime) -> bool:
        return self.open_until is not None and self.open_until > now


class SwitchedOff(models.Model):
    """A task type the provider said is off (505); shown as such for an hour."""

    task_type = models.CharField(max_length=32, unique=True)
    until = models.DateTimeField()

    class Meta:
        verbose_name_plural = "switched off types"

    def __str__(self) -> str:
        return self.task_type


class Lease(models.Model):
    """Which sync loop leads: holder, fencing number, and when its word runs out on the database's clock."""

    name = models.CharField(max_length=20, primary_key=True)
    holder = models.CharField(max_length=64, blank=True)
    generation = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} {self.generation}"
