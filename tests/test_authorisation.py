"""Who gets what, for every address of the site's own rooms: a new one without a policy fails here."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts import teams
from accounts.models import Membership, Team, User
from callbacks.models import Delivery
from gallery import sharing
from gallery.models import BulkJob, Collection, Result
from tasks.models import Batch, Task
from tasks.remembered import Preset, Reference
from tests.desk import Desk

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
READ, ACT, BOTH = ("GET", "HEAD"), ("POST",), ("GET", "HEAD", "POST")
# Which methods each address takes. Those of PUBLIC ask for no sign-in.
POLICY = {
    "tasks:studio": READ,
    "tasks:compose": ACT,
    "tasks:read": ACT,
    "tasks:batch": ACT,
    "tasks:draft": ACT,
    "tasks:history": READ,
    "tasks:presets": BOTH,
    "tasks:default_preset": ACT,
    "tasks:delete_preset": ACT,
    "tasks:library": BOTH,
    "tasks:reference": READ,
    "tasks:forget": ACT,
    "tasks:adopt": ACT,
    "tasks:changes": READ,
    "tasks:task": READ,
    "tasks:cancel": ACT,
    "tasks:release": ACT,
    "tasks:look": ACT,
    "tasks:again": BOTH,
    "tasks:follow": ACT,
    "tasks:extend": BOTH,
    "gallery:index": READ,
    "gallery:facets": READ,
    "gallery:viewer": READ,
    "gallery:compare": READ,
    "gallery:fetch": ACT,
    "gallery:star": ACT,
    "gallery:act": ACT,
    "gallery:bulk": READ,
    "gallery:bulk_undo": ACT,
    "gallery:trash": READ,
    "gallery:archive": ACT,
    "gallery:collections": BOTH,
    "gallery:collection": BOTH,
    "gallery:share": ACT,
    "gallery:share_chosen": ACT,
    "gallery:reply": ACT,
    "gallery:revoke": ACT,
    "gallery:rate": ACT,
    "shares:page": BOTH,
    "shares:file": READ,
    "shares:review": ACT,
    "media:file": READ,
    "callbacks:receive": ACT,
    "accounts:home": READ,
    "accounts:first_run": BOTH,
    "accounts:key": BOTH,
    "accounts:check_key": ACT,
    "accounts:delete_key": ACT,
    "accounts:join": BOTH,
    "teams:mine": READ,
    "teams:make": ACT,
    "teams:choose": ACT,
    "teams:team": READ,
    "teams:change": ACT,
    "teams:invite": ACT,
    "teams:withdraw": ACT,
    "teams:invite_again": ACT,
    "teams:role": ACT,
    "teams:remove": ACT,
    "teams:budget": ACT,
    "teams:lift": ACT,
    "teams:people_csv": READ,
    "usage:alerts": BOTH,
    "accounts:alert_mail": ACT,
    "usage:mine": READ,
    "usage:team": READ,
    "usage:everyone": READ,
    "usage:mine_csv": READ,
    "usage:team_csv": READ,
    "usage:everyone_csv": READ,
    "oversight:home": READ,
    "oversight:people": READ,
    "oversight:block": ACT,
    "oversight:offboard": BOTH,
    "oversight:lift": BOTH,
    "oversight:keys": READ,
    "oversight:disable_key": ACT,
    "oversight:release_key": ACT,
    "oversight:stuck": READ,
    "oversight:act_on_many": ACT,
    "oversight:act": ACT,
    "oversight:fetch": ACT,
    "oversight:files": READ,
    "oversight:fetch_many": ACT,
    "oversight:callbacks": READ,
    "oversight:replay": ACT,
    "oversight:audit": READ,
    "health": READ,
}
PUBLIC = {
    "callbacks:receive",
    "accounts:first_run",
    "accounts:join",
    "health",
    "shares:page",
    "shares:file",
    "shares:review",
}
STAFF = {name for name in POLICY if name.startswith("oversight:")} | {"usage:everyone", "usage:everyone_csv"}
OWN = {"tasks", "gallery", "media", "callbacks", "accounts", "teams", "usage", "oversight", "shares"}


def own_addresses() -> Iterator[tuple[str, URLPattern]]:
    """(name with its namespace, pattern) of every address that is not the admin's or the sign-in library's."""

    def walk(resolver: URLResolver, space: str) -> Iterator[tuple[str, URLPattern]]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry, entry.namespace or space)
            elif space in OWN or entry.name == "health":
                yield (f"{space}:{entry.name}" if space in OWN else str(entry.name)), entry

    yield from walk(get_resolver(), "")


def path_of(name: str, given: dict[str, Any]) -> str:
    from django.urls import reverse

    [pattern] = [pattern for known, pattern in own_addresses() if known == name]
    return reverse(name, kwargs={part: given[part] for part in pattern.pattern.converters})


@pytest.fixture
def given(desk: Desk) -> dict[str, Any]:
    """Ids of Alice's, for every placeholder an address may have."""
    task = desk.finished()
    result = Result.objects.filter(task=task).first()
    assert result is not None
    batch = Batch.objects.create(user=desk.user, template="a {b, c}")
    reference = Reference.objects.create(user=desk.user, sha256="0" * 64, width=1, height=1)
    more = {"batch_id": batch.pk, "act": "pause", "reference_id": reference.pk}
    more["preset_id"] = Preset.objects.create(user=desk.user, name="ours").pk
    team = teams.create(desk.user, "North")
    invitation, _ = teams.invite(team.memberships.get(), "dora@example.com", "member")
    more |= {"team_id": team.pk, "invitation_id": invitation.pk, "member_id": team.memberships.get().pk}
    more |= {"user_id": desk.user.pk, "delivery_id": Delivery.objects.create(task=task, body=b"{}", answer=200).pk}
    collection = Collection.objects.create(user=desk.user, name="Kept")
    link, _ = sharing.make(collection, desk.user, days=1, password="", may_download=False)
    more |= {"collection_id": collection.pk, "link_id": link.pk, "key_id": uuid4(), "stop_id": 1}
    more["job_id"] = BulkJob.objects.create(user=desk.user, act="trash", finished_at=timezone.now()).pk
    return more | {"task_id": task.pk, "result_id": result.pk, "token": task.callback_token, "variant": "original"}


