"""Save one result: fetch, decode, give the files their names, and only then say so in the row (R9).

The order is the whole point. The content's hash is written to the row before any final name appears, so after a kill -9
at any line the tables know what may be lying around: the next attempt adopts it, the sweep removes the rest.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db.models import Q

from gallery import downloads, files
from gallery.decoding import Drawn, decode
from gallery.leases import Lease
from gallery.models import Result
from gallery.services import content_name, settle_saved
from gallery.sniffing import BY_MIME, FileType, sniff

FETCHES = 3
# All fetches of one attempt together; below the workers' own limit of 900 s.
FETCH_SECONDS = 720.0


@dataclass(frozen=True, slots=True)
class Found:
    """A complete original in the workspace; `kept` when it has its final name already."""

    path: Path
    sha256: str
    size: int
    type: FileType
    kept: bool = False


def save(result: Result, lease: Lease) -> None:
    """Bring the result home. Raises DownloadError, Undecodable, LostLease or OSError; the row is still saving then."""
    with workspace(result) as folder:
        found = _adopt(result, folder) or _download(result, folder, lease)
        lease.keep_alive()
        drawn = decode(found.path, found.type, folder)
        lease.keep_alive()
        _declare(result, found, lease)
        _place(found, folder)
        _commit(result, found, drawn)


@contextmanager
def workspace(result: Result) -> Iterator[Path]:
    """A temporary folder of this attempt; those of earlier attempts are gone when it closes."""
    folder = files.temporary_root() / f"{result.pk}-{result.attempts}"
    folder.mkdir(exist_ok=True)
    try:
        yield folder
    finally:
        for leftover in leftovers(result.pk):
            shutil.rmtree(leftover, ignore_errors=True)


def leftovers(pk: object) -> list[Path]:
    return sorted(files.temporary_root().glob(f"{pk}-*"))


def _adopt(result: Result, folder: Path) -> Found | None:
    """What an attempt that was killed after its declaration left behind, if it is whole."""
    known = BY_MIME.get(result.content_type)
    # What a saved row names is what is to be replaced.
    if not result.sha256 or known is None or result.state == Result.State.SAVED:
        return None
    path = folder / "original"
    name = files.original_name(result.sha256, known.extension)
    if kept := files.exists(name):
        files.copy_out(name, path)
    else:
        for leftover in leftovers(result.pk):
            if leftover != folder and (leftover / "original").exists():
                (leftover / "original").replace(path)
    if path.exists() and files.sha256_of(path) == result.sha256:
        return Found(path, result.sha256, path.stat().st_size, known, kept)
    path.unlink(missing_ok=True)
    return None


def _download(result: Result, folder: Path, lease: Lease) -> Found:
    limits = downloads.VIDEO if result.kind == Result.Kind.VIDEO else downloads.IMAGE
    ends = time.monotonic() + FETCH_SECONDS
    path = folder / "original"
    address = result.named_url or result.source_url
    for attempt in range(1, FETCHES + 1):
        left = max(ends - time.monotonic(), 1.0)
        try:
            with path.open("wb") as file:
                fetched = downloads.fetch(address, file, limits.within(left), lease.keep_alive)
            file_type = sniff(fetched.head)
            if file_type is None:
                raise downloads.DownloadError("The file is neither a picture nor a clip of a kind we keep.")
            return Found(path, fetched.sha256, fetched.size, file_type)
        except downloads.NotAFile:
            if attempt == FETCHES:
                raise
    raise AssertionError("unreachable")


def _declare(result: Result, found: Found, lease: Lease) -> None:
    """Write down what is about to get its name. An earlier declaration of other bytes is cleaned up first."""
    if result.state == Result.State.SAVED:
        if result.stray:
            forget_stray(result)
        lease.change(stray=f"{found.sha256}.{found.type.extension}")
        return
    if result.sha256 and result.sha256 != found.sha256:
        forget_content(result)
    lease.change(sha256=found.sha256, content_type=found.type.mime, size=found.size)


def _place(found: Found, folder: Path) -> None:
    for width in files.WIDTHS:
        files.keep(folder / f"{width}.webp", files.rendition_name(found.sha256, width))
    if not found.kept:
        files.keep(found.path, files.original_name(found.sha256, found.type.extension))


def _commit(result: Result, found: Found, drawn: Drawn) -> None:
    """Say that it is saved. Not bound to the lease: whoever comes here holds the whole file under its final name."""
    settle_saved(
        result,
        kind=found.type.kind,
        sha256=found.sha256,
        content_type=found.type.mime,
        size=found.size,
        width=drawn.width,
        height=drawn.height,
        duration=drawn.duration,
        placeholder=drawn.placeholder,
    )
    for settled in Result.objects.filter(pk=result.pk, stray__gt="", next_try_at=None):
        forget_stray(settled)


def forget_content(result: Result) -> None:
    """Delete the files this row declared, unless another row names the same content."""
    if name := content_name(result):
        others = Result.objects.filter(Q(sha256=result.sha256) | Q(stray=name)).exclude(pk=result.pk)
        if not others.exists():
            files.remove_content(*name.split("."))


def forget_stray(result: Result) -> None:
    """Delete what this row says may lie around, unless it or another row names it by now."""
    sha256, extension = result.stray.split(".")
    others = Result.objects.filter(stray=result.stray).exclude(pk=result.pk)
    if not others.exists() and not Result.objects.filter(sha256=sha256).exists():
        files.remove_content(sha256, extension)
    Result.objects.filter(pk=result.pk, stray=result.stray).update(stray="")
