"""Money: prices, what each task reserved, cost or gave back, budgets, and what the provider said about balances."""

import uuid
from datetime import date
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from accounts.models import Team
from mjportal.vocabulary import SPEEDS, TYPES


def validate_time_zone(name: str) -> None:
    """Raise ValidationError for a name that no time zone has."""
    if name not in available_timezones():
        raise ValidationError("There is no such time zone.")


class Price(models.Model):
    """One line of the dated price table. An empty type or speed stands for all; the latest line that counts wins."""

    class Kind(models.TextChoices):
        GENERATE = "generate"
        UPSCALE = "upscale"
        VARY = "vary"
        EXTEND = "extend"

    kind = models.CharField(max_length=8, choices=Kind, default=Kind.GENERATE)
    task_type = models.CharField(
        max_length=32, blank=True, choices=[(name, name) for name in TYPES], help_text="empty for every type"
    )
    speed = models.CharField(
        max_length=8, blank=True, choices=[(name, name) for name in SPEEDS], help_text="empty for every speed"
    )
    credits = models.DecimalField(max_digits=10, decimal_places=2, validators=[MinValueValidator(0)])
    valid_from = models.DateField(default=date.today)
    note = models.CharField(max_length=120, blank=True, help_text="where the price comes from")

    class Meta:
        ordering = ["kind", "task_type", "speed", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "task_type", "speed", "valid_from"], name="one_price_per_day")
        ]

    def __str__(self) -> str:
        words = [self.kind, self.task_type, self.speed, f"{self.credits.normalize():f}"]
        return " ".join(word for word in words if word)


class LedgerEntry(models.Model):
    """One line of a task's chain: reserved, then settled or released. Credits are the provider's, never currency.

    `delta` is what the line changes in all that is spent or reserved, so sums need no case. `booked_at` is the time of
    the chain's first line: a task counts in the period in which it was asked for, whenever it ends.
    """

    class Kind(models.TextChoices):
        RESERVED = "reserved"
        SETTLED = "settled"
        RELEASED = "released"

    task = models.ForeignKey("tasks.Task", on_delete=models.PROTECT, related_name="ledger")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    key_fingerprint = models.CharField(max_length=32, blank=True, help_text="the account that pays")
    kind = models.CharField(max_length=8, choices=Kind)
    credits = models.DecimalField(max_digits=10, decimal_places=2)
    delta = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    at = models.DateTimeField(default=timezone.now)
    booked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name_plural = "ledger entries"
        constraints = [models.UniqueConstraint(fields=["task", "kind"], name="ledger_once_per_task_and_kind")]
        indexes = [
            models.Index(fields=["user", "booked_at"], name="ledger_person"),
            models.Index(fields=["team", "booked_at"], name="ledger_team", condition=models.Q(team__isnull=False)),
            models.Index(fields=["key_fingerprint", "at"], name="ledger_key"),
            models.Index(fields=["at"], name="ledger_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.credits}"


class Budget(models.Model):
    """How much may be spent in a week or month: by a person, by a team, or by a person in a team. The tightest wins."""

    class Period(models.TextChoices):
        WEEK = "week", "a week"
        MONTH = "month", "a month"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="budgets"
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="budgets")
    credits = models.DecimalField(max_digits=10, decimal_places=2, validators=[MinValueValidator(0)])
    period = models.CharField(max_length=5, choices=Period, default=Period.MONTH)
    time_zone = models.CharField(
        max_length=40, default=settings.TIME_ZONE, validators=[validate_time_zone], help_text="when a day begins"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False) | models.Q(team__isnull=False), name="budget_of_somebody"
            ),
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(team__isnull=True), name="one_budget_per_person"
            ),
            models.UniqueConstraint(fields=["team"], condition=models.Q(user__isnull=True), name="one_budget_per_team"),
            models.UniqueConstraint(
                fields=["user", "team"],
                condition=models.Q(user__isnull=False, team__isnull=False),
                name="one_budget_per_member",
            ),
        ]

    def __str__(self) -> str:
        whose = " in ".join(str(owner) for owner in (self.user, self.team) if owner)
        return f"{whose}: {self.credits.normalize():f} {self.get_period_display()}"

    @property
    def zone(self) -> ZoneInfo:
        """Where its days begin; the site's own where the name is of no place any more."""
        try:
            return ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError):
            return ZoneInfo(settings.TIME_ZONE)

    def clean(self) -> None:
        if not self.user_id and not self.team_id:
            raise ValidationError("Choose a person, a team, or both.")


