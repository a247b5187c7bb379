"""The admin's home in figures. Each is one query; none of them grows with the pictures."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Max, Q, Sum
from django.utils import timezone

from accounts.models import ApiKey, Team
from callbacks.models import Delivery
from gallery.models import Result
from oversight.stuck import Need, files_at_risk, needs
from oversight.trends import Trend, trends
from tasks import gates
from tasks.models import Gate, Lease, Status, Task
from usage.charts import Chart, bars
from usage.reports import STACK, Report, Scope, period, report
from usage.rollup import catch_up

RUNNING = (Status.SUBMITTING, Status.RUNNING)
DAY = timedelta(hours=24)
STALE_BEAT = timedelta(seconds=60)


@dataclass(frozen=True)
class Bells:
    """The callbacks of a day: how many came, how they were judged, how many tasks ended without one."""

    arrived: int
    verified: int
    unsigned: int
    refused: int
    late: int
    never: int


@dataclass(frozen=True)
class Home:
    """Everything `templates/oversight/home.html` draws."""

    waiting: int
    running: int
    window: int
    spent_today: Decimal
    spent_week: Decimal
    spent_month: Decimal
    tasks_today: int
    people_today: int
    ended: int
    failed: int
    at_risk: int
    next_gone: datetime | None
    needs: list[Need]
    report: Report
    chart: Chart
    keys: list[ApiKey]
    bells: Bells
    storage: list[dict[str, Any]]
    free: int
    beat: datetime | None
    gates: list[Gate]
    now: datetime
    trends: list[Trend]

    @property
    def failed_share(self) -> str:
        return f"{100 * self.failed / self.ended:.1f} %" if self.ended else "0 %"

    @property
    def window_share(self) -> int:
        return min(100, 100 * self.window // settings.SEND_LIMIT)

    @property
    def send_limit(self) -> int:
        return settings.SEND_LIMIT

    @property
    def is_sync_dead(self) -> bool:
        return self.beat is None or self.beat < self.now - STALE_BEAT


def home(team: Team | None = None) -> Home:
    """Gather the page; with a team, the queue, what was spent and what failed are that team's alone."""
    now = timezone.now()
    catch_up()
    today = timezone.localdate()
    first, last = period("30", Q(), today)
    team_id = team.pk if team else None
    found = report(Scope("everyone", first, last, team_id=team_id))
    counts = (Task.objects.filter(team=team) if team else Task.objects).aggregate(
        waiting=Count("pk", filter=Q(status__in=(Status.QUEUED, Status.HELD))),
        running=Count("pk", filter=Q(status__in=RUNNING)),
        ended=Count("pk", filter=Q(finished_at__gt=now - DAY, status__in=(Status.SUCCEEDED, Status.FAILED))),
        failed=Count("pk", filter=Q(finished_at__gt=now - DAY, status=Status.FAILED)),
    )
    risky = files_at_risk(now)
    spans = [period(name, Q(), today) for name in ("7", "month")]
    week, month = (_spent(Scope("everyone", *span, team_id=team_id)) for span in spans)
    todays = report(Scope("everyone", today, today, team_id=team_id))
    return Home(
        **counts,
        window=_busiest_window(now),
        spent_today=todays.spent,
        spent_week=week,
        spent_month=month,
        tasks_today=todays.tasks,
        people_today=len(todays.people),
        at_risk=risky.count(),
        next_gone=getattr(risky.first(), "deadline", None),
        needs=needs(now),
        report=found,
        chart=bars(found.by_day, first, last, STACK),
        keys=list(ApiKey.objects.select_related("user").prefetch_related("lent_to").order_by("-checked_at")[:20]),
        bells=_bells(now),
        storage=_storage(),
        free=shutil.disk_usage(settings.DATA_DIR).free,
        beat=Lease.objects.aggregate(at=Max("beat_at"))["at"],
        gates=list(Gate.objects.filter(open_until__gt=now)),
        now=now,
        trends=trends(today),
    )


def _spent(scope: Scope) -> Decimal:
    return scope.rows.aggregate(sum=Sum("credits"))["sum"] or Decimal(0)


def _busiest_window(now: datetime) -> int:
    """Sends of the busiest account in the window that just passed."""
    sent = Task.objects.filter(last_wire_at__gt=now - gates.window()).order_by()
    most = sent.values("key_fingerprint").annotate(sent=Count("pk")).order_by("-sent").first()
    return int(most["sent"]) if most else 0


def _bells(now: datetime) -> Bells:
    came = Delivery.objects.filter(at__gt=now - DAY)
    counted = came.aggregate(
        arrived=Count("pk"),
        verified=Count("pk", filter=Q(signature=Delivery.Signature.VALID)),
        unsigned=Count("pk", filter=Q(signature=Delivery.Signature.NOT_EXPECTED)),
        refused=Count("pk", filter=Q(answer__gte=400)),
    )
    ended = Task.objects.filter(finished_at__gt=now - DAY, status=Status.SUCCEEDED)
    counted["late"] = ended.filter(called_back_at__gt=F("finished_at")).count()
    counted["never"] = ended.filter(called_back_at=None).count() if settings.PUBLIC_URL else 0
    return Bells(**counted)


def _storage() -> list[dict[str, Any]]:
    """Files and bytes by kind, of what we keep; equal files are counted once for each row that shows them."""
    kept = Result.objects.filter(saved_at__isnull=False).order_by()
    rows = list(kept.values("kind").annotate(files=Count("pk"), bytes=Sum("size")))
    most = max((row["bytes"] or 0 for row in rows), default=0) or 1
    names = {"image": "Pictures", "video": "Clips"}
    return [{**row, "name": names.get(row["kind"], row["kind"]), "share": 100 * row["bytes"] // most} for row in rows]
