"""Recovery: lost bells, killed workers, wiped queues, restored backups, two leaders."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import ApiKey
from tasks import lifecycle, schedules
from tasks.management.commands.hold_after_restore import hold_unsent
from tasks.models import HoldReason, Lease, Status, Task
from tasks.sweep import ring_due, sweep
from tests.desk import Desk, fresh


def test_a_claim_that_died_before_the_wire_mark_goes_back_to_the_queue(desk: Desk) -> None:
    task = desk.queue()
    desk.claim(task, timedelta(minutes=10))
    sweep(timezone.now())
    assert fresh(task).status == Status.QUEUED
    assert desk.send(task).status == Status.RUNNING
    assert desk.charges() == 1


def test_a_claim_that_died_after_the_wire_mark_is_unconfirmed_and_never_sent_again(desk: Desk) -> None:
    task = desk.queue()
    desk.claim(task, timedelta(minutes=10))
    Task.objects.filter(pk=task.pk).update(sent_at=timezone.now())
    sweep(timezone.now())
    assert desk.send(task).status == Status.UNCONFIRMED
    assert desk.sandbox.sent("mj/generate") == []


@pytest.mark.django_db(transaction=True)
def test_a_wiped_job_queue_loses_nothing(desk: Desk) -> None:
    task = desk.queue()
    OrmQ.objects.all().delete()
    assert ring_due(timezone.now() + timedelta(seconds=31)) == 1
    assert OrmQ.objects.count() == 1
    assert desk.send(task).status == Status.RUNNING


@pytest.mark.django_db(transaction=True)
def test_files_wait_in_a_queue_of_their_own_that_slow_ones_hold_up_nobody_s_sending(desk: Desk) -> None:
    task = desk.running()
    desk.queue("next")
    desk.sandbox.finish(task.provider_task_id)
    desk.look(task)
    functions = {bell.func(): bell.key for bell in OrmQ.objects.all()}
    assert functions["gallery.jobs.save_result"] == "files"
    assert functions["tasks.jobs.submit_task"] == "work"


def test_no_more_bells_are_rung_than_an_account_may_send(desk: Desk) -> None:
    for number in range(25):
        desk.queue(f"prompt {number}")
    assert ring_due(timezone.now() + timedelta(seconds=31)) == 18


def test_a_bell_that_was_just_rung_is_not_rung_again(desk: Desk) -> None:
    desk.queue()
    assert ring_due(timezone.now()) == 0


def test_after_a_restore_what_was_not_sent_waits_for_a_person(desk: Desk) -> None:
    queued, running = desk.queue("queued"), desk.running("running")
    on_the_wire = desk.queue("on the wire")
    lifecycle.claim(on_the_wire, timezone.now())
    Task.objects.filter(pk=on_the_wire.pk).update(sent_at=timezone.now())
    assert hold_unsent() == 1
    assert fresh(queued).hold_reason == HoldReason.RESTORED
    assert fresh(running).status == Status.RUNNING
    assert fresh(on_the_wire).status == Status.SUBMITTING
    sweep(timezone.now() + timedelta(hours=2))
    assert fresh(queued).status == Status.HELD
    assert lifecycle.release(fresh(queued))


def test_held_tasks_go_by_themselves_when_the_balance_is_back(desk: Desk) -> None:
    task = desk.send(desk.queue("a fox [[fault:code:402]]"))
    ApiKey.objects.update(balance=3, checked_at=timezone.now())
    sweep(timezone.now())
    assert fresh(task).status == Status.HELD
    ApiKey.objects.update(balance=80, checked_at=timezone.now())
    sweep(timezone.now())
    assert fresh(task).status == Status.QUEUED


def test_held_tasks_go_by_themselves_when_a_good_key_is_there(desk: Desk) -> None:
    task = desk.queue()
    lifecycle.hold(task, HoldReason.KEY_REFUSED)
    ApiKey.objects.update(refused_at=timezone.now(), checked_at=timezone.now())
    sweep(timezone.now())
    assert fresh(task).status == Status.HELD
    ApiKey.objects.update(refused_at=None, checked_at=timezone.now())
    sweep(timezone.now())
    assert fresh(task).status == Status.QUEUED


def test_a_cancelled_task_is_never_sent(desk: Desk) -> None:
    task = desk.queue()
    assert lifecycle.cancel(task)
    assert desk.send(task).status == Status.CANCELLED
    assert desk.sandbox.sent("mj/generate") == []


def test_a_sent_task_can_t_be_cancelled(desk: Desk) -> None:
    task = desk.running()
    assert not lifecycle.cancel(task)
    assert fresh(task).status == Status.RUNNING


@pytest.mark.django_db
def test_one_loop_leads_and_the_next_takes_over_when_its_word_runs_out() -> None:
    assert schedules.lead("first")
    assert not schedules.lead("second")
    assert schedules.lead("first")
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert schedules.lead("second")
    assert not schedules.lead("first")
    assert Lease.objects.get().generation == 2


@pytest.mark.django_db
def test_a_loop_that_steps_down_hands_over_at_once() -> None:
    schedules.lead("first")
    schedules.step_down("first")
    assert schedules.lead("second")


@pytest.mark.django_db
def test_a_loop_stops_when_the_workers_are_asked_to_end(tmp_path, monkeypatch) -> None:
    stop = tmp_path / "stop"
    stop.touch()
    monkeypatch.setenv(schedules.STOP_FILE, str(stop))
    assert schedules.sync_loop(life=30) == 0
