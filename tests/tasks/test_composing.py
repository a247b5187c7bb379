"""Flags and braces over the composer's addresses: what is read while typing, what is queued, what a batch can do."""

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.spaces import Space
from tasks import batches, lifecycle
from tasks.models import Batch, HoldReason, Status, Task
from tasks.sweep import wake_held
from tests.desk import Desk, fresh

HTMX = {"HX-Request": "true"}
GOOD = {"task_type": "mj_txt2img", "speed": "fast", "aspect_ratio": "1:1", "version": "7", "stylization": "100"}


def compose(client: Client, prompt: str, **values: Any) -> Any:
    return client.post("/tasks/compose/", {**GOOD, "nonce": str(uuid4()), "prompt": prompt, **values}, headers=HTMX)


def read(client: Client, prompt: str, **values: Any) -> tuple[str, dict[str, Any]]:
    """The fragment, and what it tells the script."""
    page = client.post("/tasks/read/", {**GOOD, "prompt": prompt, **values}, headers=HTMX).text
    found = re.search(r'data-reading="([^"]*)"', page)
    assert found
    return page, json.loads(unescape(found.group(1)))


def sent(task: Task) -> dict[str, Any]:
    return {"prompt": task.prompt, **task.parameters}


def test_flags_win_over_the_controls_and_leave_the_prompt(alice: Client) -> None:
    assert compose(alice, "a fox --ar 16:9 --s 250 --niji 6 --relax --no people").status_code == 200
    task = Task.objects.get()
    assert task.prompt == "a fox --no people"
    assert task.expansion == "a fox --ar 16:9 --s 250 --niji 6 --relax --no people"
    said = {name: task.parameters[name] for name in ("aspect_ratio", "stylization", "version", "speed")}
    assert said == {"aspect_ratio": "16:9", "stylization": 250, "version": "niji6", "speed": "relaxed"}
    assert task.cost == 3


def test_what_is_sent_says_nothing_twice(alice: Client, desk: Desk) -> None:
    compose(alice, "a fox --ar 16:9 --ow 300")
    desk.send(Task.objects.get())
    [body] = [json.loads(each.body) for each in desk.sandbox.requests if each.path.endswith("/mj/generate")]
    assert body["prompt"] == "a fox"
    assert body["aspectRatio"] == "16:9"
    assert "ow" not in body


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("a --ar 1:1 --ar 16:9", "contradict"),
        ("a --s", "needs a value"),
        ("a --s 5000", "from 0 to 1,000"),
        ("a --ar 7:5", "must be one of"),
        ("--ar 16:9", "Write a prompt"),
        ("a {b, c}{d, e}{f, g}{h, i}{j, k}{l, m}{n, o}", "128 prompts"),
        ("a {b, c --s 5000}", "from 0 to 1,000"),
    ],
)
def test_what_cannot_be_sent_is_said_and_nothing_is_queued(alice: Client, prompt: str, said: str) -> None:
    response = compose(alice, prompt)
    assert response.status_code == 422
    assert said in unescape(response.text)
    assert not Task.objects.exists()


def test_braces_queue_a_task_for_each_prompt_and_keep_the_template(alice: Client) -> None:
    response = compose(alice, "a {red, green} fox --ar {1:1, 16:9}")
    tasks = list(Task.objects.order_by("created_at"))
    assert [(task.prompt, task.parameters["aspect_ratio"]) for task in tasks] == [
        ("a red fox", "1:1"),
        ("a red fox", "16:9"),
        ("a green fox", "1:1"),
        ("a green fox", "16:9"),
    ]
    assert {task.expansion for task in tasks} == {
        f"a {colour} fox --ar {ratio}" for colour in ("red", "green") for ratio in ("1:1", "16:9")
    }
    assert Batch.objects.get().template == "a {red, green} fox --ar {1:1, 16:9}"
    assert response.text.count("<article") == 4
    assert "0 of 4 sent" in response.text


def test_only_ticked_prompts_are_sent(alice: Client) -> None:
    compose(alice, "a {red, green, blue} fox", rows="3", row=["0", "2"])
    assert sorted(task.prompt for task in Task.objects.all()) == ["a blue fox", "a red fox"]


@pytest.mark.parametrize(("rows", "row"), [("3", []), ("2", ["0"]), ("x", ["0"]), ("3", ["7", "-1", "x"])])
def test_a_list_that_is_stale_or_empty_sends_nothing(alice: Client, rows: str, row: list[str]) -> None:
    assert compose(alice, "a {red, green, blue} fox", rows=rows, row=row).status_code == 422
    assert not Task.objects.exists()


