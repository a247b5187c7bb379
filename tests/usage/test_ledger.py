"""The ledger ties out: with the provider's own to the credit, with the balance, with the reports."""

import json
import os
import random
import re
from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from accounts import teams
from accounts.models import ApiKey, Membership, Role, User
from kie import parameters
from mjportal.vocabulary import SPEEDS, TYPES
from tasks import jobs, lifecycle
from tasks.models import FINAL, Status, Task
from tasks.sweep import sweep
from tasks.syncing import sync_due_tasks
from tests.desk import Desk, fresh
from usage import balances, prices
from usage.models import BalanceReading, LedgerEntry, Price

# `make prove` runs the two thousand of docs/reliability.md; the suite a tenth.
RANDOM_TASKS = int(os.environ.get("RANDOM_TASKS", "150"))
LOST = ("lose_answer", "html_200", "empty_body", "json_500_accepted", "cut_body", "not_json")
REFUSED = ("code:400 accepted=false", "html_500 accepted=false", "reset_before_accept")
WORK = (
    {"task_type": "mj_txt2img", "speed": "relaxed"},
    {"task_type": "mj_txt2img", "speed": "fast"},
    {"task_type": "mj_txt2img", "speed": "turbo"},
)


def settled(key: ApiKey) -> Decimal:
    lines = LedgerEntry.objects.filter(key_fingerprint=key.fingerprint, kind="settled")
    return sum(lines.values_list("credits", flat=True), Decimal(0))


def ring_for_lost(desk: Desk) -> None:
    """The provider calls back for every task whose answer was lost."""
    for theirs in desk.sandbox.tasks.values():
        ours = Task.objects.filter(prompt=theirs.prompt, status=Status.UNCONFIRMED).first()
        if ours:
            body = json.dumps({"code": 200, "msg": "success", "data": {"taskId": theirs.id, "resultUrls": []}})
            path = f"/callbacks/{ours.callback_token}/"
            assert Client().post(path, body, content_type="application/json").status_code == 200


def test_after_a_random_run_the_ledger_equals_the_provider_s_to_the_credit(desk: Desk) -> None:
    desk.sandbox.add_account(desk.key, 1_000_000)
    dice = random.Random(20261127)
    for number in range(RANDOM_TASKS):
        fate = dice.random()
        mark = ""
        if fate < 0.15:
            mark = f" [[fault:{dice.choice(LOST)}]]"
        elif fate < 0.25:
            mark = f" [[fault:{dice.choice(REFUSED)}]]"
        task = desk.queue(f"random {number}{mark}", **dice.choice(WORK))
        # The pace of the account is another test's concern.
        Task.objects.update(last_wire_at=None)
        jobs.submit_task(str(task.pk))
    ring_for_lost(desk)
    for made in list(desk.sandbox.tasks.values()):
        if dice.random() < 0.2:
            desk.sandbox.fail(made.id, "failed")
        else:
            desk.sandbox.finish(made.id)
    now = timezone.now()
    for _ in range(6):
        now += timedelta(minutes=2)
        Task.objects.filter(next_look_at__isnull=False).update(next_look_at=timezone.now() - timedelta(seconds=1))
        sync_due_tasks()
    states = set(Task.objects.values_list("status", flat=True))
    assert {Status.SUCCEEDED, Status.FAILED} <= states
    assert not Task.objects.filter(status=Status.RUNNING).exists()
    theirs = -sum(Decimal(str(entry.credits)) for entry in desk.sandbox.ledger if entry.kind in ("charge", "refund"))
    assert settled(desk.api_key) == theirs
    # What is neither done nor given back is what may still cost: queued again, or never confirmed.
    open_cost = sum(Task.objects.exclude(status__in=FINAL).values_list("cost", flat=True))
    committed = sum(LedgerEntry.objects.values_list("delta", flat=True), Decimal(0))
    assert committed == theirs + open_cost


def read(desk: Desk) -> None:
    jobs.read_balance(str(desk.api_key.pk))


def day_of(desk: Desk) -> balances.Day:
    now = timezone.now()
    [day] = balances.days([desk.api_key.fingerprint], now - timedelta(hours=12), now + timedelta(hours=1))
    return day


def figures(desk: Desk) -> list[int]:
    """Taken, explained by our lines, and not explained on this day."""
    day = day_of(desk)
    return [int(each) for each in (day.taken, day.explained, day.unexplained)]


def test_what_our_tasks_cost_explains_the_balance_also_while_they_run(desk: Desk) -> None:
    read(desk)
    first, second = desk.running("first"), desk.running("second")
    read(desk)
    assert figures(desk) == [16, 16, 0]
    desk.sandbox.finish(first.provider_task_id)
    desk.look(first)
    read(desk)
    desk.sandbox.fail(second.provider_task_id)
    desk.look(second)
    desk.look(second)
    read(desk)
    assert figures(desk) == [8, 8, 0]


