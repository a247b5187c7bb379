"""Pictures to start from: what is taken and what is refused, whose they are, and what the provider is sent."""

import io
import json
import zlib
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts import teams
from accounts.models import Membership, Role, Team, User
from gallery.models import Result
from tasks.jobs import host_reference
from tasks.models import Gate, HoldReason, Status, Task
from tasks.references import address
from tasks.remembered import Reference
from tasks.wording import words_for
from tests.desk import Desk, fresh

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def storage(db: None, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }
    cache.clear()


def picture(file_format: str = "JPEG", size: tuple[int, int] = (60, 40), **saved: Any) -> bytes:
    body = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(body, file_format, **saved)
    return body.getvalue()


def bring(client: Client, content: bytes, name: str = "a cat.jpg") -> Any:
    return client.post("/references/", {"file": SimpleUploadedFile(name, content, "image/jpeg")})


def brought(client: Client) -> Reference:
    assert bring(client, picture()).status_code == 200
    return Reference.objects.latest("created_at")


def bomb() -> bytes:
    """A PNG of a few kilobytes that says it has 60 megapixels."""
    head = b"\x89PNG\r\n\x1a\n"
    size = (10_000).to_bytes(4) + (6_000).to_bytes(4) + b"\x08\x02\x00\x00\x00"
    chunks = [(b"IHDR", size), (b"IDAT", zlib.compress(b"\0" * 100_000)), (b"IEND", b"")]
    return head + b"".join(
        len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4) for kind, body in chunks
    )


def compose(client: Client, *urls: str, task_type: str = "mj_img2img") -> Any:
    said = {"task_type": task_type, "prompt": "a fox", "speed": "fast", "nonce": str(uuid4()), "file_urls": list(urls)}
    return client.post("/tasks/compose/", said, headers=HTMX)


def sent_urls(desk: Desk) -> list[str]:
    bodies = [json.loads(each.body) for each in desk.sandbox.requests if each.path.endswith("/mj/generate")]
    return list(bodies[-1]["fileUrls"])


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_kept_without_its_metadata(alice: Client, file_format: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret words of the camera"
    response = bring(alice, picture(file_format, exif=exif))
    assert response.status_code == 200
    reference = Reference.objects.get()
    assert address("reference", reference.pk) in response.text
    assert (reference.name, reference.width, reference.height) == ("a cat.jpg", 60, 40)
    name = f"references/{reference.sha256[:2]}/{reference.sha256}/1280.webp"
    with default_storage.open(name) as file:
        content = file.read()
    assert Image.open(io.BytesIO(content)).size == (60, 40)
    assert b"secret words" not in content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "Only JPEG, PNG and WebP"),
        (b"<html><script>alert(1)</script></html>", "Only JPEG, PNG and WebP"),
        (b"GIF89a" + b"\0" * 40, "Only JPEG, PNG and WebP"),
        (b"", "Only JPEG, PNG and WebP"),
        (picture()[:400], "can't be opened"),
        (bomb(), "50 megapixels"),
        (b"\xff\xd8\xff" + b"\0" * (11 * 1024 * 1024), "larger than 10 MB"),
    ],
    ids=["svg", "html", "gif", "empty", "truncated", "bomb", "11 MB"],
)
def test_what_is_no_fitting_picture_is_refused_in_words(alice: Client, content: bytes, said: str) -> None:
    response = bring(alice, content, "cat.jpg")
    assert response.status_code == 422
    assert said in response.text
    assert not Reference.objects.exists()


def test_the_same_bytes_are_kept_once_and_removed_with_their_last_row(alice: Client, bob: Client) -> None:
    content = picture()
    for client in (alice, alice, bob):
        bring(client, content)
    mine, theirs = Reference.objects.order_by("user__email")
    name = f"references/{mine.sha256[:2]}/{mine.sha256}/320.webp"
    alice.post(f"/references/{mine.pk}/forget/")
    assert default_storage.exists(name)
    bob.post(f"/references/{theirs.pk}/forget/")
    assert not default_storage.exists(name)


def test_the_thumbnail_and_the_library_are_the_persons_own(alice: Client, bob: Client) -> None:
    reference = brought(alice)
    response = alice.get(f"/references/{reference.pk}/")
    assert Image.open(io.BytesIO(response.getvalue())).size == (60, 40)
    assert response.headers["Content-Type"] == "image/webp"
    assert str(reference.pk) in alice.get("/references/").text
    assert str(reference.pk) not in bob.get("/references/").text


def test_a_picture_is_hosted_at_the_provider_when_its_task_is_sent(alice: Client, desk: Desk) -> None:
    reference = brought(alice)
    assert compose(alice, address("reference", reference.pk)).status_code == 200
    task = desk.send(Task.objects.get())
    assert task.status == Status.RUNNING
    [url] = sent_urls(desk)
    assert url.startswith(desk.sandbox.url)
    assert task.parameters["file_urls"] == [address("reference", reference.pk)]


def test_a_copy_is_used_again_until_it_has_expired(alice: Client, desk: Desk) -> None:
    reference = brought(alice)

    def send() -> str:
        compose(alice, address("reference", reference.pk))
        desk.send(Task.objects.latest("created_at"))
        return sent_urls(desk)[0]

    def uploads() -> int:
        return sum("upload" in each.path for each in desk.sandbox.requests)

    send()
    send()
    assert uploads() == 1
    cache.clear()
    send()
    assert uploads() == 2


