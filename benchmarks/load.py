"""The load generator, a process of its own: keep-alive sockets under one selector, one request under way on each.

Reads an order as JSON from stdin (see `benchmarks.processes.load`) and prints what came of it as JSON.
"""

import json
import selectors
import socket
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

GIVE_UP_SECONDS = 150.0


@dataclass(eq=False)
class Wire:
    """One connection and the answer that is arriving on it."""

    sock: socket.socket
    sent_at: float = 0.0
    buffer: bytearray = field(default_factory=bytearray)

    def is_complete(self) -> bool:
        head, mark, body = bytes(self.buffer).partition(b"\r\n\r\n")
        if not mark:
            return False
        lower = head.lower()
        if lower[9:12] in (b"204", b"304"):
            return True
        if b"transfer-encoding: chunked" in lower:
            return body.endswith(b"0\r\n\r\n")
        length = lower.partition(b"content-length:")[2].partition(b"\r\n")[0]
        return len(body) >= int(length or 0)


class Load:
    """Counts of statuses and the seconds each answer took, for `requests` sent over and over."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.port: int = order["port"]
        self.requests = [text.encode("latin-1") for text in order["requests"]]
        self.seconds: float = order["seconds"]
        self.count: int = order["count"]
        self.sent = 0
        self.waits: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.bytes = 0

    def run(self, connections: int) -> dict[str, Any]:
        # All connections stand before the first request leaves.
        wires = [Wire(socket.create_connection(("127.0.0.1", self.port))) for _ in range(connections)]
        with selectors.DefaultSelector() as selector:
            for wire in wires:
                wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(wire.sock, selectors.EVENT_READ, wire)
            started = time.perf_counter()
            open_wires = sum(self._send(wire, started) for wire in wires)
            while open_wires:
                for key, _ in selector.select(GIVE_UP_SECONDS) or self._give_up():
                    open_wires -= not self._receive(key.data, started)
            took = time.perf_counter() - started
        for wire in wires:
            wire.sock.close()
        waits = sorted(self.waits)
        return {"done": len(waits), "seconds": took, "waits": waits, "statuses": self.statuses, "bytes": self.bytes}

    def _send(self, wire: Wire, started: float) -> bool:
        """Whether there was anything left to send."""
        now = time.perf_counter()
        if self.sent >= self.count if self.count else now - started >= self.seconds:
            return False
        wire.sock.sendall(self.requests[self.sent % len(self.requests)])
        wire.sent_at = now
        wire.buffer.clear()
        self.sent += 1
        return True

    def _receive(self, wire: Wire, started: float) -> bool:
        """Whether this connection goes on."""
        piece = wire.sock.recv(65536)
        if not piece:
            raise ConnectionError("the server hung up")
        wire.buffer += piece
        if not wire.is_complete():
            return True
        self.waits.append(time.perf_counter() - wire.sent_at)
        self.statuses[bytes(wire.buffer[9:12]).decode()] += 1
        self.bytes += len(wire.buffer)
        return self._send(wire, started)

    def _give_up(self) -> list[Any]:
        raise TimeoutError("no answer")


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(Load(asked).run(asked["connections"]), sys.stdout)
