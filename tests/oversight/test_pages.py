"""The admin's pages: what needs a person is found, and every act on it is in the trail."""

import csv
import io
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import teams
from accounts.models import ApiKey, AuditEntry, Membership, StoppedKey, User
from accounts.services import connect_key, delete_key
from callbacks.models import Delivery
from gallery.models import Result
from oversight.trends import trends
from tasks import lifecycle
from tasks.models import HoldReason, Status, Task
from tasks.sweep import wake_held
from tests.desk import Desk, fresh
from usage.budgets import OverBudget
from usage.models import BalanceReading, Budget
from usage.rollup import catch_up


@pytest.fixture
def admin(desk: Desk) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("root@example.com", name="Root", is_staff=True, is_superuser=True))
    return client


def test_the_home_says_what_needs_a_person_and_nothing_else(admin: Client, desk: Desk) -> None:
    assert "Nothing waits for you" in admin.get("/oversight/").text
    held = desk.queue("held")
    lifecycle.hold(held, HoldReason.NO_CREDIT)
    paused = desk.queue("paused")
    lifecycle.hold(paused, HoldReason.PAUSED)
    lost = desk.queue("lost [[fault:lose_answer]]")
    desk.send(lost)
    result = Result.objects.filter(task=desk.finished("file")).first()
    assert result is not None
    Result.objects.filter(pk=result.pk).update(deadline=timezone.now() + timedelta(days=2), problem="503")
    ApiKey.objects.update(refused_at=timezone.now())
    page = admin.get("/oversight/").text
    for word in ("Key refused", "Unconfirmed", "Held", "File at risk", "4 open"):
        assert word in page, word


def test_the_home_costs_a_constant_number_of_queries(admin: Client, desk: Desk, django_assert_num_queries) -> None:
    desk.finished("one")
    admin.get("/oversight/")
    with CaptureQueriesContext(connection) as few:
        admin.get("/oversight/")
    count = len(few)
    for number in range(3):
        desk.finished(f"more {number}")
    admin.get("/oversight/")
    with django_assert_num_queries(count):
        admin.get("/oversight/")


def test_acts_on_many_are_done_where_they_can_be_and_noted(admin: Client, desk: Desk) -> None:
    held, running = desk.queue("held"), desk.running("running")
    lifecycle.hold(held, HoldReason.PROVIDER_PAUSED)
    both = {"task": [held.pk, running.pk, "nonsense"]}
    admin.post("/oversight/stuck/act/", {**both, "act": "release"})
    assert fresh(held).status == Status.QUEUED
    assert fresh(running).status == Status.RUNNING
    admin.post("/oversight/stuck/act/", {**both, "act": "fail"})
    assert fresh(running).status == Status.RUNNING
    admin.post("/oversight/stuck/act/", {**both, "act": "fail", "reason": "stuck for a day"})
    assert {fresh(task).status for task in (held, running)} == {Status.FAILED}
    assert fresh(running).message == "stuck for a day"
    noted = AuditEntry.objects.filter(actor__email="root@example.com").values_list("action", flat=True)
    assert sorted(noted) == ["task fail", "task fail", "task release"]


def test_a_reason_is_one_line_and_as_long_as_a_card_takes(admin: Client, desk: Desk) -> None:
    task = desk.queue()
    admin.post("/oversight/stuck/act/", {"act": "fail", "reason": "\0 \n", "task": str(task.pk)})
    assert fresh(task).status == Status.QUEUED
    admin.post("/oversight/stuck/act/", {"act": "fail", "reason": "a\0b" + "c" * 9000, "task": str(task.pk)})
    assert fresh(task).message.startswith("a bccc")


def test_a_look_and_a_fetch_from_the_home_happen(admin: Client, desk: Desk) -> None:
    task = desk.running()
    admin.post(f"/oversight/tasks/{task.pk}/look/")
    assert fresh(task).next_look_at <= timezone.now()
    result = desk.finished("file").results.first()
    Result.objects.filter(pk=result.pk).update(state="lost", next_try_at=None)
    admin.post(f"/oversight/files/{result.pk}/fetch/")
    result.refresh_from_db()
    assert result.state == "saving"


