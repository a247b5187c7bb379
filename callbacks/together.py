"""Bells that ring together are answered together: one thread takes the turn and works off everything that waits.

Callbacks come in bursts. SQLite lets one writer in and has the others sleep in growing steps, every statement and every
commit costs as much as many rows of it: shared, a burst of eight costs little more than two (docs/performance.md, B2).
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

# In a burst whoever has the turn waits so long for the others: alone it then works without contending with them for
# Python's lock at every statement, which costs more than the wait. A single bell never waits.
GATHER_SECONDS = 0.0003

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


def _shut() -> threading.Lock:
    gate = threading.Lock()
    gate.acquire()
    return gate


@dataclass(slots=True, eq=False)
class _Place(Generic[Asked, Answer]):
    """`gate` opens when the answer is there, or when the turn is handed on to this one."""

    asked: Asked
    gate: threading.Lock = field(default_factory=_shut)
    answer: list[Answer] = field(default_factory=list)
    trouble: Exception | None = None

    @property
    def is_settled(self) -> bool:
        return bool(self.answer) or self.trouble is not None


class Together(Generic[Asked, Answer]):
    """Calls `work` with what several threads ask at once; `work` returns one answer for each, in order.

    When `work` fails, each is tried by itself: one bad question must not cost the others their answer.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Answer]]) -> None:
        self._work = work
        self._door = threading.Lock()
        self._has_turn = False
        self._is_burst = False
        self._waiting: deque[_Place[Asked, Answer]] = deque()

    def ask(self, asked: Asked) -> Answer:
        """The answer to `asked`, worked out by this thread or by another; raises what went wrong with it."""
        place: _Place[Asked, Answer] = _Place(asked)
        with self._door:
            self._waiting.append(place)
            leads, self._has_turn = not self._has_turn, True
        if not leads:
            # A gate of one's own: a shared lock would let the answered out one by one, before the next may begin.
            place.gate.acquire()
        if not place.is_settled:
            self._take_turn()
        if place.trouble:
            raise place.trouble
        return place.answer[0]

    def _take_turn(self) -> None:
        if self._is_burst:
            time.sleep(GATHER_SECONDS)
        with self._door:
            places = list(self._waiting)
            self._waiting.clear()
            self._is_burst = len(places) > 1
        try:
            self._settle(places)
        finally:
            with self._door:
                self._has_turn = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].gate.release()
            for place in places:
                if place.gate.locked():
                    place.gate.release()

    def _settle(self, places: Sequence[_Place[Asked, Answer]]) -> None:
        try:
            answers = self._work([place.asked for place in places])
        except Exception as trouble:  # noqa: BLE001 - the thread that asked must hear of it, whatever it is
            if len(places) > 1:
                for place in places:
                    self._settle([place])
            else:
                places[0].trouble = trouble
            return
        for place, answer in zip(places, answers, strict=True):
            place.answer.append(answer)
