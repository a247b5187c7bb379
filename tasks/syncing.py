"""One pass over the tasks whose look is due: many questions at once, answers applied by this thread alone.

Threads only speak HTTP; every read and write of the database is on the caller's connection.
"""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from queue import Empty, SimpleQueue
from uuid import UUID

from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from accounts.services import READ_JOB
from kie.client import Client
from kie.errors import Busy, KeyRefused, KieError, UnexpectedReply
from kie.reports import Report, ReportState
from kie.wire import open_session
from mjportal.background import enqueue
from mjportal.encryption import Undecipherable
from tasks import gates, lifecycle, looks, notes
from tasks.alarms import tell_admins
from tasks.keys import watching_keys
from tasks.models import WAITING, Status, Task
from tasks.provider import note_exchange, open_client
from tasks.reporting import LookNote, apply_report, apply_trouble, note_blind

logger = logging.getLogger(__name__)

PASS = 2000
# Tasks handed to the pool beyond those under way, so that no thread is idle while this one applies and writes.
AHEAD = 64
FLUSH_ROWS = 500
FLUSH_SECONDS = 1.0
BLIND_FOR = timedelta(hours=1)
# Until what broke our own code is looked at again.
PUT_OFF = timedelta(hours=1)
SERVER_ERRORS = range(500, 600)
# A pass ends after so long, that what hangs at the provider keeps no other task, nor what is to be sent, waiting.
PASS_SECONDS = 8.0


@dataclass
class Pass:
    """What one pass has gathered and not written yet."""

    notes: list[LookNote]
    settled: set[UUID]
    refused: set[UUID]
    provider_trouble: bool = False
    provider_answers: bool = False


def sync_due_tasks(now: datetime | None = None, beat: Callable[[], object] | None = None, limit: int = PASS) -> int:
    """Ask the provider about every task whose look is due and apply what it says. Returns how many were asked.

    `beat` is called about every second, so that a long pass keeps its lease.
    """
    now = now or timezone.now()
    due = Task.objects.filter(next_look_at__lte=now).order_by("next_look_at")[:limit]
    tasks = [task for task in due if not _waits_to_be_sent(task) or lifecycle.take_named(task)]
    if not tasks:
        return 0
    session = open_session(settings.SYNC_CONCURRENCY)
    try:
        clients, strangers = _clients(tasks, session)
        return _run(tasks, clients, strangers, beat or (lambda: None))
    finally:
        session.close()


def _waits_to_be_sent(task: Task) -> bool:
    """Whether a callback asked for this look before the task was sent, so it tells of an earlier try."""
    return task.status in WAITING or (task.status == Status.SUBMITTING and task.sent_at is None)


def _clients(tasks: list[Task], session: object) -> tuple[dict[UUID, Client], set[UUID]]:
    """A client for each task that somebody's key can look at, one per key; and the tasks whose key is a later one.

    A later key may be of the same account, and then it sees them; when it does not, that says nothing.
    """
    clients: dict[UUID, Client | None] = {}
    found: dict[UUID, Client] = {}
    strangers = set()
    for task, key in watching_keys(tasks):
        if key.fingerprint != task.key_fingerprint:
            strangers.add(task.pk)
        if key.pk not in clients:
            try:
                clients[key.pk] = open_client(key, session)  # type: ignore[arg-type]
            except Undecipherable:
                logger.error("key %s can't be opened: ENCRYPTION_KEYS lacks its key", key.pk)
                clients[key.pk] = None
        client = clients[key.pk]
        if client:
            found[task.pk] = client
    return found, strangers


def _run(tasks: list[Task], clients: dict[UUID, Client], strangers: set[UUID], beat: Callable[[], object]) -> int:
    gathered = Pass([], set(), set())
    asked = 0
    written = time.monotonic()
    for task, outcome in _answers(tasks, clients, beat):
        asked += 1
        if isinstance(outcome, Report) and outcome.state == ReportState.MISSING and task.pk in strangers:
            outcome = None
        try:
            _apply(task, outcome, gathered)
        except OperationalError:
            # The database itself: no other task fares better.
            raise
        except Exception:
            # It must not keep all others from being looked at, in this pass and every one after.
            logger.exception("what the provider says of task %s can't be taken in", task.pk)
            Task.objects.filter(pk=task.pk).update(next_look_at=timezone.now() + PUT_OFF)
        if len(gathered.notes) >= FLUSH_ROWS or time.monotonic() - written > FLUSH_SECONDS:
            notes.write(gathered.notes)
            gathered.notes, written = [], time.monotonic()
            beat()
    notes.write(gathered.notes)
    _after(gathered)
    return asked


