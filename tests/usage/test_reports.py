"""The usage pages: figures that tie out with the ledger, for those who may see them."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db.models import Q, Sum
from django.test import Client
from django.utils import timezone

from accounts import teams
from accounts.models import Membership, Role, Team, User
from gallery.models import Collection, Result
from gallery.organising import collect
from mjportal.spreadsheets import cell
from tasks import lifecycle
from tasks.adopting import adopt
from tasks.models import Task
from tests.desk import Desk, fresh
from usage import charts, rollup
from usage.models import DayOfUse, LedgerEntry
from usage.reports import Scope, period, report


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def today() -> Scope:
    day = timezone.localdate()
    return Scope("everyone", day, day)


def settled() -> Decimal:
    lines = LedgerEntry.objects.filter(kind="settled")
    return lines.aggregate(sum=Sum("credits"))["sum"] or Decimal(0)


@pytest.fixture
def work(desk: Desk) -> Desk:
    """Two that are done, one that failed, one that was cancelled, one that runs."""
    desk.finished("one", speed="fast")
    desk.finished("two", speed="turbo", version="6.1")
    failed = desk.running("three")
    desk.sandbox.fail(failed.provider_task_id, "your prompt was banned", flag=2)
    desk.look(failed)
    desk.look(failed)
    lifecycle.cancel(desk.queue("four"))
    desk.running("five")
    return desk


def test_every_table_of_a_report_adds_up_to_what_was_settled(work: Desk) -> None:
    assert rollup.catch_up() == 1
    found = report(today())
    assert found.spent == settled() == 24
    for parts in (found.types, found.people, found.teams, found.speeds, found.versions):
        assert sum(part.credits for part in parts) == found.spent
        assert sum(part.tasks for part in parts) == found.tasks == 4
    assert sum(found.by_day[today().first].values()) == found.spent
    assert found.done == 2
    assert {part.name: part.tasks for part in found.failures} == {
        "Refused by moderation": 1,
        "Cancelled before sending": 1,
    }
    assert (found.made, found.kept) == (8, 0)
    one, two, three, *_ = Result.objects.order_by("pk")
    Result.objects.filter(pk=one.pk).update(starred=True, rating=5)
    for name in ("both", "of them"):
        collection = Collection.objects.create(user=work.user, name=name)
        collect(collection, Result.objects.filter(pk__in=[one.pk, two.pk]))
    assert (report(today()).made, report(today()).kept) == (8, 2)
    assert report(today()).cost_of_kept == 12
    Result.objects.filter(pk__in=[two.pk, three.pk]).update(downloaded_at=timezone.now())
    assert report(today()).kept == 3


def test_catching_up_twice_changes_nothing_and_reads_nothing_new(work: Desk) -> None:
    rollup.catch_up()
    rows = list(DayOfUse.objects.order_by("pk").values())
    assert rollup.catch_up() == 0
    assert list(DayOfUse.objects.order_by("pk").values()) == rows


def test_the_rollup_can_be_rebuilt_from_nothing(work: Desk) -> None:
    rollup.catch_up()
    before = sorted(DayOfUse.objects.values_list("outcome", "tasks", "credits"))
    DayOfUse.objects.all().update(tasks=99)
    call_command("rebuild_usage", verbosity=0)
    assert sorted(DayOfUse.objects.values_list("outcome", "tasks", "credits")) == before


def test_a_late_success_leaves_the_day_on_which_it_had_failed(desk: Desk) -> None:
    task = desk.running()
    lifecycle.fail(task, "generation", "failed")
    yesterday = timezone.now() - timedelta(days=1)
    LedgerEntry.objects.update(at=yesterday, booked_at=yesterday)
    rollup.catch_up()
    assert DayOfUse.objects.get().outcome == "generation"
    lifecycle.succeed(fresh(task), ["https://files.example.com/a.jpeg"], timezone.now())
    rollup.catch_up()
    assert [(row.day, row.outcome) for row in DayOfUse.objects.all()] == [(timezone.localdate(), "done")]


def test_the_csv_has_every_line_and_its_sums_are_those_of_the_page(work: Desk) -> None:
    answer = browser(work.user).get("/usage/mine.csv?period=7")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert len(rows) == LedgerEntry.objects.count()
    assert sum(Decimal(row["credits"]) for row in rows if row["line"] == "settled") == settled()
    assert sum(Decimal(row["change"]) for row in rows) == LedgerEntry.objects.aggregate(sum=Sum("delta"))["sum"]
    assert {row["email"] for row in rows} == {"alice@example.com"}


def csv_of(client: Client, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(path).getvalue().decode("utf-8-sig"))))


def test_the_csv_of_all_time_begins_with_the_first_line_of_the_ledger(desk: Desk) -> None:
    task = desk.running()
    asked = timezone.now() - timedelta(days=3)
    LedgerEntry.objects.filter(task=task).update(at=asked, booked_at=asked)
    desk.sandbox.finish(task.provider_task_id)
    desk.look(task)
    rows = csv_of(browser(desk.user), "/usage/mine.csv?period=all")
    assert sum(Decimal(row["change"]) for row in rows) == 8


def test_the_csv_says_how_each_task_ended_how_long_it_took_and_what_was_kept(work: Desk) -> None:
    Result.objects.filter(task__prompt="one", position__lt=3).update(starred=True)
    Task.objects.filter(prompt="one").update(sent_at=timezone.now(), finished_at=timezone.now() + timedelta(seconds=40))
    rows = csv_of(browser(work.user), "/usage/mine.csv")
    assert sorted(row["outcome"] for row in rows if row["line"] != "reserved") == [
        "cancelled",
        "done",
        "done",
        "moderation",
    ]
    one = str(Task.objects.get(prompt="one").pk)
    assert [(row["seconds"], row["kept"]) for row in rows if row["task"] == one] == [("", ""), ("40", "3")]


def test_what_was_taken_back_before_sending_lowers_no_success_rate(desk: Desk) -> None:
    desk.finished()
    for number in range(3):
        lifecycle.cancel(desk.queue(f"number {number}"))
    rollup.catch_up()
    assert (report(today()).success, report(today()).tasks) == ("100.0 %", 4)


def test_what_was_made_elsewhere_is_in_no_figure(desk: Desk) -> None:
    desk.finished().results.filter(position=0).update(starred=True)
    [brought], _ = adopt(desk.user, None, ["elsewhere-0001"])
    lifecycle.succeed(brought, [f"https://files.example.com/{number}.jpeg" for number in range(4)], timezone.now())
    Task.objects.filter(pk=brought.pk).update(kind="generate")
    brought.results.update(starred=True)
    [lost], _ = adopt(desk.user, None, ["elsewhere-0002"])
    lifecycle.fail(lost, "unavailable", "There is no such task.")
    rollup.catch_up()
    found = report(today())
    assert (found.tasks, found.made, found.kept) == (1, 4, 1)
    assert found.cost_of_kept == 8


@pytest.mark.parametrize("sign", [*"=+-@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
@pytest.mark.parametrize(
    "before",
    ["", " ", "\t", "\r", "\n", "\u200b", "\xa0 ", "fog;", "fog; ", "fog\n", "fog\n \n", 'fog;"', 'fog\t""', 'fog"\n"'],
)
def test_what_a_spreadsheet_would_run_is_text(before: str, sign: str) -> None:
    assert cell(f"{before}{sign}1+1") == f"{before}'{sign}1+1"


def test_figures_and_plain_text_stay_as_they_are() -> None:
    values = (Decimal("-8.00"), -8, "fox = dog", None, "ünï", "a fox --ar 3:2, -dog\nfog")
    assert [cell(value) for value in values] == ["-8.00", "-8", "fox = dog", "", "ünï", "a fox --ar 3:2, -dog\nfog"]


@pytest.fixture
def team(work: Desk) -> Team:
    found = teams.create(work.user, "North")
    Task.objects.update(team=found)
    LedgerEntry.objects.update(team=found)
    return found


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER, Role.ADMIN])
def test_a_member_sees_their_own_part_of_the_team_s_spend_and_an_admin_all_of_it(role: Role, team: Team) -> None:
    bob = User.objects.create_user("bob@example.com", team=team)
    Membership.objects.create(team=team, user=bob, role=role)
    page = browser(bob).get("/usage/team/").text
    assert ("<b>24</b>" in page) == (role == Role.ADMIN)
    answer = browser(bob).get("/usage/team.csv").getvalue().decode()
    assert ("alice@example.com" in answer) == (role == Role.ADMIN)


def test_only_staff_see_everybody(work: Desk) -> None:
    client = browser(work.user)
    assert client.get("/usage/everyone/").status_code == 404
    assert client.get("/usage/everyone.csv").status_code == 404
    User.objects.update(is_staff=True)
    assert "<b>24</b>" in client.get("/usage/everyone/").text


def test_the_page_costs_the_same_however_much_was_made(work: Desk, django_assert_max_num_queries) -> None:
    client = browser(work.user)
    client.get("/usage/")
    with django_assert_max_num_queries(24):
        client.get("/usage/?period=all")


def test_periods_have_both_ends(db: None) -> None:
    day = date(2026, 11, 27)
    assert period("7", Q(), day) == (date(2026, 11, 21), day)
    assert period("30", Q(), day) == (date(2026, 10, 29), day)
    assert period("month", Q(), day) == (date(2026, 11, 1), day)
    assert period("all", Q(), day) == (day, day)
    assert Scope("mine", *period("7", Q(), day)).before.last == date(2026, 11, 20)


@pytest.mark.parametrize("highest", ["0.5", "1", "7", "16", "157", "160", "161", "999", "2500"])
def test_a_scale_has_round_steps_and_room_for_the_highest(highest: str) -> None:
    top, step = charts.top_of(Decimal(highest))
    assert top >= Decimal(highest)
    assert str(step).strip("0") in {"1", "2", "4", "5"}
    assert top / step <= 4


def test_a_chart_says_every_day_in_words_and_stacks_to_the_total() -> None:
    first, last = date(2026, 11, 1), date(2026, 11, 3)
    day = {"Image": Decimal(30), "Video": Decimal(10)}
    drawn = charts.bars({date(2026, 11, 2): day}, first, last, ("Image", "Video"))
    assert [bar.words for bar in drawn.bars] == [
        "1 November: 0 credits",
        "2 November: 40 credits",
        "3 November: 0 credits",
    ]
    image, video = drawn.bars[1].pieces
    assert (image.level, video.level) == (0, 1)
    assert video.y < image.y
    assert drawn.bars[2].is_today
