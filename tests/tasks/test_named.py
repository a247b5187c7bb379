"""A callback names a task whose request was turned down, as its answer says: what is paid for is never bought again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tasks import gates, jobs, lifecycle, looks
from tasks.models import Gate, HoldReason, Status, Task
from tasks.sweep import ring_due, sweep
from tasks.syncing import sync_due_tasks
from tests.callbacks.test_receive import ring
from tests.desk import Desk, fresh
from usage.models import LedgerEntry

TURNED_DOWN = ["code:429", "code:455", "code:402", "code:401", "code:422", "code:501"]
WAITING = ["code:429", "code:455", "code:402"]


def taken_but(desk: Desk, answer: str, *more: str) -> Task:
    """A task the provider took and charged, with an answer that says otherwise."""
    marks = " ".join(f"[[fault:{mark}]]" for mark in (f"{answer} accepted=true id=false", *more))
    return desk.queue(f"a fox {marks}")


def rung(desk: Desk, task: Task) -> str:
    """The provider's callback comes in; the id it names."""
    (provider_id,) = desk.sandbox.tasks
    assert ring(task, {"code": 200, "data": {"taskId": provider_id}}) == 200
    return provider_id


def everything_due(task: Task) -> None:
    Task.objects.filter(pk=task.pk).update(next_send_at=timezone.now(), rung_at=None)
    Gate.objects.update(open_until=None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("answer", TURNED_DOWN)
def test_a_callback_that_outruns_the_refusal_wins(desk: Desk, live_server, settings, answer: str) -> None:
    settings.PUBLIC_URL = live_server.url
    desk.sandbox.change(callbacks=True)
    task = desk.send(taken_but(desk, answer, "callback_early", "slow_answer seconds=1"))
    assert (task.status, len(desk.sandbox.callbacks)) == (Status.UNCONFIRMED, 1)
    desk.sandbox.change(callbacks=False)
    desk.sandbox.finish(task.hinted_task_id)
    sync_due_tasks()
    assert (fresh(task).status, desk.charges(), task.results.count()) == (Status.SUCCEEDED, 1, 4)
    assert sorted(task.ledger.values_list("kind", flat=True)) == ["reserved", "settled"]


@pytest.mark.parametrize("answer", WAITING)
def test_a_task_that_waits_after_a_refusal_is_not_sent_again_once_a_callback_named_it(desk: Desk, answer: str) -> None:
    task = desk.send(taken_but(desk, answer))
    assert task.status in {Status.QUEUED, Status.HELD}
    provider_id = rung(desk, task)
    everything_due(task)
    assert not lifecycle.release(fresh(task))
    jobs.submit_task(str(task.pk))
    assert len(desk.sandbox.sent("mj/generate")) == 1
    sync_due_tasks()
    assert (fresh(task).status, fresh(task).provider_task_id) == (Status.RUNNING, provider_id)
    desk.sandbox.finish(provider_id)
    assert (desk.look(task).status, desk.charges()) == (Status.SUCCEEDED, 1)


def test_a_named_task_cannot_be_cancelled_any_more(desk: Desk) -> None:
    task = desk.send(taken_but(desk, "code:429"))
    rung(desk, task)
    assert not lifecycle.cancel(fresh(task))


def test_a_task_that_was_cancelled_after_a_refusal_still_brings_what_was_paid_for(desk: Desk) -> None:
    task = desk.send(taken_but(desk, "code:429"))
    assert lifecycle.cancel(task)
    provider_id = rung(desk, task)
    sync_due_tasks()
    assert fresh(task).status == Status.CANCELLED
    desk.sandbox.finish(provider_id)
    assert (desk.look(task).status, fresh(task).provider_task_id) == (Status.SUCCEEDED, provider_id)
    assert sum(entry.credits for entry in LedgerEntry.objects.filter(task=task)) == task.cost


def test_a_callback_for_a_task_that_seems_unsent_keeps_it_from_being_sent(desk: Desk) -> None:
    task = desk.queue()
    assert ring(task, {"code": 200, "data": {"taskId": "f" * 32}}) == 200
    assert desk.send(task).status == Status.QUEUED
    sync_due_tasks()
    assert (fresh(task).status, desk.charges()) == (Status.UNCONFIRMED, 0)


def test_a_claim_made_before_the_callback_came_sends_nothing(desk: Desk) -> None:
    task = desk.send(taken_but(desk, "code:429"))
    everything_due(task)
    task = fresh(task)
    assert lifecycle.claim(task, timezone.now())
    rung(desk, task)
    with pytest.raises(gates.LostClaim):
        gates.mark_on_wire(task, timezone.now())
    sync_due_tasks()
    assert (fresh(task).status, desk.charges()) == (Status.RUNNING, 1)


def test_a_named_task_whose_claim_ran_out_does_not_go_back_to_the_queue(desk: Desk) -> None:
    task = desk.send(taken_but(desk, "code:429"))
    everything_due(task)
    desk.claim(fresh(task), timedelta(minutes=10))
    rung(desk, task)
    Task.objects.update(next_look_at=None)
    sweep(timezone.now())
    assert fresh(task).status == Status.UNCONFIRMED
    assert fresh(task).next_look_at is not None
    assert ring_due(timezone.now() + timedelta(minutes=1)) == 0


@pytest.mark.parametrize("answer", ["code:422", "code:501"])
def test_a_refused_task_that_runs_after_all_is_followed_until_its_success(desk: Desk, answer: str) -> None:
    task = desk.send(taken_but(desk, answer))
    assert task.status == Status.FAILED
    provider_id = rung(desk, task)
    sync_due_tasks()
    assert fresh(task).status == Status.FAILED
    assert fresh(task).next_look_at > timezone.now()
    desk.sandbox.finish(provider_id)
    assert (desk.look(task).status, task.results.count()) == (Status.SUCCEEDED, 4)
    assert sum(entry.credits for entry in LedgerEntry.objects.filter(task=task)) == task.cost


def test_a_refused_task_that_failed_at_the_provider_too_stays_failed(desk: Desk) -> None:
    task = desk.send(taken_but(desk, "code:422"))
    desk.sandbox.fail(rung(desk, task), "flagged")
    sync_due_tasks()
    assert (fresh(task).status, fresh(task).next_look_at) == (Status.FAILED, None)
    assert sum(entry.credits for entry in LedgerEntry.objects.filter(task=task)) == 0


def test_an_ended_task_with_a_number_nobody_knows_is_not_asked_about_for_ever(desk: Desk) -> None:
    task = desk.send(desk.queue("a fox [[fault:code:422]]"))
    assert ring(task, {"code": 200, "data": {"taskId": "f" * 32}}) == 200
    for _ in range(looks.MISSING_TRIES):
        assert fresh(task).next_look_at is not None
        task = desk.look(task)
    assert (task.status, task.next_look_at) == (Status.FAILED, None)


def test_a_refused_task_does_not_take_the_results_of_another(desk: Desk) -> None:
    refused, other = desk.send(desk.queue("a fox [[fault:code:422]]")), desk.finished("an owl")
    assert ring(refused, {"code": 200, "data": {"taskId": other.provider_task_id}}) == 200
    assert (desk.look(refused).status, refused.results.count()) == (Status.FAILED, 0)


def test_the_look_a_callback_asked_for_outlives_an_answer_that_proves_nothing(desk: Desk) -> None:
    task = desk.queue("a fox [[fault:lose_answer]]")
    lifecycle.claim(task, timezone.now())
    gates.mark_on_wire(task, timezone.now())
    assert ring(task, {"code": 200, "data": {"taskId": "f" * 32}}) == 200
    lifecycle.unconfirm(task, "no answer")
    assert fresh(task).next_look_at <= timezone.now()


def test_a_stale_hand_takes_nothing_from_a_later_claim(desk: Desk) -> None:
    task = desk.queue()
    stale = fresh(task)
    desk.claim(stale, timedelta(minutes=10))
    sweep(timezone.now())
    task = fresh(task)
    assert lifecycle.claim(task, timezone.now())
    gates.mark_on_wire(task, timezone.now())
    assert not lifecycle.requeue(stale, timezone.now())
    assert not lifecycle.hold(stale, HoldReason.KEY_REFUSED)
    assert not lifecycle.fail(stale, "parameter", "too large")
    assert (fresh(task).status, fresh(task).sent_at) == (Status.SUBMITTING, task.sent_at)


def test_a_refused_key_holds_no_task_whose_request_is_out(desk: Desk) -> None:
    queued = desk.queue()
    seen_as_queued = fresh(queued)
    lifecycle.claim(queued, timezone.now())
    gates.mark_on_wire(queued, timezone.now())
    assert not lifecycle.hold(seen_as_queued, HoldReason.KEY_REFUSED)
    assert fresh(queued).status == Status.SUBMITTING


def test_an_admin_cannot_end_a_task_while_its_request_is_out(desk: Desk) -> None:
    task = desk.queue()
    lifecycle.claim(task, timezone.now())
    assert not lifecycle.fail_by_hand(task, "gone")
    Task.objects.filter(pk=task.pk).update(status=Status.UNCONFIRMED, lease_until=None)
    assert lifecycle.fail_by_hand(fresh(task), "gone")
