"""What the composer remembers: the draft everywhere, presets under names, earlier prompts."""

from typing import Any
from uuid import uuid4

from django.test import Client

from accounts import teams
from accounts.models import Membership, Role, User
from tasks import remembering
from tasks.models import Task
from tasks.remembered import Preset
from tests.desk import Desk

HTMX = {"HX-Request": "true"}
FORM = {"task_type": "mj_txt2img", "prompt": "a fox", "speed": "turbo", "aspect_ratio": "2:3", "version": "6"}


def chosen(page: str, name: str) -> str:
    """The value of the checked control of this name."""
    [value] = [
        part.split('"')[0] for part in page.split(f'name="{name}" value="')[1:] if " checked" in part.split(">")[0]
    ]
    return value


def test_a_draft_survives_a_sign_out_and_is_on_every_device(alice: Client, bob: Client, desk: Desk) -> None:
    urls = ["https://example.com/a.jpg"]
    assert alice.post("/tasks/draft/", {**FORM, "task_type": "mj_img2img", "file_urls": urls}).status_code == 204
    alice.logout()
    other_device = Client()
    other_device.force_login(desk.user)
    page = other_device.get("/").text
    assert "a fox</textarea>" in page
    assert (chosen(page, "task_type"), chosen(page, "speed"), chosen(page, "aspect_ratio")) == (
        "mj_img2img",
        "turbo",
        "2:3",
    )
    assert urls[0] in page
    assert "a fox</textarea>" not in bob.get("/").text


def test_a_draft_too_long_to_be_one_leaves_the_old_one(alice: Client) -> None:
    alice.post("/tasks/draft/", FORM)
    alice.post("/tasks/draft/", {**FORM, "prompt": "x" * 9000})
    assert "a fox</textarea>" in alice.get("/").text


def test_a_draft_of_nonsense_does_not_break_the_studio(alice: Client) -> None:
    alice.post("/tasks/draft/", {"task_type": "nonsense", "prompt": "{" * 300, "stylization": "much", "speed": "<b>"})
    assert alice.get("/").status_code == 200


def test_a_preset_keeps_the_settings_without_prompt_and_pictures(alice: Client) -> None:
    said = {**FORM, "name": "  Tall   and quick ", "file_urls": ["https://example.com/a.jpg"]}
    assert "Tall and quick" in alice.post("/tasks/presets/", said, headers=HTMX).text
    preset = Preset.objects.get()
    assert {"prompt", "file_urls"}.isdisjoint(preset.values)
    alice.post("/tasks/draft/", {**FORM, "prompt": "an owl", "aspect_ratio": "1:1", "speed": "fast"})
    page = alice.get(f"/?preset={preset.pk}").text
    assert "an owl</textarea>" in page
    assert (chosen(page, "aspect_ratio"), chosen(page, "speed")) == ("2:3", "turbo")


def test_the_same_name_replaces_and_an_empty_one_is_refused(alice: Client) -> None:
    for ratio in ("1:1", "16:9"):
        alice.post("/tasks/presets/", {**FORM, "aspect_ratio": ratio, "name": "mine"})
    assert Preset.objects.get().values["aspect_ratio"] == "16:9"
    for name in ("", "   ", "x" * 61):
        assert alice.post("/tasks/presets/", {**FORM, "name": name}).status_code == 422
    assert Preset.objects.count() == 1


def test_one_preset_is_the_default_and_starts_an_untouched_composer(alice: Client) -> None:
    for name, ratio in (("one", "1:2"), ("two", "2:1")):
        alice.post("/tasks/presets/", {**FORM, "aspect_ratio": ratio, "name": name})
    one, two = Preset.objects.order_by("name")
    for preset in (one, two):
        alice.post(f"/tasks/presets/{preset.pk}/default/", headers=HTMX)
    assert list(Preset.objects.filter(is_default=True)) == [two]
    assert chosen(alice.get("/").text, "aspect_ratio") == "2:1"
    alice.post(f"/tasks/presets/{two.pk}/default/")
    assert not Preset.objects.filter(is_default=True).exists()
    alice.post(f"/tasks/presets/{two.pk}/delete/")
    assert list(Preset.objects.all()) == [one]


def test_presets_are_a_persons_own(alice: Client, bob: Client) -> None:
    alice.post("/tasks/presets/", {**FORM, "name": "mine"})
    preset = Preset.objects.get()
    assert "mine" not in bob.get("/tasks/presets/").text
    assert bob.get(f"/?preset={preset.pk}").status_code == 404


def test_history_has_each_prompt_once_as_typed_the_latest_first(alice: Client, bob: Client) -> None:
    for prompt in ("a fox --ar 1:2", "an owl <b>", "a fox --ar 1:2"):
        said = {**FORM, "prompt": prompt, "nonce": str(uuid4())}
        assert alice.post("/tasks/compose/", said, headers=HTMX).status_code == 200
    page = alice.get("/tasks/history/").text
    assert page.count("data-prompt=") == 2
    assert page.index("a fox --ar 1:2") < page.index("an owl &lt;b&gt;")
    found: Any = alice.get("/tasks/history/", {"q": "owl an"}).text
    assert "an owl" in found
    assert "fox" not in found
    assert "fox" not in bob.get("/tasks/history/").text


def test_history_gives_back_what_was_typed_lists_and_escapes_too(alice: Client, desk: Desk) -> None:
    for prompt in (r"a \{red, green\} fox", "an {old, young} owl"):
        alice.post("/tasks/compose/", {**FORM, "prompt": prompt, "nonce": str(uuid4())}, headers=HTMX)
    assert Task.objects.count() == 3
    latest, first = remembering.earlier_prompts(desk.user.pk)
    assert latest == "an {old, young} owl"
    alice.post("/tasks/compose/", {**FORM, "prompt": first, "nonce": str(uuid4())}, headers=HTMX)
    assert list(Task.objects.filter(batch=None).values_list("prompt", flat=True)) == ["a {red, green} fox"] * 2
    assert remembering.earlier_prompts(desk.user.pk, "young") == ["an {old, young} owl"]


def test_what_a_database_cannot_keep_is_left_out(alice: Client, desk: Desk) -> None:
    assert alice.post("/tasks/draft/", {**FORM, "prompt": "a\0b"}).status_code == 204
    assert desk.user.draft.values["prompt"] == "ab"
    assert alice.post("/tasks/presets/", {**FORM, "name": "a\0b"}).status_code == 200
    assert Preset.objects.get().name == "a b"


def test_a_member_does_not_replace_a_preset_that_another_keeps_for_the_team(
    alice: Client, bob: Client, desk: Desk
) -> None:
    team = teams.create(desk.user, "North")
    member = User.objects.get(email="bob@example.com")
    Membership.objects.create(team=team, user=member, role=Role.MEMBER)
    User.objects.update(team=team, in_teams=True)
    alice.post("/tasks/presets/", {**FORM, "name": "House"})
    answer = bob.post("/tasks/presets/", {**FORM, "name": "House", "aspect_ratio": "2:1"})
    assert answer.status_code == 422
    assert "Somebody else keeps" in answer.text
    assert Preset.objects.get().values["aspect_ratio"] == FORM["aspect_ratio"]
