"""Teams: who gets in, who may do what, and what ends with the next request."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.utils import timezone

from accounts import join_views, teams
from accounts.models import AuditEntry, Invitation, Membership, Role, Team, User
from accounts.roles import RANK, outranks
from accounts.spaces import key_for, space_of
from tasks import offboarding
from tasks.models import Status, Task
from tests.desk import Desk, fresh

PASSWORD = "a long pass phrase"


@pytest.fixture
def owner(db: None) -> Membership:
    alice = User.objects.create_user("alice@example.com", PASSWORD, name="Alice")
    return teams.create(alice, "North").memberships.get()


@pytest.fixture
def bob(owner: Membership) -> Membership:
    user = User.objects.create_user("bob@example.com", PASSWORD, name="Bob")
    return Membership.objects.create(team=owner.team, user=user, role=Role.MEMBER)


def join(client: Client, token: str, **said: str) -> Any:
    return client.post(f"/account/join/{token}/", said)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_token_of_an_invitation_is_kept_as_a_hash_only(owner: Membership) -> None:
    invitation, token = teams.invite(owner, "dora@example.com", Role.MEMBER)
    assert token not in str(Invitation.objects.values().get())
    assert teams.find_invitation(token) == invitation


def test_a_newcomer_makes_an_account_for_the_invited_address_and_is_in(owner: Membership, client: Client) -> None:
    _, token = teams.invite(owner, "Dora@Example.com", Role.VIEWER)
    answer = join(client, token, name="Dora", password=PASSWORD)
    assert answer["Location"] == "/"
    dora = User.objects.get(email="dora@example.com")
    assert Membership.objects.get(user=dora).role == Role.VIEWER
    assert space_of(dora).team_id == owner.team_id
    assert client.get("/").status_code == 200


def test_an_invitation_works_once(owner: Membership, client: Client) -> None:
    _, token = teams.invite(owner, "dora@example.com", Role.MEMBER)
    join(client, token, name="Dora", password=PASSWORD)
    assert Client().get(f"/account/join/{token}/").status_code == 404


def test_two_uses_at_once_let_one_in(owner: Membership) -> None:
    invitation, _ = teams.invite(owner, "dora@example.com", Role.MEMBER)
    dora = User.objects.create_user("dora@example.com")
    teams.accept(invitation, dora)
    Membership.objects.filter(user=dora).delete()
    with pytest.raises(teams.NotAllowed):
        teams.accept(invitation, dora)
    assert not Membership.objects.filter(user=dora).exists()


def test_an_invitation_forwarded_to_another_address_is_refused(owner: Membership) -> None:
    _, token = teams.invite(owner, "dora@example.com", Role.ADMIN)
    eve = User.objects.create_user("eve@example.com")
    for method in ("get", "post"):
        answer = getattr(signed_in(eve), method)(f"/account/join/{token}/")
        assert answer.status_code == 403
        assert "dora@example.com" in answer.text
    assert not Membership.objects.filter(user=eve).exists()
    assert AuditEntry.objects.filter(action="invitation refused", actor=eve).exists()


def test_an_invitation_runs_out_after_seven_days(owner: Membership, client: Client) -> None:
    invitation, token = teams.invite(owner, "dora@example.com", Role.MEMBER)
    late = timezone.now() - timedelta(seconds=1)
    assert round((invitation.expires_at - invitation.created_at) / timedelta(days=1), 3) == 7
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=late)
    assert client.get(f"/account/join/{token}/").status_code == 404


def test_a_withdrawn_or_replaced_invitation_is_dead(owner: Membership) -> None:
    _, old = teams.invite(owner, "dora@example.com", Role.MEMBER)
    second, new = teams.invite(owner, "dora@example.com", Role.MEMBER)
    assert teams.find_invitation(old) is None
    teams.withdraw(owner, second)
    assert teams.find_invitation(new) is None


@pytest.mark.parametrize("end", ["removed", "demoted", "below", "blocked", "let go"])
def test_what_an_inviter_opened_ends_with_their_right(end: str, owner: Membership, bob: Membership) -> None:
    Membership.objects.filter(pk=bob.pk).update(role=Role.OWNER if end == "below" else Role.ADMIN)
    bob.refresh_from_db()
    invitation, token = teams.invite(bob, "bobs-second@example.com", bob.role)
    if end == "removed":
        teams.remove(owner, bob)
    elif end in ("demoted", "below"):
        teams.change_role(owner, bob, Role.ADMIN if end == "below" else Role.VIEWER)
    elif end == "blocked":
        User.objects.filter(pk=bob.user_id).update(is_active=False)
    else:
        offboarding.offboard(bob.user, owner.user)
    assert join(Client(), token, name="Bob", password=PASSWORD).status_code == 404
    with pytest.raises(teams.NotAllowed):
        teams.accept(invitation, User.objects.create_user("bobs-second@example.com"))
    invitation.refresh_from_db()
    assert invitation.accepted_at is None
    assert not Membership.objects.filter(user__email="bobs-second@example.com").exists()


@pytest.mark.parametrize("by", list(RANK))
@pytest.mark.parametrize("role", list(RANK))
def test_nobody_invites_above_their_own_role(by: Role, role: Role, owner: Membership, bob: Membership) -> None:
    Membership.objects.filter(pk=bob.pk).update(role=by)
    bob.refresh_from_db()
    allowed = by in (Role.ADMIN, Role.OWNER) and outranks(by, role)
    if allowed:
        assert teams.invite(bob, "dora@example.com", role)[0].role == role
    else:
        with pytest.raises(teams.NotAllowed):
            teams.invite(bob, "dora@example.com", role)


def test_an_admin_changes_no_owner_and_makes_none(owner: Membership, bob: Membership) -> None:
    Membership.objects.filter(pk=bob.pk).update(role=Role.ADMIN)
    bob.refresh_from_db()
    with pytest.raises(teams.NotAllowed):
        teams.change_role(bob, owner, Role.MEMBER)
    with pytest.raises(teams.NotAllowed):
        teams.change_role(bob, bob, Role.OWNER)
    with pytest.raises(teams.NotAllowed):
        teams.remove(bob, owner)


@pytest.mark.parametrize("act", ["remove", "role"])
def test_what_is_refused_is_in_the_trail(act: str, owner: Membership, bob: Membership) -> None:
    Membership.objects.filter(pk=bob.pk).update(role=Role.ADMIN)
    signed_in(bob.user).post(f"/team/{owner.team_id}/members/{owner.pk}/{act}/", {"role": "viewer"})
    line = AuditEntry.objects.latest("pk")
    assert (line.action, line.actor_name, line.team) == ("team act refused", bob.user.email, owner.team)
    with pytest.raises(teams.NotAllowed):
        teams.remove(owner, owner)
    assert "needs an owner" in AuditEntry.objects.latest("pk").details["why"]


def test_two_clicks_on_join_make_one_account_and_no_error(owner: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    invitation, token = teams.invite(owner, "dora@example.com", Role.MEMBER)
    monkeypatch.setattr(teams, "find_invitation", lambda token: invitation)
    real = join_views._as_newcomer

    def late(request: HttpRequest, found: Invitation) -> HttpResponse:
        if request.method == "POST":
            teams.accept(found, User.objects.create_user("dora@example.com", PASSWORD))
        return real(request, found)

    monkeypatch.setattr(join_views, "_as_newcomer", late)
    answer = join(Client(), token, name="Dora", password=PASSWORD)
    assert answer["Location"] == "/account/login/"
    assert Membership.objects.filter(user__email="dora@example.com").count() == 1


def test_an_invitation_withdrawn_while_somebody_typed_makes_no_account(
    owner: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    invitation, token = teams.invite(owner, "dora@example.com", Role.MEMBER)
    monkeypatch.setattr(teams, "find_invitation", lambda token: invitation)
    teams.withdraw(owner, invitation)
    assert join(Client(), token, name="Dora", password=PASSWORD).status_code == 404
    assert not User.objects.filter(email="dora@example.com").exists()


def test_the_last_owner_can_neither_leave_nor_step_down(owner: Membership, bob: Membership) -> None:
    with pytest.raises(teams.NotAllowed):
        teams.remove(owner, owner)
    with pytest.raises(teams.NotAllowed):
        teams.change_role(owner, owner, Role.MEMBER)
    teams.change_role(owner, bob, Role.OWNER)
    teams.remove(owner, owner)
    assert [each.user for each in owner.team.memberships.all()] == [bob.user]


def test_removal_counts_from_the_next_request(desk: Desk) -> None:
    team = teams.create(desk.user, "North")
    bob = User.objects.create_user("bob@example.com")
    member = Membership.objects.create(team=team, user=bob, role=Role.MEMBER)
    task = desk.finished()
    Task.objects.filter(pk=task.pk).update(team=team)
    browser = signed_in(bob)
    assert browser.get(f"/tasks/{task.pk}/").status_code == 200
    assert browser.get(f"/tasks/changes/?after=7&team={team.pk.hex}").status_code == 200
    teams.remove(team.memberships.get(user=desk.user), member)
    assert browser.get(f"/tasks/{task.pk}/").status_code == 404
    assert browser.get(f"/tasks/changes/?after=7&team={team.pk.hex}").status_code == 404
    assert browser.get(f"/team/{team.pk}/").status_code == 404


def test_what_somebody_who_left_has_waiting_is_not_sent(desk: Desk) -> None:
    team = teams.create(desk.user, "North")
    bob = User.objects.create_user("bob@example.com")
    Membership.objects.create(team=team, user=bob, role=Role.OWNER)
    task = desk.queue()
    Task.objects.filter(pk=task.pk).update(team=team)
    Membership.objects.filter(team=team, user=desk.user).delete()
    assert desk.send(fresh(task)).status == Status.CANCELLED
    assert desk.charges() == 0


def test_a_lent_key_pays_for_the_team_and_goes_with_its_owner(desk: Desk) -> None:
    team = teams.create(desk.user, "North")
    alice = team.memberships.get()
    bob = User.objects.create_user("bob@example.com")
    second = Membership.objects.create(team=team, user=bob, role=Role.OWNER)
    assert key_for(bob.pk, team.pk) is None
    teams.lend_key(alice, desk.api_key)
    assert key_for(bob.pk, team.pk) == desk.api_key
    assert key_for(bob.pk, None) is None
    with pytest.raises(teams.NotAllowed):
        teams.lend_key(second, desk.api_key)
    teams.remove(second, alice)
    assert key_for(bob.pk, team.pk) is None


def test_the_team_s_page_invites_by_mail_and_shows_the_link_once(owner: Membership) -> None:
    alice = Client()
    alice.post("/account/login/", {"login": owner.user.email, "password": PASSWORD})
    page = alice.post(f"/team/{owner.team_id}/invite/", {"emails": "dora@example.com", "role": "member"}).text
    [link] = re.findall(r"http://testserver(/account/join/[\w-]+/)", page)
    assert link in mail.outbox[0].body
    assert Client().get(link).status_code == 200
    assert link not in alice.get(f"/team/{owner.team_id}/").text


def test_inviting_asks_for_the_password_again_after_a_while(owner: Membership) -> None:
    answer = signed_in(owner.user).post(f"/team/{owner.team_id}/invite/", {"emails": "d@example.com", "role": "member"})
    assert "reauthenticate" in answer["Location"]
    assert not Invitation.objects.exists()


def test_a_person_chooses_where_to_work_among_their_own_teams_only(owner: Membership) -> None:
    stranger = Team.objects.create(name="Elsewhere")
    alice = signed_in(owner.user)
    assert alice.post("/team/choose/", {"team": stranger.pk}).status_code == 404
    assert alice.post("/team/choose/", {"team": ""})["Location"] == "/"
    owner.user.refresh_from_db()
    assert owner.user.team_id is None
    alice.post("/team/choose/", {"team": owner.team_id, "next": "//evil.example/"})
    owner.user.refresh_from_db()
    assert owner.user.team_id == owner.team_id


@pytest.mark.parametrize("named", ["0" * 32, "elsewhere", "\0", "left"])
def test_a_page_of_a_space_one_is_not_in_does_nothing_and_says_why(named: str, desk: Desk) -> None:
    team = teams.create(desk.user, "North")
    team.memberships.update(user=User.objects.create_user("bob@example.com"))
    said = {"task_type": "mj_txt2img", "prompt": "boats", "space": team.pk.hex if named == "left" else named}
    alice = signed_in(desk.user)
    by_script = alice.post("/tasks/compose/", said, headers={"HX-Request": "true"})
    assert by_script.status_code == 409
    assert "not in the team of this page" in by_script["HX-Trigger"]
    assert "not in the team of this page" in alice.post("/tasks/compose/", said, follow=True).text
    assert alice.get("/gallery/", headers={"X-Space": team.pk.hex}).status_code == 409
    assert not Task.objects.exists()


def test_naming_a_team_gives_no_more_than_the_membership_and_its_second_factor(desk: Desk) -> None:
    team = teams.create(desk.user, "North")
    viewer = User.objects.create_user("bob@example.com")
    Membership.objects.create(team=team, user=viewer, role=Role.VIEWER)
    teams.lend_key(team.memberships.get(user=desk.user), desk.api_key)
    said = {"task_type": "mj_txt2img", "prompt": "boats", "speed": "fast", "space": team.pk.hex}
    assert "you may look, not make" in signed_in(viewer).post("/tasks/compose/", said).text
    assert signed_in(viewer).post("/gallery/act/", {"act": "empty", **said}).status_code == 404
    User.objects.update(team=None)
    teams.change(team.memberships.get(user=desk.user), name="North", factor_required=True)
    assert signed_in(desk.user).post("/tasks/compose/", said)["Location"] == "/account/2fa/"
    assert not Task.objects.exists()


# What is done in the space a page shows; everything else names its object, or is the person's own.
IN_A_SPACE = ("/tasks/compose/", "/gallery/act/", "/gallery/fetch/", "/gallery/collections/", "/tasks/import/")


def test_every_form_that_does_something_in_a_space_names_it(desk: Desk) -> None:
    team = teams.create(desk.user, "North")
    alice = signed_in(desk.user)
    task = desk.finished()
    Task.objects.filter(pk=task.pk).update(team=team)
    results = task.results.order_by("position")
    results.update(team=team)
    saved = {"state": "saved", "saved_at": timezone.now(), "width": 96, "height": 64, "content_type": "image/jpeg"}
    for position, more in ((0, {}), (1, {"trashed_at": timezone.now()})):
        results.filter(position=position).update(**saved, **more)
    seen = set()
    for page in ("/", "/gallery/", "/gallery/?q=boats", "/gallery/trash/", f"/gallery/{results[0].pk}/"):
        strip = alice.get("/gallery/collections/?search=q%3Dboats", headers={"HX-Request": "true"}).text
        for action, form in re.findall(
            r'<form[^>]*method="post"[^>]*?action="([^"]+)"(.*?)</form>', alice.get(page).text + strip, re.S
        ):
            if action in IN_A_SPACE:
                assert f'name="space" value="{team.pk.hex}"' in form, (page, action)
                seen.add(action)
    assert seen == set(IN_A_SPACE)
