"""Alerts: on the page, by mail, and to one outgoing webhook that is signed. At most one per cause and day."""

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

import requests
from django.conf import settings
from django.core.cache import cache
from django.core.mail import send_mail
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import AlertMail, ApiKey, Membership, Role, User
from mjportal.background import enqueue
from mjportal.given import line_of
from usage import balances
from usage.budgets import Standing, standing_of
from usage.models import Alert, AlertCall, Budget
from usage.rollup import bounds

logger = logging.getLogger(__name__)

Kind = Alert.Kind
CALL_JOB = "usage.jobs.call_webhook"
MOST_CALLS, MOST_TRIES = 20, 8
DIGEST_HOUR = 8
LOOKED_BACK, UNEXPLAINED_EVERY = 7, 900
# A mail is tried until the alert is this old; one lists this many; and a pass ends when this many could not be sent.
OWED_FOR, MOST_LINES, MOST_FAILED = timedelta(days=2), 50, 3


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
        is_owed = mail and user.alert_mail != AlertMail.NEVER
        said = {"title": title[:120], "text": text[:400], "link": link, "at": now, "by_mail": is_owed}
        alert, is_new = Alert.objects.get_or_create(user=user, kind=kind, cause=cause[:80], day=day, defaults=said)
        if is_new:
            told += 1
            _count(user)
            if is_owed and user.alert_mail == AlertMail.NOW:
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
    """Everything our own tables tell: low balances, budgets, refused keys, movements nobody can explain.

    Each part on its own: one broken row must not keep people from hearing of the rest.
    """
    for part in (_balances, _budgets, _refused, _unexplained, _mail_again, _digests, _ring_webhook):
        try:
            part(now)
        except Exception:
            logger.exception("the alerts' %s broke", part.__name__)


def _of_key(key: ApiKey) -> list[User]:
    """Whoever is hurt when this key is: its owner, and the admins of teams it is lent to."""
    ruling = Membership.objects.filter(team__key=key, role__in=(Role.OWNER, Role.ADMIN)).values("user")
    return list(User.objects.filter(Q(pk=key.user_id) | Q(pk__in=ruling), is_active=True))


def _balances(_: datetime) -> None:
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
    # Once at the warning and once at the end of each period and limit, whatever the day.
    cause = f"{budget.pk.hex}:{standing.start}:{'full' if is_full else 'warned'}:{standing.limit.normalize():f}"
    people = User.objects.filter(told, is_active=True)
    _tell_once(people, Kind.BUDGET, cause, title, text, reverse("usage:mine"))


def _tell_once(people: "QuerySet[User]", kind: str, cause: str, *words: str) -> None:
    """Tell of a cause that names its own time: never again on another day."""
    known = Alert.objects.filter(kind=kind, cause=cause).values("user")
    tell(people.exclude(pk__in=known), kind, cause, *words)


def _refused(_: datetime) -> None:
    for key in ApiKey.objects.exclude(refused_at=None).select_related("user"):
        text = "Nothing was lost: what waits leaves when the key is replaced or accepted again."
        title = f"The provider refuses the key {key}"
        tell(_of_key(key), Kind.KEY_REFUSED, key.fingerprint, title, text, reverse("accounts:key"))


def _unexplained(now: datetime) -> None:
    """Of the days before today, whose readings may still be on their way to agree; of a week, as we may have slept."""
    if not cache.add("unexplained-looked-for", True, UNEXPLAINED_EVERY):
        return
    today = timezone.localdate(now)
    start, _ = bounds(today - timedelta(days=LOOKED_BACK))
    for key in ApiKey.objects.select_related("user"):
        for day in balances.days([key.fingerprint], start, now):
            if day.unexplained and day.day < today:
                title = f"{day.unexplained.normalize():f} credits left {key} without a task of ours"
                text = f"On {day.day}: {day.taken} taken, {day.explained} in our lines, {day.came_in} came in."
                people = User.objects.filter(Q(pk=key.user_id) | Q(is_staff=True), is_active=True)
                cause = f"{key.fingerprint}:{day.day}"
                _tell_once(people, Kind.UNEXPLAINED, cause, title, text, reverse("usage:mine"))


