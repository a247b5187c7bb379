"""Background work of the usage room."""

from django.utils import timezone

from usage import alerts


def call_webhook(pk: str) -> None:
    """The call `pk` waits for the outgoing webhook, and perhaps others with it."""
    alerts.call_webhook(timezone.now())
