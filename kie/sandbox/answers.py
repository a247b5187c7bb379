"""What goes over the wire, including the ways in which an answer can be broken on purpose."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

JSON_TYPE = "application/json;charset=UTF-8"

MESSAGES = {
    400: "The request parameters are incorrect",
    401: "You do not have access permissions",
    402: "Credits insufficient",
    404: "The requested path does not exist",
    405: "Request method is not supported",
    422: "The request parameters are incorrect",
    429: "Your call frequency is too high. Please try again later.",
    455: "The service is under maintenance",
    500: "Server exception, please try again later",
    501: "Generation failed",
    505: "This feature is currently disabled",
    550: "The upstream queue is full",
}


@dataclass(frozen=True)
class Request:
    """One request as it arrived. Header names are lower case; `at` in seconds of the sandbox's clock."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self) -> Any:
        """The body as JSON, None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def key(self) -> str:
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme == "Bearer" else ""


@dataclass(frozen=True)
class Answer:
    """`declared` replaces the true Content-Length, `stuffing` zero bytes follow the body, `trickle` is the
    seconds over which the body is spread, `hang_up` sends nothing at all (`reset`: with a TCP reset)."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    trickle: float = 0.0
    declared: int | None = None
    no_length: bool = False
    stuffing: int = 0
    hang_up: bool = False
    reset: bool = False
    raw: bool = False  # never gzip: the fault has set its own encoding

    def but(self, **changes: Any) -> "Answer":
        return replace(self, **changes)


def dumps(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def ok(content: Any) -> Answer:
    return Answer(body=dumps({"code": 200, "msg": "success", "data": content}))


class Refusal(Exception):
    """Ends a call with an error of the provider: a body code and, if so configured, the same HTTP status."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(message)
        self.code, self.message = code, message or MESSAGES.get(code, "error")

    def answer(self, errors: str) -> Answer:
        status = self.code if errors == "status" and 400 <= self.code <= 599 else 200
        return Answer(status=status, body=dumps({"code": self.code, "msg": self.message, "data": None}))


def first_problem(problems: Iterable[str]) -> None:
    """Refuse with the first problem, as the provider names one at a time."""
    for problem in problems:
        raise Refusal(422, problem)
