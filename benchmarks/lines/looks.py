"""C1-C4: one pass of looks over many running tasks."""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from benchmarks import people
from benchmarks.peers import poller
from benchmarks.processes import Server, stub
from benchmarks.ratios import Limit, Line, Measured, Scale, at_least, at_most, in_turns, middle, ratio_of
from benchmarks.stubs.upstream import latency_of
from gallery.models import Result
from tasks import notes
from tasks.models import Status, Task
from tasks.reporting import LookNote
from tasks.syncing import sync_due_tasks

# One look in ten finds the task finished: an image takes a minute, is looked at about every 20 s, and many take longer.
FINISHED_ONE_IN = 10


@contextmanager
def _upstream() -> Iterator[Server]:
    with stub("upstream") as server:
        # A task that came due again within its pass would be asked about twice, on and on.
        changed = {"KIE_API_URL": server.url, "SYNC_FIRST_SECONDS": 600, "SYNC_INTERVAL_SECONDS": 600}
        before = {name: getattr(settings, name) for name in changed}
        try:
            for name, value in changed.items():
                setattr(settings, name, value)
            yield server
        finally:
            for name, value in before.items():
                setattr(settings, name, value)


def _told(server: Server) -> dict[str, int]:
    with urllib.request.urlopen(f"{server.url}/_stub/told", timeout=10) as answer:
        told: dict[str, int] = json.load(answer)
    return told


def _due_tasks(name: str, count: int) -> list[Task]:
    """`count` due tasks of a new person, every tenth of them finished at the provider."""
    # What other lines left due would be asked about too.
    Task.objects.update(next_look_at=None)
    user = people.person(f"{name}-{User.objects.count()}")
    tasks = people.running_tasks(user, count)
    for number, task in enumerate(tasks):
        if number % FINISHED_ONE_IN == 0:
            task.provider_task_id += "d"
        task.next_look_at = timezone.now() - timedelta(seconds=1)
    Task.objects.bulk_update(tasks, ["provider_task_id", "next_look_at"], batch_size=500)
    return tasks


def one_pass(scale: Scale) -> dict[str, Measured]:
    """C1, and C3 which watches the same pass from the other side."""
    count = scale.pick(10_000, 2_000)
    tasks = _due_tasks("follower", count)
    ideal = sum(latency_of(task.provider_task_id) for task in tasks) / settings.SYNC_CONCURRENCY
    with _upstream() as server:
        _told(server)
        started = time.perf_counter()
        asked = 0
        while batch := sync_due_tasks():
            asked += batch
        took = time.perf_counter() - started
        told = _told(server)
    _check(tasks, asked, told["count"])
    share = told["peak"] / settings.SYNC_CONCURRENCY
    return {
        "C1": Measured(took / ideal, f"{count:,} tasks in {took:.1f} s", f"latency x N / 64 = {ideal:.1f} s"),
        "C3": Measured(share, f"peak {told['peak']} seen by the provider", f"setting {settings.SYNC_CONCURRENCY}"),
    }


def _check(tasks: list[Task], asked: int, answered: int) -> None:
    """Every task was asked about once and every result is in the tables."""
    user = tasks[0].user
    finished = Task.objects.filter(user=user, status=Status.SUCCEEDED).count()
    results = Result.objects.filter(user=user).count()
    expected = -(-len(tasks) // FINISHED_ONE_IN)
    if not asked == answered == len(tasks) or finished != expected or results != 4 * expected:
        raise RuntimeError(
            f"{len(tasks)} tasks, {asked} asked, {answered} answered, {finished} done, {results} results"
        )


def beside_sequential(scale: Scale) -> dict[str, Measured]:
    count = scale.pick(60, 25)
    many = 1_000
    with _upstream() as server:
        ids = [people.provider_id(people.person("follower"), number) for number in range(count)]
        theirs = poller.pass_over(server.url, ids, "bench-key-0001") / count
        _due_tasks("follower", many)
        started = time.perf_counter()
        asked = sync_due_tasks()
        ours = (time.perf_counter() - started) / asked
    words = f"documents' poller: {theirs * 1e3:.0f} ms per task"
    return {"C2": Measured(theirs / ours, f"{ours * 1e3:.1f} ms per task", words)}


def writing(scale: Scale) -> dict[str, Measured]:
    count = scale.pick(2_000, 500)
    tasks = _due_tasks("writer", count)

    def ours() -> float:
        moved = timezone.now()
        gathered = [LookNote(task, moved, moved, task.looks + 1, confirmed_at=moved) for task in tasks]
        # The rows' own times stand for what the pass has read, which the statement compares.
        started = time.perf_counter()
        notes.write(gathered)
        took = time.perf_counter() - started
        _check_written(tasks, moved)
        for task in tasks:
            task.next_look_at = moved
        return took

    def row_by_row() -> float:
        moved = timezone.now()
        gathered = [replace(LookNote(task, moved, moved, task.looks + 1), confirmed_at=moved) for task in tasks]
        started = time.perf_counter()
        for note in gathered:
            task = note.task
            task.looked_at, task.next_look_at, task.looks = note.looked_at, note.next_look_at, note.looks
            task.bad_looks, task.empty_looks, task.doubted_at = note.bad_looks, note.empty_looks, note.doubted_at
            task.confirmed_at = note.confirmed_at
            task.save(update_fields=notes.COLUMNS)
        return time.perf_counter() - started

    rounds = in_turns(scale.pick(5, 3), row_by_row, ours)
    ratio, spread = ratio_of(rounds)
    words = f"one save() each: {middle(rounds, 0):.2f} s"
    return {"C4": Measured(ratio, f"{count:,} reports in {middle(rounds, 1) * 1e3:.0f} ms", words, spread)}


def _check_written(tasks: list[Task], moved: datetime) -> None:
    written = Task.objects.filter(user=tasks[0].user, looked_at=moved).count()
    if written != len(tasks):
        raise RuntimeError(f"{written} of {len(tasks)} rows were written")


LINES = (
    Line(
        "C1",
        "a pass over 10,000 running tasks, 64 at a time / the latency alone",
        at_most(1.35),
        at_most(1.15),
        one_pass,
    ),
    Line("C2", "time per look, the documents' sequential poller / ours", None, None, beside_sequential),
    Line("C3", "peak of looks under way / the setting", Limit(0.9, 1.0), None, one_pass),
    Line("C4", "writing a pass's reports, one save() per row / ours", at_least(10), None, writing),
)
