"""People in the admin's pages: what is changed there opens nothing by accident, and all of it is in the trail."""

from importlib import import_module

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import AuditEntry, User
from accounts.services import vouch_for_address
from tasks import lifecycle
from tasks.models import HoldReason, Status
from tests.desk import Desk, fresh
from usage.models import Budget, Price

PASSWORD = "a long pass phrase"


@pytest.fixture
def bob(db: None) -> User:
    user = User.objects.create_user("bob@oldfirm.example", PASSWORD, name="Bob")
    vouch_for_address(user)
    return user


def change(boss: Client, user: User, email: str, **said: str) -> int:
    page = f"/admin/accounts/user/{user.pk}/change/"
    return boss.post(page, {"email": email, "name": "Bob", "is_active": "on", **said}).status_code


def test_an_address_changed_by_an_admin_opens_nothing_to_its_old_owner(boss: Client, bob: User) -> None:
    EmailAddress.objects.create(user=bob, email="bob@elsewhere.example", verified=True)
    assert change(boss, bob, "Bob@Example.com") == 302
    bob.refresh_from_db()
    assert bob.email == "bob@example.com"
    for address in ("bob@oldfirm.example", "bob@elsewhere.example", "bob@example.com"):
        Client().post("/account/password/reset/", {"email": address})
    links = [letter.to for letter in mail.outbox if "/password/reset/key/" in letter.body]
    assert links == [["bob@example.com"]]
    kept = EmailAddress.objects.get(user=bob)
    assert (kept.email, kept.verified, kept.primary) == ("bob@example.com", True, True)


def test_what_is_no_new_address_leaves_the_others_alone(boss: Client, bob: User) -> None:
    EmailAddress.objects.create(user=bob, email="bob@elsewhere.example", verified=True)
    change(boss, bob, "BOB@oldfirm.example")
    bob.refresh_from_db()
    assert bob.email == "bob@oldfirm.example"
    assert EmailAddress.objects.filter(user=bob).count() == 2


def test_an_address_is_one_person_s_however_it_is_written(boss: Client, bob: User) -> None:
    carl = User.objects.create_user("carl@example.com")
    EmailAddress.objects.create(user=bob, email="bob@elsewhere.example", verified=True)
    for taken in ("Bob@oldfirm.example", "bob@Elsewhere.example"):
        assert change(boss, carl, taken) == 200
    carl.refresh_from_db()
    assert carl.email == "carl@example.com"
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="Bob@oldfirm.example")


def test_addresses_written_with_capitals_before_become_small(bob: User) -> None:
    small = import_module("accounts.migrations.0008_one_person_per_address").lower
    User.objects.filter(pk=bob.pk).update(email="Bob@oldfirm.example")
    small(apps, None)
    bob.refresh_from_db()
    assert bob.email == "bob@oldfirm.example"


@pytest.mark.parametrize("is_new", [True, False])
def test_who_is_made_an_admin_is_in_the_trail_and_no_password_is(is_new: bool, boss: Client, bob: User) -> None:
    if is_new:
        said = {"email": "eve@example.com", "name": "Eve", "is_staff": "on", "password": PASSWORD}
        boss.post("/admin/accounts/user/add/", said)
    else:
        change(boss, bob, bob.email, is_staff="on")
    assert User.objects.filter(is_superuser=True).count() == 2
    line = AuditEntry.objects.get()
    assert (line.action, line.actor_name) == (f"person {'made' if is_new else 'changed'}", "boss@example.com")
    assert line.details["changes"]["is_staff"] == "True"
    assert PASSWORD not in str(line.details)


def test_blocking_and_letting_in_from_the_list_are_in_the_trail(boss: Client, bob: User) -> None:
    me = User.objects.get(email="boss@example.com")
    for act in ("block", "unblock"):
        boss.post("/admin/accounts/user/", {"action": act, "_selected_action": [str(bob.pk), str(me.pk)]})
    noted = AuditEntry.objects.order_by("pk").values_list("action", "target")
    assert list(noted) == [("person blocked", bob.email), ("person let in again", bob.email)]
    assert User.objects.filter(is_active=True).count() == 2


@pytest.mark.parametrize("model", [Budget, Price])
def test_money_deleted_in_heaps_is_in_the_trail_line_by_line(
    model: type[Budget] | type[Price], boss: Client, bob: User
) -> None:
    Budget.objects.create(user=bob, credits=8)
    chosen = [str(pk) for pk in model._default_manager.values_list("pk", flat=True)]
    said = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    boss.post(f"/admin/usage/{model._meta.model_name}/", said)
    assert not model._default_manager.exists()
    assert AuditEntry.objects.filter(action=f"{model._meta.verbose_name} deleted").count() == len(chosen)


def test_tasks_released_from_the_list_are_in_the_trail(boss: Client, desk: Desk) -> None:
    held, running = desk.queue(), desk.running()
    lifecycle.hold(held, HoldReason.PROVIDER_PAUSED)
    chosen = {"_selected_action": [str(held.pk), str(running.pk)]}
    for act in ("release", "look_now"):
        boss.post("/admin/tasks/task/", {"action": act, **chosen})
    assert fresh(held).status == Status.QUEUED
    noted = AuditEntry.objects.filter(actor_name="boss@example.com").order_by("pk").values_list("action", "target")
    assert list(noted) == [("task release", str(held.pk)), ("task look", str(running.pk))]
