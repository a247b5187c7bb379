"""Tell the admins, by log and mail, what no person at the composer can mend. Once an hour for each kind of trouble."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.urls import reverse

from accounts.models import User
from gallery.models import Result
from usage import alerts
from usage.models import Alert

logger = logging.getLogger(__name__)

QUIET_SECONDS = 3600
AT_RISK = timedelta(days=3)
MOST_FILES = 100


def tell_admins(trouble: str, subject: str, text: str) -> None:
    """Log `text` and mail it to every active admin. `trouble`: its kind; told again only after an hour."""
    if not cache.add(f"alarm:{trouble}", True, QUIET_SECONDS):
        return
    logger.error("%s: %s", subject, text)
    alerts.tell(alerts.admins(), Alert.Kind.PROVIDER, trouble, subject, text, reverse("oversight:home"), mail=False)
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


def tell_of_files(now: datetime) -> None:
    """Files that the provider deletes in three days and we do not have; the gallery writes the mails itself."""
    risky = Result.objects.filter(state=Result.State.SAVING, deadline__lt=now + AT_RISK).select_related("user")
    for result in risky[:MOST_FILES]:
        title = f"A file is not saved yet and is gone at the provider in {result.days_left} days"
        link = reverse("gallery:index")
        alerts.tell([result.user], Alert.Kind.FILE_AT_RISK, result.pk.hex, title, result.problem, link, mail=False)
