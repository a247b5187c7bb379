"""What was bought, on our storage."""

import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils import timezone

from accounts.models import Team
from accounts.spaces import Space, visible
from gallery.fulltext import Words
from gallery.gone import Gone as Gone

# Upscale, vary and extend name a result by its index, 0 to 3.
MOST_BUILDABLE = 4
# The provider promises 14 or 15 days: people see the thirteenth, we go on trying to the fifteenth.
KEPT_BY_PROVIDER = timedelta(days=13)
GIVEN_UP_AFTER = timedelta(days=15)


def _deadline() -> datetime:
    return timezone.now() + KEPT_BY_PROVIDER


class ResultQuerySet(models.QuerySet["Result"]):
    def visible_to(self, user: "settings.AUTH_USER_MODEL | AnonymousUser") -> "ResultQuerySet":  # type: ignore[name-defined]
        """The results this person may see; every user-facing query starts here."""
        return self.filter(visible(user)) if user.pk else self.none()

    def in_space(self, space: Space) -> "ResultQuerySet":
        """The results of one space, which the caller has seen to be the person's own or a team of theirs."""
        return self.filter(space.holds)

    def saved(self) -> "ResultQuerySet":
        return self.filter(state=Result.State.SAVED)

    def on_wall(self) -> "ResultQuerySet":
        """The saved ones, told by their time (it comes and goes with the state): the form the wall's index serves."""
        return self.filter(saved_at__isnull=False, trashed_at__isnull=True)


class Result(models.Model):
    """One picture or clip of a task: where it came from, and the file we hold.

    `sha256` names the original on our storage (see gallery.files); two rows may share one file. On a row that is still
    saving it is an intent: written before the file gets its final name, so that a killed worker leaves nothing unknown.

    Where only a callback had named a saved row's address, the record may name another, `named_url`: it stays saved as
    it is until that file is home, and is due for it as long as it has a `next_try_at`. `stray` is content on its way
    in or out: <sha256>.<extension>.
    """

    class Kind(models.TextChoices):
        IMAGE = "image"
        VIDEO = "video"

    class State(models.TextChoices):
        SAVING = "saving"
        SAVED = "saved"
        LOST = "lost"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.ForeignKey("tasks.Task", on_delete=models.PROTECT, related_name="results")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="results")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="results")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=5, choices=Kind, default=Kind.IMAGE)
    state = models.CharField(max_length=6, choices=State, default=State.SAVING)
    source_url = models.TextField(help_text="the provider's address; signed ones have no useful length limit")
    verified = models.BooleanField(
        default=True, help_text="False: the address came from a callback nobody could confirm."
    )
    named_url = models.TextField(blank=True, help_text="the record's address, while we hold another's file")

    first_seen_at = models.DateTimeField(default=timezone.now)
    deadline = models.DateTimeField(default=_deadline)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now, null=True, blank=True)
    rung_at = models.DateTimeField(null=True, blank=True, help_text="when the workers were last asked")
    lease_until = models.DateTimeField(null=True, blank=True)
    dead_link_at = models.DateTimeField(null=True, blank=True, help_text="the link was gone; tasks fetches a fresh one")
    problem = models.CharField(max_length=300, blank=True)
    warned = models.PositiveSmallIntegerField(default=0, help_text="How many of the four warnings went out.")

    saved_at = models.DateTimeField(null=True, blank=True)
    stray = models.CharField(max_length=80, blank=True, help_text="content that may lie around, by its name")
    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    content_type = models.CharField(max_length=40, blank=True)
    size = models.BigIntegerField(default=0, help_text="bytes")
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    duration = models.FloatField(default=0, help_text="seconds, clips only")
    placeholder = models.TextField(blank=True, help_text="a 16-px WebP as a data URI")
    starred = models.BooleanField(default=False)
    rating = models.PositiveSmallIntegerField(default=0, help_text="1 to 5, 0 without one")
    trashed_at = models.DateTimeField(null=True, blank=True)
    downloaded_at = models.DateTimeField(null=True, blank=True, help_text="when somebody first took it along")

    # What the gallery asks of the task, kept beside the file: a facet must not open a million tasks.
    task_type = models.CharField(max_length=32, blank=True)
    version = models.CharField(max_length=16, blank=True)
    speed = models.CharField(max_length=8, blank=True)
    shape = models.CharField(max_length=5, blank=True, help_text="the nearest of the eleven, such as 16-9")
    credits = models.DecimalField("credits, its share", max_digits=10, decimal_places=2, default=Decimal(0))
    words = models.OneToOneField(
        Words,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        editable=False,
        related_name="result",
        help_text="its row in the full-text index",
    )
    revision = models.BigIntegerField(default=0, editable=False)
    team_revision = models.BigIntegerField(default=0, editable=False)

    objects: ClassVar[models.Manager["Result"]] = ResultQuerySet.as_manager()

    class Meta:
        ordering = ["-saved_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["task", "position"], name="one_result_per_position")]
        indexes = [
            models.Index(
                fields=["user", "-saved_at", "-id"],
                name="result_wall",
                condition=models.Q(saved_at__isnull=False, trashed_at__isnull=True),
            ),
            models.Index(
                fields=["user", "trashed_at"], name="result_trash", condition=models.Q(trashed_at__isnull=False)
            ),
            models.Index(fields=["user", "revision"], name="result_revision"),
            models.Index(fields=["state", "next_try_at"], name="result_due"),
            models.Index(fields=["user", "state"], name="result_state"),
            models.Index(
                fields=["team", "-saved_at", "-id"],
                name="result_team_wall",
                condition=models.Q(saved_at__isnull=False, trashed_at__isnull=True, team__isnull=False),
            ),
            models.Index(
                fields=["team", "team_revision"], name="result_team_revision", condition=models.Q(team__isnull=False)
            ),
            models.Index(fields=["team", "state"], name="result_team_state", condition=models.Q(team__isnull=False)),
            models.Index(fields=["stray"], name="result_stray"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.position + 1} of {self.task_id}"

    @property
    def days_left(self) -> int:
        """Whole days until the provider may have deleted its copy; never below zero."""
        return max(0, (self.deadline - timezone.now()).days)

    @property
    def is_buildable(self) -> bool:
        """Whether the provider can be told to build on it."""
        return self.position < MOST_BUILDABLE


class Collection(models.Model):
    """Results under a name, a person's own or a team's, one level deep. `cover` is one of them, or else the first.

    With a `query` it is a saved search: it holds nothing itself and shows what the search finds whenever it is opened.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="collections")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="collections")
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children")
    name = models.CharField(max_length=80)
    query = models.TextField(blank=True, help_text="a search as in the gallery's address; empty for a collection")
    cover = models.ForeignKey(Result, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["Collection"]] = models.Manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CollectionItem(models.Model):
    """A result in a collection, at its place."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="items")
    result = models.ForeignKey(Result, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["collection", "result"], name="once_in_a_collection")]
        indexes = [models.Index(fields=["collection", "position"], name="collection_order")]

    def __str__(self) -> str:
        return f"{self.position} of {self.collection}"


class Tag(models.Model):
    """A word that a space puts on its results."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tags")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="tags")
    name = models.CharField(max_length=40)
    results = models.ManyToManyField(Result, related_name="tags", blank=True)

    objects: ClassVar[models.Manager["Tag"]] = models.Manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"], condition=models.Q(team__isnull=True), name="one_tag_of_a_name_each"
            ),
            models.UniqueConstraint(
                fields=["team", "name"], condition=models.Q(team__isnull=False), name="one_tag_of_a_name_in_a_team"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BulkJob(models.Model):
    """An act on everything that a search finds, done in the background a batch at a time, on from where it stopped."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    act = models.CharField(max_length=10)
    search = models.TextField(blank=True, help_text="as in the gallery's address")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    tag = models.CharField(max_length=40, blank=True)
    undoes = models.OneToOneField("self", on_delete=models.CASCADE, null=True, blank=True, related_name="undone_by")
    total = models.PositiveIntegerField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0)
    after_at = models.DateTimeField(null=True, blank=True, help_text="saving time of the last result done")
    after_id = models.UUIDField(null=True, blank=True)
    rung_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True, db_index=True)
    problem = models.CharField(max_length=200, blank=True)

    objects: ClassVar[models.Manager["BulkJob"]] = models.Manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.act} {self.done} of {self.total}"


