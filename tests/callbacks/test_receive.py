"""The bell: stored, answered, believed only as far as "look now"."""

import json
import time
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey
from callbacks.models import Delivery
from callbacks.shortcut import CallbackShortcut
from callbacks.signature import sign
from tasks.models import Status, Task
from tests.desk import Desk, fresh
from tests.locked import Locked


def ring(task: Task, body: Any = None, **headers: str) -> int:
    if body is None:
        body = {"code": 200, "msg": "success", "data": {"taskId": task.provider_task_id, "resultUrls": []}}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    path = f"/callbacks/{task.callback_token}/"
    return Client(enforce_csrf_checks=True).post(path, raw, "application/json", headers=headers).status_code


def naming(task: Task) -> bytes:
    return json.dumps({"code": 200, "data": {"taskId": task.provider_task_id}}).encode()


def asked_to_look(task: Task) -> bool:
    due = fresh(task).next_look_at
    return due is not None and due <= timezone.now()


def test_a_callback_has_the_task_looked_at_and_changes_nothing_else(desk: Desk) -> None:
    task = desk.running()
    assert ring(task) == 200
    assert asked_to_look(task)
    after = fresh(task)
    assert (after.status, after.revision) == (Status.RUNNING, task.revision)
    assert Delivery.objects.get().answer == 200


def test_a_lying_callback_makes_no_result(desk: Desk) -> None:
    task = desk.running()
    lie = {"code": 200, "data": {"taskId": task.provider_task_id, "resultUrls": ["https://evil.example/a.jpeg"]}}
    assert ring(task, lie) == 200
    assert desk.look(task).status == Status.RUNNING
    assert task.results.count() == 0


def test_an_unconfirmed_task_heals_when_its_callback_names_it(desk: Desk) -> None:
    task = desk.send(desk.queue("a fox [[fault:lose_answer]]"))
    assert task.status == Status.UNCONFIRMED
    (provider_id,) = desk.sandbox.tasks
    desk.sandbox.finish(provider_id)
    assert ring(task, {"code": 200, "data": {"taskId": provider_id}}) == 200
    assert desk.look(task).status == Status.SUCCEEDED
    assert desk.charges() == 1


def test_a_callback_for_an_unconfirmed_task_that_names_a_stranger_heals_nothing(desk: Desk) -> None:
    task = desk.send(desk.queue("a fox [[fault:lose_answer]]"))
    assert ring(task, {"code": 200, "data": {"taskId": "0" * 32}}) == 200
    assert desk.look(task).status == Status.UNCONFIRMED


def test_a_task_id_that_is_not_ours_is_stored_and_ignored(desk: Desk) -> None:
    task = desk.running()
    assert ring(task, {"code": 200, "data": {"taskId": "0" * 32}}) == 200
    assert not asked_to_look(task)


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b'{"data": {}}', b"\xff\xfe", b'{"data":{"taskId":"a b"}}', b"[" * 9000]
)
def test_garbage_is_a_400_and_changes_nothing(desk: Desk, body: bytes) -> None:
    task = desk.running()
    assert ring(task, body) == 400
    assert not asked_to_look(task)


def test_an_unknown_token_is_a_404_and_stores_nothing(desk: Desk) -> None:
    assert Client().post("/callbacks/guess/", b"{}", "application/json").status_code == 404
    assert not Delivery.objects.exists()


def test_a_body_is_stored_as_it_came_but_never_more_than_its_cap(desk: Desk) -> None:
    task = desk.running()
    assert ring(task, b'{"a":"' + b"x" * 200_000) == 400
    delivery = Delivery.objects.get()
    assert (len(bytes(delivery.body)), delivery.truncated) == (64 * 1024, True)


def test_only_post_rings(desk: Desk) -> None:
    task = desk.running()
    assert Client().get(f"/callbacks/{task.callback_token}/").status_code == 405


@pytest.mark.parametrize(
    ("key", "age", "answer"), [("hook", 0, 200), ("forged", 0, 401), ("hook", 400, 401), ("", 0, 401)]
)
def test_with_a_webhook_key_only_a_fresh_true_signature_rings(desk: Desk, key: str, age: int, answer: int) -> None:
    ApiKey.objects.update(
        webhook_secret=ApiKey(webhook_secret="hook")._meta.get_field("webhook_secret").to_python("hook")
    )
    task = desk.running()
    stamp = str(int(time.time()) - age)
    headers = (
        {"X-Webhook-Timestamp": stamp, "X-Webhook-Signature": sign(key, task.provider_task_id, stamp)} if key else {}
    )
    assert ring(task, **headers) == answer
    assert asked_to_look(task) is (answer == 200)


