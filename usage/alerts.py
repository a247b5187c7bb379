"""Alerts: on the page, by mail, and to one outgoing webhook that is signed. At most one per cause and day."""

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import requests
from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import AlertMail, ApiKey, Membership, Role, User
from usage import balances
from usage.budgets import Standing, standing_of
from usage.models import Alert, AlertCall, Budget
from usage.rollup import bounds

logger = logging.getLogger(__name__)

Kind = Alert.Kind
MOST_CALLS, MOST_TRIES = 20, 8
DIGEST_HOUR = 8


def tell(
    users: Iterable[User], kind: str, cause: str, title: str, text: str = "", link: str = "", *, mail: bool = True
) -> int:
    """Tell these people, each at most once a day about this cause. Returns how many had not been told yet.

    `mail` False: somebody else writes the mail; the page and the webhook tell it all the same.
    """
    now = timezone.now()
    day = timezone.localdate(now)
    told = 0
    for user in users:
        said = {"title": title[:120], "text": text[:400], "link": link, "at": now}
        alert, is_new = Alert.objects.get_or_create(user=user, kind=kind, cause=cause[:80], day=day, defaults=said)
        if is_new:
            told += 1
            _count(user)
            if mail and user.alert_mail == AlertMail.NOW:
                _mail(user, [alert])
    if told and settings.ALERT_WEBHOOK_URL:
        body = json.dumps({"kind": kind, "cause": cause, "title": title, "text": text, "at": now.isoformat()})
        AlertCall.objects.get_or_create(kind=kind, cause=cause[:80], day=day, defaults={"body": body})
    return told


def open_for(user: User) -> "QuerySet[Alert]":
    """What this person has not put away."""
    return Alert.objects.filter(user=user, put_away_at=None)


def put_away(user: User, pk: int | None = None) -> None:
    """Put one alert away, or all of them."""
    found = open_for(user) if pk is None else open_for(user).filter(pk=pk)
    found.update(put_away_at=timezone.now())
    _count(user)


def _count(user: User) -> None:
    User.objects.filter(pk=user.pk).update(open_alerts=open_for(user).count())


def admins() -> list[User]:
    return list(User.objects.filter(is_active=True, is_staff=True))


def raise_due(now: datetime) -> None:
    """Everything our own tables tell: low balances, budgets, refused keys, movements nobody can explain."""
    _balances()
    _budgets(now)
    _refused()
    _unexplained(now)
    _digests(now)
    call_webhook(now)


def _of_key(key: ApiKey) -> list[User]:
    """Whoever is hurt when this key is: its owner, and the admins of teams it is lent to."""
    ruling = Membership.objects.filter(team__key=key, role__in=(Role.OWNER, Role.ADMIN)).values("user")
    return list(User.objects.filter(Q(pk=key.user_id) | Q(pk__in=ruling), is_active=True))


def _balances() -> None:
    low = ApiKey.objects.filter(balance__lt=settings.LOW_BALANCE, refused_at=None)
    for key in low.select_related("user"):
        assert key.balance is not None  # noqa: S101 - the comparison has seen to it
        title = f"{key.balance.normalize():f} credits are left"
        text = f"The key {key} of {key.user} runs low. Tasks that need more wait until there is."
        tell(_of_key(key), Kind.LOW_BALANCE, key.fingerprint, title, text, reverse("usage:mine"))


def _budgets(now: datetime) -> None:
    for budget in Budget.objects.select_related("user", "team"):
        standing = standing_of(budget, now)
        if standing.is_warned:
            _tell_of_budget(budget, standing)


def _tell_of_budget(budget: Budget, standing: Standing) -> None:
    is_full = standing.left <= 0
    told = Q(pk=budget.user_id)
    if budget.team_id:
        ruling = Membership.objects.filter(team=budget.team_id, role__in=(Role.OWNER, Role.ADMIN))
        told |= Q(pk__in=ruling.values("user"))
    title = f"{'All' if is_full else f'{standing.percent} %'} of {standing.words} is used"
    text = (
        f"{standing.left.normalize():f} of {standing.limit.normalize():f} credits are left until {standing.next_day}."
    )
    # Once at the warning and once at the end of each period, whatever the day.
    cause = f"{budget.pk.hex}:{standing.start}:{'full' if is_full else 'warned'}"
    people = User.objects.filter(told, is_active=True)
    known = Alert.objects.filter(kind=Kind.BUDGET, cause=cause).values("user")
    tell(people.exclude(pk__in=known), Kind.BUDGET, cause, title, text, reverse("usage:mine"))