def test_blocking_a_person_ends_their_session_and_nobody_blocks_themselves(admin: Client, desk: Desk) -> None:
    alice = Client()
    alice.force_login(desk.user)
    admin.post(f"/oversight/people/{desk.user.pk}/block/", {"blocked": "1"})
    assert alice.get("/")["Location"].startswith("/account/login/")
    root = User.objects.get(email="root@example.com")
    admin.post(f"/oversight/people/{root.pk}/block/", {"blocked": "1"})
    root.refresh_from_db()
    assert root.is_active


def test_letting_somebody_go_stops_wipes_and_hands_over_in_one_act(admin: Client, desk: Desk) -> None:
    heir = teams.create(User.objects.get(email="root@example.com"), "North")
    done, waiting = desk.finished("done"), desk.queue("waiting")
    Membership.objects.create(team=heir, user=desk.user)
    assert "Let Alice go" in admin.get(f"/oversight/people/{desk.user.pk}/go/").text
    admin.post(f"/oversight/people/{desk.user.pk}/go/", {"heir": heir.pk})
    desk.user.refresh_from_db()
    assert not desk.user.is_active
    assert fresh(waiting).status == Status.CANCELLED
    assert not ApiKey.objects.filter(user=desk.user).exists()
    assert not desk.user.memberships.exists()
    assert set(Result.objects.values_list("team", flat=True)) == {heir.pk}
    assert fresh(done).team_id == heir.pk
    assert AuditEntry.objects.get(action="off-boarded").details["done"]["stopped"] == 1


def rows_of(client: Client, address: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(address).getvalue().decode("utf-8-sig"))))


def deliver(task: Task, **fields: object) -> Delivery:
    known = {"body": b"{}", "answer": 200, "signature": "none", "provider_task_id": task.provider_task_id}
    return Delivery.objects.create(task=task, **{**known, **fields})


def test_the_diary_tells_first_repeated_late_refused_and_garbled_apart(admin: Client, desk: Desk) -> None:
    task = desk.finished()
    now = timezone.now()
    deliver(task, at=now - timedelta(seconds=50), answer=401, signature="invalid")
    deliver(task, at=now - timedelta(seconds=45), answer=400)
    Task.objects.filter(pk=task.pk).update(finished_at=now - timedelta(seconds=20))
    deliver(task, at=now - timedelta(seconds=30))
    deliver(task, at=now - timedelta(seconds=10))
    other = desk.finished("other")
    Task.objects.filter(pk=other.pk).update(finished_at=now - timedelta(seconds=40))
    deliver(other, at=now - timedelta(seconds=18))
    rows = rows_of(admin, "/oversight/callbacks/?format=csv")
    told = {(row["what"], row["then"]) for row in rows}
    assert told == {
        ("Refused", "wrong signature"),
        ("Garbled", "no task id in it"),
        ("Settled", "4 files"),
        ("Repeated", "nothing to do"),
        ("Late", "the poll had it 22 s before"),
    }
    page = admin.get("/oversight/callbacks/").text
    for tab in ("Everything 5", "First calls 1", "Repeated 1", "Late 1", "Refused 1", "Garbled 1"):
        assert tab in page


def test_a_call_opens_beside_the_list_and_its_body_is_harmless(admin: Client, desk: Desk) -> None:
    task = desk.running()
    call = deliver(task, body=b'{"data": "<script>alert(1)</script>"}')
    page = admin.get(f"/oversight/callbacks/?call={call.pk}").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    admin.post(f"/oversight/callbacks/{call.pk}/replay/")
    assert fresh(task).next_look_at <= timezone.now()


@pytest.mark.parametrize(
    "query", ["kind=nonsense", "since=nonsense", "call=x", "call=99999999999999999999", "q=%00%ff"]
)
def test_nonsense_in_the_address_is_no_error(query: str, admin: Client) -> None:
    assert admin.get(f"/oversight/callbacks/?{query}").status_code == 200


