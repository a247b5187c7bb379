"""The sandbox's own clock: real time plus an offset, so that fifteen days can pass in a test."""

import threading
import time
from collections.abc import Callable


class Clock:
    """Seconds since 1970, moved forward on request. `on_jump` listeners are told after every move."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset
        self.on_jump: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def now(self) -> float:
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        with self._lock:
            self.offset += seconds
        for listener in self.on_jump:
            listener()
