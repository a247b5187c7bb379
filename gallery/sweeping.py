"""All due work of the gallery, derived from the tables: what lost bells and killed workers left behind (R10, R11)."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from gallery import bulk, files, leases
from gallery.models import GIVEN_UP_AFTER, Result
from gallery.notices import ring_for_warnings
from gallery.organising import purge
from gallery.saving import forget_content, forget_stray
from gallery.services import SAVE_JOB, give_up
from mjportal.background import enqueue

RING_AGAIN = timedelta(seconds=60)
STRANGE_AFTER = timedelta(hours=1)
IN_LINE = timedelta(days=1)
MOST = 500


def sweep(now: datetime) -> None:
    """Give up what the provider has deleted, ring for what is due, warn owners, clear what was left behind."""
    give_up_old(now)
    ring_due(now)
    bulk.ring_due(now)
    forget_strays(now)
    ring_for_warnings(now)
    clear_temporary(now)
    purge(now)


def ring_due(now: datetime) -> None:
    """Ask for every due result that nobody is saving, again after a minute if no worker came."""
    due = (
        Result.objects.filter(leases.WANTED, leases.free(now), dead_link_at=None, next_try_at__lte=now)
        .filter(Q(rung_at__isnull=True) | Q(rung_at__lt=now - RING_AGAIN))
        .order_by("next_try_at")
    )
    chosen = list(due.values_list("pk", flat=True)[:MOST])
    if chosen:
        Result.objects.filter(pk__in=chosen).update(rung_at=now)
    for pk in chosen:
        enqueue(SAVE_JOB, pk)


def give_up_old(now: datetime) -> None:
    """On day 15 the provider's copy is gone; a file that an attempt had already named is removed with it.

    What was rung for has its try first: late, a person asked for it or the record named it anew. Where thousands were
    asked for at once a worker comes after hours; without one a day is enough.
    """
    tried = Q(rung_at__isnull=True) | Q(rung_at__lt=now - RING_AGAIN)
    in_line = Q(rung_at__gte=F("next_try_at"), next_try_at__gt=now - IN_LINE, dead_link_at__isnull=True)
    old = Result.objects.filter(leases.free(now), state=Result.State.SAVING, first_seen_at__lte=now - GIVEN_UP_AFTER)
    for result in old.filter(tried).exclude(in_line)[:MOST]:
        if give_up(result) and result.sha256:
            forget_content(result)


def forget_strays(now: datetime) -> None:
    """Content that was to be replaced, or was to replace it, where the worker that saw to it was killed."""
    settled = Result.objects.filter(leases.free(now), stray__gt="", next_try_at=None)
    for result in settled[:MOST]:
        forget_stray(result)


def clear_temporary(now: datetime) -> None:
    """Remove what no running attempt owns; a declared original stays for the next attempt to adopt."""
    folders = {path: _result_id(path) for path in files.temporary_root().iterdir()}
    named = Result.objects.filter(pk__in=[pk for pk in folders.values() if pk])
    rows = {result.pk: result for result in named.only("pk", "state", "lease_until", "sha256")}
    for path, pk in folders.items():
        row = rows.get(pk) if pk else None
        if pk is None:
            stays = not _is_old(path, now)
        else:
            stays = row is not None and (_is_declared(row) or bool(row.lease_until and row.lease_until > now))
        if not stays:
            _remove(path)


def _is_declared(row: Result) -> bool:
    return row.state == Result.State.SAVING and bool(row.sha256)


def _result_id(path: Path) -> UUID | None:
    try:
        return UUID(path.name.rpartition("-")[0])
    except ValueError:
        return None


def _is_old(path: Path, now: datetime) -> bool:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, tz=timezone.get_default_timezone()) < now - STRANGE_AFTER
    except FileNotFoundError:
        return False


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
