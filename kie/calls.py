"""Calls in the provider's manner: the key in a header, JSON out, an `Answer` in, and a record of what passed."""

import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict

from kie.answers import Answer, read_answer, read_retry_after
from kie.exchange import Exchange
from kie.secret import Secret
from kie.wire import Lost, Patience, WireAdapter, exchange_once

# Shorter ones could not be cut out of an echo without harming innocent words.
_KEY_LENGTHS = range(8, 513)


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer. `retry_after`: seconds the provider asked us to wait, or None."""

    answer: Answer
    exchange: Exchange
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class NoReply:
    """None came. `sent`: bytes of the request may have left us. `reason`: a few words for a person."""

    reason: str
    sent: bool
    exchange: Exchange


class Caller:
    """Makes calls with one key. Raises ValueError on a key that cannot be a header; no message ever quotes it."""

    def __init__(self, key: str, session: requests.Session, user_agent: str, patience: Patience) -> None:
        key = key.strip()
        if len(key) not in _KEY_LENGTHS or not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError("This does not look like a key.")
        self._key = Secret(key)
        self._session = session
        self._user_agent = user_agent
        self._patience = patience

    def look(self, base: str, path: str) -> Reply | NoReply:
        """GET over a shared connection. `path` starts with a slash and has its query."""
        request = self._request("GET", base + path)
        return self._exchange(self._session.get_adapter(base), request, path, "", self._patience.look)

    def post(self, base: str, path: str, body: Mapping[str, Any]) -> Reply | NoReply:
        """POST of JSON, once, on a fresh connection."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        request = self._request("POST", base + path, text.encode())
        address = body.get("callBackUrl")
        return self._post_once(request, path, text, hidden=(address,) if isinstance(address, str) else ())

    def post_file(
        self, base: str, path: str, file: bytes, file_name: str, fields: Mapping[str, str]
    ) -> Reply | NoReply:
        """POST of one file as a form, once. The record names the fields and the size, not the bytes."""
        form = requests.Request("POST", base + path, files={"file": (file_name, file)}, data=dict(fields)).prepare()
        whole = form.body if isinstance(form.body, bytes) else b""
        request = self._request("POST", base + path)
        request.headers["Content-Type"] = form.headers["Content-Type"]
        request.headers["Content-Length"] = str(len(whole))
        request.body = _PacedBody(whole, self._patience.read)  # type: ignore[assignment]
        return self._post_once(request, path, json.dumps({**fields, "bytes": len(file)}))

    def _post_once(
        self, request: requests.PreparedRequest, path: str, text: str, hidden: tuple[str, ...] = ()
    ) -> Reply | NoReply:
        # A kept-alive connection may die under the request, and then nobody can tell whether it arrived.
        adapter = WireAdapter()
        try:
            return self._exchange(adapter, request, path, text, self._patience.read, hidden)
        finally:
            adapter.close()

    def _exchange(
        self,
        adapter: Any,
        request: requests.PreparedRequest,
        path: str,
        text: str,
        read: float,
        hidden: tuple[str, ...] = (),
    ) -> Reply | NoReply:
        at, started = datetime.now(UTC), time.monotonic()
        got = exchange_once(adapter, request, self._patience.connect, read)
        seconds = round(time.monotonic() - started, 3)
        secrets = (self._key.reveal(), *hidden)
        exchange = Exchange.record(
            str(request.method),
            path,
            sent=text,
            status=got.status,
            received=b"" if isinstance(got, Lost) else got.raw,
            seconds=seconds,
            at=at,
            secrets=secrets,
        )
        if isinstance(got, Lost):
            return NoReply(got.reason, got.sent, exchange)
        answer = read_answer(got.raw, got.status, secrets)
        return Reply(answer, exchange, read_retry_after(got.retry_after, at))

    def _request(self, method: str, url: str, body: bytes | None = None) -> requests.PreparedRequest:
        # Built by hand: preparing anew costs more than the rest of a look, and the parts are known to be clean.
        request = requests.PreparedRequest()
        request.method, request.url, request.body = method, url, body
        request.hooks = default_hooks()
        request.headers = CaseInsensitiveDict(
            {
                "Authorization": f"Bearer {self._key.reveal()}",
                "User-Agent": self._user_agent,
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "Content-Type": "application/json",
            }
        )
        if body is not None:
            request.headers["Content-Length"] = str(len(body))
        return request


class _PacedBody(io.BytesIO):
    """A body sent piece by piece, all of it within `seconds`: the socket's own timeout is per piece."""

    def __init__(self, whole: bytes, seconds: float) -> None:
        super().__init__(whole)
        self._deadline = time.monotonic() + seconds

    def read(self, size: int | None = -1) -> bytes:
        if time.monotonic() > self._deadline:
            raise TimeoutError("timed out")
        return super().read(size)
