"""A team's page, and teams in the admin: an owner stays, and what ends takes along what hangs on it."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts import teams
from accounts.models import AuditEntry, Membership, Role, Team, User
from accounts.spaces import key_for
from oversight.teampage import team_page
from tasks import offboarding
from tasks.models import Status, Task
from tests.desk import Desk, fresh
from usage.models import Budget

PASSWORD = "a long pass phrase"


@pytest.fixture
def owner(desk: Desk) -> Membership:
    """Alice, whose key the team works with."""
    me = teams.create(desk.user, "North").memberships.get()
    teams.lend_key(me, desk.api_key)
    return me


@pytest.fixture
def bob(owner: Membership) -> Membership:
    return Membership.objects.create(team=owner.team, user=User.objects.create_user("bob@example.com"))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def change(boss: Client, *members: Membership, ends: Any = None, **said: Any) -> int:
    """Post the team's form in the admin as it stands, with `ends` ticked for deletion."""
    team = members[0].team
    form = {"name": team.name, "memberships-TOTAL_FORMS": len(members), "memberships-INITIAL_FORMS": len(members)}
    for number, member in enumerate(members):
        row = {"id": member.pk, "team": team.pk, "user": member.user_id, "role": member.role}
        form |= {f"memberships-{number}-{name}": value for name, value in row.items()}
    if ends is not None:
        form[f"memberships-{ends}-DELETE"] = "on"
    return boss.post(f"/admin/accounts/team/{team.pk}/change/", {**form, **said}).status_code


def test_a_membership_ended_in_the_admin_takes_key_and_waiting_tasks_along(
    boss: Client, owner: Membership, bob: Membership, desk: Desk
) -> None:
    task = desk.queue()
    Task.objects.filter(pk=task.pk).update(team=owner.team)
    bob.role = Role.OWNER
    assert change(boss, owner, bob, ends=0) == 302
    assert [(each.user, each.role) for each in owner.team.memberships.all()] == [(bob.user, Role.OWNER)]
    assert key_for(bob.user_id, owner.team_id) is None
    assert fresh(task).status == Status.CANCELLED
    assert User.objects.get(pk=owner.user_id).team_id is None
    assert AuditEntry.objects.filter(action="team changed in the admin").exists()


def test_the_admin_leaves_no_team_without_an_owner_and_puts_nobody_in_another_s_place(
    boss: Client, owner: Membership, bob: Membership
) -> None:
    assert change(boss, owner, bob, ends=0) == 200
    assert change(boss, owner, bob, **{"memberships-0-role": "member"}) == 200
    eve = User.objects.create_user("eve@example.com")
    change(boss, owner, bob, **{"memberships-1-user": eve.pk})
    assert set(owner.team.memberships.values_list("user", "role")) == {
        (owner.user_id, Role.OWNER),
        (bob.user_id, Role.MEMBER),
    }


def test_letting_the_only_owner_go_makes_the_highest_of_the_others_one(
    boss: Client, owner: Membership, bob: Membership
) -> None:
    roles = {"blocked": Role.ADMIN, "carl": Role.ADMIN, "dora": Role.ADMIN}
    for name, role in roles.items():
        user = User.objects.create_user(f"{name}@example.com", is_active=name != "blocked")
        Membership.objects.create(team=owner.team, user=user, role=role)
    by = User.objects.get(email="boss@example.com")
    offboarding.offboard(owner.user, by)
    assert owner.team.memberships.get(role=Role.OWNER).user.email == "carl@example.com"
    assert AuditEntry.objects.filter(action="role changed", target="carl@example.com", actor=by).exists()
    offboarding.offboard(User.objects.get(email="dora@example.com"), by)
    assert owner.team.memberships.filter(role=Role.OWNER).count() == 1


def test_an_invitation_is_sent_again_only_after_the_password(owner: Membership) -> None:
    owner.user.set_password(PASSWORD)
    owner.user.save()
    invitation, token = teams.invite(owner, "dora@example.com", Role.ADMIN)
    answer = signed_in(owner.user).post(f"/team/{owner.team_id}/invitations/{invitation.pk}/again/")
    assert "reauthenticate" in answer.headers["Location"]
    assert teams.find_invitation(token) == invitation
    alice = Client()
    alice.post("/account/login/", {"login": owner.user.email, "password": PASSWORD})
    page = alice.post(f"/team/{owner.team_id}/invitations/{invitation.pk}/again/")
    assert "/account/join/" in page.text
    assert teams.find_invitation(token) is None


def test_the_budget_of_somebody_who_left_is_not_given_out(owner: Membership, bob: Membership) -> None:
    Budget.objects.create(team=owner.team, credits=900)
    Budget.objects.create(team=owner.team, user=bob.user, credits=500)
    assert team_page(owner).given_out == 500
    teams.remove(owner, bob)
    assert team_page(owner).given_out == 0


def test_a_team_s_name_is_one_line_and_breaks_no_mail(boss: Client, owner: Membership, bob: Membership) -> None:
    signed_in(owner.user).post("/team/new/", {"name": "So\nuth"})
    signed_in(owner.user).post(f"/team/{owner.team_id}/settings/", {"name": "Nor\r\nth", "lend": "on"})
    assert set(Team.objects.values_list("name", flat=True)) == {"So uth", "Nor th"}
    change(boss, owner, bob, name="No\nrth")
    assert Team.objects.filter(name="No rth").exists()
    Team.objects.update(name="Nor\nth")
    User.objects.update(name="Ali\n\nce")
    me = Membership.objects.get(pk=owner.pk)
    teams.mail_invitation(*teams.invite(me, "dora@example.com", Role.MEMBER), "http://testserver")
    assert mail.outbox[0].subject == "Join Nor th"
    assert mail.outbox[0].body.startswith("Ali ce invites you to the team Nor th as member.")
