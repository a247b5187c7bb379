"""A sandbox per test, a caller that speaks plain requests to it, and a place for callbacks to arrive."""

import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from kie.sandbox import Sandbox

KEY = "alice-sandbox-key"


class Caller:
    """One key's view of the API."""

    def __init__(self, sandbox: Sandbox, session: requests.Session, key: str = KEY) -> None:
        self.sandbox, self.session, self.key = sandbox, session, key

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        url = path if path.startswith("http") else self.sandbox.url + path
        options = {"timeout": 10, "allow_redirects": False} | options
        return self.session.request(method, url, headers=headers, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.call("POST", path, json=body, **options).json()

    def get(self, path: str, **options: Any) -> Any:
        return self.call("GET", path, **options).json()

    def submit(self, **fields: Any) -> requests.Response:
        body = {"taskType": "mj_txt2img", "prompt": "paper boats at dawn", "speed": "fast"} | fields
        return self.call("POST", "/api/v1/mj/generate", json=body)

    def generate(self, **fields: Any) -> str:
        """The id of a newly accepted task."""
        return str(self.submit(**fields).json()["data"]["taskId"])

    def finished(self, **fields: Any) -> str:
        task_id = self.generate(**fields)
        self.sandbox.finish(task_id)
        return task_id

    def look(self, task_id: str) -> requests.Response:
        return self.call("GET", "/api/v1/mj/record-info", params={"taskId": task_id})

    def report(self, task_id: str) -> Any:
        return self.look(task_id).json()["data"]

    def urls(self, task_id: str) -> list[str]:
        return [item["resultUrl"] for item in self.report(task_id)["resultInfoJson"]["resultUrls"]]

    def fetch(self, url: str, **options: Any) -> requests.Response:
        return self.session.get(url, **({"timeout": 10, "allow_redirects": False} | options))

    def balance(self) -> Any:
        return self.get("/api/v1/chat/credit")["data"]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Manual life: a task runs until the test says otherwise."""
    with Sandbox(life="manual", art="plain") as running:
        running.add_account(KEY, balance=1000)
        yield running


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def alice(sandbox: Sandbox, session: requests.Session) -> Caller:
    return Caller(sandbox, session)


@pytest.fixture
def bob(sandbox: Sandbox, session: requests.Session) -> Caller:
    """Another person with an account of his own."""
    sandbox.add_account("bob-sandbox-key", balance=1000)
    return Caller(sandbox, session, "bob-sandbox-key")


class Receiver(ThreadingHTTPServer):
    """Takes callbacks; answers with the statuses in `answers`, then with 200."""

    daemon_threads = True

    def __init__(self) -> None:
        self.arrived: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        self.answers: list[int] = []
        super().__init__(("127.0.0.1", 0), _Taker)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook/abc?x=1"

    def next(self) -> tuple[dict[str, str], bytes]:
        return self.arrived.get(timeout=10)


class _Taker(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        # Noted before it is answered: the sender's next post could overtake it otherwise.
        self.server.arrived.put((headers | {":path": self.path}, body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