def _mail(user: User, alerts: list[Alert]) -> bool:
    """Send these as one mail, and say whether that went well. Each is marked before, so that no two passes send it."""
    unsent = Alert.objects.filter(mailed_at=None)
    alerts = [alert for alert in alerts if unsent.filter(pk=alert.pk).update(mailed_at=timezone.now())]
    if not alerts:
        return True
    lines = [f"{alert.title}\n{alert.text}\n{settings.PUBLIC_URL}{alert.link}".strip() for alert in alerts[:MOST_LINES]]
    if len(alerts) > MOST_LINES:
        page = f"{settings.PUBLIC_URL}{reverse('usage:alerts')}"
        lines.append(f"And {len(alerts) - MOST_LINES} more, which are on the page:\n{page}")
    # A team may bear a name from before names were one line.
    subject = line_of(alerts[0].title, 200) if len(alerts) == 1 else f"{len(alerts)} things to know"
    try:
        send_mail(subject, "\n\n".join(lines), None, [user.email])
    except OSError:
        logger.warning("the alert %s could not be mailed", subject, exc_info=True)
        Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(mailed_at=None)
        return False
    return True


def _mail_owed(how: str, now: datetime) -> None:
    """To each person who is mailed in this way, what they have not been mailed yet."""
    owed = Alert.objects.filter(by_mail=True, mailed_at=None, at__gte=now - OWED_FOR)
    people = User.objects.filter(alert_mail=how, is_active=True, pk__in=owed.values("user"))
    start, _ = bounds(timezone.localdate(now))
    if how == AlertMail.DIGEST:
        people = people.exclude(pk__in=Alert.objects.filter(mailed_at__gte=start).values("user"))
    failed = 0
    # In no order: the few that fail always must not keep the same others waiting.
    for user in people.order_by("?"):
        failed += not _mail(user, list(owed.filter(user=user)))
        if failed >= MOST_FAILED:
            return


def _mail_again(now: datetime) -> None:
    """A mail that was refused once is sent later."""
    _mail_owed(AlertMail.NOW, now)


def _digests(now: datetime) -> None:
    """One mail a day for those who want it so, in the morning of the site's time zone."""
    if timezone.localtime(now).hour >= DIGEST_HOUR:
        _mail_owed(AlertMail.DIGEST, now)


def signature(secret: str, stamp: str, body: str) -> str:
    """Hex HMAC-SHA256 over `stamp.body`: what the receiver of the webhook checks."""
    return hmac.new(secret.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()


def _due_calls(now: datetime) -> "QuerySet[AlertCall]":
    return AlertCall.objects.filter(sent_at=None, next_try_at__lte=now).order_by("next_try_at", "pk")


def _ring_webhook(now: datetime) -> None:
    """By a worker: whoever hangs at the other end must not keep the looks at tasks waiting."""
    first = _due_calls(now).first() if settings.ALERT_WEBHOOK_URL else None
    if first:
        enqueue(CALL_JOB, first.pk)


def call_webhook(now: datetime) -> int:
    """Send what waits for the outgoing webhook. Returns how many were taken; the others are tried later.

    The first that is not taken ends it: where one hangs, the next would hang as well.
    """
    sent = 0
    for call in _due_calls(now)[:MOST_CALLS] if settings.ALERT_WEBHOOK_URL else ():
        tries = call.tries + 1
        later = None if tries >= MOST_TRIES else now + timedelta(minutes=2**tries)
        # Taken before it is posted: another pass may have begun while this one waited.
        mine = AlertCall.objects.filter(pk=call.pk, sent_at=None, tries=call.tries)
        if not mine.update(tries=tries, next_try_at=later):
            continue
        if not _post(call.body):
            break
        AlertCall.objects.filter(pk=call.pk).update(sent_at=now, next_try_at=None)
        sent += 1
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
