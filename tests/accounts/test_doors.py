"""The first admin's page and the page of the key."""

import logging
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.test import Client

from accounts.models import ApiKey, User
from kie.sandbox import Sandbox

KEY = "sandbox-key-of-alice-0001"
FIRST = {"email": "alice@example.com", "name": "Alice", "password": "a long pass phrase"}


@pytest.fixture
def empty(db: None, settings: Any, tmp_path: Path) -> Client:
    """A visitor of a site without anybody."""
    settings.DATA_DIR = tmp_path
    return Client()


@pytest.fixture
def alice(db: None, provider: Sandbox) -> Client:
    """Alice, who has just signed in, and a provider that knows her key."""
    provider.add_account(KEY, balance=92)
    User.objects.create_user("alice@example.com", "a long pass phrase")
    client = Client()
    client.post("/account/login/", {"login": "alice@example.com", "password": "a long pass phrase"})
    return client


def test_while_nobody_exists_every_page_leads_to_the_first_one(empty: Client) -> None:
    for path in ("/", "/gallery/", "/account/login/", "/nowhere/"):
        assert empty.get(path).headers["Location"] == "/account/first-run/"


def test_the_setup_code_is_in_the_log_and_makes_one_admin(empty: Client, tmp_path: Path, caplog: Any) -> None:
    with caplog.at_level(logging.WARNING):
        assert empty.get("/account/first-run/").status_code == 200
    code = (tmp_path / "setup-code").read_text()
    assert code in caplog.text
    assert empty.post("/account/first-run/", {**FIRST, "code": code.upper()}).status_code == 302
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser) == (True, True)
    assert not (tmp_path / "setup-code").exists()
    assert Client().get("/account/first-run/").status_code == 404


@pytest.mark.parametrize(("name", "value"), [("code", "00000000"), ("password", "short"), ("email", "nobody")])
def test_a_wrong_entry_makes_nobody(empty: Client, tmp_path: Path, name: str, value: str) -> None:
    empty.get("/account/first-run/")
    said = {**FIRST, "code": (tmp_path / "setup-code").read_text(), name: value}
    response = empty.post("/account/first-run/", said)
    assert response.status_code == 422
    assert "a long pass phrase" not in response.text
    assert not User.objects.exists()


def test_a_key_is_checked_kept_encrypted_and_never_shown(alice: Client) -> None:
    page = alice.post("/account/key/", {"api_key": KEY}, follow=True)
    key = ApiKey.objects.get()
    assert key.balance == 92
    assert key.secret.reveal() == KEY
    assert KEY not in key.secret.token
    assert "0001" in page.text
    assert KEY not in page.text


def test_a_refused_key_is_not_stored_and_the_old_one_stays(alice: Client) -> None:
    alice.post("/account/key/", {"api_key": KEY})
    response = alice.post("/account/key/", {"api_key": "a-key-nobody-knows-99"})
    assert response.status_code == 422
    assert "refused" in response.text
    assert "a-key-nobody-knows-99" not in response.text
    assert ApiKey.objects.get().secret.reveal() == KEY


@pytest.mark.parametrize("key", ["", "short", "with a space in it", "schlüssel-schlüssel", "x" * 201])
def test_what_is_no_key_is_said_beside_the_field(alice: Client, key: str) -> None:
    assert alice.post("/account/key/", {"api_key": key}).status_code == 422
    assert not ApiKey.objects.exists()


def test_the_provider_being_away_stores_nothing(alice: Client, settings: Any) -> None:
    settings.KIE_API_URL = "http://127.0.0.1:9"
    response = alice.post("/account/key/", {"api_key": KEY})
    assert "could not be checked" in response.text
    assert not ApiKey.objects.exists()


def test_the_webhook_key_is_set_kept_and_forgotten_apart(alice: Client) -> None:
    alice.post("/account/key/", {"api_key": KEY, "webhook_key": "hook"})
    alice.post("/account/key/", {"api_key": KEY})
    assert ApiKey.objects.get().webhook_secret.reveal() == "hook"
    alice.post("/account/key/", {"forget_webhook_key": "on"})
    assert not ApiKey.objects.get().webhook_secret
    assert ApiKey.objects.get().secret.reveal() == KEY


def test_a_deleted_key_is_gone_from_the_table(alice: Client) -> None:
    alice.post("/account/key/", {"api_key": KEY})
    alice.post("/account/key/delete/")
    assert not ApiKey.objects.exists()


def test_an_old_sign_in_is_asked_for_the_password_before_the_key(alice: Client) -> None:
    session = alice.session
    session["account_authentication_methods"] = [{"method": "password", "at": 0}]
    session.save()
    response = alice.post("/account/key/", {"api_key": KEY})
    assert response.status_code == 302
    assert "reauthenticate" in response.headers["Location"]
    assert not ApiKey.objects.exists()


def test_ten_wrong_passwords_close_the_door_for_a_while(alice: Client) -> None:
    stranger = Client()
    for _ in range(12):
        answer = stranger.post("/account/login/", {"login": "alice@example.com", "password": "guess"})
    said = {"login": "alice@example.com", "password": "a long pass phrase"}
    assert "Too many" in answer.text or answer.status_code == 429
    assert stranger.post("/account/login/", said).status_code != 302


def test_sign_up_is_closed_unless_it_is_opened(alice: Client, settings: Any) -> None:
    said = {"email": "bob@example.com", "password1": "a long pass phrase", "password2": "a long pass phrase"}
    Client().post("/account/signup/", said)
    assert not User.objects.filter(email="bob@example.com").exists()
    settings.SIGNUP_OPEN = True
    Client().post("/account/signup/", said)
    assert User.objects.filter(email="bob@example.com").exists()


def test_wrong_passwords_stay_counted_while_many_others_use_the_site(alice: Client) -> None:
    cache.clear()
    stranger = Client()
    for number in range(12):
        for other in range(40):
            cache.set(f"django.contrib.sessions.cached_db{number:02}{other:02}", {}, 3600)
        answer = stranger.post("/account/login/", {"login": "alice@example.com", "password": "guess"})
    cache.clear()
    assert "Too many" in answer.text or answer.status_code == 429


def test_sessions_push_no_counter_out_of_the_cache(alice: Client) -> None:
    session = f"django.contrib.sessions.cached_db{alice.session.session_key}"
    assert session in caches["sessions"]
    assert session not in cache
