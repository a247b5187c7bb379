"""Sign-in through an identity provider of the house: who gets in by it, and who does not."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from accounts import teams
from accounts.models import AuditEntry, Role, User
from accounts.services import vouch_for_address

CLIENT = "portal-client"
SECRET = "a client secret of thirty-two bytes"


class House:
    """A small identity provider over real HTTP; `person` is what it says of whoever comes."""

    def __init__(self) -> None:
        house = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                self.tell(house.configuration if path.startswith("/.well-known/") else house.person)

            def do_POST(self) -> None:
                said = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                house.exchanged.append({name: values[0] for name, values in said.items()})
                claims = {**house.person, "iss": house.url, "aud": CLIENT, "exp": time.time() + 60}
                token = jwt.encode(claims, SECRET, "HS256")
                self.tell({"access_token": "opaque", "token_type": "Bearer", "id_token": token})

            def tell(self, body: Any) -> None:
                content = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.person: dict[str, Any] = {"sub": "42", "email": "ada@example.com", "email_verified": True, "name": "Ada"}
        self.exchanged: list[dict[str, str]] = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def configuration(self) -> dict[str, Any]:
        ends = ("authorization", "token", "userinfo")
        places = {f"{name}_endpoint": f"{self.url}/{name}" for name in ends}
        return {"issuer": self.url, "jwks_uri": f"{self.url}/jwks", **places}


@pytest.fixture
def house(settings: Any) -> Iterator[House]:
    house = House()
    app = {
        "provider_id": "house",
        "name": "Acme",
        "client_id": CLIENT,
        "secret": SECRET,
        "settings": {"server_url": house.url},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}}
    yield house
    house.server.shutdown()
    house.server.server_close()


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada@example.com", "a long pass phrase", name="Ada")


def come_in(client: Client) -> Any:
    """Press the button, and come back from the provider with its answer."""
    away = client.post("/account/house/house/login/")
    asked = parse_qs(urlsplit(away["Location"]).query)
    back = f"/account/house/house/login/callback/?code=abc&state={asked['state'][0]}"
    return client.get(back)


@pytest.mark.django_db
def test_without_a_provider_there_is_no_button(ada: User, client: Client) -> None:
    assert "Sign in with" not in client.get("/account/login/").text
    assert client.post("/account/house/house/login/").status_code == 404


def test_a_person_of_the_house_signs_in_without_a_password(house: House, ada: User, client: Client) -> None:
    assert "Sign in with Acme" in client.get("/account/login/").text
    answer = come_in(client)
    assert answer["Location"] == "/"
    assert client.get("/").context["user"] == ada
    assert "code_verifier" in house.exchanged[0]
    assert AuditEntry.objects.filter(action="signed in", target="ada@example.com").exists()
    assert User.objects.count() == 1


def test_a_stranger_makes_no_account_unless_the_operator_allows_it(
    house: House, ada: User, client: Client, settings: Any
) -> None:
    house.person = {"sub": "7", "email": "eve@example.com", "email_verified": True}
    come_in(client)
    assert not User.objects.filter(email="eve@example.com").exists()
    assert client.get("/").status_code == 302
    settings.OIDC_SIGNUP = True
    come_in(client)
    assert client.get("/").context["user"].email == "eve@example.com"


def test_an_address_the_provider_did_not_verify_opens_nobody_s_account(
    house: House, ada: User, client: Client, settings: Any
) -> None:
    settings.OIDC_SIGNUP = True
    house.person = {"sub": "7", "email": "ada@example.com", "email_verified": False}
    come_in(client)
    assert client.get("/").status_code == 302
    assert User.objects.count() == 1


def test_an_answer_nobody_asked_for_signs_nobody_in(house: House, ada: User, client: Client) -> None:
    client.get("/account/house/house/login/callback/?code=abc&state=guess")
    assert client.get("/").status_code == 302
    assert not house.exchanged


def test_a_blocked_person_stays_out(house: House, ada: User, client: Client) -> None:
    User.objects.filter(pk=ada.pk).update(is_active=False)
    come_in(client)
    assert client.get("/").status_code == 302


PASSWORD = "a long pass phrase"


def joined(name: str) -> User:
    """An account that somebody made by Eve's invitation of this address."""
    eve = User.objects.create_user("eve@example.com", PASSWORD)
    _, token = teams.invite(teams.create(eve, "Trap").memberships.get(), "ada@example.com", Role.MEMBER)
    Client().post(f"/account/join/{token}/", {"name": name, "password": PASSWORD})
    return User.objects.get(email="ada@example.com")


def test_an_inviter_who_joins_in_another_s_name_keeps_no_way_into_their_account(
    house: House, db: None, client: Client
) -> None:
    ada, thief = joined("Ada"), Client()
    thief.post("/account/login/", {"login": ada.email, "password": PASSWORD})
    assert thief.get("/").status_code == 200
    Authenticator.objects.create(user=ada, type="totp", data={})
    EmailAddress.objects.create(user=ada, email="eve+ada@example.com", verified=True)
    SocialAccount.objects.create(user=ada, provider="house", uid="eve's own")
    come_in(client)
    page = client.get("/")
    assert page.context["user"] == ada
    assert "you have proved that its address is yours" in page.text
    assert thief.get("/").status_code == 302
    thief.post("/account/login/", {"login": ada.email, "password": PASSWORD})
    assert thief.get("/").status_code == 302
    assert not Authenticator.objects.exists()
    assert [each.email for each in EmailAddress.objects.filter(user=ada)] == ["ada@example.com"]
    assert [each.uid for each in SocialAccount.objects.filter(user=ada)] == ["42"]
    assert AuditEntry.objects.filter(action="account given to its owner", target=ada.email).exists()


def test_an_account_is_given_to_its_owner_once(house: House, db: None, client: Client) -> None:
    ada = joined("Ada")
    come_in(client)
    Authenticator.objects.create(user=ada, type="recovery_codes", data={"seed": "", "used_mask": 0})
    client.post("/account/logout/")
    come_in(client)
    assert client.get("/").context["user"] == ada
    assert Authenticator.objects.filter(user=ada).exists()


def test_whose_address_the_operator_gave_keeps_their_password(house: House, ada: User, client: Client) -> None:
    vouch_for_address(ada)
    come_in(client)
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_who_was_invited_can_set_up_a_second_factor_without_a_mail(house: House, db: None, client: Client) -> None:
    ada = joined("Ada")
    client.post("/account/login/", {"login": ada.email, "password": PASSWORD})
    assert "form" in client.get("/account/2fa/totp/activate/").context
