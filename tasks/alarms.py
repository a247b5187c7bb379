"""Tell the admins, by log and mail, what no person at the composer can mend. Once an hour for each kind of trouble."""

import logging

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage

from accounts.models import User

logger = logging.getLogger(__name__)

QUIET_SECONDS = 3600


def tell_admins(trouble: str, subject: str, text: str) -> None:
    """Log `text` and mail it to every active admin. `trouble`: its kind; told again only after an hour."""
    if not cache.add(f"alarm:{trouble}", True, QUIET_SECONDS):
        return
    logger.error("%s: %s", subject, text)
    admins = list(User.objects.filter(is_active=True, is_staff=True).values_list("email", flat=True))
    if not admins:
        return
    # One mail with hidden recipients: who else is an admin is nobody's business.
    message = EmailMessage(subject, f"{text}\n\n{settings.PUBLIC_URL}".strip(), bcc=admins)
    try:
        message.send()
    except OSError:
        cache.delete(f"alarm:{trouble}")
        logger.warning("the admins could not be told of: %s", subject, exc_info=True)
