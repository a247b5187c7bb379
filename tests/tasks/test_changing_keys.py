"""Keys that are lent, taken back, wiped, or exchanged for another account's while work is under way."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import services, teams
from accounts.models import ApiKey, Membership, Role, Team, User
from callbacks.signature import sign
from kie.sandbox import Sandbox
from mjportal.encryption import Secret
from tasks import gates, lifecycle
from tasks.models import HoldReason, Status, Task
from tasks.offboarding import LAST_LOOKS, offboard, wipe_retired_keys
from tasks.sweep import wake_held
from tests.callbacks.test_receive import ring
from tests.desk import Desk, fresh, new_nonce, validate
from tests.tasks.test_second_thoughts import said


class North:
    """A team to which Alice lends her key, with Bob, who has none."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.team = teams.create(desk.user, "North")
        self.bob = User.objects.create_user("bob@example.com")
        Membership.objects.create(team=self.team, user=self.bob, role=Role.MEMBER)
        self.lend(desk.api_key)

    def lend(self, key: ApiKey | None) -> None:
        teams.lend_key(self.team.memberships.get(user=self.desk.user), key)

    def queue(self) -> Task:
        values = validate({"task_type": "mj_txt2img", "prompt": "a fox", "speed": "fast"})
        return lifecycle.create(self.bob, values, nonce=new_nonce(), team_id=self.team.pk)[0]


@pytest.fixture
def north(desk: Desk) -> North:
    return North(desk)


def test_a_key_wiped_and_connected_again_looks_after_what_it_paid_for_in_a_team(desk: Desk, north: North) -> None:
    task = desk.send(north.queue())
    desk.sandbox.finish(task.provider_task_id)
    services.delete_key(desk.user)
    services.connect_key(desk.user, desk.key)
    assert desk.look(task).status == Status.SUCCEEDED


def test_a_later_key_lent_to_the_team_looks_after_its_tasks(desk: Desk, north: North) -> None:
    task = desk.send(north.queue())
    desk.sandbox.finish(task.provider_task_id)
    services.delete_key(desk.user)
    Task.objects.filter(pk=task.pk).update(key_fingerprint="f" * 32)
    north.lend(services.connect_key(desk.user, desk.key))
    assert desk.look(task).status == Status.SUCCEEDED


def test_what_waits_for_a_lent_key_leaves_when_the_team_is_lent_one_again(desk: Desk, north: North) -> None:
    task = north.queue()
    services.delete_key(desk.user)
    assert desk.send(task).status == Status.HELD
    north.lend(services.connect_key(desk.user, desk.key))
    wake_held(timezone.now())
    assert fresh(task).status == Status.QUEUED


def test_a_key_taken_back_pays_for_nothing_that_has_not_left(desk: Desk, north: North) -> None:
    task = north.queue()
    north.lend(None)
    task = desk.send(task)
    assert (task.status, task.hold_reason, desk.charges()) == (Status.HELD, HoldReason.KEY_GONE, 0)
    wake_held(timezone.now())
    assert fresh(task).status == Status.HELD
    north.lend(desk.api_key)
    wake_held(timezone.now())
    assert fresh(task).status == Status.QUEUED


@pytest.mark.parametrize("reason", [HoldReason.PROVIDER_PAUSED, HoldReason.KEY_REFUSED, HoldReason.DISK_LOW])
def test_whatever_it_waits_for_its_bill_is_not_moved_by_the_site_or_by_others(
    desk: Desk, north: North, reason: str
) -> None:
    desk.sandbox.add_account("bobs-own-sandbox-key", 1000)
    services.connect_key(north.bob, "bobs-own-sandbox-key")
    task = north.queue()
    lifecycle.hold(task, reason)
    north.lend(None)
    wake_held(timezone.now() + timedelta(hours=2))
    assert not lifecycle.release(fresh(task), by=desk.user)
    task = fresh(task)
    assert (task.status, task.hold_reason) == (Status.HELD, HoldReason.KEY_GONE)


