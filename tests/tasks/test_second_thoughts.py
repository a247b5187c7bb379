"""What the provider says later, twice, or through another account: followed to its end, booked where it belongs."""

import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.models import ApiKey, Team, User
from gallery.models import Result
from tasks import adopting, follow_ups, gates, jobs, lifecycle, looks, schedules, syncing
from tasks.management.commands.hold_after_restore import hold_unsent
from tasks.models import HoldReason, Kind, Lease, Status, Task
from tasks.offboarding import hand_over
from tasks.sweep import sweep
from tasks.syncing import sync_due_tasks
from tests.callbacks.test_receive import ring
from tests.desk import Desk, fresh
from tests.tasks.test_named import everything_due, rung, taken_but
from usage.models import LedgerEntry


def said(provider_id: str, **more: object) -> dict[str, object]:
    return {"code": 200, "data": {"taskId": provider_id, **more}}


def test_after_a_restore_the_callback_of_what_was_sent_since_is_heard(desk: Desk) -> None:
    task = desk.running()
    provider_id = task.provider_task_id
    lost = {"status": Status.QUEUED, "provider_task_id": "", "sent_at": None, "last_wire_at": None, "sends": 0}
    Task.objects.filter(pk=task.pk).update(**lost, next_look_at=None, accepted_at=None)
    assert hold_unsent() == 1
    assert fresh(task).hold_reason == HoldReason.RESTORED
    assert ring(task, said(provider_id)) == 200
    assert not lifecycle.release(fresh(task))
    sync_due_tasks()
    assert (fresh(task).status, fresh(task).provider_task_id, desk.charges()) == (Status.RUNNING, provider_id, 1)


@pytest.mark.django_db(transaction=True)
def test_an_upscale_that_a_callback_names_is_not_sent_by_the_older_path(desk: Desk, live_server, settings) -> None:
    settings.PUBLIC_URL = live_server.url
    desk.finished()
    task, _ = follow_ups.follow_up(desk.user, Result.objects.get(position=2), Kind.UPSCALE)
    desk.sandbox.change(callbacks=True)
    desk.sandbox.fault("early", on="callback", times=1)
    desk.sandbox.fault("code:404", on="upscale", times=1, accepted="true", id="false")
    desk.sandbox.fault("slow_answer", on="upscale", times=1, seconds="1")
    task = desk.send(task)
    assert task.status == Status.UNCONFIRMED
    assert desk.sandbox.sent("mj/upscale") == []
    sync_due_tasks()
    assert fresh(task).status == Status.RUNNING


def test_an_upscale_asked_by_the_older_path_keeps_the_pace_of_its_account(desk: Desk, settings) -> None:
    desk.finished()
    settings.SEND_LIMIT, settings.SEND_WINDOW_SECONDS = 1, 0.5
    Task.objects.update(last_wire_at=None)
    task, _ = follow_ups.follow_up(desk.user, Result.objects.get(position=2), Kind.UPSCALE)
    desk.sandbox.fault("code:404", on="upscale", times=1)
    started = time.monotonic()
    assert desk.send(task).status == Status.RUNNING
    assert time.monotonic() - started > 1.0


def test_the_lease_of_a_claim_begins_anew_at_the_wire(desk: Desk) -> None:
    task = desk.queue()
    desk.claim(task, timedelta(seconds=170))
    now = timezone.now()
    gates.mark_on_wire(task, now)
    sweep(now + timedelta(seconds=60))
    assert fresh(task).status == Status.SUBMITTING
    assert lifecycle.fail(task, "parameter", "refused after a long upload")


def test_a_success_that_is_another_task_s_is_asked_for_once(desk: Desk) -> None:
    other = desk.finished("an owl")
    task = desk.send(desk.queue("a fox [[fault:code:422]]"))
    assert ring(task, said(other.provider_task_id)) == 200
    asked = len(desk.sandbox.sent("mj/record-info"))
    for _ in range(4):
        sync_due_tasks()
    assert len(desk.sandbox.sent("mj/record-info")) == asked + 1
    assert (fresh(task).status, fresh(task).next_look_at) == (Status.FAILED, None)


def test_a_success_that_is_called_before_the_record_knows_it_is_waited_for(desk: Desk) -> None:
    task = desk.running()
    lifecycle.fail_by_hand(task, "gave up")
    urls = [f"{desk.sandbox.url}/files/x.jpeg"]
    assert ring(task, said(task.provider_task_id, resultUrls=urls)) == 200
    sync_due_tasks()
    assert fresh(task).next_look_at is not None
    desk.sandbox.finish(task.provider_task_id)
    assert desk.look(task).status == Status.SUCCEEDED


