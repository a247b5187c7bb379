"""A faithful local stand-in of the provider: `python -m kie.sandbox`, or `Sandbox` in tests."""

from kie.sandbox.sandbox import Sandbox

__all__ = ["Sandbox"]
