"""Have a file decoded and drawn by a limited process without secrets: the worker's end of gallery.darkroom."""

import json
import os
import re
import select
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from gallery.darkroom import WALL_SECONDS
from gallery.sniffing import FileType

# It goes into pages as it is, and who wrote it has opened hostile bytes.
_PLACEHOLDER = re.compile(r"data:image/webp;base64,[A-Za-z0-9+/]+={0,2}")


class Undecodable(Exception):
    """Not a whole picture or clip; the text is for the owner."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Pixels, seconds (0 for a picture), and the 16-px placeholder as a data URI."""

    width: int
    height: int
    duration: float
    placeholder: str


class Darkroom:
    """A running `gallery.darkroom`. Nothing of our environment goes along: it forks what opens hostile bytes."""

    def __init__(self) -> None:
        environment = {"PATH": os.defpath, "PYTHONPATH": str(settings.BASE_DIR), "MALLOC_ARENA_MAX": "2"}
        self.pid = os.getpid()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gallery.darkroom"],
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def is_usable(self) -> bool:
        """Ours and alive: a forked worker must not share its parent's."""
        return self.pid == os.getpid() and self._process.poll() is None

    def develop(self, path: Path, file_type: FileType, folder: Path) -> bytes:
        """One line of JSON, or b"" when it took too long or the process died."""
        asking, answering = self._process.stdin, self._process.stdout
        assert asking is not None  # noqa: S101 - both are pipes
        assert answering is not None  # noqa: S101
        asking.write(json.dumps([str(path), file_type.decoder, str(folder)]).encode() + b"\n")
        asking.flush()
        ready, _, _ = select.select([answering], [], [], WALL_SECONDS + 15)
        answer: bytes = answering.readline() if ready else b""
        if not answer:
            self._process.kill()
        return answer

    def close(self) -> None:
        if self.pid == os.getpid():
            self._process.communicate()

    __del__ = close


class _Own(threading.local):
    """Each thread of a worker has its own, started when first needed; it ends with the thread."""

    darkroom: Darkroom | None = None


_own = _Own()


def decode(path: Path, file_type: FileType, folder: Path) -> Drawn:
    """Decode `path` fully and write its renditions into `folder`. Raises Undecodable."""
    if _own.darkroom is None or not _own.darkroom.is_usable:
        _own.darkroom = Darkroom()
    return _read(_own.darkroom, path, file_type, folder)


def decode_once(path: Path, file_type: FileType, folder: Path) -> Drawn:
    """The same for the web process, where pictures are rare: none of its many threads keeps a darkroom waiting."""
    darkroom = Darkroom()
    try:
        return _read(darkroom, path, file_type, folder)
    finally:
        darkroom.close()


def _read(darkroom: Darkroom, path: Path, file_type: FileType, folder: Path) -> Drawn:
    try:
        answer = json.loads(darkroom.develop(path, file_type, folder))
    except (ValueError, BrokenPipeError):
        raise Undecodable("Opening it was stopped by the limits on memory and time.") from None
    if "error" in answer:
        raise Undecodable(str(answer["error"])[:200])
    if not _PLACEHOLDER.fullmatch(answer["placeholder"]):
        raise Undecodable("The picture can't be opened.")
    return Drawn(answer["width"], answer["height"], answer["duration"], answer["placeholder"])