def test_a_batch_s_form_that_was_sent_before_says_so_when_its_words_are_others(alice: Client) -> None:
    nonce = str(uuid4())
    compose(alice, "a {red, green} fox", nonce=nonce)
    assert compose(alice, "a {red, green} owl", nonce=nonce).status_code == 422
    assert Task.objects.count() == 2


@pytest.mark.parametrize("other", [{"speed": "turbo"}, {"row": ["1"]}])
def test_a_batch_s_form_that_was_sent_before_says_so_when_its_settings_or_rows_are_others(
    alice: Client, other: dict[str, Any]
) -> None:
    said = {"nonce": str(uuid4()), "rows": "2", "row": ["0"]}
    compose(alice, "a {red, green} fox", **said)
    assert compose(alice, "a {red, green} fox", **said).status_code == 200
    assert compose(alice, "a {red, green} fox", **{**said, **other}).status_code == 422
    assert Task.objects.count() == 1


def test_two_tabs_with_the_same_form_make_one_batch(alice: Client) -> None:
    nonce = str(uuid4())
    for _ in range(2):
        assert compose(alice, "a {red, green} fox", nonce=nonce).status_code == 200
    assert (Batch.objects.count(), Task.objects.count()) == (1, 2)


@pytest.mark.parametrize("prompts", [("a fox", "a {red, green} fox"), ("a {red, green} fox", "a fox")])
def test_a_form_sent_for_one_prompt_is_not_sent_again_for_a_list_nor_the_other_way(
    alice: Client, prompts: tuple[str, str]
) -> None:
    nonce = str(uuid4())
    assert [compose(alice, prompt, nonce=nonce).status_code for prompt in prompts] == [200, 422]
    assert Task.objects.count() == (1 if prompts[0] == "a fox" else 2)
    assert Batch.objects.count() == (0 if prompts[0] == "a fox" else 1)


