"""What an answer to a POST means: the rows of the table of answers, for paid requests and for free ones.

Source: the code list of the specification and the rule that a paid request is never sent twice. Reports are
read in `kie.reports`, with the same refusals.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kie.answers import Answer, Form
from kie.errors import (
    Busy,
    KeyRefused,
    KieError,
    OutcomeUnknown,
    OutOfCredit,
    Refused,
    RefusedKind,
    UnexpectedReply,
)
from kie.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took a paid request: its new task id, and the effective code that came with it (not always 200)."""

    task_id: str
    code: int
    exchange: Exchange


REFUSALS: Mapping[int, tuple[RefusedKind, str]] = {
    400: ("parameter", "The provider refused the parameters."),
    404: ("not_found", "The provider does not offer this."),
    422: ("parameter", "The provider refused the parameters."),
    501: ("generation_failed", "The provider could not generate this."),
    505: ("switched_off", "The provider has switched this feature off."),
}


def accept(answer: Answer, exchange: Exchange, *, retry_after: float | None, parent: str = "") -> Accepted:
    """The new task of a paid request, or the error that says what to do.

    Any well-formed task id means accepted, whatever the code: the report will decide. `parent`: the task that was
    built upon; an answer that only repeats its id has accepted nothing new. Raises OutcomeUnknown whenever it cannot be
    shown that the request was turned down.
    """
    if answer.task_id and answer.task_id != parent:
        return Accepted(answer.task_id, answer.code, exchange)
    error = refusal(answer, exchange, retry_after=retry_after)
    if error is not None:
        raise error
    raise OutcomeUnknown(
        (answer.code != 200 and answer.message) or "The provider gave no confirmation.",
        blocked=answer.status == 403,
        code=answer.code,
        exchange=exchange,
    )


def refusal(answer: Answer, exchange: Exchange | None, *, retry_after: float | None) -> KieError | None:
    """The error of an answer that surely turned the request down, else None.

    A body that might be a damaged announcement of a task proves nothing. A page of text is believed for the codes of
    the 400s, which any server in front may give, except 403 (the edge blocks us, the key is fine); the provider's own
    501 and 505 mean something else as plain HTTP, so those must come as JSON.
    """
    code, said = answer.code, answer.message
    if answer.form is Form.BROKEN or (answer.form is Form.TEXT and (code == 403 or code >= 500)):
        return None
    if code in (401, 403):
        return KeyRefused(said or "The provider does not accept the key.", code=code, exchange=exchange)
    if code == 402:
        return OutOfCredit(said or "The balance does not cover this.", code=code, exchange=exchange)
    if code in (429, 455):
        return Busy(
            said or "The provider asks to wait.",
            retry_after=retry_after,
            maintenance=code == 455,
            code=code,
            exchange=exchange,
        )
    if code in REFUSALS:
        kind, words = REFUSALS[code]
        return Refused(said or words, kind=kind, code=code, exchange=exchange)
    return None


def require_success(answer: Answer, exchange: Exchange, *, retry_after: float | None) -> Answer:
    """The answer of a free call when it is a JSON object with code 200, else the error that says what to do."""
    if answer.form is Form.OBJECT and answer.code == 200:
        return answer
    error = refusal(answer, exchange, retry_after=retry_after)
    if error is not None:
        raise error
    raise unusable(answer, exchange)


def unusable(answer: Answer, exchange: Exchange | None) -> UnexpectedReply:
    """The error of a free call whose answer says nothing we can use."""
    return UnexpectedReply(
        # "success" is what the provider says with every code 200; it explains nothing that went wrong.
        (answer.code != 200 and answer.message) or f"The provider's answer ({answer.code}) cannot be used.",
        blocked=answer.status == 403,
        code=answer.code,
        exchange=exchange,
    )