def test_an_ended_task_is_not_waited_for_without_end(desk: Desk) -> None:
    task = desk.running()
    lifecycle.fail_by_hand(task, "gave up")
    assert ring(task, said(task.provider_task_id, resultUrls=[f"{desk.sandbox.url}/files/x.jpeg"])) == 200
    for _ in range(looks.EMPTY_LOOKS + 1):
        task = desk.look(task)
    assert (task.status, task.next_look_at) == (Status.FAILED, None)


def test_an_import_may_be_a_little_ahead_of_the_record(desk: Desk) -> None:
    task = desk.running("a fox [[fault:missing_after_submit looks=2]]")
    provider_id = task.provider_task_id
    Task.objects.update(provider_task_id="", status=Status.CANCELLED)
    desk.sandbox.finish(provider_id)
    [brought], _ = adopting.adopt(desk.user, None, [provider_id])
    for _ in range(2):
        assert desk.look(brought).status == Status.RUNNING
    assert desk.look(brought).status == Status.SUCCEEDED


def test_the_right_one_of_several_ids_is_found_in_whatever_order_they_came(desk: Desk) -> None:
    task = desk.send(desk.queue("a fox [[fault:lose_answer]]"))
    (right,) = desk.sandbox.tasks
    for provider_id in ("e" * 32, right, "f" * 32):
        assert ring(task, said(provider_id)) == 200
    for _ in range(4):
        task = desk.look(task)
    assert (task.status, task.provider_task_id) == (Status.RUNNING, right)


@pytest.mark.parametrize("looked", [True, False])
def test_an_id_the_provider_gave_out_beside_the_task_s_own_is_brought_in_and_told(desk: Desk, looked: bool) -> None:
    admin = User.objects.create_superuser("admin@example.com")
    task = desk.send(taken_but(desk, "code:429"))
    (first,) = desk.sandbox.tasks
    everything_due(task)
    task = fresh(task)
    lifecycle.claim(task, timezone.now())
    gates.mark_on_wire(task, timezone.now())
    assert rung(desk, task) == first
    if looked:
        sync_due_tasks()
    second = desk.running("the same again").provider_task_id
    Task.objects.filter(provider_task_id=second).update(provider_task_id="", status=Status.CANCELLED)
    jobs._remember(task, type("Accepted", (), {"task_id": second})())
    followed = set(Task.objects.exclude(provider_task_id="").values_list("provider_task_id", flat=True))
    assert followed == {first, second}
    assert [(message.subject, message.bcc) for message in mail.outbox] == [
        ("The provider took a task twice", [admin.email])
    ]


def test_a_callback_that_names_a_task_known_already_is_no_second_purchase(desk: Desk) -> None:
    User.objects.create_superuser("admin@example.com")
    other, task = desk.running("an owl"), desk.queue("a fox")
    lifecycle.claim(task, timezone.now())
    gates.mark_on_wire(task, timezone.now())
    assert ring(task, said(other.provider_task_id)) == 200
    jobs._remember(task, type("Accepted", (), {"task_id": "a" * 32})())
    assert (fresh(task).provider_task_id, Task.objects.count(), mail.outbox) == ("a" * 32, 2, [])


def test_a_later_key_of_another_account_says_nothing_about_a_task(desk: Desk) -> None:
    task = desk.running()
    desk.sandbox.finish(task.provider_task_id)
    urls = desk.sandbox.tasks[task.provider_task_id].urls()
    assert ring(task, said(task.provider_task_id, resultUrls=urls)) == 200
    other = Desk(desk.sandbox, User.objects.create_user("bob@example.com"), key="another-accounts-key-0002")
    desk.api_key.set_key(other.key)
    desk.api_key.save()
    task = desk.look(task)
    assert task.blind_since is not None
    Task.objects.filter(pk=task.pk).update(blind_since=timezone.now() - timedelta(hours=2))
    task = desk.look(task)
    assert task.status == Status.SUCCEEDED
    assert set(task.results.values_list("verified", flat=True)) == {False}
    assert task.next_look_at is not None
    desk.api_key.set_key(desk.key)
    desk.api_key.save()
    task = desk.look(task)
    assert set(task.results.values_list("verified", flat=True)) == {True}
    assert (task.status, task.next_look_at) == (Status.SUCCEEDED, None)
    assert sorted(task.ledger.values_list("kind", flat=True)) == ["reserved", "settled"]


def test_a_waiting_task_is_booked_on_the_account_that_pays(desk: Desk) -> None:
    task = desk.queue()
    other = Desk(desk.sandbox, User.objects.create_user("bob@example.com"), key="another-accounts-key-0002")
    desk.api_key.set_key(other.key)
    desk.api_key.save()
    task = desk.send(task)
    assert (task.status, task.key_fingerprint) == (Status.RUNNING, desk.api_key.fingerprint)
    desk.sandbox.finish(task.provider_task_id)
    desk.look(task)
    assert LedgerEntry.objects.get(task=task, kind="settled").key_fingerprint == desk.api_key.fingerprint