def _refused() -> None:
    for key in ApiKey.objects.exclude(refused_at=None).select_related("user"):
        text = "Nothing was lost: what waits leaves when the key is replaced or accepted again."
        title = f"The provider refuses the key {key}"
        tell(_of_key(key), Kind.KEY_REFUSED, key.fingerprint, title, text, reverse("accounts:key"))


def _unexplained(now: datetime) -> None:
    """Of yesterday: today's readings may still be on their way to agree."""
    start, _ = bounds(timezone.localdate(now))
    for key in ApiKey.objects.select_related("user"):
        for day in balances.days([key.fingerprint], start - timedelta(days=1), start):
            if day.unexplained > 0:
                title = f"{day.unexplained.normalize():f} credits left {key} without a task of ours"
                text = f"On {day.day}: {day.taken} taken, {day.settled + day.on_the_wire} in our lines."
                tell([key.user, *admins()], Kind.UNEXPLAINED, key.fingerprint, title, text, reverse("usage:mine"))


def _mail(user: User, alerts: list[Alert]) -> None:
    lines = [f"{alert.title}\n{alert.text}\n{settings.PUBLIC_URL}{alert.link}".strip() for alert in alerts]
    subject = alerts[0].title if len(alerts) == 1 else f"{len(alerts)} things to know"
    try:
        send_mail(subject, "\n\n".join(lines), None, [user.email])
    except OSError:
        logger.warning("the alert %s could not be mailed", subject, exc_info=True)
        return
    Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(mailed_at=timezone.now())


def _digests(now: datetime) -> None:
    """One mail a day for those who want it so, in the morning of the site's time zone."""
    if timezone.localtime(now).hour < DIGEST_HOUR:
        return
    start, _ = bounds(timezone.localdate(now))
    for user in User.objects.filter(alert_mail=AlertMail.DIGEST, is_active=True, alerts__mailed_at=None).distinct():
        if not Alert.objects.filter(user=user, mailed_at__gte=start).exists():
            _mail(user, list(Alert.objects.filter(user=user, mailed_at=None, at__gte=now - timedelta(days=2))[:50]))


def signature(secret: str, stamp: str, body: str) -> str:
    """Hex HMAC-SHA256 over `stamp.body`: what the receiver of the webhook checks."""
    return hmac.new(secret.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()


def call_webhook(now: datetime) -> int:
    """Send what waits for the outgoing webhook. Returns how many were taken; the others are tried later."""
    if not settings.ALERT_WEBHOOK_URL:
        return 0
    sent = 0
    for call in AlertCall.objects.filter(sent_at=None, next_try_at__lte=now)[:MOST_CALLS]:
        is_taken = _post(call.body)
        tries = call.tries + 1
        later = None if is_taken or tries >= MOST_TRIES else now + timedelta(minutes=2**tries)
        changes: dict[str, Any] = {"tries": tries, "next_try_at": later, "sent_at": now if is_taken else None}
        AlertCall.objects.filter(pk=call.pk).update(**changes)
        sent += is_taken
    return sent


def _post(body: str) -> bool:
    stamp = str(int(time.time()))
    signed = signature(settings.ALERT_WEBHOOK_SECRET, stamp, body)
    headers = {"Content-Type": "application/json", "X-Portal-Timestamp": stamp, "X-Portal-Signature": signed}
    with requests.Session() as session:
        # A .netrc or a proxy of the environment has no business here, and a redirect would carry the body elsewhere.
        session.trust_env = False
        try:
            answer = session.post(
                settings.ALERT_WEBHOOK_URL, body.encode(), headers=headers, timeout=(5, 10), allow_redirects=False
            )
        except requests.RequestException as error:
            logger.warning("the alert webhook could not be reached: %s", type(error).__name__)
            return False
    return answer.ok and not answer.is_redirect
