"""The syncer: overlapping loops in the "sync" cluster of django-q2, of which one leads by a lease in the database.

django-q2's own scheduler looks every 30 s at best, so it only starts a loop each minute; a loop lives longer than the
gap, ticks every second or so while it leads, and stands by while another does. Killing the leader costs one lease.
"""

import logging
import os
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import close_old_connections
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django_q.models import Schedule
from django_q.tasks import async_task

from tasks.models import Lease
from tasks.sweep import ring_due, sweep
from tasks.syncing import sync_due_tasks

logger = logging.getLogger(__name__)

LOOP = "tasks.schedules.sync_loop"
CLUSTER = "sync"
LIFE = 100.0
TTL = timedelta(seconds=12)
SWEEP_SECONDS = 10.0
STOP_FILE = "WORKERS_STOP_FILE"


def ensure_schedule() -> None:
    """Have django-q2 start a loop each minute, and one now: its scheduler would take half a minute to begin."""
    Schedule.objects.update_or_create(
        name="sync loop", defaults={"func": LOOP, "schedule_type": Schedule.MINUTES, "minutes": 1, "cluster": CLUSTER}
    )
    async_task(LOOP, cluster=CLUSTER)


def sync_loop(life: float = LIFE) -> int:
    """Lead or stand by for `life` seconds. Returns the number of ticks led."""
    holder = uuid4().hex
    ends = time.monotonic() + life
    swept = 0.0
    ticks = 0
    while time.monotonic() < ends and not _asked_to_stop():
        started = time.monotonic()
        if lead(holder):
            if started - swept >= SWEEP_SECONDS or not swept:
                swept = started
                _guarded(lambda: sweep(timezone.now()))
            tick(holder)
            ticks += 1
        close_old_connections()
        time.sleep(max(0.05, settings.SYNC_TICK_SECONDS - (time.monotonic() - started)))
    step_down(holder)
    return ticks


def tick(holder: str) -> None:
    """Look at what is due and ring for what may be sent, also while looks take their time, or break."""
    _guarded(lambda: sync_due_tasks(beat=partial(_beat, holder)))
    _guarded(lambda: ring_due(timezone.now()))


def _beat(holder: str) -> None:
    _keep(holder)
    ring_due(timezone.now())


def lead(holder: str) -> bool:
    """Take or keep the lease, on the database's clock; whether this loop leads now."""
    Lease.objects.get_or_create(name=CLUSTER)
    return _keep(holder) or bool(
        Lease.objects.filter(Q(expires_at__lt=Now()) | Q(holder=""), name=CLUSTER).update(
            holder=holder, generation=F("generation") + 1, expires_at=Now() + TTL, beat_at=Now()
        )
    )


def _keep(holder: str) -> bool:
    # Also when it has run out: as long as nobody else took it, it is ours.
    mine = Lease.objects.filter(name=CLUSTER, holder=holder)
    return bool(mine.update(expires_at=Now() + TTL, beat_at=Now()))


def step_down(holder: str) -> None:
    """Let the other loop take over at once."""
    Lease.objects.filter(name=CLUSTER, holder=holder).update(holder="")


def _asked_to_stop() -> bool:
    path = os.environ.get(STOP_FILE)
    return bool(path) and Path(str(path)).exists()


def _guarded(part: Callable[[], object]) -> None:
    """A broken tick is logged and the loop goes on: nobody else would look."""
    try:
        part()
    except Exception:
        logger.exception("a tick of the syncer broke")