@pytest.mark.parametrize(("prompt", "status"), [("a fox", 200), ("an owl", 422)])
def test_the_slower_of_two_tabs_is_told_when_the_faster_sent_other_words(
    alice: Client, prompt: str, status: int
) -> None:
    nonce = str(uuid4())
    faster: list[int] = []

    def meddle(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not faster and sql.startswith("SELECT") and "accounts_apikey" in sql:
            faster.append(0)
            faster[0] = compose(alice, "a fox", nonce=nonce).status_code
        return execute(sql, params, many, context)

    with connection.execute_wrapper(meddle):
        answer = compose(alice, prompt, nonce=nonce)
    assert (faster, answer.status_code) == ([200], status)
    assert [task.prompt for task in Task.objects.all()] == ["a fox"]


def test_without_a_key_a_batch_leaves_nothing_behind(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("bob@example.com"))
    assert compose(client, "a {red, green} fox").status_code == 422
    assert not Batch.objects.exists()


def test_a_batch_is_paused_resumed_and_cancelled_where_it_has_not_left(alice: Client, desk: Desk) -> None:
    compose(alice, "a {red, green, blue} fox")
    first, *rest = Task.objects.order_by("created_at")
    desk.send(first)
    batch = Batch.objects.get()
    page = alice.post(f"/tasks/batches/{batch.pk}/pause/", headers=HTMX).text
    assert "1 of 3 sent" in page
    assert "Go on" in page
    assert {(task.status, task.hold_reason) for task in batch.tasks.exclude(pk=first.pk)} == {
        (Status.HELD, HoldReason.PAUSED)
    }
    alice.post(f"/tasks/batches/{batch.pk}/resume/")
    assert batch.tasks.filter(status=Status.QUEUED).count() == len(rest)
    alice.post(f"/tasks/batches/{batch.pk}/cancel/")
    assert batch.tasks.filter(status=Status.CANCELLED).count() == len(rest)
    assert batch.tasks.filter(status=Status.RUNNING).count() == 1
    assert alice.post(f"/tasks/batches/{batch.pk}/explode/").status_code == 404


def test_what_waits_for_something_else_does_not_leave_a_paused_batch(alice: Client, desk: Desk) -> None:
    compose(alice, "a {red, green} fox")
    batch = Batch.objects.get()
    for task in batch.tasks.all():
        lifecycle.hold(task, HoldReason.PROVIDER_PAUSED)
    batches.pause(batch)
    later = timezone.now() + timedelta(hours=2)
    wake_held(later)
    assert not batch.tasks.filter(status=Status.QUEUED).exists()
    assert "Go on" in alice.get("/").text
    batches.resume(batch)
    wake_held(later)
    assert batch.tasks.filter(status=Status.QUEUED).count() == 2


def test_what_comes_back_unsent_is_paused_with_its_batch(alice: Client, desk: Desk) -> None:
    compose(alice, "a {red, green} fox")
    first = Task.objects.order_by("created_at")[0]
    desk.claim(first, timedelta(seconds=1))
    first = fresh(first)
    batches.pause(Batch.objects.get())
    assert lifecycle.requeue(first, timezone.now())
    assert not Task.objects.filter(status=Status.QUEUED).exists()


def test_a_paused_batch_is_found_behind_any_number_of_ended_ones(alice: Client, desk: Desk) -> None:
    compose(alice, "a {red, green} fox")
    paused = Batch.objects.get()
    batches.pause(paused)
    for number in range(20):
        batch = Batch.objects.create(user=desk.user, template=f"{number}")
        Task.objects.create(user=desk.user, batch=batch, status=Status.CANCELLED)
    assert [each.batch for each in batches.under_way(Space(desk.user.pk))] == [paused]


def test_what_a_blocked_person_has_waiting_is_not_bought(alice: Client, desk: Desk) -> None:
    task = desk.queue()
    User.objects.filter(pk=desk.user.pk).update(is_active=False)
    assert (desk.send(task).status, desk.charges()) == (Status.CANCELLED, 0)


def test_reading_moves_the_controls_and_names_places_as_a_browser_counts(alice: Client) -> None:
    _, told = read(alice, "a 🦊 --ar 16:9 --s 250")
    assert told["values"] == {"aspect_ratio": "16:9", "stylization": "250"}
    text = "a 🦊 --ar 16:9 --s 250".encode("utf-16-le")
    start, end = told["places"]["aspect_ratio"]
    assert text[2 * start : 2 * end].decode("utf-16-le") == "--ar 16:9"


def test_reading_says_which_flag_does_nothing_here(alice: Client) -> None:
    page, _ = read(alice, "a fox --ow 300")
    assert "Only Omni reference reads it" in page
    assert "Remove it" in page


def test_reading_lists_the_prompts_with_their_cost_and_the_balance_after(alice: Client, desk: Desk) -> None:
    page, told = read(alice, "a {red, green} <b>fox</b>")
    assert (told["count"], told["cost"]) == (2, "16")
    assert "2 of 2 prompts" in page
    assert "&lt;b&gt;fox" in page
    assert "984" in page
    page, told = read(alice, "a {red, green} fox", rows="2", row=["1"])
    assert (told["count"], told["cost"]) == (1, "8")
    assert "skip" in page


def test_values_can_be_shown_as_text(alice: Client) -> None:
    _, told = read(alice, "a fox --ar 16:9", stylization="250", speed="turbo")
    assert told["asText"] == "--turbo --s 250"


def test_a_prompt_with_literal_braces_is_reused_as_it_was(alice: Client) -> None:
    compose(alice, r"a \{red, green\} fox")
    task = Task.objects.get()
    assert task.prompt == "a {red, green} fox"
    page = alice.get(f"/?reuse={task.pk}").text
    assert r"a \{red\, green\} fox" in page


def test_who_asked_for_it_is_mailed_once_when_a_whole_batch_has_ended(
    alice: Client, desk: Desk, mailoutbox: list[Any]
) -> None:
    compose(alice, "a {red, green} fox", rows="2", row=["0", "1"], mail_wanted="1")
    first, second = Task.objects.order_by("created_at")
    assert batches.tell_of_ended() == 0
    desk.send(first)
    desk.sandbox.finish(fresh(first).provider_task_id)
    desk.look(first)
    assert batches.tell_of_ended() == 0
    alice.post(f"/tasks/{second.pk}/cancel/")
    assert [batches.tell_of_ended() for _ in range(2)] == [1, 0]
    [mail] = mailoutbox
    assert mail.to == [desk.user.email]
    assert "1 of 2 prompts are done" in mail.body


def test_a_batch_nobody_asked_about_sends_no_mail(alice: Client, mailoutbox: list[Any]) -> None:
    compose(alice, "a {red, green} fox")
    for task in Task.objects.all():
        alice.post(f"/tasks/{task.pk}/cancel/")
    assert batches.tell_of_ended() == 0
    assert not mailoutbox
