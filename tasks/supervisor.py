"""Keep the django-q2 clusters alive.

What makes this necessary: the death of one idle worker can leave a cluster that takes no more jobs and ignores
SIGTERM; killing its main process leaves orphans that go on working; a signal to the whole group kills the running
job. Hence each cluster runs in a session of its own, SIGTERM goes to its main process alone, and a cluster whose
heartbeat or oldest due bell stands still is killed with its whole session and started anew.
"""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from django_q.models import OrmQ

from mjportal.background import FILES
from tasks.models import Lease
from tasks.schedules import CLUSTER, STOP_FILE, ensure_schedule

logger = logging.getLogger(__name__)

STARTUP_SECONDS = 45.0
STUCK_AFTER = timedelta(seconds=45)
GRACE_SECONDS = 25.0
BACKOFF_MOST = 30.0


def sync_stands_still(started: float) -> bool:
    """No loop has led for a while although one should have."""
    lease = Lease.objects.filter(name=CLUSTER).first()
    beat = lease.beat_at if lease else None
    fresh = beat is not None and timezone.now() - beat < STUCK_AFTER
    return not fresh and time.monotonic() - started > STARTUP_SECONDS + STUCK_AFTER.total_seconds()


def work_stands_still(started: float, queue: str = "work") -> bool:
    """A bell has been due for a while and nobody takes it, though workers are free (a taken bell's lock is ahead)."""
    if time.monotonic() - started < STARTUP_SECONDS:
        return False
    waiting = OrmQ.objects.filter(key=queue, lock__lt=timezone.now() - STUCK_AFTER).exists()
    taken = OrmQ.objects.filter(key=queue, lock__gt=timezone.now()).count()
    return bool(waiting and taken < (settings.FILE_WORKERS if queue == FILES else settings.JOB_WORKERS))


@dataclass
class Cluster:
    """One `manage.py qcluster` in its own session."""

    name: str
    stands_still: Callable[[float], bool]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    not_before: float = field(default=0.0)

    def start(self, stop_file: Path) -> None:
        environment = {**os.environ, STOP_FILE: str(stop_file)}
        if self.name != "work":
            environment["Q_CLUSTER_NAME"] = self.name
        command = [sys.executable, "manage.py", "qcluster"]
        self.process = subprocess.Popen(command, env=environment, start_new_session=True)  # noqa: S603
        self.started = time.monotonic()

    def watch(self, stop_file: Path) -> None:
        """Start it if it is not there; replace it if it died or stands still."""
        if self.process is None:
            if time.monotonic() >= self.not_before:
                self.start(stop_file)
            return
        died = self.process.poll() is not None
        if not died and not self.stands_still(self.started):
            return
        logger.error("cluster %s %s; starting it anew", self.name, "died" if died else "stands still")
        self.kill()
        lived_long = time.monotonic() - self.started > 300
        self.failures = 0 if lived_long else self.failures + 1
        self.not_before = time.monotonic() + min(2.0**self.failures - 1, BACKOFF_MOST)

    def terminate(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole session, orphans included."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process = None


class Supervisor:
    """Runs until SIGTERM or SIGINT; then lets running jobs finish and ends everything it started."""

    def __init__(self, stop_file: Path) -> None:
        self.stop_file = stop_file
        self.clusters = [
            Cluster("work", work_stands_still),
            Cluster(FILES, partial(work_stands_still, queue=FILES)),
            Cluster(CLUSTER, sync_stands_still),
        ]
        self.stopping = False

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self.stop_file.unlink(missing_ok=True)
        ensure_schedule()
        while not self.stopping:
            close_old_connections()
            for cluster in self.clusters:
                try:
                    cluster.watch(self.stop_file)
                except DatabaseError:
                    logger.warning("the database did not answer the supervisor", exc_info=True)
            time.sleep(0.5)
        self._end()

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True

    def _end(self) -> None:
        # Loops in the sync cluster would go on for a minute and a half: the file tells them to come to an end.
        self.stop_file.parent.mkdir(parents=True, exist_ok=True)
        self.stop_file.touch()
        for cluster in self.clusters:
            cluster.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for cluster in self.clusters:
            if cluster.process:
                try:
                    cluster.process.wait(max(0.1, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    logger.warning("cluster %s did not end in time", cluster.name)
            cluster.kill()
        self.stop_file.unlink(missing_ok=True)
