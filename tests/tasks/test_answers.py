"""The table of answers at work: what each row does to a task, on the way out and while it is followed.

Rows that tests/tasks/test_submit.py and test_following.py hold are not repeated here.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, User
from gallery.models import Result
from tasks import follow_ups, gates, looks
from tasks.gates import PROVIDER
from tasks.jobs import read_balance
from tasks.models import Gate, HoldReason, Kind, Status, SwitchedOff, Task
from tasks.sweep import sweep
from tasks.syncing import sync_due_tasks
from tests.desk import Desk, fresh

PROVES_NOTHING = ["bad_utf8", "gzip_bomb", "html_200", "cut_no_length", "code:524 status=true", "code:504 status=true"]
LOOK_AGAIN = [
    "code:400", "code:402", "code:500", "code:502 status=true", "code:524 status=true", "code:777", "html_500",
    "html_200", "edge_1010", "200_without_task_id", "not_json", "list_body", "nan_body", "huge_body", "gzip_bomb",
    "empty_body", "bad_utf8", "cut_body", "cut_no_length", "lose_answer", "redirect_307",
]  # fmt: skip


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("admin@example.com")


def plan(desk: Desk, fault: str, times: int = 1) -> None:
    """Have the next looks answered so; options stand behind the name as in a marker."""
    name, *words = fault.split()
    options: dict[str, Any] = dict(word.partition("=")[::2] for word in words)
    desk.sandbox.fault(name, on="report", times=times, **options)


def sent_ago(task: Task, **age: float) -> None:
    Task.objects.filter(pk=task.pk).update(sent_at=timezone.now() - timedelta(**age))


def wait_of(task: Task) -> float:
    """Seconds until the next look."""
    return float((task.next_look_at - timezone.now()).total_seconds())


@pytest.mark.parametrize("fault", PROVES_NOTHING)
def test_what_proves_nothing_about_a_paid_request_leaves_it_unconfirmed(desk: Desk, fault: str) -> None:
    task = desk.send(desk.queue(f"a fox [[fault:{fault}]]"))
    assert (task.status, desk.send(task).status) == (Status.UNCONFIRMED, Status.UNCONFIRMED)
    assert len(desk.sandbox.sent("mj/generate")) == 1


def test_a_403_in_json_is_about_the_key(desk: Desk) -> None:
    task = desk.send(desk.queue("a fox [[fault:code:403]]"))
    assert (task.status, task.hold_reason, desk.charges()) == (Status.HELD, HoldReason.KEY_REFUSED, 0)


def test_a_403_page_is_about_the_site_and_an_admin_hears_of_it_once(desk: Desk, admin: User, client: Client) -> None:
    for number in range(2):
        task = desk.send(desk.queue(f"fox {number} [[fault:edge_1010]]"))
    assert task.status == Status.UNCONFIRMED
    assert not ApiKey.objects.get().is_refused
    assert [(message.subject, message.bcc) for message in mail.outbox] == [
        ("The provider is blocking this site", [admin.email])
    ]
    client.force_login(desk.user, "allauth.account.auth_backends.AuthenticationBackend")
    assert "The service is blocking this site" in client.get(f"/tasks/{task.pk}/").content.decode()


def test_a_404_for_an_upscale_is_sent_once_more_by_the_quickstart_s_path(desk: Desk) -> None:
    desk.finished()
    desk.sandbox.fault("code:404", on="upscale", times=0)
    task, _ = follow_ups.follow_up(desk.user, Result.objects.get(position=2), Kind.UPSCALE)
    assert desk.send(task).status == Status.RUNNING
    assert [call.json["imageIndex"] for call in desk.sandbox.sent("mj/generateUpscale")] == [2]
    assert [call.json["index"] for call in desk.sandbox.sent("mj/upscale")] == [3]


def test_an_upscale_nobody_offers_fails_without_a_charge_and_an_admin_is_told(desk: Desk, admin: User) -> None:
    desk.finished()
    charged = desk.charges()
    for place in ("upscale", "quick_upscale"):
        desk.sandbox.fault("code:404", on=place, times=0)
    task = desk.send(follow_ups.follow_up(desk.user, Result.objects.first(), Kind.UPSCALE)[0])
    assert (task.status, task.failure_class, desk.charges()) == (Status.FAILED, "unavailable", charged)
    assert [message.subject for message in mail.outbox] == ["The provider does not offer Upscale"]


def test_a_type_that_is_switched_off_is_told_to_an_admin(desk: Desk, admin: User) -> None:
    desk.send(desk.queue("a fox [[fault:code:505]]"))
    assert SwitchedOff.objects.count() == len(mail.outbox) == 1


@pytest.mark.parametrize("fault", LOOK_AGAIN)
def test_a_useless_report_only_means_to_look_again(desk: Desk, fault: str) -> None:
    task = desk.running()
    desk.sandbox.finish(task.provider_task_id)
    plan(desk, fault)
    task = desk.look(task)
    assert (task.status, task.bad_looks) == (Status.RUNNING, 1)
    assert 7 < wait_of(task) < 13
    assert desk.look(task).status == Status.SUCCEEDED


def test_after_twenty_useless_reports_in_a_row_an_admin_is_told_and_nothing_fails(desk: Desk, admin: User) -> None:
    task = desk.running()
    plan(desk, "not_json", times=22)
    for number in range(22):
        assert len(mail.outbox) == (number >= looks.ALARM_AFTER)
        task = desk.look(task)
    assert (task.status, len(mail.outbox)) == (Status.RUNNING, 1)


@pytest.mark.parametrize("code", [401, 403])
def test_a_refused_key_parks_the_looks_for_an_hour_or_until_it_changes(desk: Desk, code: int) -> None:
    task = desk.running()
    desk.sandbox.finish(task.provider_task_id)
    plan(desk, f"code:{code}")
    task = desk.look(task)
    assert (task.status, round(wait_of(task) / 60)) == (Status.RUNNING, 60)
    ApiKey.objects.update(changed_at=timezone.now())
    sweep(timezone.now())
    assert fresh(task).next_look_at <= timezone.now()
    assert desk.look(task).status == Status.SUCCEEDED


def test_a_key_that_was_refused_by_mistake_is_looked_with_again_at_once(desk: Desk) -> None:
    task = desk.running()
    desk.sandbox.finish(task.provider_task_id)
    plan(desk, "code:401")
    desk.look(task)
    read_balance(str(desk.api_key.pk))
    sweep(timezone.now())
    assert fresh(task).next_look_at <= timezone.now()
    sync_due_tasks()
    assert fresh(task).status == Status.SUCCEEDED


def test_a_key_that_may_tell_its_balance_but_not_look_is_tried_hourly(desk: Desk) -> None:
    task = desk.running()
    plan(desk, "code:401", times=9)
    desk.look(task)
    Task.objects.filter(pk=task.pk).update(blind_since=timezone.now() - timedelta(minutes=5))
    ApiKey.objects.update(changed_at=timezone.now() - timedelta(days=1))
    desk.look(task)
    read_balance(str(desk.api_key.pk))
    sweep(timezone.now())
    assert round(wait_of(fresh(task)) / 60) == 60


@pytest.mark.parametrize("code", [404, 422])
def test_a_missing_record_is_asked_for_soon_then_ten_times_in_an_hour_then_hourly(desk: Desk, code: int) -> None:
    task = desk.running()
    plan(desk, f"code:{code}", times=14)
    assert 7 < wait_of(desk.look(task)) < 13
    sent_ago(task, minutes=5)
    waits = [wait_of(desk.look(task)) for _ in range(12)]
    assert [round(wait) for wait in waits[:8]] == [360] * 8
    assert all(2800 < wait < 4400 for wait in waits[8:])
    assert fresh(task).status == Status.RUNNING


def test_a_report_that_is_switched_off_is_asked_for_hourly(desk: Desk) -> None:
    task = desk.running()
    plan(desk, "code:505")
    task = desk.look(task)
    assert task.status == Status.RUNNING
    assert 2800 < wait_of(task) < 4400


@pytest.mark.parametrize(("fault", "least", "most"), [("code:429", 10, 12.5), ("code:429 retry_after=300", 299, 303)])
def test_a_busy_report_waits_a_window_or_as_long_as_it_is_told(
    desk: Desk, fault: str, least: float, most: float
) -> None:
    task = desk.running()
    plan(desk, fault)
    assert least - 1 < wait_of(desk.look(task)) < most


@pytest.mark.parametrize("fault", ["maintenance", "html_500", "lose_answer"])
def test_trouble_while_looking_counts_towards_the_provider_s_breaker(desk: Desk, fault: str) -> None:
    task = desk.running()
    for _ in range(5):
        plan(desk, fault)
        desk.look(task)
    assert Gate.objects.get(scope=PROVIDER).is_open(timezone.now())
    assert desk.send(desk.queue("another")).status == Status.QUEUED


@pytest.mark.parametrize("fault", ["not_json", "wrong_task_id", "list_body", "code:777", "code:402"])
def test_an_odd_record_stops_nobody_from_sending(desk: Desk, fault: str) -> None:
    task = desk.running()
    for _ in range(6):
        plan(desk, fault)
        desk.look(task)
    assert desk.running("another").status == Status.RUNNING


def test_trouble_with_one_record_counts_for_nothing_while_others_are_told(desk: Desk) -> None:
    broken, good = desk.running("broken"), desk.running("good")
    for _ in range(6):
        desk.sandbox.fault("html_500", on="report", times=1, task_id=broken.provider_task_id)
        Task.objects.update(next_look_at=timezone.now() - timedelta(seconds=1))
        assert sync_due_tasks() == 2
    assert fresh(broken).bad_looks == 6
    assert fresh(good).bad_looks == 0
    assert desk.running("another").status == Status.RUNNING


def test_what_a_stop_postponed_goes_when_the_probe_is_back(desk: Desk) -> None:
    now = timezone.now()
    for _ in range(5):
        gates.note_provider(False, now)
    waiting = [desk.send(desk.queue(f"prompt {number}")) for number in range(3)]
    told_to_wait = desk.queue("told to wait")
    Task.objects.filter(pk=told_to_wait.pk).update(first_busy_at=now, next_send_at=now + timedelta(minutes=4))
    assert all(task.next_send_at > now + timedelta(seconds=50) for task in waiting)
    Gate.objects.filter(scope=PROVIDER).update(open_until=now - timedelta(seconds=1))
    Task.objects.filter(pk=waiting[0].pk).update(next_send_at=now)
    assert desk.send(waiting[0]).status == Status.RUNNING
    assert [desk.send(task).status for task in waiting[1:]] == [Status.RUNNING, Status.RUNNING]
    assert fresh(told_to_wait).next_send_at > now + timedelta(minutes=3)


def test_every_wait_between_looks_is_jittered_by_a_fifth() -> None:
    waits = [looks.jittered(100).total_seconds() for _ in range(300)]
    assert 80 <= min(waits) < 90
    assert 110 < max(waits) <= 120
