"""Sending: one paid request behind two commits, and what every answer to it does."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import ApiKey
from kie.parameters import validate
from tasks import gates, jobs, lifecycle
from tasks.models import Gate, HoldReason, Status, SwitchedOff, Task
from tasks.sweep import sweep
from tests.desk import Desk, fresh
from usage.models import LedgerEntry

UNCERTAIN = [
    "lose_answer", "cut_body", "html_500", "html_500 accepted=true", "code:500", "code:502 status=true", "edge_1010",
    "200_without_task_id", "not_json", "list_body", "nan_body", "huge_body", "empty_body", "redirect_307",
    "code:777",
]  # fmt: skip
REFUSED = [
    ("code:400", "parameter"), ("code:422", "parameter"), ("code:404", "unavailable"), ("code:501", "generation"),
    ("code:505", "switched_off"),
]  # fmt: skip
HELD = [("code:401", HoldReason.KEY_REFUSED), ("code:402", HoldReason.NO_CREDIT)]


def test_a_sent_task_runs_under_the_provider_s_id_and_is_charged_once(desk: Desk) -> None:
    task = desk.running()
    assert (task.status, desk.charges()) == (Status.RUNNING, 1)
    assert task.provider_task_id in desk.sandbox.tasks
    assert task.sent_at is not None
    assert task.next_look_at is not None


def test_the_request_carries_what_the_person_chose_and_nothing_else(desk: Desk) -> None:
    desk.running("a lighthouse", aspect_ratio="16:9", version="7", stylization=250)
    body = desk.sandbox.sent("mj/generate")[-1].json
    assert body == {
        "taskType": "mj_txt2img", "prompt": "a lighthouse", "speed": "fast", "aspectRatio": "16:9", "version": "7",
        "stylization": 250, "enableTranslation": False,
    }  # fmt: skip


@pytest.mark.parametrize("fault", UNCERTAIN)
def test_an_answer_that_proves_nothing_leaves_the_task_unconfirmed_and_never_sent_again(desk: Desk, fault: str) -> None:
    task = desk.send(desk.queue(f"a fox [[fault:{fault}]]"))
    assert task.status == Status.UNCONFIRMED, fault
    jobs.submit_task(str(task.pk))
    desk.send(task)
    assert len(desk.sandbox.sent("mj/generate")) == 1


@pytest.mark.parametrize(("fault", "failure_class"), REFUSED)
def test_a_refusal_fails_the_task_and_gives_the_reserve_back(desk: Desk, fault: str, failure_class: str) -> None:
    task = desk.send(desk.queue(f"a fox [[fault:{fault}]]"))
    assert (task.status, task.failure_class, desk.charges()) == (Status.FAILED, failure_class, 0)
    assert sum(entry.credits for entry in LedgerEntry.objects.filter(task=task)) == 0


@pytest.mark.parametrize(("fault", "reason"), HELD)
def test_a_refused_key_or_an_empty_purse_holds_the_task(desk: Desk, fault: str, reason: str) -> None:
    task = desk.send(desk.queue(f"a fox [[fault:{fault}]]"))
    assert (task.status, task.hold_reason, task.sent_at) == (Status.HELD, reason, None)


@pytest.mark.parametrize("fault", ["json_500_accepted", "code:422 accepted=true", "code:429 accepted=true"])
def test_any_answer_with_a_task_id_means_accepted(desk: Desk, fault: str) -> None:
    task = desk.send(desk.queue(f"a fox [[fault:{fault}]]"))
    assert (task.status, desk.charges()) == (Status.RUNNING, 1)


@pytest.mark.parametrize("fault", ["rate_limited", "maintenance"])
def test_an_explicit_not_now_puts_the_task_back_and_it_is_sent_later(desk: Desk, fault: str) -> None:
    desk.sandbox.fault(fault, on="generate", times=1)
    task = desk.send(desk.queue())
    assert (task.status, task.sent_at) == (Status.QUEUED, None)
    assert task.next_send_at >= timezone.now() + timedelta(seconds=8)
    Task.objects.filter(pk=task.pk).update(next_send_at=timezone.now())
    Gate.objects.update(open_until=None)
    assert desk.send(task).status == Status.RUNNING
    assert desk.charges() == 1


def test_a_task_that_never_left_the_machine_is_tried_again(desk: Desk, settings) -> None:
    settings.KIE_API_URL = "http://127.0.0.1:9"
    task = desk.send(desk.queue())
    assert (task.status, task.sent_at, task.sends) == (Status.QUEUED, None, 1)


def test_after_eight_tries_a_task_waits_for_a_person(desk: Desk) -> None:
    task = desk.queue()
    Task.objects.filter(pk=task.pk).update(sends=jobs.MOST_SENDS - 1)
    desk.sandbox.fault("maintenance", on="generate", times=1)
    task = desk.send(task)
    assert (task.status, task.hold_reason) == (Status.HELD, HoldReason.PROVIDER_PAUSED)


def test_after_half_an_hour_of_tries_a_task_waits_for_a_person(desk: Desk) -> None:
    task = desk.queue()
    Task.objects.filter(pk=task.pk).update(first_busy_at=timezone.now() - timedelta(minutes=31))
    desk.sandbox.fault("maintenance", on="generate", times=1)
    assert desk.send(task).hold_reason == HoldReason.PROVIDER_PAUSED


def test_a_busy_account_stops_its_other_tasks_without_asking(desk: Desk) -> None:
    desk.sandbox.fault("rate_limited", on="generate", times=1)
    desk.send(desk.queue("first"))
    second = desk.send(desk.queue("second"))
    assert second.status == Status.QUEUED
    assert len(desk.sandbox.sent("mj/generate")) == 1


def test_no_more_than_eighteen_tasks_leave_in_ten_seconds(desk: Desk) -> None:
    tasks = [desk.send(desk.queue(f"prompt {number}")) for number in range(20)]
    left = [task for task in tasks if task.status == Status.RUNNING]
    waiting = [task for task in tasks if task.status == Status.QUEUED]
    assert (len(left), len(waiting), desk.charges()) == (18, 2, 18)
    first_wire = min(task.last_wire_at for task in left)
    assert all(task.next_send_at >= first_wire + timedelta(seconds=10) for task in waiting)


def test_two_people_with_one_key_share_its_pace(desk: Desk, django_user_model) -> None:
    bob = Desk(desk.sandbox, django_user_model.objects.create_user("bob@example.com"), key=desk.key)
    for number in range(18):
        desk.send(desk.queue(f"prompt {number}"))
    assert bob.send(bob.queue()).status == Status.QUEUED


def test_the_same_form_sent_twice_makes_one_task(desk: Desk) -> None:
    nonce, values = uuid4(), validate({"task_type": "mj_txt2img", "prompt": "a fox"})
    first, made = lifecycle.create(desk.user, values, nonce=nonce)
    second, made_again = lifecycle.create(desk.user, values, nonce=nonce)
    assert (first.pk, made, made_again) == (second.pk, True, False)
    assert Task.objects.count() == 1


def test_an_id_another_task_bears_is_not_taken(desk: Desk) -> None:
    first, second = desk.running("first"), desk.queue("second")
    lifecycle.claim(second, timezone.now())
    lifecycle.mark_running(second, first.provider_task_id, timezone.now())
    assert (fresh(second).status, fresh(second).provider_task_id) == (Status.UNCONFIRMED, "")
    assert fresh(first).status == Status.RUNNING


def test_two_workers_with_the_same_bell_send_once(desk: Desk) -> None:
    task = desk.queue()
    stale = fresh(task)
    desk.send(task)
    assert not lifecycle.claim(stale, timezone.now())
    jobs.submit_task(str(task.pk))
    assert len(desk.sandbox.sent("mj/generate")) == 1


def test_a_claim_that_went_to_another_worker_sets_no_wire_mark(desk: Desk) -> None:
    task = desk.queue()
    lifecycle.claim(task, timezone.now())
    Task.objects.filter(pk=task.pk).update(lease_until=timezone.now() + timedelta(hours=1))
    with pytest.raises(gates.LostClaim):
        gates.mark_on_wire(task, timezone.now())


def test_nothing_is_bought_that_cannot_be_stored(desk: Desk, settings) -> None:
    settings.STORAGE_KEEP_FREE = 1 << 60
    task = desk.send(desk.queue())
    assert (task.status, task.hold_reason) == (Status.HELD, HoldReason.DISK_LOW)
    assert desk.sandbox.sent("mj/generate") == []


def test_without_a_key_nothing_can_be_queued(desk: Desk) -> None:
    ApiKey.objects.all().delete()
    with pytest.raises(lifecycle.NoKey):
        desk.queue()


def test_a_task_whose_key_was_deleted_is_held_not_lost(desk: Desk) -> None:
    task = desk.queue()
    ApiKey.objects.all().delete()
    assert desk.send(task).hold_reason == HoldReason.KEY_REFUSED


def test_a_switched_off_type_is_remembered_for_an_hour(desk: Desk) -> None:
    desk.send(desk.queue("a fox [[fault:code:505]]"))
    until = SwitchedOff.objects.get(task_type="mj_txt2img").until
    assert timedelta(minutes=59) < until - timezone.now() <= timedelta(hours=1)


def test_a_refused_key_holds_every_waiting_task_of_that_key(desk: Desk) -> None:
    other = desk.queue("other")
    desk.sandbox.fault("code:401", on="any", times=0)
    desk.send(desk.queue("first"))
    assert fresh(other).hold_reason == HoldReason.KEY_REFUSED
    assert ApiKey.objects.get().is_refused


def test_five_bad_answers_of_ten_stop_sending_and_one_probe_goes_first(desk: Desk) -> None:
    now = timezone.now()
    for _ in range(5):
        gates.note_provider(False, now)
    assert desk.send(desk.queue()).status == Status.QUEUED
    Gate.objects.filter(scope=gates.PROVIDER).update(open_until=now - timedelta(seconds=1))
    assert (gates.take_probe(now), gates.take_probe(now)) == (True, False)
    gates.note_provider(True, now)
    assert gates.closed_until(desk.api_key.fingerprint, now) is None


def test_only_a_bad_probe_makes_a_stop_longer(desk: Desk) -> None:
    now = timezone.now()
    for _ in range(9):
        gates.note_provider(False, now)
    assert gates.closed_until("any", now) == now + timedelta(seconds=60)
    waits = []
    for _ in range(5):
        now = gates.closed_until("any", now)
        assert gates.take_probe(now)
        gates.note_provider(False, now)
        gates.note_provider(False, now)
        waits.append((gates.closed_until("any", now) - now).total_seconds())
    assert waits == [120, 240, 480, 600, 600]


def test_a_refusal_that_the_balance_call_denies_holds_one_task_for_an_hour(desk: Desk) -> None:
    other = desk.queue("other")
    task = desk.send(desk.queue("a fox [[fault:code:401 times=9]]"))
    sweep(timezone.now() + timedelta(minutes=1))
    assert (fresh(task).status, fresh(task).hold_reason) == (Status.HELD, HoldReason.KEY_REFUSED)
    assert fresh(other).status == Status.QUEUED
    assert not ApiKey.objects.get().is_refused


def test_waits_after_a_not_now_are_jittered_from_a_window_to_minutes() -> None:
    for sends in (1, 3, 8):
        waits = [gates.backoff(sends).total_seconds() for _ in range(200)]
        assert 10 <= min(waits) < max(waits) <= 10 + min(5 * 2**sends, 300)
