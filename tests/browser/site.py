"""The whole site as processes: web, workers and (inside the test) the sandbox, on free ports with their own data."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Self

from kie.sandbox import Sandbox

GRACE_SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Site:
    """`callbacks=False` runs it poll-only. Use as a context manager; `url` is the address, `folder` its DATA_DIR."""

    def __init__(self, folder: Path, sandbox: Sandbox, *, callbacks: bool = True, **environment: str) -> None:
        self.folder, self.sandbox = folder, sandbox
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
            "SECRET_KEY": secrets.token_urlsafe(32),
            "ENCRYPTION_KEYS": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "DEBUG": "0",
            "DATA_DIR": str(folder),
            "DATABASE_URL": "",
            "PORT": str(self.port),
            "PUBLIC_URL": self.url if callbacks else "",
            "KIE_API_URL": sandbox.url,
            "KIE_UPLOAD_URL": sandbox.url,
            "SYNC_FIRST_SECONDS": "1" if not callbacks else "60",
            "SYNC_INTERVAL_SECONDS": "2" if not callbacks else "60",
            "LOG_LEVEL": "WARNING",
            "EMAIL_URL": "console:",
            **environment,
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self.start("serve")
        self.start("workers")
        self.wait_until_up()
        return self

    def __exit__(self, *error: object) -> None:
        for name in list(self.processes):
            self.stop(name)

    def start(self, command: str) -> None:
        with (self.folder / f"{command}.log").open("ab") as log:
            self.processes[command] = subprocess.Popen(
                [sys.executable, "manage.py", command],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self, command: str) -> None:
        process = self.processes.pop(command)
        process.terminate()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise

    def kill_workers(self) -> None:
        """SIGKILL to the supervisor and every process it started, as a power cut would."""
        supervisor = self.processes.pop("workers")
        children = descendants(supervisor.pid)
        for pid in (supervisor.pid, *children):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        supervisor.wait()

    def manage(self, *arguments: str, lines: str = "") -> str:
        """Run a management command against this site; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=self.environment,
            input=lines,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def wait_until_up(self, seconds: float = 180) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/health/", timeout=2).close()
            except (urllib.error.URLError, OSError):
                assert self.processes["serve"].poll() is None, (self.folder / "serve.log").read_text()
                time.sleep(0.1)
            else:
                return
        raise AssertionError((self.folder / "serve.log").read_text())

    def logs(self) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))


def descendants(pid: int) -> list[int]:
    """Every process below `pid`, from /proc."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, todo = [], [pid]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found