def test_what_a_lent_key_was_to_pay_goes_to_the_authors_own_account_only_if_they_say_so(
    desk: Desk, north: North
) -> None:
    task = north.queue()
    north.lend(None)
    task = desk.send(task)
    desk.sandbox.add_account("bobs-own-sandbox-key", 1000)
    own = services.connect_key(north.bob, "bobs-own-sandbox-key")
    wake_held(timezone.now())
    assert fresh(task).status == Status.HELD
    assert lifecycle.release(fresh(task), by=north.bob)
    assert fresh(task).api_key == own


def test_nothing_leaves_with_a_key_that_was_wiped_while_pictures_were_uploaded(desk: Desk) -> None:
    task = desk.queue()
    assert lifecycle.claim(task, timezone.now())
    offboard(desk.user, User.objects.create_superuser("admin@example.com"))
    with pytest.raises(gates.LostClaim):
        gates.mark_on_wire(task, timezone.now())


def test_nothing_leaves_with_a_key_that_was_stopped_while_pictures_were_uploaded(desk: Desk) -> None:
    task = desk.queue()
    assert lifecycle.claim(task, timezone.now())
    services.stop_key(desk.api_key)
    with pytest.raises(gates.LostClaim):
        gates.mark_on_wire(task, timezone.now())


def test_what_runs_when_somebody_is_let_go_comes_to_the_heir_and_then_the_key_is_wiped(desk: Desk) -> None:
    task, heirs = desk.running(), Team.objects.create(name="Heirs")
    desk.sandbox.finish(task.provider_task_id)
    offboard(desk.user, User.objects.create_superuser("admin@example.com"), heirs)
    wipe_retired_keys(timezone.now())
    assert ApiKey.objects.get().is_disabled
    task = desk.look(task)
    assert (task.status, task.team) == (Status.SUCCEEDED, heirs)
    assert set(task.results.values_list("team_id", flat=True)) == {heirs.pk}
    wipe_retired_keys(timezone.now())
    assert not ApiKey.objects.exists()


def test_the_key_of_somebody_who_was_let_go_is_wiped_after_a_day_whatever_runs(desk: Desk, north: North) -> None:
    desk.running()
    Membership.objects.filter(user=north.bob).update(role=Role.OWNER)
    offboard(desk.user, User.objects.create_superuser("admin@example.com"))
    assert fresh_team(north).key is None
    services.let_key_work(desk.api_key.fingerprint)
    assert ApiKey.objects.get().is_disabled
    wipe_retired_keys(timezone.now() + LAST_LOOKS - timedelta(minutes=5))
    assert ApiKey.objects.exists()
    wipe_retired_keys(timezone.now() + LAST_LOOKS)
    assert not ApiKey.objects.exists()


def fresh_team(north: North) -> Team:
    return Team.objects.get(pk=north.team.pk)


def test_callbacks_of_the_earlier_account_are_heard_after_the_key_was_changed(db: None, provider: Sandbox) -> None:
    desk = Desk(provider, User.objects.create_user("alice@example.com"), webhook_key="old-webhook-key")
    ApiKey.objects.update(webhook_secret=Secret.seal("old-webhook-key"))
    task = desk.running()
    number = task.provider_task_id
    provider.finish(number)
    urls = provider.tasks[number].urls()
    stamp = str(int(time.time()))
    signed = {"X-Webhook-Timestamp": stamp, "X-Webhook-Signature": sign("old-webhook-key", number, stamp)}
    assert ring(task, said(number), **{**signed, "X-Webhook-Signature": "forged"}) == 401
    provider.add_account("another-accounts-key-0002", 1000)
    services.connect_key(desk.user, "another-accounts-key-0002", "new-webhook-key")
    assert ring(task, said(number, resultUrls=urls), **signed) == 200
    assert fresh(task).claimed_urls == urls