def test_an_unexplained_debit_at_the_provider_is_found(desk: Desk) -> None:
    read(desk)
    desk.finished()
    desk.sandbox.debit(desk.key, 4)
    read(desk)
    assert day_of(desk).unexplained == 4
    client = Client()
    client.force_login(desk.user)
    page = client.get("/usage/").text
    assert "Unexplained" in page
    assert 'class="warn bad"' in page


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER, Role.ADMIN])
def test_what_leaves_a_lent_account_is_shown_to_its_lender_and_who_may_see_the_spend(role: Role, desk: Desk) -> None:
    read(desk)
    desk.sandbox.debit(desk.key, 387)
    read(desk)
    team = teams.create(desk.user, "North")
    teams.lend_key(team.memberships.get(), desk.api_key)
    bob = User.objects.create_user("bob@example.com", team=team, in_teams=True)
    Membership.objects.create(team=team, user=bob, role=role)
    for user, sees in ((bob, role == Role.ADMIN), (desk.user, True)):
        client = Client()
        client.force_login(user)
        page = client.get("/usage/team/").text
        # A number of its own: the same digits may stand in a token or an id of the page.
        assert [bool(re.search(words, page)) for words in (r"\b387\b", "Reconciliation")] == [sees, sees]


def test_a_reading_during_which_something_left_is_not_kept(desk: Desk) -> None:
    task = desk.running()
    before = BalanceReading.objects.count()

    class Meddling:
        def __call__(self, execute, sql, params, many, context):
            if sql.startswith("UPDATE") and "accounts_apikey" in sql:
                Task.objects.filter(pk=task.pk).update(cost=99)
            return execute(sql, params, many, context)

    with connection.execute_wrapper(Meddling()):
        read(desk)
    assert BalanceReading.objects.count() == before


def test_a_late_success_is_settled_although_it_was_given_back(desk: Desk) -> None:
    task = desk.running()
    lifecycle.fail(task, "generation", "failed")
    assert sum(task.ledger.values_list("delta", flat=True)) == 0
    lifecycle.succeed(fresh(task), ["https://files.example.com/a.jpeg"], timezone.now())
    assert [(line.kind, int(line.credits), int(line.delta)) for line in task.ledger.all()] == [
        ("reserved", 8, 8),
        ("released", -8, -8),
        ("settled", 8, 8),
    ]


@pytest.mark.django_db(transaction=True)
def test_balances_are_read_every_quarter_of_an_hour_while_something_runs(desk: Desk) -> None:
    desk.running()
    OrmQ.objects.all().delete()
    sweep(timezone.now())
    assert not OrmQ.objects.exists()
    ApiKey.objects.update(checked_at=timezone.now() - timedelta(minutes=16))
    sweep(timezone.now())
    assert [job.task["func"] for job in OrmQ.objects.all()] == ["tasks.jobs.read_balance"]


def test_the_latest_price_that_counts_wins_and_the_most_particular_line(db: None) -> None:
    today = timezone.localdate()
    assert prices.today().estimate("generate", {"task_type": "mj_txt2img", "speed": "turbo"}) == 16
    Price.objects.create(kind="generate", speed="turbo", credits=20, valid_from=today)
    Price.objects.create(kind="generate", speed="turbo", credits=99, valid_from=today + timedelta(days=1))
    Price.objects.create(kind="generate", task_type="mj_omni_reference", credits=12, valid_from=today)
    assert prices.today().estimate("generate", {"task_type": "mj_txt2img", "speed": "turbo"}) == 20
    assert prices.today().estimate("generate", {"task_type": "mj_omni_reference"}) == 12
    assert prices.on(today - timedelta(days=1)).estimate("generate", {"speed": "turbo"}) == 16
    clips = {"task_type": "mj_video_hd", "video_batch_size": 4}
    assert prices.today().estimate("generate", clips) == 180
    assert prices.today().estimate("upscale", {"task_type": "mj_txt2img", "speed": "fast"}) == 0


def test_an_emptied_table_does_not_make_everything_free(db: None) -> None:
    before = {kind: prices.today().estimate(kind, {"speed": "fast"}) for kind in ("generate", "upscale", "extend")}
    Price.objects.all().delete()
    assert {kind: prices.today().estimate(kind, {"speed": "fast"}) for kind in before} == before


@pytest.mark.parametrize(
    ("name", "value"), [("speed", "Fast"), ("speed", "relax"), ("task_type", "MJ_VIDEO"), ("task_type", "video")]
)
def test_a_price_that_could_never_count_is_refused(name: str, value: str, db: None) -> None:
    with pytest.raises(ValidationError, match="not a valid choice"):
        Price(**{"credits": 20, name: value}).full_clean()


def test_a_price_may_be_for_every_speed_and_type_of_the_provider(db: None) -> None:
    assert set(SPEEDS) == set(parameters.SPEEDS)
    assert set(TYPES) == set(parameters.TaskType)
    for task_type, speed in product(("", *TYPES), ("", *SPEEDS)):
        Price(task_type=task_type, speed=speed, credits=20).full_clean()
