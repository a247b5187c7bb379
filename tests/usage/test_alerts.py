"""Alerts: everybody concerned hears of a cause once a day, in the way they chose."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from accounts import teams
from accounts.models import ApiKey, Membership, Role, User
from tasks.alarms import tell_admins, tell_of_files
from tests.desk import Desk
from usage import alerts, budgets, jobs
from usage.models import Alert, AlertCall, BalanceReading, Budget

Received = list[tuple[dict[str, str], bytes]]
NOON = timezone.localtime().replace(hour=12)


def subjects() -> list[str]:
    return [str(message.subject) for message in mail.outbox]


def test_a_cause_is_told_once_a_day_however_often_it_is_seen(desk: Desk) -> None:
    ApiKey.objects.update(balance=12)
    for _ in range(3):
        alerts.raise_due(NOON)
    assert subjects() == ["12 credits are left"]
    Alert.objects.update(day=timezone.localdate() - timedelta(days=1))
    alerts.raise_due(NOON)
    assert len(mail.outbox) == 2


def test_a_lent_key_that_runs_low_concerns_its_owner_and_the_team_s_admins(desk: Desk) -> None:
    team = teams.create(desk.user, "North")
    teams.lend_key(team.memberships.get(), desk.api_key)
    for name, role in (("bob", Role.ADMIN), ("cara", Role.MEMBER)):
        Membership.objects.create(team=team, user=User.objects.create_user(f"{name}@example.com"), role=role)
    ApiKey.objects.update(balance=3)
    alerts.raise_due(NOON)
    assert {message.to[0] for message in mail.outbox} == {"alice@example.com", "bob@example.com"}


def test_a_budget_is_told_at_its_warning_and_at_its_end(desk: Desk) -> None:
    Budget.objects.create(user=desk.user, credits=20)
    desk.queue("one")
    alerts.raise_due(NOON)
    assert subjects() == []
    desk.queue("two")
    for _ in range(2):
        alerts.raise_due(NOON)
    assert subjects() == ["80 % of your budget is used"]
    Budget.objects.update(credits=16)
    alerts.raise_due(NOON)
    Alert.objects.update(day=timezone.localdate() - timedelta(days=1))
    alerts.raise_due(NOON)
    assert subjects() == ["80 % of your budget is used", "All of your budget is used"]


def test_a_refused_key_is_told(desk: Desk) -> None:
    ApiKey.objects.update(refused_at=timezone.now())
    alerts.raise_due(NOON)
    assert "refuses the key" in subjects()[0]


def test_an_unexplained_movement_of_yesterday_is_told_to_owner_and_admins(desk: Desk) -> None:
    User.objects.create_user("root@example.com", is_staff=True)
    yesterday = timezone.localtime().replace(hour=12) - timedelta(days=1)
    for minutes, credits in ((0, 100), (5, 92)):
        at = yesterday + timedelta(minutes=minutes)
        BalanceReading.objects.create(key_fingerprint=desk.api_key.fingerprint, credits=credits, at=at)
    alerts.raise_due(timezone.now())
    assert {message.to[0] for message in mail.outbox} == {"alice@example.com", "root@example.com"}
    assert subjects()[0].startswith("8 credits left")


def test_who_wants_a_digest_gets_one_mail_a_day(desk: Desk) -> None:
    User.objects.update(alert_mail="digest")
    desk.user.refresh_from_db()
    for cause in ("one", "two"):
        alerts.tell([desk.user], Alert.Kind.PROVIDER, cause, f"Thing {cause}")
    alerts.raise_due(NOON.replace(hour=7))
    assert subjects() == []
    for _ in range(2):
        alerts.raise_due(NOON)
    assert subjects() == ["2 things to know"]
    alerts.tell([desk.user], Alert.Kind.PROVIDER, "three", "Thing three")
    Alert.objects.exclude(mailed_at=None).update(mailed_at=NOON)
    alerts.raise_due(NOON)
    assert len(mail.outbox) == 1


def test_a_digest_with_nothing_in_it_is_never_mailed(desk: Desk) -> None:
    User.objects.update(alert_mail="digest")
    desk.user.refresh_from_db()
    alerts.tell([desk.user], Alert.Kind.PROVIDER, "one", "Thing")
    Alert.objects.update(at=NOON - timedelta(days=3))
    for minute in range(3):
        alerts.raise_due(NOON + timedelta(minutes=minute))
    assert subjects() == []


def test_what_was_told_while_somebody_wanted_no_mail_is_not_mailed_later(desk: Desk) -> None:
    User.objects.update(alert_mail="never")
    desk.user.refresh_from_db()
    alerts.tell([desk.user], Alert.Kind.PROVIDER, "one", "Thing")
    for how in ("now", "digest"):
        User.objects.update(alert_mail=how)
        alerts.raise_due(NOON)
    assert subjects() == []


def test_a_digest_of_more_than_it_lists_says_how_many_more_there_are(desk: Desk) -> None:
    User.objects.update(alert_mail="digest")
    desk.user.refresh_from_db()
    for number in range(alerts.MOST_LINES + 10):
        alerts.tell([desk.user], Alert.Kind.FILE_AT_RISK, f"{number}", f"File {number}")
    alerts.raise_due(NOON)
    assert subjects() == ["60 things to know"]
    assert "And 10 more" in mail.outbox[0].body
    assert not Alert.objects.filter(mailed_at=None).exists()


def test_a_mail_that_could_not_be_sent_is_sent_later_unless_somebody_else_writes_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise OSError("greylisted")

    with monkeypatch.context() as patch:
        patch.setattr(alerts, "send_mail", refused)
        alerts.tell([desk.user], Alert.Kind.PROVIDER, "one", "Thing")
        alerts.tell([desk.user], Alert.Kind.FILE_AT_RISK, "two", "File", mail=False)
        alerts.raise_due(NOON)
    for _ in range(2):
        alerts.raise_due(NOON)
    assert subjects() == ["Thing"]


def test_a_part_that_breaks_keeps_nobody_from_hearing_of_the_rest(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("Europe/Berlim")

    monkeypatch.setattr(alerts, "standing_of", broken)
    Budget.objects.create(user=desk.user, credits=8)
    ApiKey.objects.update(refused_at=timezone.now())
    alerts.raise_due(NOON)
    assert "refuses the key" in subjects()[0]


def test_a_budget_that_was_lifted_and_is_full_again_is_told_again(desk: Desk) -> None:
    budget = Budget.objects.create(user=desk.user, credits=8)
    desk.queue("one")
    alerts.raise_due(NOON)
    budget.refresh_from_db()
    budgets.lift(budget, Decimal(8), "the client waits", desk.user)
    desk.queue("two")
    for _ in range(2):
        alerts.raise_due(NOON)
    assert subjects() == ["All of your budget is used"] * 2


def test_who_wants_no_mail_sees_it_on_the_page_and_puts_it_away(desk: Desk) -> None:
    User.objects.update(alert_mail="never")
    ApiKey.objects.update(balance=3)
    alerts.raise_due(NOON)
    assert mail.outbox == []
    client = Client()
    client.force_login(desk.user)
    assert 'aria-label="1 alert"' in client.get("/").text
    assert "3 credits are left" in client.get("/usage/alerts/").text
    client.post("/usage/alerts/", {"alert": Alert.objects.get().pk})
    assert 'aria-label="No alerts"' in client.get("/").text


def test_nobody_puts_away_what_is_somebody_else_s(desk: Desk) -> None:
    alerts.tell([desk.user], Alert.Kind.PROVIDER, "one", "Thing")
    client = Client()
    client.force_login(User.objects.create_user("eve@example.com"))
    client.post("/usage/alerts/", {"alert": Alert.objects.get().pk})
    assert Alert.objects.get().put_away_at is None


def test_what_an_admin_is_mailed_is_on_their_page_too_and_mailed_once(desk: Desk) -> None:
    root = User.objects.create_user("root@example.com", is_staff=True)
    tell_admins("blocked", "The provider is blocking this site", "It said 1010")
    assert len(mail.outbox) == 1
    assert [alert.title for alert in alerts.open_for(root)] == ["The provider is blocking this site"]


def test_a_file_at_risk_is_on_its_owner_s_page(desk: Desk) -> None:
    result = desk.finished().results.first()
    assert result is not None
    type(result).objects.filter(pk=result.pk).update(deadline=timezone.now() + timedelta(days=2))
    tell_of_files(timezone.now())
    assert Alert.objects.get().kind == Alert.Kind.FILE_AT_RISK


@pytest.fixture
def receiver(settings: Any) -> Iterator[Received]:
    """The other end of the webhook; fails once, then takes."""
    got: Received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(503 if len(got) == 1 else 204)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Nothing: the test run's output is for failures."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settings.ALERT_WEBHOOK_URL = f"http://127.0.0.1:{server.server_port}/hook"
        settings.ALERT_WEBHOOK_SECRET = "webhook-secret"
        yield got
        server.shutdown()


def test_the_webhook_is_signed_tried_again_and_told_once(
    desk: Desk, receiver: list[tuple[dict[str, str], bytes]]
) -> None:
    bob = User.objects.create_user("bob@example.com")
    alerts.tell([desk.user, bob], Alert.Kind.PROVIDER, "one", "Thing", "words")
    now = timezone.now() + timedelta(seconds=1)
    assert alerts.call_webhook(now) == 0
    assert alerts.call_webhook(now) == 0
    assert alerts.call_webhook(now + timedelta(minutes=3)) == 1
    assert alerts.call_webhook(now + timedelta(hours=3)) == 0
    headers, body = receiver[-1]
    signed = hmac.new(b"webhook-secret", f"{headers['X-Portal-Timestamp']}.".encode() + body, hashlib.sha256)
    assert headers["X-Portal-Signature"] == signed.hexdigest()
    assert json.loads(body)["title"] == "Thing"
    assert len(receiver) == 2


def test_a_webhook_that_never_answers_is_given_up(desk: Desk, settings: Any) -> None:
    settings.ALERT_WEBHOOK_URL, settings.ALERT_WEBHOOK_SECRET = "http://127.0.0.1:9/", "s"
    alerts.tell([desk.user], Alert.Kind.PROVIDER, "one", "Thing")
    now = timezone.now()
    for _ in range(12):
        now += timedelta(hours=5)
        alerts.call_webhook(now)
    assert AlertCall.objects.get().tries == alerts.MOST_TRIES


def test_two_passes_at_once_call_the_webhook_once(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALERT_WEBHOOK_URL = "http://127.0.0.1:9/"
    AlertCall.objects.create(kind="provider", cause="one", day=timezone.localdate(), body="{}")
    posted: list[str] = []

    def slow(body: str) -> bool:
        posted.append(body)
        if len(posted) == 1:
            alerts.call_webhook(timezone.now())
        return True

    monkeypatch.setattr(alerts, "_post", slow)
    assert alerts.call_webhook(timezone.now()) == 1
    assert len(posted) == 1


def test_where_one_call_hangs_the_next_is_not_tried_in_the_same_pass(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALERT_WEBHOOK_URL = "http://127.0.0.1:9/"
    for cause in ("one", "two"):
        AlertCall.objects.create(kind="provider", cause=cause, day=timezone.localdate(), body="{}")
    posted: list[str] = []
    monkeypatch.setattr(alerts, "_post", posted.append)
    alerts.call_webhook(timezone.now())
    assert len(posted) == 1


@pytest.mark.django_db(transaction=True)
def test_the_webhook_is_called_by_a_worker_and_not_by_whoever_looks_for_what_is_due(desk: Desk, settings: Any) -> None:
    settings.ALERT_WEBHOOK_URL = "http://127.0.0.1:9/"
    alerts.tell([desk.user], Alert.Kind.PROVIDER, "one", "Thing")
    OrmQ.objects.all().delete()
    alerts.raise_due(timezone.now())
    [job] = OrmQ.objects.all()
    assert (job.task["func"], AlertCall.objects.get().tries) == (alerts.CALL_JOB, 0)
    jobs.call_webhook(*job.task["args"])
    assert AlertCall.objects.get().tries == 1


def test_a_team_whose_name_has_two_lines_is_told_of(desk: Desk) -> None:
    team = teams.create(desk.user, "North")
    type(team).objects.update(name="Nor\nth")
    Budget.objects.create(team=team, credits=0)
    alerts.raise_due(timezone.localtime().replace(hour=12))
    assert ["Nor th" in str(message.subject) for message in mail.outbox] == [True]
