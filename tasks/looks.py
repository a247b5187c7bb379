"""When to ask the provider about a task: pure arithmetic on ages, with jitter (docs/reliability.md, R12)."""

import random
from datetime import datetime, timedelta

from django.conf import settings

JITTER = 0.2
# (age of the task in seconds, seconds between looks); below the first row looks grow to SYNC_INTERVAL_SECONDS.
STEPS = ((3600.0, 60.0), (86_400.0, 300.0), (15 * 86_400.0, 3600.0))
FRESH = 600.0
# The provider keeps records for two months; past day 15 the files are gone, but the outcome is still worth knowing.
SELDOM = 86_400.0
GROWTH = 1.5

WINDOW = timedelta(seconds=10)
MISSING_GRACE = timedelta(seconds=60)
MISSING_TRIES = 10
MISSING_HOUR = timedelta(hours=1)
SECOND_LOOK = timedelta(seconds=30)
QUICK_LOOK = timedelta(seconds=5)
EMPTY_LOOKS = 10
ALARM_AFTER = 20


def jittered(seconds: float) -> timedelta:
    return timedelta(seconds=seconds * random.uniform(1 - JITTER, 1 + JITTER))


def first_look(now: datetime) -> datetime:
    return now + jittered(settings.SYNC_FIRST_SECONDS)


def interval(age: float, looks: int) -> float:
    """Seconds until the next look at a task sent `age` seconds ago and looked at `looks` times, before jitter."""
    steady: float = settings.SYNC_INTERVAL_SECONDS
    if age < FRESH:
        return min(settings.SYNC_FIRST_SECONDS * GROWTH ** min(looks, 20), steady)
    for limit, seconds in STEPS:
        if age < limit:
            return max(seconds, steady)
    return SELDOM


def next_look(now: datetime, sent_at: datetime | None, looks: int) -> datetime:
    """When to look again at a task that is still running."""
    age = (now - (sent_at or now)).total_seconds()
    return now + jittered(interval(age, looks))


def after_busy(now: datetime, retry_after: float | None) -> datetime:
    """A 429 costs a whole window; a stated wait is honoured between a second and an hour."""
    asked = min(max(retry_after or 0.0, 1.0), 3600.0)
    return now + max(WINDOW, timedelta(seconds=asked)) + timedelta(seconds=random.uniform(0, 2))


def is_nowhere(now: datetime, asked_since: datetime | None, seen_at: datetime | None, tries: int) -> bool:
    """Whether an import's number is no task's: never seen after the grace of new ones, or gone for an hour."""
    if seen_at is not None:
        return tries >= MISSING_TRIES
    return asked_since is None or now - asked_since >= MISSING_GRACE


def after_missing(now: datetime, sent_at: datetime | None, tries: int) -> datetime:
    """The provider does not know the task: briefly normal after a submit, then ten tries in an hour, then hourly."""
    if sent_at is None or now - sent_at < MISSING_GRACE:
        return now + jittered(settings.SYNC_FIRST_SECONDS)
    if tries < MISSING_TRIES:
        return now + MISSING_HOUR / MISSING_TRIES
    return now + jittered(3600.0)
