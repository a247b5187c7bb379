"""F1: the monthly report of a team, read from the rollup, beside the same sums over the ledger itself."""

import time
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db import connection
from django.db.models import Count, F, Model, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import Team, User
from benchmarks import people
from benchmarks.ratios import Line, Measured, Scale, at_least, in_turns, middle, ratio_of
from tasks.models import Status, Task
from usage.models import LedgerEntry
from usage.reports import Scope, report
from usage.rollup import rebuild_all

PEOPLE = 200
MONTHS = 12
GROUPS = (
    ("day", "task__kind", "task__task_type", "task__status", "task__failure_class"),
    ("user_id", "task__status"),
    ("team_id", "task__status"),
    ("task__parameters__speed", "task__status"),
    ("task__parameters__version", "task__status"),
)


def monthly_report(scale: Scale) -> dict[str, Measured]:
    count = scale.pick(1_000_000, 100_000)
    team = Team.objects.create(name="Bench")
    _fill(team, count)
    rebuild_all()
    today = timezone.localdate()
    scope = Scope("team", today - timedelta(days=29), today, team_id=team.pk)
    if report(scope).spent != _raw(scope):
        raise RuntimeError("the rollup and the ledger disagree")
    rounds = in_turns(scale.pick(5, 3), lambda: _seconds(lambda: _raw(scope)), lambda: _seconds(lambda: report(scope)))
    ratio, spread = ratio_of(rounds)
    ours, peer = f"{middle(rounds, 1) * 1e3:.0f} ms", f"over the ledger: {middle(rounds, 0) * 1e3:.0f} ms"
    return {"F1": Measured(ratio, f"{count:,} tasks, a month in {ours}", peer, spread)}


def _seconds(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _raw(scope: Scope) -> Decimal:
    """The tables of the report as the ledger itself gives them. Returns what was spent."""
    zone = timezone.get_current_timezone()
    start, end = (
        datetime(day.year, day.month, day.day, tzinfo=zone) for day in (scope.first, scope.last + timedelta(days=1))
    )
    lines = LedgerEntry.objects.filter(scope.whose, kind=LedgerEntry.Kind.SETTLED, at__gte=start, at__lt=end)
    for group in GROUPS:
        found = lines.annotate(day=TruncDate("at")).order_by().values_list(*group)
        seconds = Sum(F("task__finished_at") - F("task__sent_at"))
        list(found.annotate(count=Count("pk"), sum=Sum("credits"), seconds=seconds))
    kept = lines.filter(task__results__starred=True).count()
    spent: Decimal = lines.aggregate(sum=Sum("credits"))["sum"] or Decimal(0)
    return spent if kept >= 0 else Decimal(0)


def _fill(team: Team, count: int) -> None:
    """`count` finished tasks of a team over a year and their settled lines, copied within the database."""
    first = people.person("spender-0")
    members = [first, *(User(email=f"spender-{number}@example.com") for number in range(1, PEOPLE))]
    User.objects.bulk_create(members[1:])
    base = User.objects.order_by("-pk").values_list("pk", flat=True)[PEOPLE - 2]
    [task] = people.running_tasks(first, 1)
    now = timezone.now()
    Task.objects.filter(pk=task.pk).update(
        team=team, status=Status.SUCCEEDED, finished_at=now, next_look_at=None, provider_task_id="", cost=8
    )
    LedgerEntry.objects.create(task=task, user=first, team=team, kind="settled", credits=8, delta=8, at=now)
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"  # noqa: S608
    person = f"{base} + n.i % {PEOPLE - 1}"
    days, minutes = f"(n.i % {MONTHS * 30})", "(n.i % 600)"
    if connection.vendor == "postgresql":
        past = f"now() - {days} * interval '1 day' - {minutes} * interval '1 minute'"
        key = "lpad(to_hex(n.i), 32, '0')::uuid"
    else:
        past = f"strftime('%Y-%m-%d %H:%M:%f000', 'now', '-' || {days} || ' days', '-' || {minutes} || ' minutes')"
        key = "printf('%032x', n.i)"
    fresh = {
        "id": key,
        "nonce": key,
        "callback_token": f"'{uuid4().hex}' || n.i",
        "user_id": person,
        "finished_at": past,
    }
    with connection.cursor() as cursor:
        cursor.execute(_copy(Task, numbers, fresh, f"t.id = '{task.pk.hex}'"))
        lines = {"task_id": key, "user_id": person, "at": past, "booked_at": past}
        cursor.execute(_copy(LedgerEntry, numbers, lines, f"t.task_id = '{task.pk.hex}'"))
        cursor.execute("ANALYZE")


def _copy(model: type[Model], numbers: str, fresh: dict[str, str], which: str) -> str:
    columns = [
        str(field.column) for field in model._meta.concrete_fields if field.get_internal_type() != "BigAutoField"
    ]
    values = [fresh.get(column, f't."{column}"') for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    table = model._meta.db_table
    return f"INSERT INTO {table} ({names}) {numbers} SELECT {', '.join(values)} FROM n, {table} t WHERE {which}"  # noqa: S608


LINES = (Line("F1", "monthly team report over 1M tasks, ledger / rollup", at_least(3), at_least(5), monthly_report),)