def test_the_trail_is_filtered_and_exported(admin: Client, desk: Desk) -> None:
    teams.create(desk.user, "North")
    assert "team made" in admin.get("/oversight/audit/?q=alice").text
    assert "North" not in admin.get("/oversight/audit/?q=nobody").text
    rows = rows_of(admin, "/oversight/audit/?format=csv")
    assert {row["action"] for row in rows} == {"team made", "audit exported"}


@pytest.mark.parametrize("what", ["people", "callbacks"])
def test_whoever_takes_a_list_away_is_in_the_trail(what: str, admin: Client) -> None:
    team = teams.create(User.objects.get(email="root@example.com"), "North")
    pages = {"people": f"/team/{team.pk}/people.csv", "callbacks": "/oversight/callbacks/?format=csv"}
    rows_of(admin, pages[what])
    assert AuditEntry.objects.filter(action=f"{what} exported", actor_name="root@example.com").exists()


def test_the_home_can_show_one_team_s_figures(admin: Client, desk: Desk) -> None:
    team = teams.create(desk.user, "North")
    desk.finished("mine")
    in_team = lifecycle.create(
        desk.user, {"task_type": "mj_txt2img", "prompt": "a fox", "speed": "turbo"}, nonce=uuid4(), team_id=team.pk
    )[0]
    desk.send(in_team)
    desk.sandbox.finish(fresh(in_team).provider_task_id)
    desk.look(in_team)
    everybody, north = admin.get("/oversight/").text, admin.get(f"/oversight/?team={team.pk}").text
    assert "<b>24</b>" in everybody
    assert "<b>16</b>" in north
    assert "All teams" in north
    assert admin.get("/oversight/?team=nonsense").status_code == 200


def test_the_use_of_a_key_is_in_the_trail_once_a_day_for_each_person(desk: Desk) -> None:
    for number in range(3):
        desk.running(f"task {number}")
    assert AuditEntry.objects.filter(action="key used", actor=desk.user).count() == 1


def test_the_small_charts_show_balances_failures_and_delays(admin: Client, desk: Desk) -> None:
    task = desk.running("one")
    Task.objects.filter(pk=task.pk).update(called_back_at=timezone.now() + timedelta(seconds=9))
    desk.sandbox.finish(task.provider_task_id)
    desk.look(task)
    desk.finished("refused [[fault:fail:Banned_word]]")
    BalanceReading.objects.create(key_fingerprint=desk.api_key.fingerprint, credits=984)
    catch_up()
    charts = {trend.name: trend for trend in trends(timezone.localdate())}
    assert [line.value for line in charts["Balances"].lines] == ["984"]
    assert charts["Failures"].lines[0].value == "1"
    assert charts["Callback delay"].lines[0].value == "9 s"
    page = admin.get("/oversight/").text
    assert page.count("<polyline") == 2
    assert "style=" not in page


def test_a_team_s_budget_begins_its_days_where_the_team_is(desk: Desk) -> None:
    team = teams.create(desk.user, "North")
    owner = Client()
    owner.force_login(desk.user)
    said = {"credits": "500", "period": "week", "time_zone": "Mars/Olympus"}
    page = owner.post(f"/team/{team.pk}/budget/", said, follow=True)
    assert "Mars/Olympus is no time zone" in page.text
    assert not Budget.objects.exists()
    owner.post(f"/team/{team.pk}/budget/", {**said, "time_zone": "Europe/Berlin"})
    owner.post(f"/team/{team.pk}/budget/", {**said, "credits": "600", "time_zone": ""})
    kept = Budget.objects.get()
    assert (int(kept.credits), kept.period, kept.time_zone) == (600, "week", "Europe/Berlin")


