"""The second factor: asked of admins by the site, of members by their team; who signed in is in the trail."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts import teams
from accounts.models import AuditEntry, Membership, Role, Team, User
from accounts.roles import Right
from accounts.spaces import at_hand, may_in
from gallery.models import Result
from tasks.models import Task
from tests.desk import Desk, fresh

PASSWORD = "a long pass phrase"


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_user("root@example.com", PASSWORD, is_staff=True, is_superuser=True)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


PAGES = ("/oversight/", "/oversight/audit/", "/admin/", "/usage/everyone/", "/usage/everyone.csv")


@pytest.mark.parametrize("page", PAGES)
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


@pytest.fixture
def shut(desk: Desk) -> tuple[Task, Client, User]:
    """A team's task, and a member who works in their own space, without the second factor their team asks for."""
    team = teams.create(desk.user, "North")
    task = desk.finished("a secret picture")
    Task.objects.filter(pk=task.pk).update(team=team, team_revision=5)
    Team.objects.filter(pk=team.pk).update(board_revision=5)
    Result.objects.filter(task=task).update(team=team)
    teams.change(team.memberships.get(), name="North", factor_required=True)
    bob = User.objects.create_user("bob@example.com", PASSWORD, in_teams=True)
    Membership.objects.create(team=team, user=bob, role=Role.ADMIN)
    client = Client()
    client.post("/account/login/", {"login": bob.email, "password": PASSWORD})
    client.get("/account/password/change/")
    return fresh(task), client, bob


def test_a_team_that_asks_for_a_factor_shows_nothing_to_a_member_without_from_their_own_space(
    shut: tuple[Task, Client, User],
) -> None:
    task, client, bob = shut
    result = task.results.earliest("position")
    team, board = f"/team/{task.team_id}/", f"/tasks/changes/?after=0&team={task.team_id.hex if task.team_id else ''}"
    pages = [board, f"/tasks/{task.pk}/", f"/gallery/{result.pk}/", team]
    for headers in ({}, {"HX-Request": "true"}):
        assert [client.get(page, headers=headers).status_code for page in pages] == [404, 404, 404, 302]
    assert client.post(f"{team}settings/", {"name": "South"})["Location"] == "/account/2fa/"
    assert "North" not in client.get("/gallery/facets/?q=secret", headers={"HX-Request": "true"}).text
    Authenticator.objects.create(user=bob, type="recovery_codes", data={})
    assert client.get(board, headers={"HX-Request": "true"}).status_code == 404
    Authenticator.objects.create(user=bob, type="totp", data={})
    for headers in ({}, {"HX-Request": "true"}):
        assert [client.get(page, headers=headers).status_code for page in pages] == [200] * 4
        assert "a secret picture" in client.get(board, headers=headers).text


def test_a_factor_asked_for_later_stops_nothing_that_was_ordered_before(shut: tuple[Task, Client, User]) -> None:
    task, _, bob = shut
    assert may_in(bob, task.team_id, Right.MAKE)
    assert Task.objects.filter(at_hand(bob), pk=task.pk).exists()
    assert not Task.objects.visible_to(bob).exists()
