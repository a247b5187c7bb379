"""The tasks and their life: accepted, running, then done or failed when the clock says so."""

import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from kie.sandbox.bank import Bank
from kie.sandbox.clock import Clock
from kie.sandbox.settings import Settings
from kie.sandbox.store import Store
from kie.sandbox.workers import Schedule

PACE = {"relaxed": 1.4, "fast": 1.0, "turbo": 0.6}
PACE_OF_KIND = {"mj_omni_reference": 1.3, "mj_video": 1.3, "mj_video_hd": 1.5, "upscale": 0.5}
VIDEOS = ("mj_video", "mj_video_hd")


@dataclass
class Task:
    """`kind` is the taskType or `upscale`, `vary`; `take` and `seed` say which picture it is; times in seconds."""

    id: str
    key: str
    kind: str
    params: dict[str, Any]
    created_at: float
    origin: str
    credits: Decimal = Decimal(0)
    finish_at: float | None = None
    state: str = "running"  # running, success, failed
    completed_at: float | None = None
    error_code: int | str | None = None
    error_message: str | None = None
    flag: int = 0
    parent: str = ""
    take: int = 0
    seed: str = ""
    faults: list[str] = field(default_factory=list)
    looks: int = 0
    looks_after_success: int = 0
    callback_tries: int = 0
    callback_done: bool = False

    @property
    def prompt(self) -> str:
        return str(self.params.get("prompt", ""))

    @property
    def callback_url(self) -> str:
        return str(self.params.get("callBackUrl") or "")

    @property
    def inputs(self) -> list[str]:
        return [str(url) for url in self.params.get("fileUrls") or []]

    @property
    def is_video(self) -> bool:
        return self.kind.startswith("mj_video")

    @property
    def count(self) -> int:
        """How many files a success has."""
        if self.kind in VIDEOS:
            return int(self.params.get("videoBatchSize", 1))
        return 1 if self.kind == "upscale" or self.is_video else 4

    @property
    def names(self) -> list[str]:
        ending = "mp4" if self.is_video else "jpeg"
        return [f"{self.id}_0_{position}.{ending}" for position in range(self.count)]

    def urls(self) -> list[str]:
        return [f"{self.origin}/files/{name}" for name in self.names]


class TaskBook:
    """All tasks. `on_accept` orders the pictures, `is_ready` tells whether they exist, `on_final` rings."""

    def __init__(
        self, lock: threading.RLock, clock: Clock, store: Store, settings: Settings, bank: Bank, schedule: Schedule
    ) -> None:
        self.lock, self._clock, self._store, self._settings = lock, clock, store, settings
        self._bank, self._schedule = bank, schedule
        self.all: dict[str, Task] = {}
        self.on_accept: Callable[[Task], None] = lambda task: None
        self.on_final: Callable[[Task], None] = lambda task: None
        self.is_ready: Callable[[Task], bool] = lambda task: True
        for saved in store.load("tasks"):
            task = Task(**(saved | {"credits": Decimal(saved["credits"])}))
            self.all[task.id] = task

    def resume(self) -> None:
        """After a restart: running tasks go on, callbacks that were still owed are sent."""
        for task in list(self.all.values()):
            if task.state == "running":
                self.on_accept(task)
                self._plan(task)
            elif not task.callback_done:
                self.on_final(task)

    def accept(self, task: Task) -> Task:
        """Charge and remember in one step; the caller has checked the balance under the same lock."""
        with self.lock:
            task.finish_at = None if task.finish_at is None else task.created_at + task.finish_at
            self.all[task.id] = task
            self._bank.count_new_task(task.key)
            moves = self._bank.move(task.key, "charge", -task.credits, task.id)
            self._store.save(*moves, ("tasks", task.id, asdict(task)))
        self.on_accept(task)
        self._plan(task)
        return task

    def look(self, task_id: str) -> Task | None:
        """The task as of now: what is due is settled first, forgotten records are None."""
        task = self.all.get(task_id)
        if task is None or self._clock.now() > task.created_at + self._settings.record_days * 86400:
            return None
        self.settle(task)
        return task

    def settle(self, task: Task) -> None:
        """End the task if its time has come and its pictures exist; the studio asks again when they do."""
        if task.state != "running" or task.finish_at is None or task.finish_at > self._clock.now():
            return
        if task.error_message is not None:
            self._end(task, "failed")
        elif self.is_ready(task):
            self._end(task, "success")

    def finish(self, task_id: str) -> None:
        """Let it succeed now; the pictures are made on demand if they are not ready."""
        task = self.all[task_id]
        self._end(task, "failed" if task.error_message is not None else "success")

    def fail(self, task_id: str, message: str = "", code: int | str = 500, flag: int = 3) -> None:
        task = self.all[task_id]
        with self.lock:
            if task.state != "running":
                return
            task.error_message, task.error_code, task.flag = message or "failed", code, flag
            self._end(task, "failed")

    def file(self, name: str) -> tuple[Task, int] | None:
        """The task and position of a result file that can still be fetched."""
        task = self.look(name.partition("_")[0])
        if task is None or task.state != "success" or name not in task.names or self._is_expired(task):
            return None
        return task, task.names.index(name)

    def kept_names(self) -> set[str]:
        """The file names that are, or will be, fetched."""
        return {name for task in self.all.values() if not self._is_expired(task) for name in task.names}

    def _is_expired(self, task: Task) -> bool:
        ended = self._clock.now() if task.completed_at is None else task.completed_at
        return self._clock.now() > ended + self._settings.keep_days * 86400

    def save(self, task: Task) -> None:
        self._store.save(("tasks", task.id, asdict(task)))

    def _plan(self, task: Task) -> None:
        if task.finish_at is not None:
            self._schedule.at(task.finish_at, lambda: self.settle(task))

    def _end(self, task: Task, state: str) -> None:
        with self.lock:
            if task.state != "running":
                return
            task.completed_at = self._clock.now()
            task.flag = 1 if state == "success" else task.flag or 3
            task.state = state
            moves = []
            if state == "failed" and self._settings.refund and task.credits:
                moves = self._bank.move(task.key, "refund", task.credits, task.id)
            self._store.save(*moves, ("tasks", task.id, asdict(task)))
        self.on_final(task)


def new_task_id() -> str:
    return uuid.uuid4().hex


def run_seconds(settings: Settings, kind: str, params: dict[str, Any]) -> float | None:
    """How long such a task runs, a little longer or shorter by speed and kind; None: until told."""
    if settings.life is None:
        return None
    pace = PACE.get(str(params.get("speed", "fast")), 1.0) * PACE_OF_KIND.get(kind, 1.0)
    return random.uniform(*settings.life) * pace
