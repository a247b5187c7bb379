"""The provider took a task, said that it had not, and took it again: what was paid for comes home, and is told."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from accounts.models import User
from kie.exchange import Exchange
from kie.outcomes import Accepted
from tasks import gates, jobs, lifecycle, sweep
from tasks.models import Kind, Status, Task
from tests.callbacks.test_receive import ring
from tests.desk import Desk, fresh
from tests.tasks.test_named import everything_due, taken_but
from tests.tasks.test_second_thoughts import said


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("admin@example.com")


def on_the_wire_again(desk: Desk, answer: str) -> tuple[Task, str]:
    """A task whose second request is out, and the number of what its first one bought."""
    known = set(desk.sandbox.tasks)
    task = desk.send(taken_but(desk, answer))
    (first,) = set(desk.sandbox.tasks) - known
    everything_due(task)
    task = fresh(task)
    assert lifecycle.claim(task, timezone.now())
    gates.mark_on_wire(task, timezone.now())
    return task, first


def accepted_as(task: Task, number: str) -> None:
    jobs._remember(task, Accepted(number, 200, Exchange("POST", "/", "", 200, "", 0.0, timezone.now())))


def test_the_callback_of_the_first_may_come_after_the_second_was_accepted(desk: Desk, admin: User) -> None:
    task = desk.send(taken_but(desk, "code:429"))
    (first,) = desk.sandbox.tasks
    everything_due(task)
    Task.objects.filter(pk=task.pk).update(prompt="a fox")
    task = desk.send(fresh(task))
    assert (task.status, desk.charges()) == (Status.RUNNING, 2)
    desk.sandbox.finish(first)
    assert ring(task, said(first, resultUrls=desk.sandbox.tasks[first].urls())) == 200
    sweep.weigh_other_numbers(timezone.now())
    jobs.weigh_others(str(task.pk))
    jobs.weigh_others(str(task.pk))
    brought = Task.objects.get(provider_task_id=first)
    assert (brought.kind, brought.user, desk.look(brought).status) == (Kind.IMPORT, desk.user, Status.SUCCEEDED)
    assert [first in message.body for message in mail.outbox] == [True]


def test_a_number_the_provider_does_not_know_is_no_second_purchase(desk: Desk, admin: User) -> None:
    task = desk.running()
    assert ring(task, said("0123456789abcdef0123456789abcdef")) == 200
    sweep.weigh_other_numbers(timezone.now())
    jobs.weigh_others(str(task.pk))
    assert Task.objects.count() == 1
    assert mail.outbox == []


def test_what_callbacks_name_is_weighed_once_in_five_minutes_and_for_an_hour(
    desk: Desk, django_capture_on_commit_callbacks
) -> None:
    task = desk.running()
    ring(task, said("0123456789abcdef0123456789abcdef"))
    later = [timedelta(), timedelta(), timedelta(hours=2)]
    rung = []
    for wait in later:
        if wait:
            cache.clear()
        with django_capture_on_commit_callbacks() as bells:
            sweep.weigh_other_numbers(timezone.now() + wait)
        rung.append(len(bells))
    assert rung == [1, 0, 0]


def test_it_is_brought_in_although_another_task_of_the_account_is_in_doubt(desk: Desk, admin: User) -> None:
    assert desk.send(desk.queue("an owl [[fault:lose_answer]]")).status == Status.UNCONFIRMED
    task, first = on_the_wire_again(desk, "code:429")
    assert ring(task, said(first)) == 200
    accepted_as(task, "a" * 32)
    assert Task.objects.filter(provider_task_id=first).exists()


def test_two_of_them_within_an_hour_are_both_told(desk: Desk, admin: User) -> None:
    numbers = []
    for count, answer in enumerate(("code:429", "code:455")):
        task, first = on_the_wire_again(desk, answer)
        numbers.append(first)
        assert ring(task, said(first)) == 200
        accepted_as(task, f"{count}" * 32)
    told = " ".join(str(message.body) for message in mail.outbox)
    assert [number in told for number in numbers] == [True, True]
