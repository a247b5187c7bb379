"""A download with its prompt inside: other programs read it, the pixels and the kept original stay as they were."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from mutagen.mp4 import MP4
from PIL import Image

from gallery import files, sharing
from gallery.models import Collection, CollectionItem, Result, ShareLink
from tests.gallery.conftest import Shelf, new_task
from tests.gallery.pictures import clip, encoded, jpeg, noise

PROMPT = "paper boats <at> dawn & \U0001f98a\u202e \u96ea"
Download = Callable[..., Any]


@pytest.fixture
def download(browser: Client) -> Download:
    def get(result: Result, query: str = "?with=prompt") -> Any:
        return browser.get(f"/media/{result.pk}/download{query}")

    return get


def kept(shelf: Shelf, body: bytes, content_type: str, **fields: Any) -> Result:
    result = shelf(body, prompt=PROMPT, content_type=content_type, **fields)
    if content_type == "image/png":
        path = Path(default_storage.path(files.original_name(result.sha256, "png")))
        path.write_bytes(body)
    return result


def test_a_jpeg_carries_prompt_and_flags_as_xmp(shelf: Shelf, download: Download) -> None:
    body = jpeg()
    answer = download(kept(shelf, body, "image/jpeg"))
    told = answer.getvalue()
    assert int(answer["Content-Length"]) == len(told)
    opened = Image.open(io.BytesIO(told))
    said = opened.info["xmp"].decode()
    assert "paper boats &lt;at&gt; dawn &amp; \U0001f98a" in said
    assert "--ar 3:2 --v 7 --s 250 --fast" in said
    assert opened.tobytes() == Image.open(io.BytesIO(body)).tobytes()


def test_a_png_carries_it_as_text(shelf: Shelf, download: Download) -> None:
    told = download(kept(shelf, encoded(noise(), "PNG"), "image/png")).getvalue()
    opened = Image.open(io.BytesIO(told))
    opened.load()
    assert opened.text["Description"].startswith("paper boats <at> dawn")  # type: ignore[attr-defined]


def test_a_clip_carries_it_as_its_comment_and_the_original_stays(
    shelf: Shelf, download: Download, tmp_path: Path
) -> None:
    body = clip()
    result = kept(shelf, body, "video/mp4", kind="video")
    copy = tmp_path / "told.mp4"
    answer = download(result)
    copy.write_bytes(answer.getvalue())
    assert int(answer["Content-Length"]) == copy.stat().st_size
    tags: Any = MP4(copy)  # type: ignore[no-untyped-call]
    assert tags["\xa9cmt"][0].startswith("paper boats <at> dawn")
    assert download(result, "").getvalue() == body
    assert not list(files.temporary_root().glob("words-*"))


@pytest.mark.parametrize(
    ("content_type", "body"), [("video/mp4", b"\0" * 900), ("image/jpeg", b"\xff\xd8\xff\xdb" + b"1" * 90)]
)
def test_a_file_of_an_unknown_form_is_given_out_all_the_same(
    shelf: Shelf, download: Download, content_type: str, body: bytes
) -> None:
    assert body[4:] in download(kept(shelf, body, content_type)).getvalue()


def test_without_asking_the_download_is_the_provider_s_file_to_the_byte(shelf: Shelf, download: Download) -> None:
    body = jpeg()
    assert download(kept(shelf, body, "image/jpeg"), "").getvalue() == body


def test_a_link_gives_words_away_only_when_it_was_made_to(shelf: Shelf, client: Client, browser: Client) -> None:
    result = kept(shelf, jpeg(), "image/jpeg")
    collection = Collection.objects.create(user=result.user, name="x")
    CollectionItem.objects.create(collection=collection, result=result, position=1)
    page = browser.post(
        f"/gallery/collections/{collection.pk}/share/", {"may_download": "on", "with_prompts": "on"}
    ).text
    [token] = set(re.findall(r"/s/([\w-]+)/", page))
    answer = client.get(f"/s/{token}/{result.pk}/download")
    assert b"paper boats" in answer.getvalue()
    assert answer["Cache-Control"] == "private, no-store"
    browser.post(f"/gallery/collections/{collection.pk}/share/", {"with_prompts": "on"})
    assert not ShareLink.objects.latest("created_at").with_prompts


def test_other_links_never_give_words_away(shelf: Shelf, client: Client) -> None:
    body = jpeg()
    result = kept(shelf, body, "image/jpeg")
    collection = Collection.objects.create(user=result.user, name="x")
    CollectionItem.objects.create(collection=collection, result=result, position=1)
    _, token = sharing.make(collection, result.user, days=1, password="", may_download=True)
    assert client.get(f"/s/{token}/{result.pk}/download?with=prompt").getvalue() == body


def test_an_upscale_without_a_prompt_has_a_download_too(shelf: Shelf, download: Download) -> None:
    source = shelf()
    task = new_task(source.user, "", kind="upscale", parent=source.task, parent_position=0, parameters={})
    assert download(shelf(jpeg(), task=task, content_type="image/jpeg")).status_code == 200
