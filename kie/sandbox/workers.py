"""Background threads that never hold up the end of the program."""

import queue
import threading
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

from kie.sandbox.clock import Clock

Work = Callable[[], None]


class Pool:
    """A few daemon threads working off a queue. An executor would be joined when the interpreter ends."""

    def __init__(self, size: int, name: str) -> None:
        self._size, self._name = size, name
        self._queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def submit(self, work: Work) -> None:
        """Threads are started with the work: a sandbox that renders nothing has none."""
        self._queue.put(work)
        with self._lock:
            if len(self._threads) < self._size:
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            work()

    def stop(self, timeout: float = 1.0) -> None:
        while not self._queue.empty():
            self._queue.get()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(timeout)


class Schedule:
    """Runs work when the sandbox's clock reaches a moment; a jump of the clock runs what became due."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: list[tuple[float, int, Work]] = []
        self._numbers = count()
        self._wake = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="sandbox-schedule", daemon=True)
        clock.on_jump.append(self._nudge)

    def start(self) -> None:
        self._thread.start()

    def at(self, moment: float, work: Work) -> None:
        with self._wake:
            heappush(self._due, (moment, next(self._numbers), work))
            self._wake.notify()

    def clear(self) -> None:
        with self._wake:
            self._due.clear()

    def stop(self) -> None:
        with self._wake:
            self._stopped = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def _nudge(self) -> None:
        with self._wake:
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._stopped and not (self._due and self._due[0][0] <= self._clock.now()):
                    wait = self._due[0][0] - self._clock.now() if self._due else None
                    self._wake.wait(max(0.0, wait) if wait is not None else None)
                if self._stopped:
                    return
                work = heappop(self._due)[2]
            work()
