"""Budgets that hold: checked and reserved in one transaction, so that sends at the same time never overshoot."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from accounts import audit
from accounts.models import Team, User
from usage.models import Budget, BudgetLift, LedgerEntry

WARN_AT = Decimal("0.8")


@dataclass(frozen=True)
class Standing:
    """One budget now, in credits. `until` is when its next period begins."""

    budget: Budget
    used: Decimal
    limit: Decimal
    start: date
    until: datetime

    @property
    def left(self) -> Decimal:
        return max(self.limit - self.used, Decimal(0))

    @property
    def share(self) -> Decimal:
        """Used of the limit, 1 when all of it is gone."""
        return self.used / self.limit if self.limit else Decimal(1)

    @property
    def percent(self) -> int:
        return min(int(self.share * 100), 100)

    @property
    def past_notch(self) -> int:
        """Percent used beyond the warning, for the lit end of the meter."""
        return max(self.percent - int(WARN_AT * 100), 0)

    @property
    def is_warned(self) -> bool:
        return self.share >= WARN_AT

    @property
    def words(self) -> str:
        """Which budget, in a word or two: "the team's", "your", "your share of the team's"."""
        if self.budget.user_id is None:
            return f"the budget of {self.budget.team}"
        return f"your budget in {self.budget.team}" if self.budget.team_id else "your budget"

    @property
    def next_day(self) -> date:
        return self.until.astimezone(self.budget.zone).date()


class OverBudget(Exception):
    """Queueing this would pass a budget; `standing` is the tightest one it would pass."""

    def __init__(self, standing: Standing, cost: Decimal) -> None:
        self.standing, self.cost = standing, cost
        super().__init__(
            f"This needs {cost.normalize():f} credits and {standing.left.normalize():f} are left in {standing.words}"
            f" until {standing.next_day:%-d %B}."
        )


def period_of(budget: Budget, now: datetime) -> tuple[date, datetime, datetime]:
    """(first day, its beginning, the beginning of the next period) around `now`, in the budget's own time zone."""
    zone = budget.zone
    today = now.astimezone(zone).date()
    if budget.period == Budget.Period.WEEK:
        first = today - timedelta(days=today.weekday())
        after = first + timedelta(days=7)
    else:
        first = today.replace(day=1)
        after = (first + timedelta(days=31)).replace(day=1)
    return first, _midnight(first, zone), _midnight(after, zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def standing_of(budget: Budget, now: datetime | None = None) -> Standing:
    """How much of a budget is used, reserves included: two queries."""
    first, start, until = period_of(budget, now or timezone.now())
    whose = Q()
    if budget.user_id:
        whose &= Q(user_id=budget.user_id)
    if budget.team_id:
        whose &= Q(team_id=budget.team_id)
    booked = LedgerEntry.objects.filter(whose, booked_at__gte=start, booked_at__lt=until)
    used = booked.aggregate(sum=Sum("delta"))["sum"] or Decimal(0)
    lifted = budget.lifts.filter(period_start=first).aggregate(sum=Sum("credits"))["sum"] or Decimal(0)
    return Standing(budget, used, budget.credits + lifted, first, until)


def of(user_id: int, team_id: UUID | None) -> "QuerySet[Budget]":
    """The budgets that a task of this person, in this team or in none, counts in."""
    whose = Q(user_id=user_id, team_id=None)
    if team_id:
        whose |= Q(team_id=team_id) & (Q(user_id=user_id) | Q(user_id=None))
    return Budget.objects.filter(whose)


def tightest(user_id: int, team_id: UUID | None) -> Standing | None:
    """The budget with the least left for this person there; None when nothing limits them."""
    standings = [standing_of(budget) for budget in of(user_id, team_id).select_related("user", "team")]
    return min(standings, key=lambda standing: standing.left, default=None)


def check(user_id: int, team_id: UUID | None, cost: Decimal) -> None:
    """Raise OverBudget when `cost` credits more would pass a budget.

    Call it in the transaction that reserves them: the budgets stay locked until it ends, so whoever comes next sees
    the reserve. What is free always passes.
    """
    if cost <= 0:
        return
    # In the order of their ids, so that two transactions never wait for each other in a ring.
    passed = [
        standing
        for budget in of(user_id, team_id).select_for_update(of=("self",)).order_by("pk")
        if (standing := standing_of(budget)).used + cost > standing.limit
    ]
    if passed:
        raise OverBudget(min(passed, key=lambda standing: standing.left), cost)


def lift(budget: Budget, credits: Decimal, reason: str, by: User) -> BudgetLift:
    """Give this period `credits` more, once. Raises ValueError when that was done already or there is no reason."""
    if not reason.strip():
        raise ValueError("Say why: it is kept in the audit trail.")
    first = standing_of(budget).start
    with transaction.atomic():
        made, is_new = BudgetLift.objects.get_or_create(
            budget=budget, period_start=first, defaults={"credits": credits, "reason": reason.strip()[:200], "by": by}
        )
        if not is_new:
            raise ValueError("It was lifted in this period already. Change the budget instead.")
        audit.note("budget lifted", actor=by, target=budget, team=budget.team, credits=str(credits), reason=reason)
    return made


def set_budget(
    by: User,
    credits: Decimal | None,
    period: str,
    *,
    user: User | None = None,
    team: Team | None = None,
    time_zone: str = "",
) -> None:
    """Set, change or, with None, take away a budget; the audit trail keeps both figures.

    `time_zone`: where its periods begin at midnight; "" leaves it as it is.
    """
    with transaction.atomic():
        known = Budget.objects.filter(user=user, team=team).first()
        before = f"{known.credits.normalize():f} {known.period}" if known else "none"
        if credits is not None:
            said = {"credits": credits, "period": period, **({"time_zone": time_zone} if time_zone else {})}
            Budget.objects.update_or_create(user=user, team=team, defaults=said)
        elif known:
            known.delete()
        after = "none" if credits is None else f"{credits.normalize():f} {period}"
        audit.note("budget changed", actor=by, target=user or team or "", team=team, before=before, after=after)
