"""People, a file host and a shelf of saved results."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from accounts.models import User
from gallery import files, services
from gallery.indexing import index_results
from gallery.models import Result
from tasks.models import Status, Task
from tests.kie.raw_server import RawServer

Shelf = Callable[..., Result]


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    """The real file storage, in this test's own folder."""
    root = tmp_path / "media"
    own = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(root)}}
    settings.STORAGES = {**settings.STORAGES, "default": own}
    return root


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_user("owner@example.com", name="Ada Berg")


@pytest.fixture
def stranger(db: None) -> User:
    return User.objects.create_user("stranger@example.com")


@pytest.fixture
def browser(owner: User) -> Client:
    client = Client()
    client.force_login(owner, "allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def as_in_production(settings: Any) -> None:
    """Without the query by which the first-run page asks anew in every test whether anybody exists."""
    settings.TESTING = False


@pytest.fixture
def host(settings: Any) -> Iterator[RawServer]:
    """The file host, which is the provider's configured origin."""
    server = RawServer()
    settings.KIE_API_URL = settings.KIE_UPLOAD_URL = server.url
    yield server
    server.close()


def new_task(user: User, prompt: str = "paper boats at dawn", **fields: Any) -> Task:
    values = {"aspect_ratio": "3:2", "version": "7", "speed": "fast", "stylization": 250}
    given = {"task_type": "mj_txt2img", "status": Status.SUCCEEDED, "parameters": values, **fields}
    return Task.objects.create(user=user, prompt=prompt, **given)


@pytest.fixture
def waiting(owner: User, host: RawServer, media: Path) -> Result:
    """One result that is due to be saved from the host."""
    task = new_task(owner)
    services.add_results(task.pk, (owner.pk, None), [f"{host.url}/0.jpeg"], "image")
    return Result.objects.get()


@pytest.fixture
def shelf(owner: User, media: Path) -> Shelf:
    """Makes a saved result with its files in place, without the work of saving: `shelf(body=..., prompt=...)`."""

    def put(
        body: bytes = b"x" * 5000, sha256: str = "ab" * 32, saved_at: datetime | None = None, **fields: Any
    ) -> Result:
        user = fields.pop("user", owner)
        task = fields.pop("task", None) or new_task(user, fields.pop("prompt", "paper boats at dawn"))
        names = [files.rendition_name(sha256, width) for width in files.WIDTHS]
        kind = {"kind": "image", "content_type": "image/jpeg", "width": 96, "height": 64, **fields}
        extension = "mp4" if kind["content_type"] == "video/mp4" else "jpg"
        for name in [files.original_name(sha256, extension), *names]:
            path = Path(default_storage.path(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        row = {"position": 0, "state": Result.State.SAVED, "next_try_at": None, "size": len(body), "sha256": sha256}
        saved_at = saved_at or timezone.now()
        result = Result.objects.create(task=task, user=user, saved_at=saved_at, **{**row, **kind})
        index_results(Result.objects.filter(pk=result.pk))
        return result

    return put
