"""SIGKILL at every step of saving a file: the next worker brings it home and nothing is left lying around."""

import json
import os
import socket
import subprocess
import sys
from itertools import count

import pytest

from gallery import files
from tests.gallery.pictures import jpeg
from tests.kie.raw_server import RawServer, Script, http


def another_each_time() -> Script:
    """A host whose file is never the same twice: bytes that were named and then forgotten would stay as an orphan."""
    seeds = count()

    def answer(line: socket.socket) -> None:
        line.sendall(http(200, jpeg(seed=next(seeds))))

    return answer


@pytest.mark.parametrize("what", [[], ["replacing"]], ids=["saving", "replacing"])
def test_killed_at_any_step_a_file_is_saved_by_the_next_worker_and_leaves_nothing_else(
    host: RawServer, what: list[str]
) -> None:
    host.answer(another_each_time())
    command = [sys.executable, "-m", "tests.gallery.crash_driver", f"{host.url}/0.jpeg", *what]
    environment = {**os.environ, "TEST_DATABASE_URL": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [line["killed"] for line in lines] == [True] * (len(lines) - 1) + [False]
    assert len(lines) > 15
    for line in lines:
        sha256 = line["sha256"]
        names = [files.original_name(sha256, "jpg"), *(files.rendition_name(sha256, width) for width in files.WIDTHS)]
        assert (line["state"], line["whole"]) == ("saved", sha256), line
        assert (line["kept"], line["left"]) == (sorted(names), []), line