def test_what_is_handed_over_under_way_gives_its_reserve_back_to_whose_budget_it_was(desk: Desk) -> None:
    task = desk.running()
    team = Team.objects.create(name="Heirs")
    hand_over(desk.user, team)
    desk.sandbox.fail(task.provider_task_id, "flagged")
    desk.look(task)
    assert set(LedgerEntry.objects.filter(task=task).values_list("team_id", flat=True)) == {None}


def test_sending_again_what_a_callback_named_warns_that_it_may_cost_twice(alice: Client, desk: Desk) -> None:
    task = desk.send(taken_but(desk, "code:422"))
    assert "may cost twice" not in alice.get(f"/tasks/{task.pk}/again/").text
    rung(desk, task)
    assert "may cost twice" in alice.get(f"/tasks/{task.pk}/again/").text


def test_the_leader_that_was_held_up_leads_on_while_nobody_took_over(db: None) -> None:
    assert schedules.lead("first")
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=30))
    schedules._beat("first")
    assert not schedules.lead("second")


def test_records_that_hang_keep_nobody_waiting_for_long(desk: Desk, settings, monkeypatch) -> None:
    settings.SYNC_CONCURRENCY = 2
    monkeypatch.setattr(syncing, "PASS_SECONDS", 1.0)
    tasks = [desk.running(f"prompt {number}") for number in range(8)]
    desk.sandbox.fault("slow_answer", on="report", times=0, seconds="1.5")
    Task.objects.update(next_look_at=timezone.now() - timedelta(seconds=1))
    beats: list[Decimal] = []
    asked = sync_due_tasks(beat=lambda: beats.append(Decimal(1)))
    assert asked < len(tasks)
    assert beats


def test_a_worker_that_read_the_task_before_a_refusal_does_not_send_it_before_its_time(desk: Desk) -> None:
    task = desk.queue("a fox [[fault:code:429]]")
    stale = fresh(task)
    assert desk.send(task).status == Status.QUEUED
    assert not lifecycle.claim(stale, timezone.now())


def test_what_succeeded_by_a_callbacks_word_alone_gets_its_number_from_the_record(desk: Desk) -> None:
    task = desk.send(desk.queue("a fox [[fault:lose_answer]]"))
    (number,) = desk.sandbox.tasks
    desk.sandbox.finish(number)
    assert ring(task, said(number, resultUrls=desk.sandbox.tasks[number].urls())) == 200
    ApiKey.objects.all().delete()
    Task.objects.update(blind_since=timezone.now() - timedelta(hours=2))
    assert desk.look(task).status == Status.SUCCEEDED
    services.connect_key(desk.user, desk.key)
    task = desk.look(task)
    assert (set(task.results.values_list("verified", flat=True)), task.provider_task_id) == ({True}, number)


def test_addresses_that_a_later_callback_names_are_kept_although_a_look_is_due(desk: Desk) -> None:
    task = desk.running()
    urls = [f"{desk.sandbox.url}/files/x.jpeg"]
    assert ring(task, said(task.provider_task_id)) == 200
    assert ring(task, said(task.provider_task_id, resultUrls=urls)) == 200
    assert ring(task, said(task.provider_task_id)) == 200
    assert fresh(task).claimed_urls == urls


def test_results_of_what_was_handed_over_during_the_pass_are_the_team_s(desk: Desk) -> None:
    task, team = desk.running(), Team.objects.create(name="Heirs")
    as_read = fresh(task)
    desk.sandbox.finish(task.provider_task_id)
    hand_over(desk.user, team)
    assert lifecycle.succeed(as_read, desk.sandbox.tasks[task.provider_task_id].urls(), timezone.now())
    assert set(Result.objects.values_list("team_id", flat=True)) == {team.pk}
    assert fresh(task).team_revision > 0


def test_a_task_that_cannot_be_taken_in_keeps_no_other_from_it(desk: Desk) -> None:
    odd, good = desk.running("a fox"), desk.running("an owl")
    for task in (odd, good):
        desk.sandbox.finish(task.provider_task_id)
    # As no code of ours writes it, so that our code breaks over it.
    Task.objects.filter(pk=odd.pk).update(parameters=["no", "fields"])
    desk.look(odd)
    assert desk.look(good).status == Status.SUCCEEDED
    odd = fresh(odd)
    assert odd.next_look_at is not None
    assert odd.next_look_at > timezone.now() + timedelta(minutes=30)
