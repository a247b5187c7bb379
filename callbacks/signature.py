"""The provider's optional signature. Pure: no settings, no database, no clock of its own.

Source: the provider's webhook page. Signed are the task id and the time, not the body: a good signature proves who
rings, never what is said.
"""

import hmac
from base64 import b64encode
from hashlib import sha256

from callbacks.models import Delivery

STALE_SECONDS = 300
VALID, INVALID, MISSING, STALE = (
    Delivery.Signature.VALID,
    Delivery.Signature.INVALID,
    Delivery.Signature.MISSING,
    Delivery.Signature.STALE,
)


def sign(key: str, task_id: str, timestamp: str) -> str:
    """Base64 of HMAC-SHA256 over `task_id.timestamp`."""
    return b64encode(hmac.new(key.encode(), f"{task_id}.{timestamp}".encode(), sha256).digest()).decode()


def verdict(key: str, task_id: str, timestamp: str, signature: str, now: float) -> Delivery.Signature:
    """Judge the headers X-Webhook-Timestamp and X-Webhook-Signature of a call at `now`, in Unix seconds."""
    if not timestamp or not signature:
        return MISSING
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 12:
        return INVALID
    good = hmac.compare_digest(sign(key, task_id, timestamp).encode(), signature.encode("utf-8", "replace"))
    if not good:
        return INVALID
    return VALID if abs(now - int(timestamp)) <= STALE_SECONDS else STALE
