"""People and their keys from the command line."""

import io
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import ApiKey, User
from kie.sandbox import Sandbox

KEY = "sandbox-key-of-alice-0001"


def create(monkeypatch: pytest.MonkeyPatch, *arguments: str, lines: str = "") -> str:
    out = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    call_command("create_person", *arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def sandbox(provider: Sandbox) -> Sandbox:
    provider.add_account(KEY, balance=92)
    return provider


@pytest.mark.django_db
def test_a_person_gets_a_password_that_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said = create(monkeypatch, "Alice@Example.com", "--name", "Alice")
    user = User.objects.get()
    password = said.split("Password: ")[1].strip()
    assert (user.email, user.name, user.is_staff) == ("alice@example.com", "Alice", False)
    assert user.check_password(password)


@pytest.mark.django_db
def test_who_was_made_by_command_can_set_up_a_second_factor_without_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    create(monkeypatch, "alice@example.com", "--password-stdin", lines="a long pass phrase\n")
    browser = Client()
    signed = browser.post(reverse("account_login"), {"login": "alice@example.com", "password": "a long pass phrase"})
    assert signed.status_code == 302
    activate = reverse("mfa_activate_totp")
    secret = browser.get(activate, follow=True).context["form"].secret
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    assert browser.post(activate, {"code": code}).status_code == 302
    assert Authenticator.objects.filter(user__email="alice@example.com", type="totp").exists()


@pytest.mark.django_db
def test_password_and_key_come_as_two_lines(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    arguments = ("alice@example.com", "--admin", "--password-stdin", "--key-stdin")
    said = create(monkeypatch, *arguments, lines=f"a long pass phrase\n{KEY}\n")
    user = User.objects.get()
    key = ApiKey.objects.get(user=user)
    assert user.check_password("a long pass phrase")
    assert (user.is_staff, user.is_superuser) == (True, True)
    assert (key.last_four, key.secret.reveal()) == ("0001", KEY)
    assert key.balance == 92
    assert KEY not in said
    assert "pass phrase" not in said


@pytest.mark.django_db
def test_a_refused_key_leaves_nobody_behind(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    with pytest.raises(CommandError, match="refused"):
        create(monkeypatch, "alice@example.com", "--key-stdin", lines="an-unknown-key-0000\n")
    assert not User.objects.exists()


@pytest.mark.django_db
def test_with_the_provider_away_the_key_is_kept_unchecked(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.KIE_API_URL = "http://127.0.0.1:9"
    said = create(monkeypatch, "alice@example.com", "--key-stdin", lines=f"{KEY}\n")
    assert "unchecked" in said
    assert ApiKey.objects.get().checked_at is None


@pytest.mark.django_db
def test_somebody_who_exists_is_not_made_twice_but_may_get_a_new_key(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    create(monkeypatch, "alice@example.com")
    with pytest.raises(CommandError, match="exists already"):
        create(monkeypatch, "alice@example.com")
    create(monkeypatch, "ALICE@example.com", "--key-stdin", lines=f"{KEY}\n")
    assert User.objects.count() == ApiKey.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("email", "lines"), [("nobody", "x\ny\n"), ("alice@example.com", "")])
def test_what_is_missing_or_wrong_is_said(monkeypatch: pytest.MonkeyPatch, email: str, lines: str) -> None:
    with pytest.raises(CommandError, match=r"no e-mail address|Expected the password"):
        create(monkeypatch, email, "--password-stdin", lines=lines)
    assert not User.objects.exists()
