"""Alice's desk for every test here."""

from tests.desk import desk, provider

__all__ = ["desk", "provider"]
