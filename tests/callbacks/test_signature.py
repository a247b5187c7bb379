"""The provider's signature, as a pure function."""

import pytest

from callbacks.signature import sign, verdict

KEY, TASK, NOW = "webhook-key", "0123abcd", 1_767_225_600


@pytest.mark.parametrize(
    ("stamp", "signature", "expected"),
    [
        (str(NOW), sign(KEY, TASK, str(NOW)), "valid"),
        (str(NOW - 299), sign(KEY, TASK, str(NOW - 299)), "valid"),
        (str(NOW - 301), sign(KEY, TASK, str(NOW - 301)), "stale"),
        (str(NOW + 301), sign(KEY, TASK, str(NOW + 301)), "stale"),
        (str(NOW), sign("another", TASK, str(NOW)), "invalid"),
        (str(NOW), sign(KEY, "another", str(NOW)), "invalid"),
        (str(NOW), "ünïcode", "invalid"),
        ("soon", sign(KEY, TASK, "soon"), "invalid"),
        ("9" * 400, sign(KEY, TASK, "9" * 400), "invalid"),
        ("", sign(KEY, TASK, ""), "missing"),
        (str(NOW), "", "missing"),
    ],
)
def test_a_signature_is_judged(stamp: str, signature: str, expected: str) -> None:
    assert verdict(KEY, TASK, stamp, signature, NOW) == expected
