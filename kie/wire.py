"""One HTTP exchange: a request out once, an answer in under caps, or `Lost`, which says whether bytes left us.

Built on requests' adapters rather than on its sessions' `send`, because a session follows redirects (a 307 repeats a
paid POST with the key), reads .netrc and proxies from the environment, and keeps cookies; an adapter does none of it.

Time: connecting may take `connect` seconds; then the whole answer, first header to last byte, may take `read` seconds.
A plain socket timeout would start anew with every byte, and a trickle could hold a worker for hours.
"""

import http.client
import io
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from kie.answers import ANSWER_CAP


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect, for the whole answer to a paid or uploading POST, and for the whole answer to a look."""

    connect: float = 5.0
    read: float = 60.0
    look: float = 20.0


@dataclass(frozen=True, slots=True)
class Received:
    """A complete answer: HTTP status, the unpacked body (at most 1 MiB), the Retry-After header if any."""

    status: int
    raw: bytes
    retry_after: str | None


@dataclass(frozen=True, slots=True)
class Lost:
    """No complete answer. `sent`: bytes of the request may have left. `reason`: a few words. `status`: if one came."""

    reason: str
    sent: bool
    status: int | None = None


def open_session(pool_size: int = 64) -> requests.Session:
    """A session whose connections many clients and threads may share; holds no key, reads nothing from outside."""
    session = requests.Session()
    session.trust_env = False
    adapter = WireAdapter(pool_size)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def exchange_once(
    adapter: HTTPAdapter, request: requests.PreparedRequest, connect: float, read: float
) -> Received | Lost:
    """Send `request` exactly once and read the answer.

    A loss is returned, not raised: a raised one would drag the library's exception along as its context, with the
    request and its headers in it. Its words are ours for the same reason.
    """
    _progress.sent = False
    response: requests.Response | None = None
    try:
        response = adapter.send(request, stream=True, timeout=(connect, read), verify=True)
        raw = _read_capped(response)
        return Received(response.status_code, raw, response.headers.get("Retry-After"))
    except (requests.RequestException, HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        return Lost(_reason(error), _progress.sent, response.status_code if response is not None else None)
    finally:
        if response is not None:
            response.close()


def _read_capped(response: requests.Response) -> bytes:
    raw: bytes = response.raw.read(ANSWER_CAP + 1, decode_content=True)
    if len(raw) > ANSWER_CAP:
        raise _TooLong
    return raw


class _TooLong(ValueError):
    """The unpacked answer is over the cap."""


def _reason(error: BaseException) -> str:
    if isinstance(error, _TooLong):
        return "the answer was too long"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return "it took too long" if _progress.sent else "no connection in time"
    if not _progress.sent:
        return "the secure connection failed" if isinstance(error, requests.exceptions.SSLError) else "no connection"
    return "the connection broke before the whole answer was here"


class _Progress(threading.local):
    """Whether any byte of this thread's current request was handed to the network."""

    sent = False


_progress = _Progress()


class _DeadlineReader(io.RawIOBase):
    """A socket's reading end on which all reads together must end by one deadline."""

    def __init__(self, source: Any, sock: socket.socket, seconds: float) -> None:
        self._source = source
        self._sock = sock
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        count: int | None = self._source.readinto(buffer)
        return count

    def close(self) -> None:
        self._source.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        seconds = sock.gettimeout()
        if seconds is not None:
            self.fp = io.BufferedReader(_DeadlineReader(self.fp.detach(), sock, seconds))


class _PlainLine(HTTPConnection):
    response_class = _TimedResponse

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _progress.sent = True
        super().send(data)


class _SecureLine(HTTPSConnection):
    response_class = _TimedResponse

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _progress.sent = True
        super().send(data)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainLine


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureLine


class WireAdapter(HTTPAdapter):
    """An adapter that never retries, and whose connections keep a deadline and notice the first byte sent."""

    def __init__(self, pool_size: int = 1) -> None:
        super().__init__(pool_connections=8, pool_maxsize=pool_size, max_retries=Retry(0, read=False, redirect=False))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
