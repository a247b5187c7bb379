"""The filters of every page: how long ago, and the trail in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from mjportal.templatetags.words import ago, lasting, told


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "just now"), (59, "just now"), (61, "1\xa0minute ago"), (7300, "2\xa0hours, 1\xa0minute ago")],
)
def test_what_is_not_a_minute_old_was_just_now(seconds: int, said: str) -> None:
    assert ago(timezone.now() - timedelta(seconds=seconds)) == said


def test_what_never_was_is_not_told() -> None:
    assert ago(None) == ""


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({"checked": True}, "checked at the provider"),
        ({"factor_required": False}, "second factor not required"),
        ({"before": "none", "after": "1500 month"}, "before none, after 1500 month"),
        ({"done": {"stopped": 2, "keys_wiped": 0}}, "done stopped 2"),
        ({"reason": "", "team": None}, ""),
        ({"seen": False, "names": ["a", "b"]}, "seen: no, names a, b"),
    ],
)
def test_details_of_the_trail_are_words(details: dict[str, Any], said: str) -> None:
    assert told(details) == said


def test_what_lasts_no_minute_is_not_said_to_last_none() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert lasting(at, at + timedelta(seconds=59)) == "less than a minute"
    assert lasting(at, at + timedelta(minutes=3)) == "3\xa0minutes"
