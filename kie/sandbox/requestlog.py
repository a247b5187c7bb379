"""Every request as it came in, so that a test can prove what was sent, and what was not."""

import threading
from collections import deque
from dataclasses import replace
from typing import Any

from kie.sandbox.answers import Request

KEPT = 100_000
KEPT_BODY = 1 << 20  # of an upload only the beginning is worth remembering


class RequestLog:
    """The latest requests, oldest first. Authorization stays in: sandbox keys are play money."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[Request] = deque(maxlen=KEPT)

    def add(self, request: Request) -> None:
        if len(request.body) > KEPT_BODY:
            request = replace(request, body=request.body[:KEPT_BODY])
        with self._lock:
            self._kept.append(request)

    def all(self) -> list[Request]:
        with self._lock:
            return list(self._kept)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


def request_json(request: Request) -> dict[str, Any]:
    return {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": request.headers,
        "json": request.json,
        "bytes": len(request.body),
        "at": request.at,
    }
