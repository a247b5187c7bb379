"""Earlier work is brought here by its number: looked up, described, saved, never paid for again."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import teams
from accounts.models import Membership, Role, Team, User
from gallery.models import Result
from tasks import looks
from tasks.adopting import numbers_in
from tasks.models import Gate, Kind, Status, Task
from tasks.syncing import sync_due_tasks
from tests.desk import Desk, fresh
from usage.models import LedgerEntry


def bring(client: Client, *numbers: str) -> Any:
    return client.post("/tasks/import/", {"numbers": "\n".join(numbers)}, follow=True)


def made_elsewhere(desk: Desk, prompt: str = "a fox", **values: Any) -> str:
    """A task of this account that this site knows nothing of."""
    task = desk.finished(prompt, **values)
    number = task.provider_task_id
    LedgerEntry.objects.filter(task=task).delete()
    Result.objects.filter(task=task).delete()
    Task.objects.filter(pk=task.pk).delete()
    return number


def brought(desk: Desk) -> Task:
    return desk.look(Task.objects.get())


def test_a_finished_task_comes_with_its_prompt_parameters_and_pictures(alice: Client, desk: Desk) -> None:
    number = made_elsewhere(desk, "a fox in snow", aspect_ratio="16:9", stylization=250, version="6.1")
    page = bring(alice, number)
    assert "1 looked up at the provider" in page.text
    task = brought(desk)
    assert (task.status, task.kind, task.task_type) == (Status.SUCCEEDED, Kind.GENERATE, "mj_txt2img")
    assert task.prompt == "a fox in snow"
    assert (task.parameters["aspect_ratio"], task.parameters["stylization"]) == ("16:9", 250)
    assert Result.objects.filter(task=task, state="saving").count() == 4
    assert task.cost == 0
    assert desk.charges() == 1


def test_its_ledger_sums_up_to_nothing(alice: Client, desk: Desk) -> None:
    bring(alice, made_elsewhere(desk))
    task = brought(desk)
    assert [line.kind for line in task.ledger.order_by("pk")] == ["reserved", "settled"]
    assert not any(line.delta for line in task.ledger.all())


def test_a_clip_is_known_as_one(alice: Client, desk: Desk) -> None:
    values = {"task_type": "mj_video", "speed": None, "file_urls": ["https://a.example/b.png"], "motion": "low"}
    bring(alice, made_elsewhere(desk, "a fox runs", **values))
    task = brought(desk)
    assert (task.task_type, task.is_clip, task.expected_results) == ("mj_video", True, 1)
    assert Result.objects.get(task=task).kind == "video"


def test_the_same_number_comes_once_and_another_person_may_bring_theirs(alice: Client, desk: Desk) -> None:
    known = desk.finished()
    page = bring(alice, known.provider_task_id, known.provider_task_id, "0123456789abcdef")
    assert "1 looked up" in page.text
    assert "1 were here already" in page.text
    assert Task.objects.filter(provider_task_id=known.provider_task_id).count() == 1


def test_a_number_the_provider_does_not_know_says_so_and_can_t_be_sent(alice: Client, desk: Desk) -> None:
    bring(alice, "0123456789abcdef0123456789abcdef")
    task = brought(desk)
    for _ in range(3):
        # New numbers are unknown for up to a minute.
        task = desk.look(task)
        assert (task.status, task.next_look_at is None) == (Status.RUNNING, False)
    task = look_a_minute_later(desk, task)
    assert (task.status, task.failure_class, task.next_look_at) == (Status.FAILED, "unavailable", None)
    assert "no such task" in task.message
    assert alice.post(f"/tasks/{task.pk}/again/").status_code == 404
    assert "Send again" not in alice.get("/").text
    assert desk.charges() == 0


def look_a_minute_later(desk: Desk, task: Task) -> Task:
    Task.objects.filter(pk=task.pk).update(accepted_at=timezone.now() - looks.MISSING_GRACE)
    return desk.look(task)


@pytest.fixture
def number(desk: Desk) -> str:
    """Of a task that runs at the provider and is not here."""
    task = desk.running()
    Task.objects.filter(pk=task.pk).update(provider_task_id="", status=Status.CANCELLED, next_look_at=None)
    return task.provider_task_id


def test_a_number_that_a_callback_named_stays_with_the_task_it_was_paid_for(
    alice: Client, desk: Desk, number: str
) -> None:
    Task.objects.update(hinted_task_id=number)
    assert "1 were here already" in bring(alice, number).text
    assert Task.objects.get().kind == Kind.GENERATE


def test_a_number_that_was_not_found_can_be_brought_again(alice: Client, desk: Desk, number: str) -> None:
    desk.sandbox.fault("code:422", on="report", times=1)
    bring(alice, number)
    task = Task.objects.get(provider_task_id=number)
    assert look_a_minute_later(desk, task).status == Status.FAILED
    assert "Look it up again" in alice.get("/").text
    bring(alice, number)
    sync_due_tasks()
    assert fresh(task).next_look_at is not None
    desk.sandbox.finish(number)
    assert desk.look(task).status == Status.SUCCEEDED


def test_one_that_was_seen_is_not_given_up_for_useless_answers(alice: Client, desk: Desk, number: str) -> None:
    bring(alice, number)
    task = desk.look(Task.objects.get(provider_task_id=number))
    assert task.confirmed_at is not None
    desk.sandbox.fault("code:500", on="report", times=2)
    desk.look(task)
    assert desk.look(task).bad_looks == 2
    desk.sandbox.fault("code:422", on="report", times=1)
    assert look_a_minute_later(desk, task).status == Status.RUNNING


def test_one_that_still_runs_is_followed_to_its_end(alice: Client, desk: Desk) -> None:
    running = desk.running()
    number = running.provider_task_id
    LedgerEntry.objects.filter(task=running).delete()
    Task.objects.filter(pk=running.pk).delete()
    bring(alice, number)
    task = brought(desk)
    assert task.status == Status.RUNNING
    desk.sandbox.finish(number)
    assert desk.look(fresh(task)).status == Status.SUCCEEDED


def test_without_a_key_one_is_led_to_connect_it(bob: Client) -> None:
    assert "Connect your API key first" in bring(bob, "0123456789abcdef").text
    assert not Task.objects.exists()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("abc", 0),
        ("0123456789abcdef, 0123456789abcdee;0123456789abcdef", 2),
        ("x" * 129, 0),
        ("a\0b0000000", 0),
    ],
)
def test_numbers_are_found_in_what_was_pasted(text: str, count: int) -> None:
    assert len(numbers_in(text)) == count


def test_while_a_task_is_in_doubt_nothing_is_imported(alice: Client, desk: Desk) -> None:
    desk.send(desk.queue("a fox [[fault:lose_answer]]"))
    assert "Settle that one first" in bring(alice, "0123456789abcdef").text
    assert not Task.objects.filter(kind=Kind.IMPORT).exists()


def test_with_a_lent_key_only_its_owner_imports(desk: Desk, bob: Client) -> None:
    team = teams.create(desk.user, "North")
    Team.objects.filter(pk=team.pk).update(key=desk.api_key)
    member = User.objects.get(email="bob@example.com")
    Membership.objects.create(team=team, user=member, role=Role.MEMBER)
    User.objects.filter(pk=member.pk).update(team=team, in_teams=True)
    page = bring(bob, made_elsewhere(desk, "private of alice"))
    assert "only its owner" in page.text
    assert not Task.objects.filter(kind=Kind.IMPORT).exists()


def test_a_look_that_breaks_on_our_side_says_nothing_of_the_provider(alice: Client, desk: Desk) -> None:
    task = desk.running()
    Task.objects.filter(pk=task.pk).update(provider_task_id="not.an.id!")
    for _ in range(15):
        desk.look(task)
    assert not Gate.objects.filter(scope="provider", open_until__isnull=False).exists()