def test_the_rescue_panel_shows_every_unsaved_file_and_fetches_many_again(admin: Client, desk: Desk) -> None:
    desk.finished("one")
    first, second, *_ = Result.objects.order_by("position")
    later = timezone.now() + timedelta(hours=1)
    Result.objects.update(next_try_at=later)
    Result.objects.filter(pk=first.pk).update(deadline=timezone.now() + timedelta(days=2, hours=1), problem="503")
    Result.objects.filter(pk=second.pk).update(state="lost", next_try_at=None)
    page = admin.get("/oversight/files/").text
    assert "3 on the way, 1 lost" in page
    assert re.search(r'number">2</td>\s*<td class="number">0</td>\s*<td>503', page)
    assert "Every file is on our storage" in admin.get("/oversight/files/?q=nobody").text
    admin.post("/oversight/files/fetch/", {"result": second.pk})
    assert Result.objects.get(pk=second.pk).state == "saving"
    assert Result.objects.filter(next_try_at=later).count() == 3
    admin.post("/oversight/files/fetch/", {"everything": "1"})
    assert not Result.objects.filter(next_try_at=later).exists()
    assert AuditEntry.objects.filter(action="files fetched again").count() == 2


def test_a_stopped_key_sends_nothing_and_what_runs_is_still_brought_home(admin: Client, desk: Desk) -> None:
    running, waiting = desk.running("running"), desk.queue("waiting")
    stop = f"/oversight/keys/{desk.api_key.pk}/disable/"
    admin.post(stop, {"disabled": "1"})
    held = desk.send(waiting)
    assert (held.status, held.hold_reason) == (Status.HELD, HoldReason.KEY_DISABLED)
    assert desk.charges() == 1
    desk.sandbox.finish(running.provider_task_id)
    assert desk.look(running).status == Status.SUCCEEDED
    wake_held(timezone.now())
    assert fresh(waiting).status == Status.HELD
    assert "stopped" in admin.get("/oversight/keys/").text
    admin.post(stop, {"disabled": "0"})
    wake_held(timezone.now())
    assert desk.send(fresh(waiting)).status == Status.RUNNING
    assert AuditEntry.objects.filter(action__in=["key stopped", "key let work again"]).count() == 2


def test_a_stop_stays_with_the_key_whoever_connects_it_and_however_often(admin: Client, desk: Desk) -> None:
    admin.post(f"/oversight/keys/{desk.api_key.pk}/disable/", {"disabled": "1"})
    desk.sandbox.add_account("another-key-altogether-0002", 100)
    assert not connect_key(desk.user, "another-key-altogether-0002").is_disabled
    assert connect_key(desk.user, desk.key).is_disabled
    delete_key(desk.user)
    page = admin.get("/oversight/keys/").text
    assert "nobody now" in page
    bob = User.objects.create_user("bob@example.com")
    assert connect_key(bob, desk.key).is_disabled
    assert "nobody now" not in admin.get("/oversight/keys/").text
    delete_key(bob)
    admin.post(f"/oversight/keys/stopped/{StoppedKey.objects.get().pk}/release/")
    assert not connect_key(bob, desk.key).is_disabled


def test_a_person_s_own_budget_is_lifted_by_an_admin_once_and_with_a_reason(admin: Client, desk: Desk) -> None:
    page = f"/oversight/people/{desk.user.pk}/lift/"
    assert admin.get(page).status_code == 404
    assert page not in admin.get("/oversight/people/").text
    Budget.objects.create(user=desk.user, credits=8)
    desk.queue("one")
    with pytest.raises(OverBudget):
        desk.queue("two")
    assert page in admin.get("/oversight/people/").text
    assert "8 of 8 credits" in admin.get(page).text
    assert admin.post(page, {"credits": "8", "reason": " "}).status_code == 422
    assert admin.post(page, {"credits": "8", "reason": "the client waits"}).status_code == 302
    assert desk.queue("two").status == Status.QUEUED
    assert "lifted in this period already" in admin.post(page, {"credits": "8", "reason": "again"}).text
    line = AuditEntry.objects.get(action="budget lifted")
    assert (line.actor_name, line.details["reason"]) == ("root@example.com", "the client waits")
