"""One request and its answer, in the form that may be kept and shown to the task's owner.

Both bodies are capped text. The key is cut out wherever the provider might echo it, the callback's token is cut out of
what we sent and of the record that repeats it, and so is the upload path that names the account. No headers are kept.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

BODY_CAP = 8_192
MESSAGE_CAP = 300
HIDDEN = "[hidden]"

# The record repeats our request as JSON text inside JSON, hence any number of backslashes before a quote or a slash.
_PRIVATE_FIELDS = re.compile(r'((?:callBackUrl|filePath)\\*"\s*:\s*\\*")(?:[^"\\]|\\+/)*')


def hide(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without the given secrets, a callback address or an account's file path."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    if "callBackUrl" in text or "filePath" in text:
        text = _PRIVATE_FIELDS.sub(rf"\1{HIDDEN}", text)
    return text


def cut_out(raw: bytes, secrets: Iterable[str]) -> bytes:
    """A body without the given secrets (ASCII), also where JSON spells their characters as escapes."""
    for secret in filter(None, secrets):
        raw = raw.replace(secret.encode(), HIDDEN.encode())
        if b"\\u00" in raw or b"\\/" in raw:
            raw = _any_spelling(secret).sub(HIDDEN.encode(), raw)
    return raw


def _any_spelling(secret: str) -> re.Pattern[bytes]:
    """Each character as itself, behind backslashes, or by its number; JSON inside JSON doubles the backslashes."""
    spelled = (rf"(?:\\+u00(?i:{ord(one):02x})|\\*{re.escape(one)})" for one in secret)
    return re.compile("".join(spelled).encode())


def clean_text(value: object, limit: int = MESSAGE_CAP) -> str:
    """One printable line of at most `limit` characters; anything that is not text becomes an empty line.

    Control characters, direction marks and lone surrogates become spaces: no terminal, page or database trips on them.
    """
    if not isinstance(value, str):
        return ""
    head = value[: limit * 4]
    printable = head if head.isprintable() else "".join(c if c.isprintable() else " " for c in head)
    line = " ".join(printable.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def body_text(raw: bytes) -> str:
    """Bytes as storable text: broken UTF-8 is replaced, and so is NUL, which PostgreSQL refuses."""
    return raw.decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one call sent and got. `path` starts with a slash and has its query; `status` is None without an answer."""

    method: str
    path: str
    request_body: str
    status: int | None
    response_body: str
    seconds: float
    at: datetime

    @classmethod
    def record(
        cls,
        method: str,
        path: str,
        *,
        sent: str = "",
        status: int | None = None,
        received: bytes = b"",
        seconds: float = 0.0,
        at: datetime,
        secrets: Iterable[str] = (),
    ) -> "Exchange":
        """Build the kept form: `secrets` are cut out first and the caps applied after, so no half secret stays."""
        secrets = tuple(secrets)
        # A secret may straddle the cap, so twice the cap is searched before it is cut.
        response = hide(body_text(cut_out(received[: BODY_CAP * 8], secrets)))[:BODY_CAP]
        request = hide(sent[: BODY_CAP * 8], secrets)[:BODY_CAP]
        return cls(method, hide(path, secrets), request, status, response, seconds, at)
