"""Connections that look a name up once and connect only to the checked address.

The guard sits where the socket is opened: whatever a URL parser made of the address, the test sees the host and port
that are really dialled, and the very address it approved is the one connected to (a second look-up could answer
otherwise). Host header, SNI and certificate check keep the name.
"""

import http.client
import io
import socket
import time
from collections.abc import Collection
from typing import Any, ClassVar

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError
from urllib3.util.retry import Retry

from gallery.addresses import is_public

WEB_PORTS = frozenset({80, 443})
# Seconds without a single byte after which a connection is given up, whatever the deadline; the first may take longer,
# for a host may have to fetch the file from a colder place.
STALL = 15.0
FIRST_BYTE = 60.0

Origin = tuple[str, str, int]


class ForbiddenAddress(Exception):
    """The host or port may not be fetched from. Never retried by a library: it is no OSError."""


class _DeadlineReader(io.RawIOBase):
    """The reading end of a socket on which headers and body together must end by one deadline."""

    def __init__(self, source: Any, sock: socket.socket, seconds: float) -> None:
        self._source = source
        self._sock = sock
        self._deadline = time.monotonic() + seconds
        self._patience = FIRST_BYTE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(min(left, self._patience))
        count: int | None = self._source.readinto(buffer)
        self._patience = STALL
        return count

    def close(self) -> None:
        self._source.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        seconds = sock.gettimeout()
        if seconds is not None:
            raw: Any = self.fp.detach()
            self.fp = io.BufferedReader(_DeadlineReader(raw, sock, seconds), 65536)


class _Pinned:
    """Mixed in before a urllib3 connection class: replaces how its socket is opened."""

    scheme: ClassVar[str]
    allowed: ClassVar[Collection[Origin]] = frozenset()
    response_class = _TimedResponse

    def _new_conn(self: Any) -> socket.socket:
        host, port = str(self._dns_host).rstrip(".").lower(), int(self.port)
        trusted = (self.scheme, host, port) in self.allowed
        if not trusted and port not in WEB_PORTS:
            raise ForbiddenAddress(f"port {port} is not allowed")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(self, f"no such host: {host}") from error
        for *_, place in found:
            if not trusted and not is_public(str(place[0])):
                raise ForbiddenAddress(f"{host} is not on the public internet")
        return _connect(self, [str(place[0]) for *_, place in found], port)


def _connect(connection: Any, addresses: list[str], port: int) -> socket.socket:
    trouble: OSError = OSError("no address")
    for address in addresses[:2]:
        try:
            sock = socket.create_connection((address, port), timeout=connection.timeout)
        except OSError as error:
            trouble = error
            continue
        if sock.getpeername()[0] != address:
            sock.close()
            raise ForbiddenAddress("the connection went elsewhere")
        return sock
    raise NewConnectionError(connection, f"no connection: {trouble}") from trouble


class PinnedAdapter(HTTPAdapter):
    """An adapter for one download: no retries, no proxies; `allowed` origins skip the address and port rules."""

    def __init__(self, allowed: Collection[Origin] = ()) -> None:
        self._allowed = frozenset(allowed)
        super().__init__(pool_connections=3, pool_maxsize=1, max_retries=Retry(0, read=False, redirect=False))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        plain = type("Plain", (_Pinned, HTTPConnection), {"scheme": "http", "allowed": self._allowed})
        secure = type("Secure", (_Pinned, HTTPSConnection), {"scheme": "https", "allowed": self._allowed})
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
