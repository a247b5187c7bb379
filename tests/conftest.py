"""Fixtures of every room: the provider's stand-in, and Alice at her desk."""

from tests.desk import desk, provider

__all__ = ["desk", "provider"]
