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

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

# Waited before the work when others are on their way in, so that they can join: a blink against 15 s of patience.
GATHER_SECONDS = 0.001


@dataclass(slots=True, eq=False)
class _Place(Generic[Asked, Answer]):
    asked: Asked
    answer: list[Answer] = field(default_factory=list)
    trouble: Exception | None = None


class Together(Generic[Asked, Answer]):
    """Calls `work` with what several threads ask at once; `work` returns one answer for each, in order.

    When `work` fails, each is tried by itself: one bad question must not cost the others their answer.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Answer]]) -> None:
        self._work = work
        self._turn = threading.Lock()
        self._waiting: deque[_Place[Asked, Answer]] = deque()

    def ask(self, asked: Asked) -> Answer:
        """The answer to `asked`, worked out by this thread or by another; raises what went wrong with it."""
        place: _Place[Asked, Answer] = _Place(asked)
        is_crowded = self._turn.locked()
        self._waiting.append(place)
        with self._turn:
            if not place.answer and not place.trouble:
                if is_crowded:
                    time.sleep(GATHER_SECONDS)
                self._settle([self._waiting.popleft() for _ in range(len(self._waiting))])
        if place.trouble:
            raise place.trouble
        return place.answer[0]

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