def _answers(
    tasks: list[Task], clients: dict[UUID, Client], beat: Callable[[], object]
) -> Iterator[tuple[Task, Report | KieError | None]]:
    """Each task with its report or error, None for one without a key; never more than SYNC_CONCURRENCY under way.

    After PASS_SECONDS no further one is begun: the next pass takes the rest up.
    """
    ends = time.monotonic() + PASS_SECONDS
    todo = iter(tasks)
    done: SimpleQueue[tuple[Task, Report | KieError | Exception]] = SimpleQueue()
    under_way = 0
    with ThreadPoolExecutor(settings.SYNC_CONCURRENCY, thread_name_prefix="look") as pool:
        while True:
            for task in islice(todo, settings.SYNC_CONCURRENCY + AHEAD - under_way):
                client = clients.get(task.pk)
                if client is None:
                    yield task, None
                else:
                    pool.submit(_look, client, task, done, ends)
                    under_way += 1
            if not under_way:
                return
            try:
                task, outcome = done.get(timeout=FLUSH_SECONDS)
            except Empty:
                beat()
                continue
            under_way -= 1
            if isinstance(outcome, _NotBegun):
                continue
            if isinstance(outcome, Exception) and not isinstance(outcome, KieError):
                logger.error("looking at task %s broke", task.pk, exc_info=outcome)
                outcome = UnexpectedReply("Our own look failed.")
            yield task, outcome


class _NotBegun(Exception):
    """The pass was over before a thread was free for this task."""


def _look(
    client: Client, task: Task, done: "SimpleQueue[tuple[Task, Report | KieError | Exception]]", ends: float
) -> None:
    if time.monotonic() > ends:
        done.put((task, _NotBegun()))
        return
    try:
        done.put((task, client.report(task.provider_task_id or task.hinted_task_id)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the pass must hear of it or it would wait for ever
        done.put((task, error))


def _apply(task: Task, outcome: Report | KieError | None, gathered: Pass) -> None:
    now = timezone.now()
    if outcome is None or isinstance(outcome, KeyRefused):
        _blind(task, now)
        if outcome:
            gathered.refused.add(task.pk)
            note_exchange(task, outcome.exchange, "key refused")
        return
    if isinstance(outcome, KieError):
        gathered.notes.append(apply_trouble(task, outcome, now))
        gathered.provider_trouble |= _is_trouble(outcome)
        note_exchange(task, outcome.exchange, type(outcome).__name__)
        if gathered.notes[-1].bad_looks == looks.ALARM_AFTER:
            _tell_of(task, outcome)
        return
    gathered.provider_answers = True
    if task.looks == 0 or outcome.state != "running":
        note_exchange(task, outcome.exchange, f"record read, {outcome.state}")
    note = apply_report(task, outcome, now)
    if note is None:
        gathered.settled.add(task.pk)
    else:
        gathered.notes.append(note)


def _is_trouble(error: KieError) -> bool:
    """Whether this says that the provider is ailing: silence, maintenance, a server's error. An odd record does not."""
    if isinstance(error, Busy):
        return error.maintenance
    # A look that broke on our side has no exchange.
    return isinstance(error, UnexpectedReply) and error.exchange is not None and (error.code or 500) in SERVER_ERRORS


def _tell_of(task: Task, error: KieError) -> None:
    blocked = isinstance(error, UnexpectedReply) and error.blocked
    subject = "The provider is blocking this site" if blocked else "The provider's answers cannot be read"
    text = f"{looks.ALARM_AFTER} useless answers in a row, the last about task {task.pk}: {error.message}"
    tell_admins("blocked" if blocked else "useless", subject, text)


def _blind(task: Task, now: datetime) -> None:
    """No key to look with. After an hour of that, what an authentic callback named is fetched, marked unverified."""
    note_blind(task, now)
    if task.status == Status.SUCCEEDED:
        return
    if task.claimed_urls and task.blind_since and now - task.blind_since >= BLIND_FOR:
        lifecycle.succeed(task, task.claimed_urls, now, verified=False)


def _after(gathered: Pass) -> None:
    if gathered.provider_trouble and not gathered.provider_answers:
        gates.note_provider(False, timezone.now())
    ended = list(Task.objects.filter(pk__in=gathered.settled | gathered.refused))
    for pk in {key.pk for _, key in watching_keys(ended)}:
        enqueue(READ_JOB, pk)
