"""Fetch one remote file safely: docs/reliability.md, "Downloads", is the rule book.

Nothing of ours goes along but a plain User-Agent: no key, no cookie, no .netrc, no proxy.
"""

import hashlib
import http.client
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

import requests
from django.conf import settings
from urllib3.exceptions import HTTPError

from gallery.pinned import ForbiddenAddress, Origin, PinnedAdapter

USER_AGENT = "MJ-Portal/0.1"
CONNECT_SECONDS = 10.0
REDIRECTS = 2
REDIRECTING = frozenset({301, 302, 303, 307, 308})
GONE = frozenset({403, 404, 410})
PACKED = frozenset({"gzip", "x-gzip", "deflate", "compress", "br", "zstd"})
SMALLEST = 1024
MEGABYTE = 1024 * 1024
LEAST_RATE = 8 * 1024
GRACE_SECONDS = 10.0
CHUNK = 64 * 1024
HEAD = 512


class DownloadError(Exception):
    """No usable file this time; the text is for the owner and never holds an address."""


class DeadLink(DownloadError):
    """403, 404 or 410: a fresh link is needed."""


class NotAFile(DownloadError):
    """Something answered, but with a page or with next to nothing: worth another try at once."""


class Unsafe(DownloadError):
    """The address is one we do not fetch from."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`most_bytes` of a body, and `seconds` for the whole download, redirects included."""

    most_bytes: int
    seconds: float
    least_rate: float = LEAST_RATE
    grace: float = GRACE_SECONDS

    def within(self, seconds: float) -> "Limits":
        return replace(self, seconds=min(self.seconds, seconds))


IMAGE = Limits(60 * MEGABYTE, 180.0)
VIDEO = Limits(500 * MEGABYTE, 600.0)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What arrived: hex SHA-256, bytes, and the first `HEAD` bytes for judging the type."""

    sha256: str
    size: int
    head: bytes


def own_origins() -> frozenset[Origin]:
    """The provider's own configured origins, the only ones that may be on loopback or another port (the sandbox)."""
    return frozenset(
        origin for url in (settings.KIE_API_URL, settings.KIE_UPLOAD_URL) if (origin := _origin(url)) is not None
    )


def _origin(url: str) -> Origin | None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    return parts.scheme, parts.hostname.lower(), parts.port or (443 if parts.scheme == "https" else 80)


def fetch(url: str, into: BinaryIO, limits: Limits, progress: Callable[[], None] = lambda: None) -> Fetched:
    """Stream the file at `url` into `into` (from its start) and hash it on the way.

    `progress` is called after every piece; what it raises ends the download. Raises a `DownloadError`.
    """
    ends = time.monotonic() + limits.seconds
    adapter = PinnedAdapter(own_origins())
    try:
        for _hop in range(REDIRECTS + 1):
            with _answer(adapter, url, ends) as response:
                if response.status_code in REDIRECTING:
                    url = _next_url(url, response)
                    continue
                return _receive(response, into, limits, progress)
        raise NotAFile("The file was redirected too often.")
    except ForbiddenAddress as error:
        raise Unsafe(f"The file's address was refused: {error}.") from None
    except (requests.RequestException, HTTPError, http.client.HTTPException, TimeoutError, ValueError) as error:
        # The library's words may hold the whole address, so only the kind of trouble is passed on.
        raise DownloadError(f"The download broke off ({type(error).__name__}).") from None
    finally:
        adapter.close()


def _answer(adapter: PinnedAdapter, url: str, ends: float) -> requests.Response:
    parts = urlsplit(url)
    if _origin(url) is None or parts.username is not None or parts.password is not None:
        raise Unsafe("The file's address is not a plain web address.")
    request = requests.Request(
        "GET", url, headers={"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
    ).prepare()
    left = ends - time.monotonic()
    if left <= 0:
        raise DownloadError("The download took too long.")
    return adapter.send(request, stream=True, timeout=(min(CONNECT_SECONDS, left), left), verify=True)


def _next_url(url: str, response: requests.Response) -> str:
    target = response.headers.get("Location", "")
    if not target:
        raise NotAFile("The file was redirected to nowhere.")
    return urljoin(url, target)


def _declared(response: requests.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise DownloadError("The file host gave no sensible length.")
    return int(text)


def _is_all_of_it(response: requests.Response) -> bool:
    """Whether this is a part (206) that nobody asked for and that is the whole file."""
    said = re.fullmatch(r"bytes 0-(\d{1,12})/(\d{1,12})", response.headers.get("Content-Range", ""), re.ASCII)
    return response.status_code == 206 and said is not None and int(said[1]) + 1 == int(said[2])


def _receive(response: requests.Response, into: BinaryIO, limits: Limits, progress: Callable[[], None]) -> Fetched:
    if response.status_code in GONE:
        raise DeadLink(f"The file host answered {response.status_code}.")
    if response.status_code != 200 and not _is_all_of_it(response):
        raise DownloadError(f"The file host answered {response.status_code}.")
    # Hosts also write here what packs nothing ("aws-chunked", "utf-8"), so only what would have to be unpacked counts.
    if PACKED & {name.strip() for name in response.headers.get("Content-Encoding", "").lower().split(",")}:
        raise DownloadError("The file host sent a packed body, which was not asked for.")
    declared = _declared(response)
    if declared is not None and declared > limits.most_bytes:
        raise DownloadError(f"The file is larger than {limits.most_bytes // MEGABYTE} MB.")
    digest, size, head = _pour(response, into, limits, progress)
    if declared is not None and declared != size:
        raise DownloadError("The file arrived incomplete.")
    if size < SMALLEST:
        raise NotAFile("The file host sent next to nothing.")
    if looks_like_page(head):
        raise NotAFile("The file host sent a page instead of the file.")
    return Fetched(digest, size, head)


def _pour(
    response: requests.Response, into: BinaryIO, limits: Limits, progress: Callable[[], None]
) -> tuple[str, int, bytes]:
    digest, size, head = hashlib.sha256(), 0, b""
    started = time.monotonic()
    into.seek(0)
    into.truncate()
    # read1 returns what one receive brought, so that the rate is looked at even when bytes trickle.
    while chunk := response.raw.read1(CHUNK):
        size += len(chunk)
        if size > limits.most_bytes:
            raise DownloadError(f"The file is larger than {limits.most_bytes // MEGABYTE} MB.")
        elapsed = time.monotonic() - started
        if elapsed > limits.grace and size < limits.least_rate * elapsed:
            raise DownloadError("The file arrived too slowly.")
        if len(head) < HEAD:
            head = (head + chunk)[:HEAD]
        digest.update(chunk)
        into.write(chunk)
        progress()
    return digest.hexdigest(), size, head


def looks_like_page(head: bytes) -> bool:
    """Whether these first bytes are HTML, XML (an SVG too) or JSON: never a picture or clip."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return text in {b"<", b"{"}
