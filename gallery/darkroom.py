"""A process that waits with Pillow loaded and forks one limited child per file: `python -m gallery.darkroom`.

Starting Python and importing Pillow costs as much as drawing the renditions; a fork costs milliseconds. This process
never touches the bytes itself. Requests come as lines of JSON on standard input, [path, format, folder], answers leave
as lines of JSON on standard output; it ends when its input does.
"""

import json
import os
import select
import signal
import sys
import time
from pathlib import Path

from gallery.renditions import develop, limit_process

WALL_SECONDS = 75.0
MOST_ANSWER = 64 * 1024


def serve() -> None:
    for line in sys.stdin:
        answer = develop_in_child(*json.loads(line))
        sys.stdout.write(answer.decode("utf-8", "replace").replace("\n", " ") + "\n")
        sys.stdout.flush()


def develop_in_child(path: str, file_format: str, folder: str, seconds: float = WALL_SECONDS) -> bytes:
    """The child's answer as it wrote it, "" when the limits ended it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _work(writing, path, file_format, folder)
    os.close(writing)
    try:
        return _answer(reading, time.monotonic() + seconds)
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _work(writing: int, path: str, file_format: str, folder: str) -> None:
    """Never returns. The child keeps one open end, its answer's: it can't speak in the place of this process."""
    try:
        os.dup2(writing, 3)
        os.closerange(4, 256)
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        limit_process()
        os.write(3, json.dumps(develop(Path(path), file_format, Path(folder))).encode())
    finally:
        os._exit(0)


def _answer(reading: int, ends: float) -> bytes:
    answer = b""
    while len(answer) <= MOST_ANSWER:
        ready, _, _ = select.select([reading], [], [], max(ends - time.monotonic(), 0))
        piece = os.read(reading, MOST_ANSWER) if ready else b""
        if not piece:
            return answer if ready else b""
        answer += piece
    return b""


if __name__ == "__main__":
    serve()
