"""The daily rollup: whoever counts at the same time, and whatever is cut short, its sums are the ledger's."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier, BrokenBarrierError, Event, Thread
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tasks import lifecycle
from tasks.models import Task
from tests.desk import Desk, fresh
from usage import rollup
from usage.models import DayOfUse, LedgerEntry, RollupMark


def rolled() -> Decimal:
    return DayOfUse.objects.aggregate(sum=Sum("credits"))["sum"] or Decimal(0)


def succeed(task: Task) -> None:
    assert lifecycle.succeed(fresh(task), ["https://files.example.com/a.jpeg"], timezone.now())


def beside(work: Callable[[], Any]) -> Thread:
    """Begin this work in a thread with a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    return thread


@pytest.fixture
def parallel() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")


@pytest.mark.django_db(transaction=True)
def test_two_who_catch_up_at_once_do_not_double_the_figures(
    parallel: None, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.finished()
    both = Barrier(2, timeout=2)
    write = DayOfUse.objects.bulk_create

    def slowly(*rows: Any, **how: Any) -> Any:
        """Once both have taken the old figures away, or one of them waits for the other."""
        try:
            both.wait()
        except BrokenBarrierError:
            pass
        return write(*rows, **how)

    monkeypatch.setattr(DayOfUse.objects, "bulk_create", slowly)
    for thread in [beside(rollup.catch_up) for _ in range(2)]:
        thread.join()
    assert rolled() == 8


@pytest.mark.django_db(transaction=True)
def test_a_line_that_commits_after_one_with_a_larger_number_is_counted(parallel: None, desk: Desk) -> None:
    bob = Desk(desk.sandbox, User.objects.create_user("bob@example.com"), key="bobs-sandbox-key-0002")
    first, second = desk.running(), bob.running()
    written, go = Event(), Event()

    def slow() -> None:
        with transaction.atomic():
            succeed(first)
            written.set()
            go.wait(10)

    thread = beside(slow)
    assert written.wait(10)
    succeed(second)
    rollup.catch_up()
    assert rolled() == 8
    go.set()
    thread.join()
    rollup.catch_up()
    assert rolled() == 16


def test_the_mark_stays_behind_the_lines_of_the_last_minutes_and_follows_them_later(desk: Desk) -> None:
    desk.finished()
    assert rollup.catch_up() == 1
    assert RollupMark.objects.get().last_entry == 0
    LedgerEntry.objects.update(at=timezone.now() - timedelta(minutes=11))
    Task.objects.update(last_wire_at=None)
    newest = LedgerEntry.objects.latest("pk").pk
    desk.finished("another")
    rollup.catch_up()
    assert RollupMark.objects.get().last_entry == newest
    assert rolled() == 16


def test_a_rebuild_that_was_cut_short_leaves_no_day_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for ago in (2, 1, 0):
        at = timezone.now() - timedelta(days=ago)
        LedgerEntry.objects.filter(task=desk.finished(f"boats {ago}")).update(at=at, booked_at=at)
        Task.objects.update(last_wire_at=None)
    rollup.rebuild_all()
    count = rollup.rebuild

    def killed(day: date) -> int:
        if day == timezone.localdate():
            raise KeyboardInterrupt
        return count(day)

    monkeypatch.setattr(rollup, "rebuild", killed)
    with pytest.raises(KeyboardInterrupt):
        rollup.rebuild_all()
    rollup.catch_up()
    assert rolled() == 24


def test_a_rebuild_removes_days_of_which_the_ledger_knows_nothing(desk: Desk) -> None:
    desk.finished()
    rollup.catch_up()
    row = DayOfUse.objects.get()
    row.pk, row.day = None, timezone.localdate() - timedelta(days=9)
    row.save()
    rollup.rebuild_all()
    assert rolled() == 8


def test_an_extra_version_with_a_long_name_stops_no_page(desk: Desk, settings: Any) -> None:
    settings.KIE_EXTRA_VERSIONS = ["8-alpha-2-of-november"]
    client = Client()
    client.force_login(desk.user)
    task = desk.queue()
    Task.objects.filter(pk=task.pk).update(parameters={"speed": "fast", "version": "8-alpha-2-of-november"})
    lifecycle.cancel(fresh(task))
    assert client.get("/usage/").status_code == 200
    assert DayOfUse.objects.get().version == "8-alpha-2-of-nov"
