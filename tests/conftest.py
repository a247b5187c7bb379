"""Fixtures of every room: the provider's stand-in, and Alice at her desk."""

from hypothesis import HealthCheck, settings

from tests.desk import desk, provider

__all__ = ["desk", "provider"]

# The same examples every time and no clock: a busy machine must not make a test fail.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
