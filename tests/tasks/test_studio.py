"""The studio over its addresses: compose, the board, the one poll, the acts."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts import teams
from accounts.models import Membership, Role, Team, User
from gallery.models import Result
from gallery.organising import throw_away
from tasks import lifecycle
from tasks.models import Status, Task
from tests.desk import Desk, fresh

HTMX = {"HX-Request": "true"}
GOOD = {
    "task_type": "mj_txt2img",
    "prompt": "paper boats at dawn",
    "speed": "fast",
    "aspect_ratio": "16:9",
    "version": "7",
}
BAD = [
    ("prompt", "", "Write a prompt"),
    ("prompt", "   ", "Write a prompt"),
    ("prompt", "x" * 2001, "2,000"),
    ("variety", "7", "5"),
    ("variety", "105", "100"),
    ("stylization", "1001", "1,000"),
    ("stylization", "many", "number"),
    ("weirdness", "-1", "0"),
    ("aspect_ratio", "7:5", "one of"),
    ("version", "99", "one of"),
    ("speed", "warp", "one of"),
    ("ow", "300", ""),
    ("file_urls", "https://example.com/a.jpg", ""),
]


def compose(client: Client, headers: Any = HTMX, **values: Any) -> Any:
    return client.post("/tasks/compose/", {**GOOD, "nonce": str(uuid4()), **values}, headers=headers)


def poll(client: Client, after: int) -> Any:
    return client.get(f"/tasks/changes/?after={after}", headers=HTMX)


def test_generate_answers_with_the_card_at_once(alice: Client) -> None:
    response = compose(alice, variety="10", stylization="250", weirdness="100", water_mark="ours")
    task = Task.objects.get()
    assert response.status_code == 200
    assert f'<article id="task-{task.pk}"' in response.text
    assert 'data-status="QUEUED"' in response.text
    assert (task.parameters["variety"], task.parameters["stylization"], task.parameters["water_mark"]) == (
        10,
        250,
        "ours",
    )


def test_without_script_generate_leads_back_to_the_board(alice: Client) -> None:
    response = compose(alice, headers=None)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert "paper boats at dawn" in alice.get("/").text


@pytest.mark.parametrize(("name", "value", "said"), BAD)
def test_bad_input_gets_words_beside_its_field_and_nothing_is_made(
    alice: Client, name: str, value: str, said: str
) -> None:
    response = compose(alice, **{name: value})
    assert response.status_code == 422
    error = re.search(rf'id="{name}-error"[^>]*>([^<]+)<', response.text)
    assert error
    assert said in error.group(1)
    assert not Task.objects.exists()


def test_what_was_typed_stays_after_a_slip(alice: Client) -> None:
    response = compose(alice, prompt="keep <this> & that", stylization="1001")
    assert "keep &lt;this&gt; &amp; that" in response.text
    assert 'value="1001"' in response.text


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({"task_type": "mj_img2img"}, "file_urls"),
        ({"task_type": "mj_omni_reference", "ow": "500", "speed": ""}, "ow"),
        ({"task_type": "mj_video", "motion": "low", "speed": "", "version": ""}, "motion"),
    ],
)
def test_the_other_types_are_taken_too(alice: Client, values: dict[str, Any], kept: str) -> None:
    assert compose(alice, file_urls=["https://example.com/a.jpg"], **values).status_code == 200
    assert kept in Task.objects.get().parameters


def test_a_form_that_was_sent_before_says_so_when_its_words_are_others(alice: Client) -> None:
    nonce = str(uuid4())
    compose(alice, nonce=nonce)
    page = compose(alice, nonce=nonce, prompt="an owl")
    assert page.status_code == 422
    assert "This form was sent before" in page.text
    assert nonce not in page.text
    assert Task.objects.count() == 1


def test_the_same_form_pressed_twice_makes_one_task(alice: Client) -> None:
    nonce = str(uuid4())
    assert compose(alice, nonce=nonce).status_code == compose(alice, nonce=nonce).status_code == 200
    assert Task.objects.count() == 1


def test_without_a_key_the_studio_leads_to_connect_one(bob: Client) -> None:
    assert "Connect your API key" in bob.get("/").text
    response = compose(bob)
    assert response.status_code == 422
    assert "Connect your API key" in response.text


def test_a_poll_brings_only_the_cards_that_changed(alice: Client, desk: Desk) -> None:
    still, moved = desk.queue("still"), desk.queue("moved")
    revision = User.objects.get(pk=desk.user.pk).board_revision
    desk.send(moved)
    response = poll(alice, revision)
    assert f"task-{moved.pk}" in response.text
    assert f"task-{still.pk}" not in response.text
    assert 'data-status="RUNNING"' in response.text
    assert poll(alice, User.objects.get(pk=desk.user.pk).board_revision).status_code == 204


def test_a_saved_file_changes_its_card(alice: Client, desk: Desk) -> None:
    task = desk.finished()
    revision = User.objects.get(pk=desk.user.pk).board_revision
    Result.objects.filter(task=task, position=0).update(state="saved", revision=revision + 1)
    User.objects.update(board_revision=revision + 1)
    assert f"task-{task.pk}" in poll(alice, revision).text


def test_the_poll_is_slow_when_nothing_moves_and_quick_when_something_does(alice: Client, desk: Desk) -> None:
    assert "every 15s" in alice.get("/").text
    desk.queue()
    assert "every 2s" in alice.get("/").text


def test_the_board_goes_on_by_cursor_without_repeating(alice: Client, desk: Desk) -> None:
    made = {str(desk.queue(f"prompt {number}").pk) for number in range(30)}
    first = alice.get("/").text
    cursor = re.search(r"before=([0-9._a-f]+)", first)
    assert cursor
    second = alice.get(f"/?before={cursor.group(1)}", headers=HTMX).text
    pages = [re.findall(r'id="task-([0-9a-f-]+)"', page) for page in (first, second)]
    assert [len(page) for page in pages] == [24, 6]
    assert set(pages[0]) | set(pages[1]) == made


def test_another_person_sees_nothing_of_it(alice: Client, bob: Client, desk: Desk) -> None:
    task = desk.queue("a secret garden")
    assert "secret garden" not in bob.get("/").text
    assert bob.get(f"/tasks/{task.pk}/").status_code == 404
    for act in ("cancel", "release", "look", "again"):
        assert bob.post(f"/tasks/{task.pk}/{act}/").status_code == 404
    assert bob.get(f"/?reuse={task.pk}").status_code == 404
    assert fresh(task).status == Status.QUEUED


def test_cancel_before_sending(alice: Client, desk: Desk) -> None:
    task = desk.queue()
    assert 'data-status="CANCELLED"' in alice.post(f"/tasks/{task.pk}/cancel/", headers=HTMX).text
    assert desk.send(task).status == Status.CANCELLED


def test_a_failed_task_fills_the_form_again(alice: Client, desk: Desk) -> None:
    task = desk.queue("a wounded knight", stylization=350)
    lifecycle.claim(task, task.created_at)
    lifecycle.fail(task, "moderation", "flagged")
    assert "Edit and send again" in alice.get("/").text
    edit = alice.get(f"/?edit={task.pk}").text
    assert "a wounded knight" in edit
    assert 'value="350"' in edit


def test_sending_an_unconfirmed_task_again_warns_first_and_makes_a_new_one(alice: Client, desk: Desk) -> None:
    task = desk.send(desk.queue("a fox [[fault:lose_answer]]"))
    assert "may cost twice" in alice.get(f"/tasks/{task.pk}/again/").text
    nonce = str(uuid4())
    for _ in range(2):
        assert alice.post(f"/tasks/{task.pk}/again/", {"nonce": nonce}).status_code == 302
    assert Task.objects.count() == 2
    assert fresh(task).status == Status.UNCONFIRMED


def test_the_task_page_shows_what_was_sent_and_answered_but_never_the_key(alice: Client, desk: Desk) -> None:
    task = desk.finished("a lighthouse")
    page = alice.get(f"/tasks/{task.pk}/").text
    assert "Record read, succeeded" in page
    assert task.provider_task_id in page
    assert desk.key not in page
    assert task.callback_token not in page


@pytest.mark.parametrize(("kind", "results"), [("upscale", 1), ("vary", 4)])
def test_a_picture_is_upscaled_or_varied_once_per_click(alice: Client, desk: Desk, kind: str, results: int) -> None:
    parent = desk.finished()
    picture = Result.objects.get(task=parent, position=2)
    for _ in range(2):
        assert alice.post(f"/tasks/follow/{picture.pk}/", {"kind": kind}, headers=HTMX).status_code == 200
    child = Task.objects.get(parent=parent)
    sent = desk.send(child)
    body = desk.sandbox.requests[-1].json
    assert (body["taskId"], body["imageIndex"]) == (parent.provider_task_id, 2)
    desk.sandbox.finish(sent.provider_task_id)
    assert desk.look(sent).results.count() == results


def test_a_picture_of_somebody_else_can_t_be_built_on(bob: Client, desk: Desk) -> None:
    picture = Result.objects.filter(task=desk.finished()).first()
    assert picture
    assert bob.post(f"/tasks/follow/{picture.pk}/", {"kind": "upscale"}).status_code == 404


def test_a_hostile_prompt_is_only_ever_text(alice: Client) -> None:
    hostile = '"><script>alert(1)</script> \u202e {{ 7|add:7 }} 🦊'
    compose(alice, prompt=hostile)
    page = alice.get("/").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.fixture
def looking(desk: Desk) -> tuple[Client, Task]:
    """Somebody who may only look in the team in which this task is done."""
    team = teams.create(desk.user, "North")
    task = desk.finished()
    Task.objects.filter(pk=task.pk).update(team=team, team_revision=1)
    Team.objects.filter(pk=team.pk).update(board_revision=1)
    Result.objects.filter(task=task).update(team=team)
    eve = User.objects.create_user("eve@example.com", team=team, in_teams=True)
    Membership.objects.create(team=team, user=eve, role=Role.VIEWER)
    client = Client()
    client.force_login(eve)
    return client, fresh(task)


def test_who_may_only_look_is_offered_nothing_that_costs(looking: tuple[Client, Task]) -> None:
    client, task = looking
    board, page = client.get("/").text, client.get(f"/tasks/{task.pk}/").text
    assert "you may look, not make" in board
    assert 'id="generate"' not in board
    for text in (board, page):
        assert f'id="task-{task.pk}"' in text
        assert "/tasks/follow/" not in text
        assert "?animate=" not in text


def test_raw_answers_are_for_the_maker_and_the_admins(looking: tuple[Client, Task], alice: Client) -> None:
    client, task = looking
    assert "Raw answers" not in client.get(f"/tasks/{task.pk}/").text
    assert "Raw answers" in alice.get(f"/tasks/{task.pk}/").text


def test_the_poll_offers_no_more_than_the_page(looking: tuple[Client, Task]) -> None:
    client, task = looking
    changed = client.get(f"/tasks/changes/?after=0&team={task.team_id.hex if task.team_id else ''}", headers=HTMX).text
    assert f'id="task-{task.pk}"' in changed
    assert "/tasks/follow/" not in changed


def test_what_a_team_s_card_was_made_of_elsewhere_is_not_told_on_its_board(looking: tuple[Client, Task]) -> None:
    client, task = looking
    private = Task.objects.create(user=task.user, prompt="my private affairs", status=Status.SUCCEEDED)
    Task.objects.filter(pk=task.pk).update(parent=private, parent_position=2)
    team = task.team_id.hex if task.team_id else ""
    polled = client.get(f"/tasks/changes/?after=0&team={team}", headers=HTMX).text
    for text in (client.get("/").text, client.get(f"/tasks/{task.pk}/").text, polled):
        assert "from result 3 of a task in another space" in text
        assert "private affairs" not in text


def test_a_picture_in_the_trash_is_on_its_card_in_words_only(alice: Client, desk: Desk) -> None:
    task = desk.finished()
    Result.objects.filter(task=task).update(state="saved", saved_at=timezone.now(), width=16, height=9)
    thrown = Result.objects.filter(task=task).order_by("position")[:1]
    throw_away(Result.objects.filter(pk__in=[result.pk for result in thrown]))
    card = alice.get("/").text
    assert "Picture 1 is" in card
    assert card.count('class="picture"') == 3
    assert f"/media/{thrown[0].pk}/" not in card


def test_a_page_composes_in_the_space_it_shows_wherever_the_person_went_since(alice: Client, desk: Desk) -> None:
    team = teams.create(desk.user, "North")
    alice.post("/team/choose/", {"team": ""})
    mine = in_page(alice.get("/").text)
    alice.post("/team/choose/", {"team": str(team.pk)})
    ours = in_page(alice.get("/").text)
    compose(alice, prompt="my private affairs", space=mine)
    assert Task.objects.get().team_id is None
    alice.post("/team/choose/", {"team": ""})
    compose(alice, headers={}, prompt="for the team", space=ours)
    assert Task.objects.get(team=team).prompt == "for the team"
    slip = compose(alice, prompt="", space=ours)
    assert in_page(slip.text) == ours
    compose(alice, prompt="said by nothing, made where I am")
    assert Task.objects.filter(team=None).count() == 2


def in_page(page: str) -> str:
    """The space that the composer names."""
    [name] = re.findall(r'<input type="hidden" name="space" value="(\w+)">', page)
    return str(name)


def test_what_a_page_fetches_is_of_the_space_it_shows(alice: Client, desk: Desk) -> None:
    compose(alice, prompt="a private fox")
    team = teams.create(desk.user, "North")
    alice.post("/tasks/presets/", {**GOOD, "name": "Ours"})
    for named, has_fox, has_preset in (("own", True, False), (team.pk.hex, False, True)):
        headers = {**HTMX, "X-Space": named}
        assert ("a private fox" in alice.get("/", headers=headers).text) == has_fox
        assert ("Ours" in alice.get("/tasks/presets/", headers=headers).text) == has_preset
