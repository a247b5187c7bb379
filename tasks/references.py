"""Pictures to start from: brought by a person or taken from the gallery, hosted at the provider when they are needed.

A task names them by addresses of our own under a host that can never exist, so that a copy at the provider (which lives
a day) may be made anew whenever the task is sent. Any other address is passed on as it stands.
"""

import io
import tempfile
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from django.core.cache import cache
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.spaces import at_hand
from gallery import files
from gallery.decoding import Undecodable, decode_once
from gallery.models import Result
from gallery.sniffing import JPEG, PNG, WEBP, sniff
from kie.client import Client
from tasks.models import Task
from tasks.remembered import Reference

HOST = "pictures.invalid"
MOST_BYTES = 10 * 1024 * 1024
# The provider promises a day.
COPY_SECONDS = 23 * 60 * 60
# Its own results live longer; the last day is left to clocks that differ.
NEARLY_GONE = timedelta(days=1)
SENT_WIDTH, THUMB_WIDTH = 1280, 320


class NotAPicture(ValueError):
    """What was brought can't be used; the text is for the person."""


class Gone(ValueError):
    """A task names a picture that is not there any more, or not this person's."""


class Slot(NamedTuple):
    """A picture as the composer shows it."""

    url: str
    thumb: str
    name: str


def address(kind: str, pk: UUID) -> str:
    """How a task names a picture of ours; `kind` is reference or result."""
    return f"https://{HOST}/{kind}/{pk}"


def ours(url: str) -> tuple[str, UUID] | None:
    """(kind, id) of an address made by `address`; None for every other one."""
    parts = urlsplit(url)
    if parts.hostname != HOST:
        return None
    kind, _, pk = parts.path.strip("/").partition("/")
    try:
        return kind, UUID(pk)
    except ValueError:
        return "", UUID(int=0)


def keep(user_id: int, brought: "UploadedFile[Any]") -> Reference:
    """Check, re-encode and store a picture. The same bytes are the same reference. Raises NotAPicture."""
    if (brought.size or 0) > MOST_BYTES:
        raise NotAPicture("The picture is larger than 10 MB.")
    with tempfile.TemporaryDirectory(dir=files.temporary_root(), prefix="reference-") as folder:
        path = Path(folder) / "original"
        with path.open("w+b") as file:
            file.writelines(brought.chunks())
            file.seek(0)
            file_type = sniff(file.read(64))
        if file_type not in (JPEG, PNG, WEBP):
            raise NotAPicture("Only JPEG, PNG and WebP pictures can be used.")
        sha256 = files.sha256_of(path)
        try:
            drawn = decode_once(path, file_type, Path(folder))
        except Undecodable as error:
            raise NotAPicture(str(error)) from None
        for width in (SENT_WIDTH, THUMB_WIDTH):
            files.keep(Path(folder) / f"{width}.webp", file_name(sha256, width))
    size = {"width": drawn.width, "height": drawn.height}
    defaults = {"name": _plain_name(brought.name or ""), "created_at": timezone.now(), **size}
    return Reference.objects.update_or_create(user_id=user_id, sha256=sha256, defaults=defaults)[0]


def _plain_name(name: str) -> str:
    return "".join(character for character in name if character.isprintable())[:120]


def file_name(sha256: str, width: int) -> str:
    return f"references/{sha256[:2]}/{sha256}/{width}.webp"


def forget(reference: Reference) -> None:
    """Take it out of the library; its files go when nobody else brought the same bytes."""
    reference.delete()
    if not Reference.objects.filter(sha256=reference.sha256).exists():
        for width in (SENT_WIDTH, THUMB_WIDTH):
            default_storage.delete(file_name(reference.sha256, width))


def slots(user: User, urls: Iterable[str]) -> list[Slot]:
    """The pictures of a form as they are shown: at most five."""
    return [_slot(user, url) for url in list(urls)[:5]]


def slot_of(reference: Reference) -> Slot:
    """The slot of a picture of the library."""
    thumb = reverse("tasks:reference", args=[reference.pk])
    return Slot(address("reference", reference.pk), thumb, str(reference))


def slot_of_result(pk: UUID, name: str) -> Slot:
    """The slot of a picture of the gallery."""
    return Slot(address("result", pk), f"/media/{pk}/320", name)


def _slot(user: User, url: str) -> Slot:
    named = ours(url)
    if named is None:
        return Slot(url, "", "")
    kind, pk = named
    if kind == "reference" and (found := Reference.objects.filter(pk=pk, user=user).first()):
        return slot_of(found)
    if kind == "result" and Result.objects.visible_to(user).filter(pk=pk).exists():
        return slot_of_result(pk, "From the gallery")
    return Slot(url, "", "Not there any more")


def missing(user: User, urls: Iterable[str]) -> bool:
    """Whether a picture of ours among these is not there for this person."""
    return any(ours(url) and not _slot(user, url).thumb for url in urls)


def source_of(user: User, urls: Iterable[str]) -> Result | None:
    """The first of the results the person may see among these pictures: what is made of it is its child."""
    named = [found for url in urls if (found := ours(url)) and found[0] == "result"]
    results = Result.objects.visible_to(user).filter(pk__in=[pk for _, pk in named]).select_related("task")
    by_pk = {result.pk: result for result in results}
    return next((by_pk[pk] for _, pk in named if pk in by_pk), None)


def hosted(client: Client, task: Task) -> list[str]:
    """The addresses to send for the task's pictures, each hosted at the provider by now.

    Raises Gone, and the family of `kie.errors` when an upload fails; uploads are free and change nothing there.
    """
    return [_hosted(client, task, str(url)) for url in task.parameters.get("file_urls") or []]


def _hosted(client: Client, task: Task, url: str) -> str:
    named = ours(url)
    if named is None:
        return url
    kind, pk = named
    if kind == "reference":
        reference = Reference.objects.filter(pk=pk, user_id=task.user_id).first()
        if reference is None:
            raise Gone("A picture it starts from was taken out of your library. Nothing was sent.")
        return copied(client, task.key_fingerprint, reference.sha256, file_name(reference.sha256, SENT_WIDTH))
    result = Result.objects.filter(at_hand(task.user), pk=pk).first() if kind == "result" else None
    if result is None:
        raise Gone("A picture it starts from is not in your gallery any more. Nothing was sent.")
    if result.deadline - NEARLY_GONE > timezone.now() or not result.sha256:
        return result.source_url
    return copied(client, task.key_fingerprint, result.sha256, files.rendition_name(result.sha256, SENT_WIDTH))


def copied(client: Client, key_fingerprint: str, sha256: str, name: str) -> str:
    """The address of the account's copy of our file `name`: the one it has, or one uploaded now. Raises as `hosted`."""
    key = f"provider-copy:{key_fingerprint}:{sha256}"
    known = cache.get(key)
    if known:
        return str(known)
    upload = client.upload_stream(_opened(name), f"{sha256[:32]}.webp")
    cache.set(key, upload.url, COPY_SECONDS)
    return upload.url


def _opened(name: str) -> BinaryIO:
    return io.BytesIO(b"".join(_pieces(name)))


def _pieces(name: str) -> Iterator[bytes]:
    try:
        yield from files.read_range(name, 0, files.size_of(name))
    except FileNotFoundError:
        raise Gone("The file of a picture it starts from is missing here. Nothing was sent.") from None
