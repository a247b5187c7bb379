"""The ways a call to the provider can end badly, named by what the caller must do next.

    KieError
    ├── NotSent           nothing left this machine: the same request may be sent again
    ├── OutcomeUnknown    a paid request went out and no usable answer came: never send it again by code
    ├── Busy              refused for now (429, or 455 maintenance): nothing was accepted, wait and try again
    ├── Refused           refused for good (400, 404, 422, 501, 505): nothing was spent, the request must change
    ├── KeyRefused        the key is not accepted (401, or 403 as JSON): stop using it until a person looks
    ├── OutOfCredit       the balance is too low (402): wait until it is back
    └── UnexpectedReply   a free call (report, balance, upload) got nothing usable: look again later

`kie.client` is the only place where network failures and status codes become these.
"""

from typing import Literal

from kie.exchange import Exchange, clean_text

RefusedKind = Literal["parameter", "not_found", "generation_failed", "switched_off"]


class KieError(Exception):
    """Any failed call.

    `message`: one line for a person, at most 300 characters, never with the key. `code`: the effective code of the
    answer (see `kie.answers.effective_code`), None when there was no answer. `exchange`: what went over the wire,
    None when nothing did.
    """

    def __init__(self, message: str, *, code: int | None = None, exchange: Exchange | None = None) -> None:
        self.message = clean_text(message)
        self.code = code
        self.exchange = exchange
        super().__init__(self.message)


class NotSent(KieError):
    """No byte of the request left us: no such name, refused, connect timeout, or TLS failed before the request."""


class OutcomeUnknown(KieError):
    """A paid request went out and nobody can say whether it was accepted.

    `blocked`: the provider's edge turned our address or agent away with a page that is not JSON (403).
    """

    def __init__(
        self, message: str, *, blocked: bool = False, code: int | None = None, exchange: Exchange | None = None
    ) -> None:
        super().__init__(message, code=code, exchange=exchange)
        self.blocked = blocked


class Busy(KieError):
    """Turned away for now, and nothing was accepted.

    `retry_after`: seconds the provider asked for (1 to 3600), or None. `maintenance`: 455 rather than 429.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        maintenance: bool = False,
        code: int | None = None,
        exchange: Exchange | None = None,
    ) -> None:
        super().__init__(message, code=code, exchange=exchange)
        self.retry_after = retry_after
        self.maintenance = maintenance


class Refused(KieError):
    """Turned away for good, nothing spent. `kind` says whose move it is:

    parameter (400, 422: the person's), not_found (404: the operator's), generation_failed (501: try anew by choice),
    switched_off (505: the provider's).
    """

    def __init__(
        self,
        message: str,
        *,
        kind: RefusedKind = "parameter",
        code: int | None = None,
        exchange: Exchange | None = None,
    ) -> None:
        super().__init__(message, code=code, exchange=exchange)
        self.kind: RefusedKind = kind


class KeyRefused(KieError):
    """The provider does not accept this key (wrong, capped, or bound to other addresses)."""


class OutOfCredit(KieError):
    """The account's balance does not cover the request."""


class UnexpectedReply(KieError):
    """A call that costs nothing got no answer we can use; the caller may simply look again.

    `blocked`: see `OutcomeUnknown`.
    """

    def __init__(
        self, message: str, *, blocked: bool = False, code: int | None = None, exchange: Exchange | None = None
    ) -> None:
        super().__init__(message, code=code, exchange=exchange)
        self.blocked = blocked
