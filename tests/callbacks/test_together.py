"""Questions asked at the same time are answered in one go, each with its own answer."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from callbacks.together import Together


def test_fifty_threads_get_their_own_answers_from_fewer_calls() -> None:
    calls: list[int] = []
    begun = threading.Barrier(50)

    def work(asked: Sequence[int]) -> list[int]:
        calls.append(len(asked))
        return [number * number for number in asked]

    together: Together[int, int] = Together(work)

    def ask(number: int) -> int:
        begun.wait(10)
        return together.ask(number)

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(ask, range(50))) == [number * number for number in range(50)]
    assert sum(calls) == 50


def test_what_arrives_during_the_work_is_worked_off_together() -> None:
    calls: list[int] = []
    inside, go_on = threading.Event(), threading.Event()

    def work(asked: Sequence[int]) -> Sequence[int]:
        calls.append(len(asked))
        inside.set()
        assert go_on.wait(10)
        return asked

    together: Together[int, int] = Together(work)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(together.ask, 0)
        assert inside.wait(10)
        later = [pool.submit(together.ask, number) for number in range(1, 9)]
        _until(lambda: len(together._waiting) == 8)
        go_on.set()
        assert [future.result(10) for future in (first, *later)] == list(range(9))
    assert calls == [1, 8]


def test_a_bad_question_costs_the_others_nothing() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def work(asked: Sequence[int]) -> list[float]:
        inside.set()
        assert go_on.wait(10)
        return [1 / number for number in asked]

    together: Together[int, float] = Together(work)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(together.ask, 1)
        assert inside.wait(10)
        later = [pool.submit(together.ask, number) for number in (2, 0, 4)]
        _until(lambda: len(together._waiting) == 3)
        go_on.set()
        assert (first.result(10), later[0].result(10), later[2].result(10)) == (1, 0.5, 0.25)
        with pytest.raises(ZeroDivisionError):
            later[1].result(10)
    assert together.ask(8) == 0.125


def _until(holds: object) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if callable(holds) and holds():
            return
        pause.wait(0.01)
    raise AssertionError("it never came to be")
