"""Budgets that hold: the tightest wins, nothing passes it, also when everybody presses at once."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import teams
from accounts.models import AuditEntry, Team, User
from kie.parameters import validate
from tasks import follow_ups, lifecycle
from tasks.models import Task
from tests.desk import Desk, new_nonce
from tests.usage.spending import PERSON_CREDITS, TEAM_CREDITS, spend
from usage import budgets
from usage.models import Budget, LedgerEntry

VALUES = {"task_type": "mj_txt2img", "prompt": "paper boats", "speed": "fast"}
PRICE = Decimal(8)


@pytest.fixture
def team(desk: Desk) -> Team:
    return teams.create(desk.user, "North")


def make(user: User, team: Team | None = None) -> Task:
    made, _ = lifecycle.create(user, validate(VALUES), nonce=new_nonce(), team_id=team.pk if team else None)
    return made


def test_what_would_pass_a_budget_is_refused_and_leaves_no_trace(desk: Desk) -> None:
    Budget.objects.create(user=desk.user, credits=20)
    make(desk.user)
    make(desk.user)
    with pytest.raises(budgets.OverBudget, match="needs 8 credits and 4 are left in your budget"):
        make(desk.user)
    assert Task.objects.count() == 2
    assert LedgerEntry.objects.count() == 2


def test_a_budget_may_be_used_up_to_the_last_credit(desk: Desk) -> None:
    Budget.objects.create(user=desk.user, credits=16)
    make(desk.user)
    make(desk.user)
    assert budgets.standing_of(Budget.objects.get()).left == 0


def test_what_failed_is_given_back(desk: Desk) -> None:
    Budget.objects.create(user=desk.user, credits=8)
    task = make(desk.user)
    lifecycle.cancel(task)
    make(desk.user)
    assert budgets.standing_of(Budget.objects.get()).used == 8


def test_the_tightest_of_three_wins(desk: Desk, team: Team) -> None:
    Budget.objects.create(team=team, credits=100)
    Budget.objects.create(user=desk.user, credits=100)
    Budget.objects.create(user=desk.user, team=team, credits=10)
    tightest = budgets.tightest(desk.user.pk, team.pk)
    assert tightest is not None
    assert tightest.words == "your budget in North"
    make(desk.user, team)
    with pytest.raises(budgets.OverBudget, match="your budget in North"):
        make(desk.user, team)


def test_a_person_s_budget_counts_wherever_they_work_and_a_team_s_counts_everybody(desk: Desk, team: Team) -> None:
    bob = User.objects.create_user("bob@example.com")
    whole = Budget.objects.create(team=team, credits=100)
    own = Budget.objects.create(user=desk.user, credits=100)
    make(desk.user)
    make(desk.user, team)
    LedgerEntry.objects.filter(task=make(desk.user, team)).update(user=bob)
    assert budgets.standing_of(whole).used == 2 * PRICE
    assert budgets.standing_of(own).used == 2 * PRICE


def test_a_period_begins_at_midnight_where_the_budget_lives(desk: Desk) -> None:
    budget = Budget(user=desk.user, credits=1, period="month", time_zone="Pacific/Auckland")
    first, start, until = budgets.period_of(budget, datetime(2026, 11, 30, 12, tzinfo=UTC))
    assert (first.month, first.day) == (12, 1)
    assert start == datetime(2026, 11, 30, 11, tzinfo=UTC)
    assert until == datetime(2026, 12, 31, 11, tzinfo=UTC)
    budget.period = "week"
    assert budgets.period_of(budget, datetime(2026, 11, 29, 12, tzinfo=UTC))[0].weekday() == 0


def test_a_time_zone_that_is_none_is_refused_and_one_that_was_kept_breaks_no_page(desk: Desk) -> None:
    boss, client = User.objects.create_superuser("boss@example.com"), Client()
    client.force_login(boss)
    said = {"user": desk.user.pk, "team": "", "credits": "100", "period": "month", "time_zone": "Europe/Berlim"}
    assert "There is no such time zone." in client.post("/admin/usage/budget/add/", said).text
    Budget.objects.create(user=desk.user, credits=100, time_zone="Europe/Berlim")
    client.force_login(desk.user)
    assert client.get("/").status_code == 200


def test_what_was_booked_in_an_earlier_period_does_not_count(desk: Desk) -> None:
    budget = Budget.objects.create(user=desk.user, credits=10)
    make(desk.user)
    LedgerEntry.objects.update(booked_at=timezone.now() - timedelta(days=40))
    assert budgets.standing_of(budget).used == 0
    # A chain that ends in this period still counts where it began.
    lifecycle.cancel(Task.objects.get())
    assert budgets.standing_of(budget).used == 0


def test_a_lift_lets_it_pass_once_and_needs_a_reason(desk: Desk) -> None:
    budget = Budget.objects.create(user=desk.user, credits=8)
    make(desk.user)
    with pytest.raises(ValueError, match="why"):
        budgets.lift(budget, Decimal(8), "  ", desk.user)
    budget.refresh_from_db()
    budgets.lift(budget, Decimal(8), "the client waits", desk.user)
    make(desk.user)
    with pytest.raises(budgets.OverBudget):
        make(desk.user)
    with pytest.raises(ValueError, match="already"):
        budgets.lift(budget, Decimal(8), "again", desk.user)
    assert AuditEntry.objects.filter(action="budget lifted").count() == 1


def test_a_batch_that_does_not_fit_is_refused_as_a_whole(desk: Desk) -> None:
    Budget.objects.create(user=desk.user, credits=20)
    client = Client()
    client.force_login(desk.user)
    form = {"task_type": "mj_txt2img", "prompt": "a {red, green, blue} fox", "speed": "fast", "nonce": new_nonce()}
    answer = client.post("/tasks/compose/", form, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "needs 24 credits and 20 are left" in answer.text
    assert not Task.objects.exists()


def test_upscales_are_free_and_pass_an_empty_budget(desk: Desk) -> None:
    task = desk.finished()
    Budget.objects.create(user=desk.user, credits=0)
    made, _ = follow_ups.follow_up(desk.user, task.results.get(position=0), "upscale")
    assert made.cost == 0


@pytest.mark.django_db(transaction=True)
def test_five_hundred_sends_at_once_never_overshoot(db: None) -> None:
    if connection.vendor == "sqlite":
        command = [sys.executable, "-m", "tests.usage.spending"]
        told = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout)
    else:
        told = spend()
    # Both are full, neither is passed, and whoever was told yes has a task.
    assert (told["team"], told["person"]) == (TEAM_CREDITS, PERSON_CREDITS)
    assert told["said"] == told["made"] == (TEAM_CREDITS + PERSON_CREDITS) / PRICE
