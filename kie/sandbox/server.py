"""HTTP: reads a request, asks for the answer, writes it, broken where the answer says so."""

import contextlib
import gzip
import socket
import struct
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from kie.sandbox.answers import Answer, Refusal, Request
from kie.sandbox.routes import answer as answer_to
from kie.sandbox.world import World

LARGEST_BODY = 140 * 1024 * 1024  # a 100 MB upload in base64
WORTH_ZIPPING = 256
CHUNK = 64 * 1024
RESET = struct.pack("ii", 1, 0)  # linger zero seconds: closing sends a reset instead of an orderly end


class Server(ThreadingHTTPServer):
    """One thread per connection; `close_all` ends the kept-alive ones, which would wait for ever."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], world: World) -> None:
        self.world = world
        self._open: set[socket.socket] = set()
        self._change = threading.Condition()
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """As the parent does, without asking a name server for our own name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._change:
            self._open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._change:
                self._open.discard(request)
                self._change.notify_all()

    def close_all(self, timeout: float = 2.0) -> None:
        with self._change:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._change.wait_for(lambda: not self._open, timeout)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is an everyday thing in these tests; our own faults are shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with keep-alive."""

    protocol_version = "HTTP/1.1"
    server_version = "kie-sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the request log has everything, and a terminal is no place for keys."""

    def _serve(self) -> None:
        world = self.server.world
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self._body(headers), world.clock.now())
        try:
            answer = answer_to(world, request)
        except Exception:  # noqa: BLE001 - a slip of ours must not look like a lost answer
            traceback.print_exc()
            answer = Refusal(500).answer("status")
        if answer.delay and world.stopping.wait(answer.delay):
            self.close_connection = True
        elif answer.hang_up:
            self._hang_up(answer.reset)
        else:
            self._send(answer, headers)

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        size = headers.get("content-length", "0")
        return self.rfile.read(min(int(size), LARGEST_BODY) if size.isdigit() else 0)

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0] or b"0", 16)
        content = self.rfile.read(size)
        self.rfile.readline()
        return content

    def _hang_up(self, reset: bool) -> None:
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, answer: Answer, asked: dict[str, str]) -> None:
        body, headers = answer.body, {"Content-Type": answer.content_type} | answer.headers
        if self._zips(answer, asked):
            body, headers["Content-Encoding"] = gzip.compress(body, 1, mtime=0), "gzip"
        declared = len(body) + answer.stuffing if answer.declared is None else answer.declared
        incomplete = answer.no_length or declared != len(body) + answer.stuffing
        self.send_response(answer.status)
        for name, value in headers.items():
            self.send_header(name, value)
        if not answer.no_length:
            self.send_header("Content-Length", str(declared))
        if incomplete:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self._write(body, answer)

    def _zips(self, answer: Answer, asked: dict[str, str]) -> bool:
        wanted = self.server.world.settings.gzip and "gzip" in asked.get("accept-encoding", "")
        return wanted and not answer.raw and len(answer.body) >= WORTH_ZIPPING

    def _write(self, body: bytes, answer: Answer) -> None:
        if answer.trickle:
            self._drip(body, answer.trickle)
        else:
            self.wfile.write(body)
        for start in range(0, answer.stuffing, CHUNK):
            self.wfile.write(bytes(min(CHUNK, answer.stuffing - start)))

    def _drip(self, body: bytes, seconds: float) -> None:
        """Spread the body over the time in small steps, so that no read of the client ever times out."""
        steps = max(1, min(len(body), int(seconds / 0.05)))
        size = -(-len(body) // steps)
        until = time.monotonic()
        self.wfile.flush()
        for start in range(0, len(body), size):
            until += seconds / steps
            if self.server.world.stopping.wait(max(0.0, until - time.monotonic())):
                self.close_connection = True
                return
            self.wfile.write(body[start : start + size])
            self.wfile.flush()
