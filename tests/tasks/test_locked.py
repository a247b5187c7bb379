"""A database that says "locked" at any statement: nothing is sent twice, nothing is forgotten."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from tasks import jobs
from tasks.models import Status, Task
from tasks.sweep import sweep
from tasks.syncing import sync_due_tasks
from tests.desk import Desk, fresh
from tests.locked import Locked

MOST = 60


def refused_at_every_statement(work: Callable[[int], None]) -> int:
    """Run `work` with the n-th statement refused, for every n until it comes through; returns how many there were."""
    for n in range(1, MOST):
        locked = Locked(n)
        try:
            with connection.execute_wrapper(locked):
                work(n)
        except OperationalError:
            continue
        if locked.left > 0:
            return n - 1
    raise AssertionError("the work never came to its end")


@pytest.mark.django_db(transaction=True)
def test_a_task_whose_sending_meets_a_lock_is_charged_at_most_once_and_never_forgotten(desk: Desk) -> None:
    tasks = [desk.queue(f"prompt {n}") for n in range(MOST)]
    assert refused_at_every_statement(lambda n: jobs.submit_task(str(tasks[n].pk))) > 10
    sweep(timezone.now() + timedelta(minutes=10))
    for task in tasks[1:12]:
        task = fresh(task)
        charged = sum(charge.prompt == task.prompt for charge in desk.sandbox.tasks.values())
        allowed = {Status.QUEUED, Status.UNCONFIRMED} if charged == 0 else {Status.RUNNING, Status.UNCONFIRMED}
        assert charged <= 1
        assert task.status in allowed


@pytest.mark.django_db(transaction=True)
def test_an_id_the_provider_gave_is_written_at_the_next_try(desk: Desk) -> None:
    task = desk.queue()

    def refuse_once(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not refused and Status.RUNNING in (params or ()):
            refused.append(sql)
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    refused: list[str] = []
    with connection.execute_wrapper(refuse_once):
        task = desk.send(task)
    assert (len(refused), task.status, desk.charges()) == (1, Status.RUNNING, 1)
    assert task.provider_task_id in desk.sandbox.tasks


@pytest.mark.django_db(transaction=True)
def test_a_report_that_meets_a_lock_is_applied_by_the_next_look_whole_and_once(desk: Desk) -> None:
    task = desk.running()
    desk.sandbox.finish(task.provider_task_id)

    def look(n: int) -> None:
        Task.objects.filter(pk=task.pk, status=Status.RUNNING).update(
            next_look_at=timezone.now() - timedelta(seconds=1)
        )
        sync_due_tasks()

    refused_at_every_statement(look)
    assert desk.look(task).status == Status.SUCCEEDED
    assert task.results.count() == 4
    assert sorted(task.ledger.values_list("kind", flat=True)) == ["reserved", "settled"]
