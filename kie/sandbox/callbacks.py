"""The provider calling back: posts to the address of the task, tries again, signs when there is a key."""

import base64
import hashlib
import hmac
import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from kie.sandbox.answers import dumps
from kie.sandbox.bank import Bank
from kie.sandbox.clock import Clock
from kie.sandbox.faults import CALLBACKS, Fault, FaultBook
from kie.sandbox.records import callback_body
from kie.sandbox.settings import Settings
from kie.sandbox.tasks import Task
from kie.sandbox.workers import Pool, Schedule

STALE_SECONDS = 3600.0
FORGED_URL = "https://files.example.com/forged.jpeg"
EARLY = "callback_early"
FINAL = tuple(name for name in CALLBACKS if name != EARLY)
VARIANTS = ("duplicate", "forged_signature", "stale_signature", "unsigned", "altered_body")


@dataclass(frozen=True)
class Sent:
    """One attempt. `status` 0 when no HTTP answer came, `error` then says why."""

    task_id: str
    url: str
    headers: dict[str, str]
    body: bytes
    status: int
    error: str
    at: float


def signature(webhook_key: str, task_id: str, timestamp: str) -> str:
    """base64(HMAC-SHA256(key, taskId + "." + timestamp)): it covers nothing else of the body."""
    digest = hmac.new(webhook_key.encode(), f"{task_id}.{timestamp}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class Bell:
    """Sends callbacks from a few threads of its own, never from the thread that serves a request."""

    def __init__(
        self,
        clock: Clock,
        settings: Settings,
        schedule: Schedule,
        bank: Bank,
        faults: FaultBook,
        save: Callable[[Task], None],
    ) -> None:
        self._clock, self._settings, self._schedule = clock, settings, schedule
        self._bank, self._faults, self._save = bank, faults, save
        self._pool = Pool(4, "sandbox-callbacks")
        self._lock = threading.Lock()
        self.sent: list[Sent] = []

    def ring(self, task: Task) -> None:
        """Owed from now on: first try at once, unless a fault says otherwise."""
        if not task.callback_url or not self._settings.callbacks:
            task.callback_done = True
            return
        faults = {fault.name: fault for fault in self._faults_of(task, FINAL)}
        if "callback_none" in faults:
            task.callback_done = True
            return
        variant = next((name for name in VARIANTS if f"callback_{name}" in faults), "")
        delay = faults["callback_delayed"].number("seconds", 1.0) if "callback_delayed" in faults else 0.0
        for _ in range(2 if variant == "duplicate" else 1):
            self._plan(task, variant, delay)

    def ring_early(self, task: Task) -> None:
        """The `callback_early` fault: a success is announced while the task has only just begun."""
        if task.callback_url and self._faults_of(task, (EARLY,)):
            body = callback_body(replace(task, state="success"))
            self._pool.submit(lambda: self._forget(self.send(task, body=body)))

    def send(self, task: Task, variant: str = "", url: str = "", body: Any = None) -> Sent:
        """Post once, now, and tell how it went. `body` replaces the true one, bytes as they are."""
        content = callback_body(task) if body is None else body
        if variant == "altered_body" and body is None:
            content["data"]["resultUrls"] = [FORGED_URL]
        raw = content if isinstance(content, bytes) else dumps(content)
        headers = {"Content-Type": "application/json", "User-Agent": "okhttp/4.9.3"}
        headers |= self._signature(task, variant)
        target = url or task.callback_url
        status, error = post(target, raw, headers, self._settings.callback_timeout)
        sent = Sent(task.id, target, headers, raw, status, error, self._clock.now())
        with self._lock:
            self.sent.append(sent)
        return sent

    def stop(self) -> None:
        self._pool.stop(0.2)

    def _faults_of(self, task: Task, names: tuple[str, ...]) -> list[Fault]:
        return self._faults.take("callback", task.key, task.id, task.id, task.prompt, names)

    def _signature(self, task: Task, variant: str) -> dict[str, str]:
        account = self._bank.find(task.key)
        key = account.webhook_key if account else ""
        if variant == "forged_signature":
            key = "not-the-webhook-key"
        if not key or variant == "unsigned":
            return {}
        # Real time: a receiver compares it with its own clock, which does not jump with ours.
        timestamp = str(int(time.time() - (STALE_SECONDS if variant == "stale_signature" else 0)))
        return {"X-Webhook-Timestamp": timestamp, "X-Webhook-Signature": signature(key, task.id, timestamp)}

    def _plan(self, task: Task, variant: str, delay: float) -> None:
        work = lambda: self._pool.submit(lambda: self._try(task, variant))  # noqa: E731 - read on the next line
        self._schedule.at(self._clock.now() + delay, work)

    def _try(self, task: Task, variant: str) -> None:
        sent = self.send(task, variant)
        task.callback_tries += 1
        spacing = self._settings.callback_spacing
        if sent.status == 200 or task.callback_tries >= self._settings.callback_tries or not spacing:
            task.callback_done = True
        else:
            wait = spacing[min(task.callback_tries, len(spacing)) - 1] * self._settings.spacing_scale()
            self._plan(task, variant, wait)
        self._save(task)

    @staticmethod
    def _forget(sent: Sent) -> None:
        """An early callback is not tried again: the true one follows."""


def post(url: str, body: bytes, headers: dict[str, str], timeout: float) -> tuple[int, str]:
    """HTTP status and no error, or 0 and the reason. Follows no redirect and uses no proxy."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, f"{type(error).__name__}: {error}"
    else:
        return answer.status, ""
    finally:
        connection.close()
