"""The one poll of an open board, as the browser sends it: signed in for good, with the page's figures."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from gallery.models import Result
from tasks.models import Status, Task
from tests.desk import Desk

HTMX = {"HX-Request": "true"}
PASSWORD = "a long enough password"


@pytest.fixture
def watcher(desk: Desk) -> Client:
    """Alice with a board open."""
    desk.user.set_password(PASSWORD)
    desk.user.save()
    return _signed_in(desk.user)


def _signed_in(user: User) -> Client:
    client = Client()
    client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    client.get("/")
    return client


def _next_poll(page: str) -> str:
    found = re.search(r'id="poll".* hx-get="([^"]+)"', page)
    assert found, page[:500]
    return found.group(1).replace("&amp;", "&")


def test_an_idle_poll_is_a_204_in_one_query(watcher: Client, desk: Desk, django_assert_num_queries: Any) -> None:
    desk.queue()
    url = _next_poll(watcher.get("/").text)
    with django_assert_num_queries(1):
        response = watcher.get(url, headers=HTMX)
    assert (response.status_code, response.content) == (204, b"")


def test_one_changed_card_costs_as_many_statements_as_sixty(
    watcher: Client, desk: Desk, django_assert_num_queries: Any
) -> None:
    url = _next_poll(watcher.get("/").text)
    for number in range(24):
        desk.queue(f"prompt {number}")
    Task.objects.update(status=Status.RUNNING)
    with django_assert_num_queries(5):
        response = watcher.get(url, headers=HTMX)
    assert response.text.count("<article") == 24
    assert response.headers["Cache-Control"] == "no-store"
    assert watcher.get("/").text.count('id="poll"') == 1


def test_a_batch_that_changes_as_a_whole_arrives_as_a_whole(watcher: Client, desk: Desk) -> None:
    for number in range(100):
        desk.queue(f"prompt {number}")
    assert watcher.get("/tasks/changes/?after=0&board=", headers=HTMX).text.count("<article") == 100


def test_the_quick_answer_shows_what_the_page_would(watcher: Client, desk: Desk) -> None:
    task = desk.finished("a fox <b>& friends</b>")
    parent = desk.queue("its variation")
    Task.objects.filter(pk=parent.pk).update(parent=task, parent_position=1, kind="vary")
    Result.objects.filter(task=task, position=0).update(state="saved")
    quick = watcher.get("/tasks/changes/?after=0&board=", headers=HTMX).text
    page = watcher.get("/").text
    for task_id in (task.pk, parent.pk):
        cards = [re.search(rf'<article id="task-{task_id}".*?</article>', text, re.S) for text in (quick, page)]
        shown = [_without_token(card.group(0)) for card in cards if card]
        assert len(shown) == 2
        assert shown[0] == shown[1]
    assert "a fox &lt;b&gt;&amp; friends" in quick


def _without_token(card: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", card).replace(' hx-swap-oob="true"', "")


def test_figures_that_stay_are_not_sent_again(watcher: Client, desk: Desk) -> None:
    task = desk.queue()
    url = _next_poll(watcher.get("/").text)
    desk.send(task)
    moved = watcher.get(url, headers=HTMX).text
    assert 'data-status="RUNNING"' in moved
    assert "count-running" not in moved
    Task.objects.get(pk=task.pk).advance(from_=("RUNNING",), to="FAILED")
    failed = watcher.get(_next_poll(moved), headers=HTMX).text
    assert 'id="count-failed" class="figure failed" hx-swap-oob="true">1<' in failed


def test_a_changed_password_ends_the_polls_of_every_other_session(watcher: Client, desk: Desk) -> None:
    url = _next_poll(watcher.get("/").text)
    desk.queue("a secret garden")
    desk.user.set_password("quite another password")
    desk.user.save()
    response = watcher.get(url, headers=HTMX)
    assert response.status_code == 302
    assert "secret" not in response.text


@pytest.mark.parametrize("after", ["", "-1", "1.5", "٣", "9" * 30, "1; DROP TABLE"])
def test_a_cursor_nobody_gave_out_brings_the_whole_board(watcher: Client, desk: Desk, after: str) -> None:
    task = desk.queue()
    response = watcher.get("/tasks/changes/", {"after": after}, headers=HTMX)
    assert f"task-{task.pk}" in response.text


def test_a_poll_opened_as_a_page_keeps_the_pages_policy(watcher: Client, desk: Desk) -> None:
    desk.queue()
    assert "Content-Security-Policy" in watcher.get("/tasks/changes/?after=0").headers


def test_bob_gets_none_of_alices_cards(watcher: Client, desk: Desk) -> None:
    bob = User.objects.create_user("bob@example.com", PASSWORD)
    desk.queue("a secret garden")
    assert "secret" not in _signed_in(bob).get("/tasks/changes/?after=0&board=", headers=HTMX).text


def test_a_card_in_any_state_costs_no_statement_of_its_own(
    watcher: Client, desk: Desk, django_assert_max_num_queries: Any
) -> None:
    parent = desk.finished("the parent")
    for status in Status.values:
        for _ in range(2):
            task = desk.queue(f"a task that is {status}")
            Task.objects.filter(pk=task.pk).update(
                status=status, parent=parent, parent_position=1, kind="vary", message="said", hold_reason="no_credit"
            )
    with django_assert_max_num_queries(9):
        response = watcher.get("/tasks/changes/?after=0&board=", headers=HTMX)
    assert response.text.count("<article") == 2 * len(Status.values) + 1