class ShareLink(models.Model):
    """A public page of a collection for whoever has the link. Only hashes of its token and password are kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="links")
    token_hash = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=6, help_text="the last characters of the link, to tell links apart")
    password = models.CharField(max_length=256, blank=True, help_text="hashed; empty for none")
    may_download = models.BooleanField(default=False)
    with_prompts = models.BooleanField("downloads carry their prompt", default=False)
    may_comment = models.BooleanField("guests pick and comment", default=False)
    wanted = models.PositiveSmallIntegerField(null=True, blank=True, help_text="how many pictures guests are asked for")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    opened = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0, help_text="of its password, since the last rest or success")
    tried_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"…{self.hint} of {self.collection}"


class Guest(models.Model):
    """Somebody who reviews through a link, with a name and without an account; their browser's session knows them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    link = models.ForeignKey(ShareLink, on_delete=models.CASCADE, related_name="guests")
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True, help_text="when they said that they are done")

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.name


class Pick(models.Model):
    """A guest's verdict on one picture."""

    class Verdict(models.TextChoices):
        PICKED = "picked"
        REJECTED = "rejected"

    guest = models.ForeignKey(Guest, on_delete=models.CASCADE, related_name="picks")
    result = models.ForeignKey(Result, on_delete=models.CASCADE, related_name="picks")
    verdict = models.CharField(max_length=8, choices=Verdict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["guest", "result"], name="one_verdict_each")]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.guest}"


class Remark(models.Model):
    """What was said of a picture in a review: by a guest, or by somebody of the house (`user`)."""

    link = models.ForeignKey(ShareLink, on_delete=models.CASCADE, related_name="remarks")
    result = models.ForeignKey(Result, on_delete=models.CASCADE, related_name="remarks")
    guest = models.ForeignKey(Guest, on_delete=models.CASCADE, null=True, blank=True, related_name="remarks")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    text = models.CharField(max_length=1000)
    pin_x = models.PositiveSmallIntegerField(null=True, blank=True, help_text="thousandths from the picture's left")
    pin_y = models.PositiveSmallIntegerField(null=True, blank=True, help_text="thousandths from its top")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.text[:40]

    @property
    def by(self) -> str:
        """Who said it, as the others in the review see it."""
        return str(self.guest) if self.guest else self.user.name or "The house" if self.user else ""
