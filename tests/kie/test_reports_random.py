"""100,000 generated bodies through the parser, none of which may escape the declared outcomes.

Most come from a seeded generator, because it makes 99,000 bodies in seconds where hypothesis would take minutes: it
starts from real shapes, swaps in hostile values, then damages the bytes. Hypothesis adds 1,000 of its own making and
shrinks what it finds. A body that fails is printed whole, so that it can become a case of its own.
"""

import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kie.answers import is_task_id
from kie.errors import Busy, KeyRefused, KieError, OutcomeUnknown, OutOfCredit, Refused, UnexpectedReply
from kie.exchange import BODY_CAP, Exchange
from kie.outcomes import Accepted, accept, require_success
from kie.reports import CallbackHint, Report, ReportState, callback_hint, is_result_address, read_answer, read_report
from tests.kie.forge import TASK, Forge

GENERATED, BATCHES, DRAWN = 99_000, 6, 1_000
AT = datetime(2026, 1, 1, tzinfo=UTC)
STATUSES = (200, 200, 200, 200, 201, 204, 302, 400, 401, 402, 403, 404, 422, 429, 455, 500, 501, 502, 505, 520, 999)


def outcome_of_report(raw: bytes, status: int, exchange: Exchange) -> str:
    try:
        report = read_report(read_answer(raw, status), TASK, own_origins={"http://127.0.0.1:8001"}, exchange=exchange)
    except (KeyRefused, Busy, UnexpectedReply) as error:
        check_error(error)
        return type(error).__name__
    check_report(report)
    return report.state.value


def outcome_of_payment(raw: bytes, status: int, exchange: Exchange) -> str:
    try:
        accepted = accept(read_answer(raw, status), exchange, retry_after=None)
    except (OutcomeUnknown, Busy, Refused, KeyRefused, OutOfCredit) as error:
        check_error(error)
        return type(error).__name__
    assert isinstance(accepted, Accepted)
    assert is_task_id(accepted.task_id)
    return "accepted"


def outcome_of_free_call(raw: bytes, status: int, exchange: Exchange) -> str:
    try:
        require_success(read_answer(raw, status), exchange, retry_after=None)
    except (UnexpectedReply, Busy, Refused, KeyRefused, OutOfCredit) as error:
        check_error(error)
        return type(error).__name__
    return "success"


def outcome_of_callback(raw: bytes) -> str:
    hint = callback_hint(raw)
    if hint is None:
        return "no hint"
    assert isinstance(hint, CallbackHint)
    assert is_task_id(hint.task_id)
    assert all(is_result_address(url, ()) for url in hint.urls if url)
    assert fit_to_show(hint.message)
    return "hint"


def check_error(error: KieError) -> None:
    assert error.message
    assert fit_to_show(error.message)
    assert isinstance(error.code, int)
    assert error.exchange is not None


def check_report(report: Report) -> None:
    assert report.task_id == TASK
    assert report.state in ReportState
    assert (report.state is ReportState.SUCCEEDED) <= bool(report.urls)
    named = [url for url in report.urls if url]
    assert len(set(named)) == len(named)
    assert all(url.startswith(("https://", "http://127.0.0.1:8001")) for url in named)
    assert all(map(fit_to_show, (report.error_message, report.error_code, report.raw_flag)))
    assert all(moment is None or moment.tzinfo is UTC for moment in (report.created_at, report.completed_at))


def fit_to_show(text: str) -> bool:
    """One printable line: no control characters, direction marks or lone surrogates."""
    return isinstance(text, str) and len(text) <= 300 and text.isprintable()


def every_outcome(raw: bytes, status: int) -> tuple[str, ...]:
    exchange = Exchange.record("GET", "/x", status=status, received=raw, at=AT, secrets=("canary-key",))
    assert len(exchange.response_body) <= BODY_CAP
    assert "\x00" not in exchange.response_body
    exchange.response_body.encode()
    report = outcome_of_report(raw, status, exchange)
    return (
        report,
        outcome_of_payment(raw, status, exchange),
        outcome_of_free_call(raw, status, exchange),
        outcome_of_callback(raw),
    )


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_generated_body_escapes_the_declared_outcomes(batch: int) -> None:
    forge, tally = Forge(seed=2026_11 + batch), Counter[str]()
    for _ in range(GENERATED // BATCHES):
        raw, status = forge.raw(), forge.dice.choice(STATUSES)
        try:
            tally.update(every_outcome(raw, status))
        except BaseException:
            print(f"status {status}, body {raw!r}")  # noqa: T201
            raise
    # A generator that only made rubbish would prove nothing: every outcome must have been reached.
    reached = {state.value for state in ReportState} | {"accepted", "success", "hint", "no hint"}
    reached |= {kind.__name__ for kind in (Busy, Refused, KeyRefused, OutOfCredit, OutcomeUnknown, UnexpectedReply)}
    assert reached <= tally.keys()


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(TASK)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
FIELDS = ("taskId", "successFlag", "resultInfoJson", "createTime", "completeTime", "errorCode", "errorMessage")
RECORDS = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, TREES))
BODIES = st.fixed_dictionaries(
    {}, optional={"code": st.sampled_from(STATUSES) | TREES, "msg": TREES, "data": RECORDS | TREES}
)


@settings(max_examples=DRAWN, deadline=None)
@given(st.binary(max_size=200) | BODIES.map(lambda body: json.dumps(body).encode()), st.sampled_from(STATUSES))
def test_no_body_hypothesis_finds_escapes_the_declared_outcomes(raw: bytes, status: int) -> None:
    assert all(every_outcome(raw, status))
