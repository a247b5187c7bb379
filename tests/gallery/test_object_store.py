"""The same life on an object store: saved, served in parts, adopted, removed."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from moto.server import ThreadedMotoServer

from accounts.models import User
from gallery import files, jobs, saving, services
from gallery.models import Result
from tests.gallery.conftest import new_task
from tests.gallery.pictures import jpeg
from tests.kie.raw_server import RawServer, http

ACCESS = {"access_key": "test", "secret_key": "test", "region_name": "us-east-1"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, settings: Any, tmp_path: Any) -> Any:
    options = {"bucket_name": "portal", "location": "site", "endpoint_url": endpoint, "file_overwrite": True, **ACCESS}
    store = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": store}
    settings.DATA_DIR = tmp_path
    storage: Any = default_storage
    storage.bucket.create()
    yield storage.bucket
    storage.bucket.objects.all().delete()


@pytest.fixture
def kept(bucket: Any, owner: User, host: RawServer) -> Result:
    host.answer(http(200, jpeg()))
    services.add_results(new_task(owner).pk, (owner.pk, None), [f"{host.url}/0.jpeg"], "image")
    result = Result.objects.get()
    jobs.save_result(str(result.pk))
    result.refresh_from_db()
    return result


def keys(bucket: Any) -> list[str]:
    return sorted(each.key for each in bucket.objects.all())


def test_a_saved_result_lies_in_the_bucket_under_its_content(kept: Result, bucket: Any) -> None:
    assert (kept.state, kept.problem) == ("saved", "")
    sha256 = hashlib.sha256(jpeg()).hexdigest()
    names = [files.original_name(sha256, "jpg"), *(files.rendition_name(sha256, width) for width in files.WIDTHS)]
    assert keys(bucket) == sorted(f"site/{name}" for name in names)
    assert list(files.temporary_root().iterdir()) == []


def test_it_is_served_whole_and_in_parts(kept: Result, browser: Client) -> None:
    address = f"/media/{kept.pk}/original"
    whole: Any = browser.get(address)
    assert b"".join(whole.streaming_content) == jpeg()
    part: Any = browser.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, jpeg()[10:20])


def test_what_vanished_is_a_404(kept: Result, browser: Client, bucket: Any) -> None:
    files.remove_content(kept.sha256, "jpg")
    assert keys(bucket) == []
    assert browser.get(f"/media/{kept.pk}/original").status_code == 404


def test_a_declared_original_is_adopted(kept: Result, host: RawServer) -> None:
    Result.objects.update(state="saving", saved_at=None, next_try_at=kept.first_seen_at)
    jobs.save_result(str(kept.pk))
    kept.refresh_from_db()
    assert (kept.state, len(host.seen), saving.leftovers(kept.pk)) == ("saved", 1, [])


def test_room_is_asked_of_the_store_once_a_minute(db: None, bucket: Any) -> None:
    assert files.has_room()
    default_storage.delete("tmp/probe")
    assert files.has_room()
    assert keys(bucket) == []
