"""The audit trail: what was changed, cut, sealed anew or emptied shows, and nothing else does."""

import hashlib
import io
import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import call_command

from accounts import audit, teams
from accounts.models import AuditEntry, AuditHead, Membership, Role, Team, User
from mjportal.encryption import Secret

begin = import_module("accounts.migrations.0009_keyed_trail").begin


@pytest.fixture
def owner(db: None) -> Membership:
    return teams.create(User.objects.create_user("alice@example.com", name="Alice"), "North").memberships.get()


@pytest.fixture
def bob(owner: Membership) -> Membership:
    return Membership.objects.create(team=owner.team, user=User.objects.create_user("bob@example.com"))


def seal_plainly() -> None:
    """Seal every line as before there was a key, which whoever can write the table can do too."""
    previous, count = "", 0
    for each in AuditEntry.objects.order_by("pk"):
        said = [each.at.isoformat(), each.actor_name, each.action, each.target, each.address, each.details]
        text = json.dumps([previous, *said], sort_keys=True, ensure_ascii=False)
        seal = hashlib.sha256(text.encode()).hexdigest()
        AuditEntry.objects.filter(pk=each.pk).update(previous=previous, seal=seal)
        previous, count = seal, count + 1
    AuditHead.objects.update(seal=previous, count=count)


def test_the_audit_trail_shows_what_was_changed_or_cut(owner: Membership, bob: Membership) -> None:
    teams.change_role(owner, bob, Role.ADMIN)
    teams.change_role(owner, bob, Role.VIEWER)
    assert list(audit.faults()) == []
    line = AuditEntry.objects.filter(action="role changed").earliest("pk")
    AuditEntry.objects.filter(pk=line.pk).update(details={"before": "member", "after": "viewer"})
    assert len(list(audit.faults())) == 1
    AuditEntry.objects.filter(pk=line.pk).delete()
    assert any("missing" in fault for fault in audit.faults())


def test_an_end_that_was_cut_off_shows(owner: Membership) -> None:
    AuditEntry.objects.latest("pk").delete()
    assert list(audit.faults())
    assert AuditHead.objects.get().count == AuditEntry.objects.count() + 1


def test_the_team_of_a_line_cannot_be_changed_unseen(owner: Membership) -> None:
    for team in (Team.objects.create(name="South"), None):
        AuditEntry.objects.update(team=team)
        assert list(audit.faults())


def test_a_line_written_while_the_trail_is_verified_is_no_fault(
    owner: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = AuditEntry.objects.order_by("pk")

    def slowly() -> Iterator[AuditEntry]:
        yield from list(objects.all())
        audit.note("written meanwhile")
        yield from objects.filter(action="written meanwhile")

    monkeypatch.setattr(audit, "_lines", slowly)
    assert list(audit.faults()) == []
    monkeypatch.setattr(audit, "_lines", lambda: objects.all().iterator())
    assert list(audit.faults()) == []
    AuditEntry.objects.latest("pk").delete()
    assert list(audit.faults())


def test_an_end_that_was_cut_off_with_its_head_shows_after_the_next_act_too(owner: Membership, bob: Membership) -> None:
    before = AuditHead.objects.get()
    teams.change_role(owner, bob, Role.ADMIN)
    AuditEntry.objects.latest("pk").delete()
    AuditHead.objects.update(count=before.count, seal=before.seal)
    for _ in range(2):
        assert any("head of the trail" in fault for fault in audit.faults())
        audit.note("the next act")


@pytest.mark.parametrize("what", [[AuditEntry, AuditHead], [AuditEntry], [AuditHead]])
def test_an_emptied_trail_shows(what: list[Any], owner: Membership) -> None:
    for model in what:
        model.objects.all().delete()
    assert list(audit.faults())


def test_a_trail_of_a_new_site_is_whole(db: None) -> None:
    out = io.StringIO()
    call_command("verify_audit", stdout=out)
    assert out.getvalue() == "0 lines, all of them whole.\n"


@pytest.mark.parametrize("key", ["kept", "taken away", "another secret"])
def test_a_trail_sealed_anew_without_the_key_shows(key: str, owner: Membership) -> None:
    AuditEntry.objects.update(actor_name="eve@example.com")
    seal_plainly()
    AuditHead.objects.update(plain=1)
    if key != "kept":
        AuditHead.objects.update(key=Secret.seal("a webhook key that Eve knows" if key == "another secret" else ""))
    assert list(audit.faults())
    audit.note("the next act")
    assert list(audit.faults())


def test_lines_from_before_the_key_stay_whole_and_are_held_by_what_came_after(owner: Membership) -> None:
    seal_plainly()
    begin(apps, None)
    assert list(audit.faults()) == []
    audit.note("the next act")
    assert list(audit.faults()) == []
    AuditEntry.objects.filter(action="team made").update(actor_name="eve@example.com")
    assert len(list(audit.faults())) == 1


def test_new_encryption_keys_leave_the_trail_whole(owner: Membership, settings: Any) -> None:
    new = Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [new, *settings.ENCRYPTION_KEYS]
    call_command("rotate_keys", stdout=io.StringIO())
    settings.ENCRYPTION_KEYS = [new]
    assert list(audit.faults()) == []


def test_lost_encryption_keys_show_in_the_trail_and_stop_no_act(owner: Membership, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert list(audit.faults())
    audit.note("the next act")
    assert AuditEntry.objects.filter(action="the next act").exists()
    assert list(audit.faults())