def test_a_storm_of_replays_costs_one_look_in_ten_seconds(desk: Desk) -> None:
    task = desk.look(desk.running())
    for _ in range(20):
        ring(task)
    # The look that was planned anyway may come first.
    assert fresh(task).next_look_at == min(task.next_look_at, task.looked_at + timedelta(seconds=10))


def test_a_callback_is_noted_also_where_a_look_is_due_sooner_anyway(desk: Desk) -> None:
    task = desk.running()
    soon, just_now = timezone.now() + timedelta(seconds=2), timezone.now() - timedelta(seconds=1)
    Task.objects.filter(pk=task.pk).update(next_look_at=soon, looked_at=just_now)
    assert ring(task) == 200
    after = fresh(task)
    assert after.called_back_at is not None
    assert after.next_look_at == soon
    ring(task)
    assert fresh(task).called_back_at == after.called_back_at


def test_a_callback_for_a_finished_task_changes_nothing(desk: Desk) -> None:
    task = desk.finished()
    assert ring(task) == 200
    assert (fresh(task).next_look_at, fresh(task).status) == (None, Status.SUCCEEDED)


def test_a_ring_that_names_nothing_leaves_what_an_earlier_one_named(desk: Desk) -> None:
    task = desk.running()
    url = f"{desk.sandbox.url}/files/a.jpeg"
    assert ring(task, {"code": 200, "data": {"taskId": task.provider_task_id, "resultUrls": [url]}}) == 200
    Task.objects.filter(pk=task.pk).update(next_look_at=timezone.now() + timedelta(minutes=5))
    assert ring(task, {"code": 500, "data": {"taskId": task.provider_task_id, "resultUrls": []}}) == 200
    assert asked_to_look(task)
    assert fresh(task).claimed_urls == [url]


@pytest.mark.parametrize("statement", [1, 2, 3, 4])
def test_a_ring_that_meets_a_locked_database_is_asked_to_come_again(desk: Desk, statement: int) -> None:
    task = desk.running()
    body = naming(task)
    caller = Client(raise_request_exception=False)
    with connection.execute_wrapper(Locked(statement)):
        answer = caller.post(f"/callbacks/{task.callback_token}/", body, "application/json")
    assert answer.status_code == 500
    assert not Delivery.objects.exists()
    assert not asked_to_look(task)
    assert ring(task) == 200


def test_a_callback_is_answered_in_three_statements(desk: Desk, django_assert_num_queries) -> None:
    task = desk.running()
    with django_assert_num_queries(5):  # find, savepoint, store, look, release
        ring(task)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/callbacks/{token}/", "200 OK"),
        ("POST", "/callbacks/nobody/", "404 Not Found"),
        ("GET", "/callbacks/{token}/", "asked Django"),
        ("POST", "/callbacks/{token}", "asked Django"),
        ("POST", "/callbacks/", "asked Django"),
        ("POST", "/callbacks/a/b/", "asked Django"),
        ("POST", "/", "asked Django"),
    ],
)
def test_the_short_path_takes_callbacks_and_nothing_else(desk: Desk, method: str, path: str, status: str) -> None:
    task = desk.running()
    assert _at_the_door(method, path.format(token=task.callback_token), naming(task)) == status
    assert Delivery.objects.count() == (status == "200 OK")


def test_the_short_path_asks_to_be_rung_again_when_the_trouble_is_ours(desk: Desk, caplog: Any) -> None:
    task = desk.running()
    path = f"/callbacks/{task.callback_token}/"
    with connection.execute_wrapper(Locked(2)):
        assert _at_the_door("POST", path, naming(task)) == "500 Internal Server Error"
    assert _at_the_door("POST", path, naming(task)) == "200 OK"
    assert task.callback_token not in caplog.text


def test_a_body_in_chunks_is_read_to_its_end_and_no_further_than_the_cap(desk: Desk) -> None:
    task = desk.running()
    path = f"/callbacks/{task.callback_token}/"
    chunked = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    assert _at_the_door("POST", path, naming(task), **chunked) == "200 OK"
    assert asked_to_look(task)
    assert _at_the_door("POST", path, b"x" * 200_000, **chunked) == "400 Bad Request"
    assert len(bytes(Delivery.objects.latest("pk").body)) == 64 * 1024


def test_a_body_of_unknown_length_is_not_waited_for_where_the_server_marks_no_end(desk: Desk) -> None:
    task = desk.running()
    path = f"/callbacks/{task.callback_token}/"
    assert _at_the_door("POST", path, naming(task), CONTENT_LENGTH="") == "400 Bad Request"


def _at_the_door(method: str, path: str, body: bytes, **more: Any) -> str:
    """The status line with which the short path answers, or that it handed the request on."""
    told: list[str] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("asked Django", [])
        return []

    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        **more,
    }
    list(CallbackShortcut(application)(environ, lambda status, headers: told.append(status)))
    return told[0]
