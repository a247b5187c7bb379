"""Fixtures of every room: the provider's stand-in, and Alice at her desk."""

from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.desk import boss, desk, provider

__all__ = ["boss", "desk", "provider"]

# The same examples every time and no clock: a busy machine must not make a test fail.
hypothesis_settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("steady")


@pytest.fixture(autouse=True)
def cheap_passwords(settings: Any) -> None:
    """A real hash takes a third of a second on purpose, which hundreds of made-up people would wait for."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
