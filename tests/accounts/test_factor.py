"""The second factor: asked of admins by the site, of members by their team; who signed in is in the trail."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts import teams
from accounts.models import AuditEntry, User

PASSWORD = "a long pass phrase"


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_user("root@example.com", PASSWORD, is_staff=True, is_superuser=True)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("page", ["/oversight/", "/oversight/audit/", "/admin/", "/usage/everyone/"])
def test_an_admin_without_a_factor_sees_no_admin_page(page: str, root: User, settings: Any) -> None:
    settings.STAFF_FACTOR_REQUIRED = True
    client = browser(root)
    assert client.get(page)["Location"] == "/account/2fa/"
    assert client.get("/").status_code == 200
    Authenticator.objects.create(user=root, type="recovery_codes", data={})
    assert client.get(page).status_code == 302
    Authenticator.objects.create(user=root, type="totp", data={})
    assert client.get(page).status_code == 200


def test_a_team_may_ask_its_members_and_their_own_space_stays_open(root: User) -> None:
    team = teams.create(root, "North")
    root.refresh_from_db()
    teams.change(team.memberships.get(), name="North", factor_required=True)
    client = browser(root)
    assert client.get("/")["Location"] == "/account/2fa/"
    client.post("/team/choose/", {"team": ""})
    assert client.get("/").status_code == 200


def test_sign_ins_and_refusals_are_in_the_trail(root: User) -> None:
    client = Client()
    client.post("/account/login/", {"login": root.email, "password": "wrong"})
    client.post("/account/login/", {"login": root.email, "password": PASSWORD})
    noted = list(AuditEntry.objects.order_by("pk").values_list("action", "target", "address"))
    assert noted == [
        ("sign-in refused", "root@example.com", "127.0.0.1"),
        ("signed in", "root@example.com", "127.0.0.1"),
    ]
    assert PASSWORD not in str(list(AuditEntry.objects.values()))


def test_what_changes_in_an_account_is_in_the_trail(root: User) -> None:
    client = Client()
    client.post("/account/login/", {"login": root.email, "password": PASSWORD})
    new = "another long pass phrase"
    client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    client.post("/account/2fa/recovery-codes/generate/")
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions[:2] == ["signed in", "password changed"]
    assert new not in str(list(AuditEntry.objects.values()))