def test_a_picture_is_uploaded_while_its_prompt_is_still_written(alice: Client, desk: Desk) -> None:
    reference = brought(alice)
    host_reference(str(reference.pk))
    [upload] = [each.path for each in desk.sandbox.requests if "upload" in each.path]
    compose(alice, address("reference", reference.pk))
    assert desk.send(Task.objects.get()).status == Status.RUNNING
    assert [each.path for each in desk.sandbox.requests if "upload" in each.path] == [upload]


@pytest.mark.parametrize("fault", ["code:500", "code:401", "lose_answer"])
def test_an_early_upload_that_fails_is_made_again_when_the_task_leaves(alice: Client, desk: Desk, fault: str) -> None:
    reference = brought(alice)
    desk.sandbox.fault(fault, on="upload")
    host_reference(str(reference.pk))
    compose(alice, address("reference", reference.pk))
    assert desk.send(Task.objects.get()).status == Status.RUNNING


def test_a_picture_brought_without_a_key_is_not_uploaded(bob: Client, desk: Desk) -> None:
    host_reference(str(brought(bob).pk))
    assert not [each for each in desk.sandbox.requests if "upload" in each.path]


def test_who_may_only_look_puts_nothing_on_a_lent_key_s_account(desk: Desk, bob: Client) -> None:
    team = teams.create(desk.user, "North")
    Team.objects.filter(pk=team.pk).update(key=desk.api_key)
    viewer = User.objects.get(email="bob@example.com")
    Membership.objects.create(team=team, user=viewer, role=Role.VIEWER)
    User.objects.filter(pk=viewer.pk).update(team=team, in_teams=True)
    host_reference(str(brought(bob).pk))
    assert not [each for each in desk.sandbox.requests if "upload" in each.path]


def test_a_gallery_picture_is_named_by_the_providers_own_link_while_that_lives(alice: Client, desk: Desk) -> None:
    result = Result.objects.filter(task=desk.finished()).first()
    assert result
    compose(alice, address("result", result.pk), task_type="mj_style_reference")
    child = desk.send(Task.objects.latest("created_at"))
    assert sent_urls(desk) == [result.source_url]
    assert (child.parent_id, child.parent_position) == (result.task_id, result.position)


def test_somebody_elses_picture_is_not_there(alice: Client, bob: Client, desk: Desk) -> None:
    bring(bob, picture())
    theirs = Reference.objects.get()
    response = compose(alice, address("reference", theirs.pk))
    assert response.status_code == 422
    assert "not there any more" in response.text
    assert not Task.objects.exists()


def test_a_picture_taken_out_meanwhile_fails_its_task_before_anything_is_sent(alice: Client, desk: Desk) -> None:
    reference = brought(alice)
    compose(alice, address("reference", reference.pk))
    alice.post(f"/references/{reference.pk}/forget/")
    task = desk.send(Task.objects.get())
    assert task.status == Status.FAILED
    assert "Nothing was sent" in task.message
    assert desk.charges() == 0


@pytest.mark.parametrize("code", [400, 422])
def test_a_picture_the_provider_refuses_fails_the_task_with_its_words(alice: Client, desk: Desk, code: int) -> None:
    desk.sandbox.fault(f"code:{code}", on="upload", msg="too_odd")
    task = desk.send(desk.queue("a cat", task_type="mj_img2img", file_urls=[address("reference", brought(alice).pk)]))
    assert (task.status, task.failure_class) == (Status.FAILED, "parameter")
    assert task.message == "The provider refused a picture to start from: too odd"
    assert desk.sandbox.sent("mj/generate") == []


def test_waits_for_an_upload_that_does_not_work_grow(alice: Client, desk: Desk) -> None:
    desk.sandbox.fault("maintenance", on="upload", times=0)
    task = desk.queue("a cat", task_type="mj_img2img", file_urls=[address("reference", brought(alice).pk)])
    began = timezone.now() - timedelta(minutes=10)
    waits = []
    for _ in range(20):
        Task.objects.filter(pk=task.pk).update(first_busy_at=began, next_send_at=timezone.now(), status=Status.QUEUED)
        Gate.objects.all().delete()
        waits.append((desk.send(task).next_send_at - timezone.now()).total_seconds())
    assert max(waits) > 60
    assert "asked to wait" in words_for(fresh(task), timezone.now()).cost


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        ("code:500", Status.QUEUED, ""),
        ("reset_before_accept", Status.QUEUED, ""),
        ("lose_answer", Status.QUEUED, ""),
        ("code:401", Status.HELD, HoldReason.KEY_REFUSED),
    ],
)
def test_an_upload_that_fails_never_makes_a_task_uncertain(
    alice: Client, desk: Desk, fault: str, status: str, reason: str
) -> None:
    reference = brought(alice)
    compose(alice, address("reference", reference.pk))
    desk.sandbox.fault(fault, on="upload")
    task = desk.send(Task.objects.get())
    assert (task.status, task.hold_reason) == (status, reason)
    assert task.sent_at is None
    assert desk.charges() == 0
    assert fresh(task).parameters["file_urls"] == [address("reference", reference.pk)]


def test_a_picture_of_the_gallery_can_be_animated(alice: Client, desk: Desk) -> None:
    result = Result.objects.filter(task=desk.finished()).first()
    assert result
    page = alice.get(f"/?animate={result.pk}").text
    assert address("result", result.pk) in page
    assert f"/media/{result.pk}/320" in page
