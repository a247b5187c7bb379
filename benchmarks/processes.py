"""Servers as processes: start, wait until they answer, read their processor time, stop."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from mjportal.management.commands.serve import granian_command

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
UP_SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Server:
    """One server in a session of its own. Use as a context manager; `url` and `port` are its address."""

    def __init__(self, command: Sequence[str], port: int, cwd: Path = ROOT, **environment: str) -> None:
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        self._command, self._cwd = list(command), cwd
        self._environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}

    def __enter__(self) -> Self:
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._command,
            cwd=self._cwd,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._log.close()

    def _wait(self) -> None:
        deadline = time.monotonic() + UP_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        self._log.seek(0)
        raise RuntimeError(f"{self._command[:3]} did not come up: {self._log.read()[-800:].decode(errors='replace')}")

    def cpu(self) -> float:
        """Seconds of processor time of the process and all below it so far."""
        return sum(_cpu_of(pid) for pid in [self._process.pid, *_below(self._process.pid)])


def wsgi(application: str, **environment: str) -> Server:
    """Any WSGI application on the site's own web server with the site's own options."""
    port = free_port()
    return Server(granian_command(application, port), port, ROOT, **environment)


def site(**environment: str) -> Server:
    """The real site."""
    return wsgi("mjportal.wsgi:application", **environment)


def stub(module: str, *arguments: str) -> Server:
    port = free_port()
    return Server([sys.executable, "-m", f"benchmarks.stubs.{module}", str(port), *arguments], port)


def load(
    port: int, requests: Sequence[bytes], *, connections: int, seconds: float = 0, count: int = 0
) -> dict[str, Any]:
    """Have `benchmarks.load` send `requests` in turn, for `seconds` or `count` of them; returns what it measured."""
    order = {
        "port": port,
        "requests": [request.decode("latin-1") for request in requests],
        "connections": connections,
        "seconds": seconds,
        "count": count,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(order).encode(),
        stdout=subprocess.PIPE,
        cwd=ROOT,
        timeout=180,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """One HTTP/1.1 request as bytes. Header names are written with underscores for dashes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "User-Agent: bench", "Accept: */*"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if method == "POST":
        lines += [f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _below(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [below for child in map(int, children) for below in (child, *_below(child))]
