"""A server on loopback that answers with exactly the bytes a test gives it, and remembers what it was sent."""

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Script = bytes | Callable[[socket.socket], None]


def http(status: int, body: bytes | str | dict[str, Any] | list[Any] | None = b"", **headers: str) -> bytes:
    """A whole answer; objects become JSON. Header names are given with underscores."""
    if not isinstance(body, bytes):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Seen:
    """One request as it arrived, and the number of the connection it came on."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class RawServer:
    """Answers each request with the next script; the last one repeats."""

    scripts: list[Script] = field(default_factory=lambda: [http(200, {})])
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.closing = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def answer(self, *scripts: Script) -> None:
        self.scripts = list(scripts)

    def close(self) -> None:
        self.closing.set()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(line, self.connections), daemon=True).start()

    def _talk(self, line: socket.socket, number: int) -> None:
        with line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                while (request := _read_request(line, number)) is not None:
                    self.seen.append(request)
                    script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                    if not isinstance(script, bytes):
                        script(line)
                        return
                    line.sendall(script)
            except OSError:
                return


def _read_request(line: socket.socket, number: int) -> Seen | None:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = line.recv(65536)
        if not piece:
            return None
        head += piece
    top, body = head.split(b"\r\n\r\n", 1)
    first, *rest = top.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (header.partition(":") for header in rest)}
    while len(body) < int(headers.get("content-length", "0")):
        body += line.recv(65536)
    method, path, _ = first.split(" ")
    return Seen(method, path, headers, body, number)
