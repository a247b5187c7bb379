"""Steering over HTTP, surviving a restart, and the command line."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from requests import Session

from kie.sandbox import Sandbox
from kie.sandbox.__main__ import keys
from kie.sandbox.settings import Settings
from tests.sandbox.conftest import KEY, Caller, Receiver


def steer(alice: Caller, call: str, **body: Any) -> Any:
    return alice.post(f"/_sandbox/{call}", body)


def seen(alice: Caller, name: str) -> Any:
    return alice.get(f"/_sandbox/{name}")


def test_everything_inside_can_be_read_over_http(alice: Caller) -> None:
    task_id = alice.finished()
    assert [request["json"]["prompt"] for request in seen(alice, "requests")] == ["paper boats at dawn"]
    assert [(entry["kind"], entry["credits"]) for entry in seen(alice, "ledger")] == [("opening", 1000), ("charge", -8)]
    [task] = seen(alice, "tasks")
    assert (task["id"], task["state"], task["credits"], len(task["urls"])) == (task_id, "success", 8, 4)
    state = seen(alice, "state")
    assert (state["tasks"], state["running"], state["accounts"][0]["balance"]) == (1, 0, 992)
    assert seen(alice, "callbacks") == []


def test_tasks_clock_money_and_faults_can_be_steered_over_http(alice: Caller) -> None:
    first, second = alice.generate(), alice.generate()
    steer(alice, "finish", task_id=first)
    steer(alice, "fail", task_id=second, message="no", flag=2)
    assert (alice.report(first)["successFlag"], alice.report(second)["errorMessage"]) == (1, "no")
    steer(alice, "debit", key=KEY, credits=2)
    assert alice.balance() == 990
    steer(alice, "accounts", key="new-key", balance=5)
    assert Caller(alice.sandbox, alice.session, "new-key").balance() == 5
    steer(alice, "faults", name="code:455", on="credit", times=1)
    assert [alice.get("/api/v1/chat/credit")["code"] for _ in range(2)] == [455, 200]
    steer(alice, "clock", days=16)
    assert alice.fetch(alice.urls(first)[0]).status_code == 404


def test_settings_and_reset_over_http(alice: Caller) -> None:
    assert steer(alice, "settings", life="0", errors="status")["life"] == [0.0, 0.0]
    assert alice.submit(prompt="").status_code == 422
    alice.generate()
    steer(alice, "reset")
    assert (seen(alice, "tasks"), seen(alice, "requests"), alice.balance()) == ([], [], 1000)


def test_a_callback_on_demand_over_http(alice: Caller, receiver: Receiver) -> None:
    sent = steer(alice, "callback", task_id=alice.finished(), url=receiver.url, variant="altered_body")
    assert (sent["status"], "forged" in sent["body"]) == (200, True)
    assert receiver.next()[1].decode() == sent["body"]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("finish", {"task_id": "none"}),
        ("settings", {"life": "soon"}),
        ("settings", {"lief": 1}),
        ("settings", {"refund": "yes"}),
        ("settings", {"art": "oil"}),
        ("faults", {"name": "gremlins"}),
        ("accounts", {}),
    ],
)
def test_a_wrong_control_call_is_a_400_that_says_why(alice: Caller, name: str, body: dict[str, object]) -> None:
    answer = alice.call("POST", f"/_sandbox/{name}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_foreign_web_page_cannot_steer(alice: Caller) -> None:
    form = alice.call("POST", "/_sandbox/reset", data="{}", headers={"Content-Type": "text/plain"})
    assert form.status_code == 415
    assert alice.call("GET", "/_sandbox/reset").status_code == 404


def test_control_calls_are_not_in_the_request_log(alice: Caller) -> None:
    seen(alice, "state")
    assert alice.sandbox.requests == []


def test_balances_tasks_files_and_time_survive_a_restart(tmp_path: Path, session: Session) -> None:
    with Sandbox(life="manual", art="plain", data_dir=tmp_path) as sandbox:
        sandbox.add_account(KEY, balance=100, webhook_key="w")
        alice = Caller(sandbox, session)
        done, running = alice.finished(), alice.generate()
        files = [alice.fetch(url).content for url in alice.urls(done)]
        upload = {"base64Data": "aGk=", "uploadPath": "a", "fileName": "b.txt"}
        link = alice.post("/api/file-base64-upload", upload)["data"]["downloadUrl"].removeprefix(sandbox.url)
        sandbox.advance(days=1)
        ledger = sandbox.ledger
    with Sandbox(life="manual", art="plain", data_dir=tmp_path) as sandbox:
        sandbox.world.bank.ensure(KEY, 5000)
        alice = Caller(sandbox, session)
        assert (alice.balance(), sandbox.ledger) == (84, ledger)
        paths = [f"{sandbox.url}/files/{done}_0_{position}.jpeg" for position in range(4)]
        assert [alice.fetch(path).content for path in paths] == files
        assert alice.fetch(sandbox.url + link).content == b"hi"
        assert alice.report(running)["successFlag"] == 0
        sandbox.advance(days=14.1)
        assert alice.fetch(paths[0]).status_code == 404


def test_a_task_and_a_callback_go_on_after_a_restart(tmp_path: Path, session: Session, receiver: Receiver) -> None:
    with Sandbox(life="10-20", art="plain", data_dir=tmp_path) as sandbox:
        sandbox.add_account(KEY)
        task_id = Caller(sandbox, session).generate(callBackUrl=receiver.url)
    with Sandbox(life="10-20", art="plain", data_dir=tmp_path) as sandbox:
        sandbox.advance(seconds=30)
        assert task_id.encode() in receiver.next()[1]


def test_many_callers_at_once_are_charged_exactly(alice: Caller) -> None:
    alice.sandbox.change(rate_limit=0)
    alice.sandbox.add_account(KEY, balance=8 * 25)
    codes: list[int] = []

    def caller() -> None:
        with Session() as session:
            codes.extend(Caller(alice.sandbox, session).submit().json()["code"] for _ in range(10))

    threads = [threading.Thread(target=caller) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (codes.count(200), codes.count(402), alice.balance()) == (25, 35, 0)
    assert len(alice.sandbox.charges(KEY)) == len(alice.sandbox.tasks) == 25


def test_keys_come_from_arguments_and_environment() -> None:
    assert keys(["a", "b=5"], "c=1.5, d=2,") == {"a": "1000", "b": "5", "c": "1.5", "d": "2"}
    assert keys([], "") == {}


def test_life_is_a_range_a_number_or_manual() -> None:
    settings = Settings()
    for given, life in (("10-20", (10, 20)), (0.2, (0.2, 0.2)), ([1, 2], (1, 2)), ("manual", None), (None, None)):
        settings.change(life=given)
        assert settings.life == life
    with pytest.raises(ValueError, match="range"):
        settings.change(life="20-10")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_where_it_is_and_stops_cleanly(tmp_path: Path, session: Session, ending: int) -> None:
    command = [sys.executable, "-m", "kie.sandbox", "--port", "0", "--data-dir", str(tmp_path), "--art", "plain"]
    environment = os.environ | {"SANDBOX_KEYS": "env-key=7"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        assert running.stderr
        line = running.stdout.readline()
        url = line.split()[-1]
        answer = session.get(f"{url}/api/v1/chat/credit", headers={"Authorization": "Bearer env-key"}, timeout=10)
        assert answer.json()["data"] == 7
        running.send_signal(ending)
        assert running.wait(timeout=10) == 0
        assert running.stderr.read() == ""


def test_a_slip_of_the_sandbox_is_answered_and_shown(alice: Caller, capfd: pytest.CaptureFixture[str]) -> None:
    answer = alice.submit(prompt="a fox [[fault:slow_answer seconds=soon]]")
    assert (answer.status_code, answer.json()["code"]) == (500, 500)
    assert "could not convert string to float" in capfd.readouterr().err


def test_a_head_request_has_the_length_and_no_body(alice: Caller) -> None:
    [url, *_] = alice.urls(alice.finished())
    head = alice.session.head(url, timeout=10)
    assert (head.content, head.headers["Content-Length"]) == (b"", str(len(alice.fetch(url).content)))
    assert alice.fetch(url).status_code == 200
