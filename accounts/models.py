"""Who: people, the teams they are in, and the provider account each of them brings."""

import hashlib
import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from mjportal.encryption import EncryptedField, Secret


class UserManager(BaseUserManager["User"]):
    """People are found and made by e-mail address, in lower case."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        if not email:
            raise ValueError("a person needs an e-mail address")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class AlertMail(models.TextChoices):
    """How somebody wants to hear of alerts beside the page."""

    NOW = "now", "at once"
    DIGEST = "digest", "once a day, together"
    NEVER = "never", "on the page only"


class User(AbstractBaseUser, PermissionsMixin):
    """A person. `board_revision` counts visible changes: see `accounts.services.next_revision`."""

    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=80, blank=True)
    is_staff = models.BooleanField("admin", default=False)
    is_active = models.BooleanField("active", default=True)
    date_joined = models.DateTimeField(default=timezone.now)
    board_revision = models.BigIntegerField(default=0, editable=False)
    team = models.ForeignKey(
        "Team",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="where this person works now; empty is their own space",
    )

    alert_mail = models.CharField("alerts by mail", max_length=6, choices=AlertMail, default=AlertMail.NOW)
    open_alerts = models.PositiveIntegerField(default=0, editable=False, help_text="so that a page need not count them")
    is_address_told = models.BooleanField(
        default=False, editable=False, help_text="an invitation told the address, and its owner has proved it nowhere"
    )
    in_teams = models.BooleanField(
        default=False, editable=False, help_text="was in a team once: only then pages ask which teams there are"
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        ordering = ["email"]
        constraints = [models.UniqueConstraint(Lower("email"), name="one_person_per_address")]

    def __str__(self) -> str:
        return self.get_full_name()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As usual, but a row read a while ago (a profile, a new password) never turns the revision back."""
        if not self._state.adding and not args and kwargs.get("update_fields") is None:
            fields = (field.name for field in self._meta.concrete_fields if not field.primary_key)
            kwargs["update_fields"] = [name for name in fields if name != "board_revision"]
        super().save(*args, **kwargs)

    def get_full_name(self) -> str:
        return self.name or self.email.split("@")[0]

    get_short_name = get_full_name

    @property
    def initials(self) -> str:
        words = self.get_full_name().replace(".", " ").split()
        return "".join(word[0] for word in words[:2]).upper() or "?"


def fingerprint(key: str) -> str:
    """Name a key without telling it: 32 hex digits of a SHA-256. Keys carry 128 bits: no guessing back."""
    return hashlib.sha256(b"mj-portal key fingerprint\0" + key.encode()).hexdigest()[:32]


class ApiKey(models.Model):
    """One person's provider account: the encrypted key, and what the provider last said about it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="api_key")
    secret = EncryptedField(editable=False)
    webhook_secret = EncryptedField(blank=True, editable=False)
    last_four = models.CharField(max_length=4, editable=False)
    fingerprint = models.CharField(max_length=32, db_index=True, editable=False)
    balance = models.DecimalField("credits", max_digits=14, decimal_places=2, null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True, help_text="an admin stopped it: nothing is sent with it")
    wipe_at = models.DateTimeField(
        null=True, blank=True, help_text="its person was let go: it is wiped when their last task ended, or then"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"•••• {self.last_four}"

    def set_key(self, key: str) -> None:
        """Take `key` in clear text; only its ciphertext, last four characters and fingerprint stay."""
        self.secret = Secret.seal(key)
        self.last_four = key[-4:]
        self.fingerprint = fingerprint(key)
        # A stop belongs to the provider's account: wiped and connected again, or by somebody else, it is stopped still.
        stops = StoppedKey.objects.filter(fingerprint=self.fingerprint)
        self.disabled_at = stops.values_list("stopped_at", flat=True).first()
        self.changed_at = timezone.now()

    @property
    def is_disabled(self) -> bool:
        return self.disabled_at is not None

    @property
    def is_refused(self) -> bool:
        return self.refused_at is not None


class StoppedKey(models.Model):
    """A provider account with which an admin lets nothing be sent, whoever holds its key."""

    fingerprint = models.CharField(max_length=32, unique=True, editable=False)
    last_four = models.CharField(max_length=4, editable=False)
    stopped_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "stopped API key"

    def __str__(self) -> str:
        return f"•••• {self.last_four}"


class Role(models.TextChoices):
    """What somebody is in a team; `accounts.roles` says what each may do."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    MEMBER = "member", "Member"
    VIEWER = "viewer", "Viewer"


class Team(models.Model):
    """People who make pictures together. `key` is the one its owner lends; without one everybody brings their own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, blank=True, related_name="lent_to")
    factor_required = models.BooleanField("second factor required", default=False)
    board_revision = models.BigIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One person in one team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=6, choices=Role, default=Role.MEMBER)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["joined_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="once_in_a_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class Invitation(models.Model):
    """A way into a team for one address: the link works once, for seven days. Only the token's hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField("e-mail address")
    role = models.CharField(max_length=6, choices=Role, default=Role.MEMBER)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.email} to {self.team}"

    @property
    def is_over(self) -> bool:
        return self.expires_at <= timezone.now()


class AuditEntry(models.Model):
    """Something that will be asked about later. Written by `accounts.audit` alone; each line seals the one before."""

    at = models.DateTimeField()
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    actor_name = models.CharField(max_length=254, blank=True)
    action = models.CharField(max_length=40)
    target = models.CharField(max_length=254, blank=True)
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    address = models.CharField("network address", max_length=45, blank=True)
    details = models.JSONField(default=dict)
    previous = models.CharField(max_length=64, blank=True)
    seal = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "audit trail"
        indexes = [models.Index(fields=["action", "-id"], name="audit_action")]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.target}"


class AuditHead(models.Model):
    """The end of the chain: a lock for writers, the key of the seals, and what shows that lines were cut off."""

    count = models.BigIntegerField(default=0)
    seal = models.CharField(max_length=64, blank=True)
    key = EncryptedField(blank=True, default="", editable=False)
    mac = models.CharField(max_length=64, blank=True, default="", editable=False)
    plain = models.BigIntegerField(default=0, editable=False, help_text="lines from before the seals had a key")

    def __str__(self) -> str:
        return f"{self.count} lines"
