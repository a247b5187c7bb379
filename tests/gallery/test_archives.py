"""The zip: every original, what it was made of, and names that are safe."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from gallery import organising
from gallery.models import Result
from tests.gallery.conftest import Shelf

HOSTILE = [
    'a "quoted" fox',
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "fox 🦊 asleep",
    "\u202egpj.exe",
    "x" * 2000,
    "=cmd|' /C calc'!A0",
    "",
]


def sha(number: int) -> str:
    return f"{number:02x}" * 32


def unpacked(answer: Any) -> zipfile.ZipFile:
    body = answer.getvalue()
    assert len(body) == int(answer["Content-Length"])
    archive = zipfile.ZipFile(io.BytesIO(body))
    assert archive.testzip() is None
    return archive


def test_a_zip_has_every_original_and_what_it_was_made_of(browser: Client, shelf: Shelf) -> None:
    one = shelf(b"first" * 1000, sha256=sha(1), prompt="red fox")
    two = shelf(b"second" * 1000, sha256=sha(2), prompt="red fox")
    clip = shelf(b"clip" * 1000, sha256=sha(3), kind="video", content_type="video/mp4", prompt="it moves")
    archive = unpacked(browser.post("/gallery/download/", {"result": [each.pk for each in (one, two, clip)]}))
    names = archive.namelist()
    assert names == ["red fox 1.jpg", "red fox 1 (2).jpg", "it moves 1.mp4", "prompts.csv", "prompts.json"]
    assert archive.read("red fox 1 (2).jpg") == b"second" * 1000
    told = json.loads(archive.read("prompts.json"))
    assert [each["file"] for each in told] == names[:3]
    assert told[0]["parameters"]["stylization"] == 250
    rows = list(csv.DictReader(io.StringIO(archive.read("prompts.csv").decode("utf-8-sig"))))
    assert [row["prompt"] for row in rows] == ["red fox", "red fox", "it moves"]


@pytest.mark.parametrize("prompt", HOSTILE)
def test_names_in_a_zip_are_safe_whatever_the_prompt(browser: Client, shelf: Shelf, prompt: str) -> None:
    archive = unpacked(browser.post("/gallery/download/", {"result": shelf(prompt=prompt).pk}))
    name = archive.namelist()[0]
    assert not [part for part in ("/", "\\", "..") if part in name]
    assert len(name) < 80
    assert "\u202e" not in name
    [row] = csv.DictReader(io.StringIO(archive.read("prompts.csv").decode("utf-8-sig")))
    assert not row["prompt"].startswith("=")


@pytest.mark.parametrize("left", [None, b"x" * 50_000])
def test_a_file_that_is_gone_or_short_breaks_the_download_off(
    browser: Client, shelf: Shelf, media: Path, left: bytes | None
) -> None:
    result = shelf(b"x" * 100_000)
    [path] = media.rglob("*.jpg")
    path.unlink()
    if left:
        path.write_bytes(left)
    answer = browser.post("/gallery/download/", {"result": result.pk})
    with pytest.raises((FileNotFoundError, EOFError)):
        answer.getvalue()


def test_a_zip_has_all_of_thousands_or_is_refused_in_words(
    browser: Client, owner: User, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shelf(b"x")
    like_it = {"task": one.task, "user": owner, "sha256": one.sha256, "size": 1, "content_type": "image/jpeg"}
    rows = [Result(position=n, state="saved", saved_at=one.saved_at, **like_it) for n in range(1, 5001)]
    Result.objects.bulk_create(rows, batch_size=500)
    archive = unpacked(browser.post("/gallery/download/", {"everything": "1"}))
    assert len(archive.namelist()) == 5001 + 2
    assert len(json.loads(archive.read("prompts.json"))) == 5001
    monkeypatch.setattr(organising, "MOST", 5000)
    page = browser.post("/gallery/download/", {"everything": "1"}, follow=True)
    assert "One zip holds at most 5,000 files" in page.text