@pytest.fixture
def charlie(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_user("charlie@example.com"), BACKEND)
    return client


def test_every_address_has_a_policy() -> None:
    assert {name for name, _ in own_addresses()} == set(POLICY)


@pytest.mark.parametrize("name", sorted(set(POLICY) - PUBLIC))
def test_a_signed_out_visitor_is_led_to_the_sign_in(name: str, given: dict[str, Any], client: Client) -> None:
    for method in POLICY[name]:
        answer = client.generic(method, path_of(name, given))
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/account/login/"), method


@pytest.mark.parametrize("name", sorted(POLICY))
def test_a_wrong_method_is_a_405(name: str, given: dict[str, Any], charlie: Client) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(POLICY[name]):
        assert charlie.generic(method, path_of(name, given)).status_code == 405, method


OBJECTS = sorted(name for name, pattern in own_addresses() if pattern.pattern.converters and name not in PUBLIC | STAFF)


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("is_admin", [False, True])
def test_what_is_somebody_else_s_looks_like_what_is_not_there(
    name: str, is_admin: bool, given: dict[str, Any], charlie: Client
) -> None:
    User.objects.filter(email="charlie@example.com").update(is_staff=is_admin, is_superuser=is_admin)
    nothing = {
        **given,
        "task_id": uuid4(),
        "result_id": uuid4(),
        "batch_id": uuid4(),
        "reference_id": uuid4(),
        "preset_id": uuid4(),
        "team_id": uuid4(),
        "invitation_id": uuid4(),
        "member_id": 0,
        "collection_id": uuid4(),
        "link_id": uuid4(),
        "job_id": uuid4(),
        "key_id": uuid4(),
    }
    for method in POLICY[name]:
        foreign = charlie.generic(method, path_of(name, given), data=b"")
        missing = charlie.generic(method, path_of(name, nothing), data=b"")
        assert (foreign.status_code, missing.status_code) == (404, 404), method


@pytest.mark.parametrize("name", sorted(STAFF))
def test_the_admin_s_pages_are_not_there_for_others(name: str, given: dict[str, Any], charlie: Client) -> None:
    for method in POLICY[name]:
        assert charlie.generic(method, path_of(name, given)).status_code == 404, method


@pytest.mark.parametrize("name", sorted(STAFF))
def test_every_page_of_the_admin_s_asks_for_the_second_factor(
    name: str, given: dict[str, Any], charlie: Client, settings: Any
) -> None:
    settings.STAFF_FACTOR_REQUIRED = True
    User.objects.filter(email="charlie@example.com").update(is_staff=True, is_superuser=True)
    for method in POLICY[name]:
        assert charlie.generic(method, path_of(name, given)).headers["Location"] == "/account/2fa/", method


# What each role of a team may do with what another member made; the owner of it may do all.
LOOKS = {"tasks:task", "gallery:viewer", "media:file", "teams:team"}
MAKES = {"tasks:follow", "gallery:star"}
RULES = {"tasks:cancel", "tasks:release", "tasks:look", "teams:people_csv"}
REACH = {
    "viewer": LOOKS,
    "member": LOOKS | MAKES,
    "admin": LOOKS | MAKES | RULES,
    "owner": LOOKS | MAKES | RULES,
    "": set(),
}


@pytest.mark.parametrize("role", sorted(REACH))
@pytest.mark.parametrize("name", sorted(LOOKS | MAKES | RULES))
def test_a_role_reaches_what_it_may_and_nothing_else(
    name: str, role: str, given: dict[str, Any], charlie: Client
) -> None:
    team = Team.objects.get(pk=given["team_id"])
    Task.objects.filter(pk=given["task_id"]).update(team=team)
    Result.objects.filter(task_id=given["task_id"]).update(team=team, state="saved", content_type="image/jpeg")
    if role:
        user = User.objects.get(email="charlie@example.com")
        Membership.objects.create(team=team, user=user, role=role)
    method = "POST" if POLICY[name] == ACT else "GET"
    answer = charlie.generic(method, path_of(name, given))
    is_reached = answer.status_code != 404
    # A file that was never fetched is a 404 for everybody: there the right shows before the storage is asked.
    if name == "media:file":
        is_reached = Result.objects.visible_to(answer.wsgi_request.user).filter(pk=given["result_id"]).exists()
    assert is_reached == (name in REACH[role])
