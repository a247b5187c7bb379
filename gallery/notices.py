"""Tell the owner about paid files that are still not home: after 1 hour, 1 day, 7 days and 12 days (R10)."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from gallery.models import Result
from mjportal.background import enqueue

logger = logging.getLogger(__name__)
STAGES = (timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=12))
WARN_JOB = "gallery.jobs.warn_owner"


def due_warnings(now: datetime) -> Q:
    """Saving results that have passed a stage their owner was not told of."""
    due = Q()
    for stage, age in enumerate(STAGES, start=1):
        due |= Q(warned__lt=stage, first_seen_at__lte=now - age)
    return Q(state=Result.State.SAVING) & due


def ring_for_warnings(now: datetime) -> None:
    owners = Result.objects.filter(due_warnings(now)).order_by().values_list("user_id", flat=True).distinct()
    for user_id in owners:
        enqueue(WARN_JOB, user_id)


def warn_owner(user_pk: str) -> None:
    """One mail about all files of this person that are due a warning; each stage of each file is told once."""
    now = timezone.now()
    user = User.objects.get(pk=user_pk)
    due = Result.objects.filter(due_warnings(now), user=user).order_by("deadline")
    # Noted before it is told, and the note taken back when telling failed: no transaction stays open around SMTP.
    results = [result for result in due if _note(result, result.warned, now)]
    if not results:
        return
    try:
        _send(user, results)
    except OSError:
        logger.warning("owner %s could not be warned of %d unsaved files", user.pk, len(results), exc_info=True)
        for result in results:
            Result.objects.filter(pk=result.pk).update(warned=result.warned)


def _note(result: Result, told: int, now: datetime) -> bool:
    passed = sum(result.first_seen_at <= now - age for age in STAGES)
    return bool(Result.objects.filter(pk=result.pk, warned=told).update(warned=passed))


def _send(user: User, results: list[Result]) -> None:
    context = {
        "user": user,
        "results": results,
        "first_deadline": results[0].deadline,
        "address": settings.PUBLIC_URL + reverse("gallery:index"),
    }
    count = f"{len(results)} files are" if len(results) > 1 else "A file is"
    body = render_to_string("gallery/warning_mail.txt", context)
    send_mail(f"{count} not saved yet", body, None, [user.email])
