"""Have a file decoded and drawn by the limited child process (gallery.renditions)."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from gallery.sniffing import FileType

WALL_SECONDS = 75
COMMAND = (sys.executable, "-m", "gallery.renditions")


class Undecodable(Exception):
    """Not a whole picture or clip; the text is for the owner."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Pixels, seconds (0 for a picture), and the 16-px placeholder as a data URI."""

    width: int
    height: int
    duration: float
    placeholder: str


def decode(path: Path, file_type: FileType, folder: Path) -> Drawn:
    """Decode `path` fully and write its renditions into `folder`. Raises Undecodable."""
    # Nothing of our environment goes along: the child opens hostile bytes and needs no secret.
    environment = {"PATH": os.defpath, "PYTHONPATH": str(settings.BASE_DIR), "MALLOC_ARENA_MAX": "2"}
    try:
        done = subprocess.run(  # noqa: S603 - our own module, arguments are our own paths
            [*COMMAND, str(path), file_type.decoder, str(folder)],
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Undecodable("Opening it took too long.") from None
    return _read(done.stdout)


def _read(output: bytes) -> Drawn:
    try:
        answer = json.loads(output)
    except ValueError:
        raise Undecodable("Opening it was stopped by the limits on memory and time.") from None
    if "error" in answer:
        raise Undecodable(str(answer["error"])[:200])
    return Drawn(answer["width"], answer["height"], answer["duration"], answer["placeholder"])
