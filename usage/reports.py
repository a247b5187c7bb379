"""The figures of the usage pages, all of them from the daily rollup, so that they tie out with each other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum
from django.utils import timezone

from accounts.models import Team, User
from mjportal.vocabulary import TYPES
from usage.models import DayOfUse, LedgerEntry
from usage.rollup import BROUGHT, CANCELLED, DONE, bounds

NOTHING = Decimal(0)
FOLLOW_UPS = {"upscale": "Upscale", "vary": "Vary", "extend": "Extend"}
FAILURES = {
    "moderation": "Refused by moderation",
    "parameter": "A setting was refused",
    "generation": "The generation failed",
    "unavailable": "Not available",
    "switched_off": "Switched off at the provider",
    "by_hand": "Ended by an admin",
    "cancelled": "Cancelled before sending",
}
# How a day's bar is stacked, the darkest meaning first.
STACK = ("Image", "Video", "Video HD")
KEPT = Q(task__results__starred=True) | Q(task__results__rating__gte=4) | Q(task__results__items__isnull=False)
KEPT |= Q(task__results__downloaded_at__isnull=False)
COUNT_KEPT = Count("task__results", filter=KEPT, distinct=True)
PERIODS = {"7": "7 days", "30": "30 days", "month": "", "all": "All time"}


@dataclass(frozen=True)
class Scope:
    """Whose figures: `mine`, `team` or `everyone`, and over which days, both ends included."""

    name: str
    first: date
    last: date
    user_id: int | None = None
    team_id: UUID | None = None

    @property
    def whose(self) -> Q:
        whose = Q()
        if self.user_id:
            whose &= Q(user_id=self.user_id)
        if self.team_id:
            whose &= Q(team_id=self.team_id)
        return whose

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def rows(self) -> Any:
        return DayOfUse.objects.filter(self.whose, day__gte=self.first, day__lte=self.last)

    @property
    def before(self) -> "Scope":
        """The same span just before, to compare with."""
        first, last = self.first - timedelta(days=self.days), self.first - timedelta(days=1)
        return Scope(self.name, first, last, self.user_id, self.team_id)


def period(name: str, whose: Q, today: date | None = None) -> tuple[date, date]:
    """(first, last day) of a period by its name; "all" begins with the first ledger line of anybody in `whose`."""
    today = today or timezone.localdate()
    if name == "7":
        return today - timedelta(days=6), today
    if name == "month":
        return today.replace(day=1), today
    if name == "all":
        # Equal for the first of all lines, and each has an index: one for a person's and a team's, one for everybody's.
        at = "booked_at" if whose else "at"
        first = LedgerEntry.objects.filter(whose).order_by(at).values_list(at, flat=True).first()
        return timezone.localdate(first) if first else today, today
    return today - timedelta(days=29), today


def type_name(kind: str, task_type: str) -> str:
    """What a person calls this work."""
    return FOLLOW_UPS.get(kind) or TYPES.get(task_type, task_type or "Other")


@dataclass
class Part:
    """One line of a table: a name, its credits, its tasks, and its share of the largest, 0 to 100."""

    name: str
    credits: Decimal = NOTHING
    tasks: int = 0
    done: int = 0
    seconds: float = 0.0
    share: int = 0
    pk: Any = None

    @property
    def usual(self) -> int:
        """Seconds a finished one took on average."""
        return round(self.seconds / self.done) if self.done else 0

    @property
    def failed(self) -> int:
        return self.tasks - self.done


@dataclass
class Report:
    """Everything the page and its CSV show."""

    scope: Scope
    spent: Decimal
    before: Decimal
    tasks: int
    done: int
    by_day: dict[date, dict[str, Decimal]]
    types: list[Part]
    people: list[Part]
    teams: list[Part]
    speeds: list[Part]
    versions: list[Part]
    failures: list[Part]
    cancelled: int = 0
    kept: int = 0
    made: int = 0
    stack: dict[str, Decimal] = field(default_factory=dict)

    @property
    def a_day(self) -> Decimal:
        return (self.spent / self.scope.days).quantize(Decimal(1))

    @property
    def change(self) -> str:
        """How the spend compares with the same span before, in words."""
        if not self.before:
            return "nothing in the days before"
        percent = round((self.spent - self.before) / self.before * 100)
        if not percent:
            return f"as in the {self.scope.days} days before"
        return f"{abs(percent)} % {'more' if percent > 0 else 'less'} than the {self.scope.days} days before"

    @property
    def cost_of_kept(self) -> Decimal | None:
        return (self.spent / self.kept).quantize(Decimal("0.01")) if self.kept else None

    @property
    def success(self) -> str:
        """Share of those that were not taken back before sending which brought a result."""
        tried = self.tasks - self.cancelled
        return f"{100 * self.done / tried:.1f} %" if tried else "no tasks"


def report(scope: Scope) -> Report:
    """The figures of a span: a sum over the rollup for each table, and nothing that grows with the tasks."""
    by_day: dict[date, dict[str, Decimal]] = {}
    types: dict[str, Part] = {}
    failures: dict[str, Part] = {}
    for day, kind, task_type, outcome, *sums in _sums(scope, "day", "kind", "task_type", "outcome"):
        name = type_name(kind, task_type)
        _add(types, name, outcome, sums)
        if outcome != DONE:
            _add(failures, outcome, outcome, sums)
        stacked = by_day.setdefault(day, {})
        level = name if name in STACK else STACK[1] if kind == "extend" else STACK[0]
        stacked[level] = stacked.get(level, NOTHING) + sums[1]
    cancelled = failures[CANCELLED].tasks if CANCELLED in failures else 0
    kept, made = _kept(scope)
    return Report(
        scope=scope,
        spent=sum((part.credits for part in types.values()), NOTHING),
        before=scope.before.rows.aggregate(sum=Sum("credits"))["sum"] or NOTHING,
        tasks=sum(part.tasks for part in types.values()),
        done=sum(part.done for part in types.values()),
        by_day=by_day,
        types=_sorted(types.values()),
        people=_sorted(_people(_grouped(scope, "user_id"))),
        teams=_sorted(_teams(_grouped(scope, "team_id"))),
        speeds=_sorted(_named(_grouped(scope, "speed"), lambda key: key.capitalize() or "Without a speed")),
        versions=_sorted(_named(_grouped(scope, "version"), lambda key: f"Version {key}" if key else "Without")),
        failures=sorted(_named(failures, lambda key: FAILURES.get(key, key)), key=lambda part: -part.tasks),
        cancelled=cancelled,
        kept=kept,
        made=made,
        stack={name: sum((day.get(name, NOTHING) for day in by_day.values()), NOTHING) for name in STACK},
    )


def _sums(scope: Scope, *names: str) -> Iterable[tuple[Any, ...]]:
    """(the named columns, tasks, credits, seconds), added up by the database."""
    grouped: Iterable[tuple[Any, ...]] = (
        scope.rows.order_by().values_list(*names).annotate(Sum("tasks"), Sum("credits"), Sum("seconds"))
    )
    return grouped


def _grouped(scope: Scope, name: str) -> dict[Any, Part]:
    parts: dict[Any, Part] = {}
    for key, outcome, *sums in _sums(scope, name, "outcome"):
        _add(parts, key, outcome, sums)
    return parts


def _add(parts: dict[Any, Part], key: Any, outcome: str, sums: Sequence[Any]) -> None:
    tasks, credits, seconds = sums
    part = parts.setdefault(key, Part(str(key)))
    part.tasks, part.credits, part.seconds = part.tasks + tasks, part.credits + credits, part.seconds + seconds
    part.done += tasks if outcome == DONE else 0


def _sorted(parts: Iterable[Part]) -> list[Part]:
    found = sorted(parts, key=lambda part: (-part.credits, -part.tasks, part.name))
    most = max((part.credits for part in found), default=NOTHING)
    for part in found:
        part.share = round(100 * part.credits / most) if most else 0
    return found


def _named(parts: dict[Any, Part], name_of: Any) -> list[Part]:
    for key, part in parts.items():
        part.name = name_of(key or "")
    return list(parts.values())


def _people(parts: dict[int, Part]) -> list[Part]:
    names = {user.pk: user for user in User.objects.filter(pk__in=parts)}
    for key, part in parts.items():
        part.name, part.pk = str(names.get(key, "somebody who left")), key
    return list(parts.values())


def _teams(parts: dict[UUID | None, Part]) -> list[Part]:
    names = dict(Team.objects.filter(pk__in=[key for key in parts if key]).values_list("pk", "name"))
    for key, part in parts.items():
        part.name, part.pk = names.get(key, "Own spaces") if key else "Own spaces", key
    return list(parts.values())


def _kept(scope: Scope) -> tuple[int, int]:
    """(kept, made): results of the tasks settled in the span; kept: starred, rated 4 or 5, collected, or downloaded."""
    start, end = bounds(scope.first)[0], bounds(scope.last)[1]
    settled = LedgerEntry.objects.filter(scope.whose, kind=LedgerEntry.Kind.SETTLED, at__gte=start, at__lt=end)
    counted = settled.exclude(BROUGHT).aggregate(made=Count("task__results", distinct=True), kept=COUNT_KEPT)
    return counted["kept"], counted["made"]
