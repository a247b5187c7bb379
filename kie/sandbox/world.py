"""Everything one sandbox consists of, wired together; the routes get this and nothing else."""

import threading
from pathlib import Path

from kie.sandbox.bank import Bank
from kie.sandbox.callbacks import Bell
from kie.sandbox.clock import Clock
from kie.sandbox.faults import FaultBook
from kie.sandbox.files import Studio
from kie.sandbox.requestlog import RequestLog
from kie.sandbox.settings import Settings
from kie.sandbox.store import Store
from kie.sandbox.tasks import Task, TaskBook
from kie.sandbox.uploads import PREFIX, Shelf
from kie.sandbox.workers import Schedule


class World:
    """`directory` keeps balances, tasks and files over a restart; without one all is forgotten at the end."""

    def __init__(self, settings: Settings, directory: Path | None = None) -> None:
        self.settings = settings
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.requests = RequestLog()
        self.faults = FaultBook()
        self.store = Store(directory / "sandbox.sqlite3" if directory else None)
        self.clock = Clock(sum(float(saved["offset"]) for saved in self.store.load("clock")))
        self.schedule = Schedule(self.clock)
        self.bank = Bank(self.lock, self.clock, self.store, settings)
        self.tasks = TaskBook(self.lock, self.clock, self.store, settings, self.bank, self.schedule)
        self.studio = Studio(directory / "files" if directory else None, settings, self.clock)
        self.shelf = Shelf(directory / "uploads" if directory else None, self.store, self.clock, settings)
        self.bell = Bell(self.clock, settings, self.schedule, self.bank, self.faults, self.tasks.save)
        self.tasks.on_accept = self._accepted
        self.tasks.on_final = self.bell.ring
        self.tasks.is_ready = self.studio.is_ready
        self.studio.start_frame = self._start_frame
        self.studio.on_made = self.tasks.settle

    def start(self) -> None:
        self.schedule.start()
        self.studio.sweep(self.tasks.kept_names())
        self.tasks.resume()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.store.save(("clock", "clock", {"offset": self.clock.offset}))

    def reset(self) -> None:
        """As freshly started: no tasks, requests, faults or uploads, opening balances, real time."""
        with self.lock:
            self.schedule.clear()
            self.tasks.all.clear()
            self.store.clear()
            self.clock.offset = 0.0
            self.bank.reset()
        self.faults.reset()
        self.requests.clear()
        self.bell.sent.clear()
        self.shelf.clear()
        self.studio.sweep(())

    def stop(self) -> None:
        self.stopping.set()
        self.schedule.stop()
        self.bell.stop()
        self.studio.stop()
        self.shelf.stop()
        self.store.close()

    def input_is_gone(self, task: Task) -> bool:
        """Whether an input image should be here and is not. Addresses elsewhere are taken on trust."""
        paths = [url.removeprefix(task.origin) for url in task.inputs if url.startswith(task.origin)]
        return any(path.startswith(PREFIX) and self.shelf.get(path) is None for path in paths)

    def _start_frame(self, task: Task) -> bytes | None:
        """The picture a video starts from, when it is one of ours: the sandbox fetches no other addresses."""
        for url in task.inputs:
            path = url.removeprefix(task.origin)
            if path.startswith(PREFIX):
                return self.shelf.get(path)
            found = self.tasks.file(path.removeprefix("/files/"))
            if found and not found[0].is_video:
                return self.studio.make(*found)
        return None

    def _accepted(self, task: Task) -> None:
        self.studio.order(task)
        self.bell.ring_early(task)
