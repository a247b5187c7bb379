"""Following: what the provider's report does to a task, and that nothing else does anything."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey
from gallery.models import Result
from tasks import follow_ups, lifecycle, looks
from tasks.models import Kind, Status, Task
from tasks.syncing import sync_due_tasks
from tests.desk import Desk, fresh
from usage.models import LedgerEntry

SHAPES = [
    "string_flag", "json_text_results", "double_encoded", "plain_string_urls", "epoch_seconds", "iso_times",
    "bool_flag", "float_flag", "snake_id", "signed_urls long=9000",
]  # fmt: skip
TROUBLE = [
    "code:500",
    "code:429",
    "code:455",
    "html_500",
    "not_json",
    "cut_body",
    "edge_1010",
    "wrong_task_id",
    "code:402",
]


def test_a_finished_task_has_its_four_results_and_a_settled_ledger_at_once(desk: Desk) -> None:
    task = desk.finished()
    assert task.status == Status.SUCCEEDED
    assert [result.position for result in Result.objects.filter(task=task).order_by("position")] == [0, 1, 2, 3]
    kinds = LedgerEntry.objects.filter(task=task).values_list("kind", flat=True)
    assert sorted(kinds) == ["reserved", "settled"]


def test_a_running_task_stays_and_is_looked_at_again_later(desk: Desk) -> None:
    task = desk.look(desk.running())
    assert (task.status, task.looks) == (Status.RUNNING, 1)
    assert task.next_look_at > timezone.now() + timedelta(seconds=7)


def test_a_task_that_is_not_due_is_not_asked_about(desk: Desk) -> None:
    desk.running()
    assert sync_due_tasks() == 0
    assert desk.sandbox.sent("mj/record-info") == []


@pytest.mark.parametrize("fault", SHAPES)
def test_every_known_shape_of_a_report_is_understood(desk: Desk, fault: str) -> None:
    task = desk.running(f"a fox [[fault:{fault}]]")
    desk.sandbox.finish(task.provider_task_id)
    assert desk.look(task).status == Status.SUCCEEDED
    assert Result.objects.filter(task=task).count() == 4


def test_a_gap_among_the_results_moves_no_follow_up_to_another_picture(desk: Desk) -> None:
    task = desk.finished("a fox [[fault:gap_in_urls]]")
    assert list(task.results.order_by("position").values_list("position", flat=True)) == [0, 2, 3]
    upscale, _ = follow_ups.follow_up(desk.user, task.results.get(position=2), Kind.UPSCALE)
    desk.send(upscale)
    assert [call.json["imageIndex"] for call in desk.sandbox.sent("mj/generateUpscale")] == [2]


def test_a_fifth_result_is_kept_and_offers_nothing_the_provider_cannot_build_on(desk: Desk, alice: Client) -> None:
    task = desk.finished("a fox [[fault:more_urls]]")
    fifth = task.results.get(position=4)
    Result.objects.update(state="saved")
    for page in (alice.get("/").text, alice.get(f"/gallery/{fifth.pk}/").text):
        assert f"/tasks/follow/{fifth.pk}/" not in page
        assert f"?animate={fifth.pk}" in page
    with pytest.raises(follow_ups.NotBuildable, match="first four"):
        follow_ups.follow_up(desk.user, fifth, Kind.VARY)


@pytest.mark.parametrize("fault", TROUBLE)
def test_a_look_that_brings_no_answer_changes_nothing_but_the_time_of_the_next(desk: Desk, fault: str) -> None:
    task = desk.running()
    desk.sandbox.finish(task.provider_task_id)
    desk.sandbox.fault(fault, on="report", times=1)
    task = desk.look(task)
    assert task.status == Status.RUNNING
    assert task.next_look_at > timezone.now()
    assert desk.look(task).status == Status.SUCCEEDED


def test_the_provider_s_failure_ends_the_task_with_its_words_and_releases_the_reserve(desk: Desk) -> None:
    task = desk.running()
    desk.sandbox.fail(task.provider_task_id, "Your prompt was flagged by moderation.")
    task = desk.look(task)
    assert (task.status, task.failure_class) == (Status.FAILED, "moderation")
    assert "flagged" in task.message
    assert sum(entry.credits for entry in LedgerEntry.objects.filter(task=task)) == 0


def test_a_state_once_final_does_not_move_back(desk: Desk) -> None:
    task = desk.finished("a fox [[fault:late_failure]]")
    assert task.status == Status.SUCCEEDED
    assert desk.look(task).status == Status.SUCCEEDED


def test_a_failure_that_comes_late_undoes_no_success(desk: Desk) -> None:
    task = desk.running()
    asked_before = fresh(task)
    desk.sandbox.finish(task.provider_task_id)
    desk.look(task)
    assert not lifecycle.fail(asked_before, "generation", "failed")
    assert fresh(task).status == Status.SUCCEEDED
    assert sorted(task.ledger.values_list("kind", flat=True)) == ["reserved", "settled"]


def test_success_beats_a_failure_told_earlier(desk: Desk) -> None:
    task = desk.running()
    lifecycle.fail(task, "generation", "failed")
    desk.sandbox.finish(task.provider_task_id)
    assert desk.look(task).status == Status.SUCCEEDED
    assert Result.objects.filter(task=task).count() == 4


def test_a_record_that_is_missing_right_after_sending_is_waited_for(desk: Desk) -> None:
    task = desk.running("a fox [[fault:missing_after_submit times=2]]")
    desk.sandbox.finish(task.provider_task_id)
    for _ in range(2):
        task = desk.look(task)
    assert task.status in {Status.RUNNING, Status.SUCCEEDED}
    assert desk.look(task).status == Status.SUCCEEDED


def test_done_without_pictures_is_asked_again_and_never_fails_by_our_clock(desk: Desk) -> None:
    task = desk.running()
    desk.sandbox.finish(task.provider_task_id)
    desk.sandbox.fault("empty_success", on="report", times=0, looks=11)
    for _ in range(11):
        task = desk.look(task)
    assert (task.status, task.empty_looks) == (Status.RUNNING, 11)
    desk.look(task)
    assert desk.look(task).status == Status.SUCCEEDED


def test_a_501_is_believed_only_when_a_second_look_half_a_minute_later_agrees(desk: Desk) -> None:
    task = desk.running()
    desk.sandbox.fault("code:501", on="report", times=2)
    task = desk.look(task)
    assert task.status == Status.RUNNING
    assert timedelta(seconds=25) < task.next_look_at - timezone.now() <= looks.SECOND_LOOK
    Task.objects.filter(pk=task.pk).update(doubted_at=timezone.now() - timedelta(seconds=31))
    assert desk.look(task).status == Status.FAILED


def test_a_501_that_the_second_look_denies_is_forgotten(desk: Desk) -> None:
    task = desk.running()
    desk.sandbox.fault("code:501", on="report", times=1)
    task = desk.look(desk.look(task))
    assert (task.status, task.doubted_at) == (Status.RUNNING, None)


def test_a_key_that_is_gone_parks_the_look_and_a_new_key_resumes_it(desk: Desk) -> None:
    task = desk.running()
    desk.sandbox.finish(task.provider_task_id)
    ApiKey.objects.all().delete()
    task = desk.look(fresh(task))
    assert task.status == Status.RUNNING
    assert task.blind_since is not None
    Desk(desk.sandbox, desk.user, key=desk.key)
    assert desk.look(task).status == Status.SUCCEEDED


def test_after_an_hour_without_a_key_what_a_callback_named_is_fetched_and_marked(desk: Desk) -> None:
    task = desk.running()
    url = f"{desk.sandbox.url}/files/claimed.jpeg"
    Task.objects.filter(pk=task.pk).update(claimed_urls=[url], blind_since=timezone.now() - timedelta(minutes=59))
    ApiKey.objects.all().delete()
    assert desk.look(fresh(task)).status == Status.RUNNING
    Task.objects.filter(pk=task.pk).update(blind_since=timezone.now() - timedelta(minutes=61))
    assert desk.look(fresh(task)).status == Status.SUCCEEDED
    assert Result.objects.get().verified is False


def test_a_task_woken_by_a_callback_during_a_look_keeps_the_earlier_time(desk: Desk) -> None:
    from tasks import notes
    from tasks.reporting import LookNote

    task = desk.running()
    woken = timezone.now()
    Task.objects.filter(pk=task.pk).update(next_look_at=woken)
    notes.write([LookNote(task, woken, woken + timedelta(seconds=30), 1)])
    assert fresh(task).next_look_at == woken


def test_a_task_of_any_age_is_still_looked_at(desk: Desk) -> None:
    task = desk.running()
    Task.objects.filter(pk=task.pk).update(sent_at=timezone.now() - timedelta(days=40))
    task = desk.look(task)
    assert task.status == Status.RUNNING
    assert timezone.now() < task.next_look_at < timezone.now() + timedelta(days=2)


def test_only_the_last_twenty_answers_of_a_task_are_kept(desk: Desk) -> None:
    task = desk.running()
    desk.sandbox.fault("html_500", on="report", times=25)
    for _ in range(25):
        task = desk.look(task)
    assert task.exchanges.count() == 20
    assert desk.key not in "".join(f"{row.request_body}{row.response_body}" for row in task.exchanges.all())


def test_looking_at_many_tasks_takes_a_constant_number_of_statements(desk: Desk, django_assert_max_num_queries) -> None:
    for number in range(12):
        desk.running(f"prompt {number}")
    Task.objects.update(looks=1, next_look_at=timezone.now() - timedelta(seconds=1))
    with django_assert_max_num_queries(8):
        assert sync_due_tasks() == 12


@pytest.mark.parametrize(
    ("age", "looked", "seconds"),
    [(5, 0, 10), (20, 1, 15), (40, 3, 30), (500, 9, 30), (1200, 20, 60), (7200, 90, 300), (90_000, 200, 3600),
     (20 * 86_400, 900, 86_400)],
)  # fmt: skip
def test_looks_grow_rarer_with_age(age: float, looked: int, seconds: float) -> None:
    assert looks.interval(age, looked) == pytest.approx(seconds)


def test_a_stated_wait_is_honoured_between_a_window_and_an_hour() -> None:
    now = timezone.now()
    assert timedelta(seconds=10) <= looks.after_busy(now, None) - now <= timedelta(seconds=12)
    assert looks.after_busy(now, 120) - now >= timedelta(seconds=120)
    assert looks.after_busy(now, 10**9) - now <= timedelta(seconds=3602)