class BudgetLift(models.Model):
    """An admin let a budget be passed once: more credits for one period, with a reason."""

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="lifts")
    period_start = models.DateField()
    credits = models.DecimalField(max_digits=10, decimal_places=2, validators=[MinValueValidator(0)])
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["budget", "period_start"], name="one_lift_per_period")]

    def __str__(self) -> str:
        return f"{self.credits.normalize():f} more from {self.period_start}: {self.reason}"


class BalanceReading(models.Model):
    """What the provider said an account holds, when it was asked."""

    key_fingerprint = models.CharField(max_length=32)
    at = models.DateTimeField(default=timezone.now)
    credits = models.DecimalField(max_digits=14, decimal_places=2)
    on_the_wire = models.DecimalField(
        max_digits=14, decimal_places=2, default=0, help_text="expected cost of our tasks under way at that moment"
    )

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["key_fingerprint", "at"], name="reading_key")]

    def __str__(self) -> str:
        return f"{self.credits} at {self.at:%Y-%m-%d %H:%M}"


class DayOfUse(models.Model):
    """The daily rollup: ended tasks of one day by everything a report asks. Rebuilt from the ledger at any time."""

    day = models.DateField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=8)
    task_type = models.CharField(max_length=32)
    speed = models.CharField(max_length=8, blank=True)
    version = models.CharField(max_length=16, blank=True)
    outcome = models.CharField(max_length=12, help_text="done, cancelled, or the class of the failure")
    tasks = models.PositiveIntegerField()
    credits = models.DecimalField(max_digits=14, decimal_places=2)
    seconds = models.FloatField(help_text="from sending to the end, all of them together")

    class Meta:
        verbose_name_plural = "days of use"
        indexes = [
            models.Index(fields=["day", "team"], name="use_day"),
            models.Index(fields=["team", "day"], name="use_team"),
            models.Index(fields=["user", "day"], name="use_person"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.outcome} {self.tasks}"


class RollupMark(models.Model):
    """How far the rollup has read the ledger."""

    last_entry = models.BigIntegerField(default=0)
    counted = models.PositiveIntegerField(default=0, help_text="lines after that one which are in the rollup already")

    def __str__(self) -> str:
        return str(self.last_entry)


class Alert(models.Model):
    """Something a person should know of: at most once per cause and day. Shown until it is put away."""

    class Kind(models.TextChoices):
        LOW_BALANCE = "low_balance", "Low balance"
        BUDGET = "budget", "Budget"
        KEY_REFUSED = "key_refused", "Key refused"
        FILE_AT_RISK = "file_at_risk", "File at risk"
        PROVIDER = "provider", "Provider"
        UNEXPLAINED = "unexplained", "Unexplained movement"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alerts")
    kind = models.CharField(max_length=12, choices=Kind)
    cause = models.CharField(max_length=80, help_text="what it is about: a key, a budget, a file")
    day = models.DateField()
    at = models.DateTimeField(default=timezone.now)
    title = models.CharField(max_length=120)
    text = models.CharField(max_length=400, blank=True)
    link = models.CharField(max_length=200, blank=True)
    by_mail = models.BooleanField(default=False, help_text="a mail of it is owed until mailed_at")
    mailed_at = models.DateTimeField(null=True, blank=True)
    put_away_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "kind", "cause", "day"], name="one_alert_per_cause_day")]
        indexes = [models.Index(fields=["user"], name="alert_open", condition=models.Q(put_away_at__isnull=True))]

    def __str__(self) -> str:
        return self.title


class AlertCall(models.Model):
    """What the outgoing webhook was told: once per cause and day, however many people were."""

    kind = models.CharField(max_length=12)
    cause = models.CharField(max_length=80)
    day = models.DateField()
    body = models.TextField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now, null=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "cause", "day"], name="one_call_per_cause_day")]

    def __str__(self) -> str:
        return f"{self.kind} {self.cause}"
