"""A download with its prompt inside: other programs read it, the pixels and the kept original stay as they were."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from django.core.files.storage import default_storage
from django.test import Client
from mutagen.mp4 import MP4
from PIL import Image, ImageCms, IptcImagePlugin
from PIL.PngImagePlugin import PngInfo

from gallery import files, sharing
from gallery.models import Collection, CollectionItem, Result, ShareLink
from gallery.sniffing import BY_MIME
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
    name = files.original_name(result.sha256, BY_MIME[content_type].extension)
    Path(default_storage.path(name)).write_bytes(body)
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


OTHERS = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt><rdf:li xml:lang="x-default">'
    'their own words</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
).encode()


def talkative(content_type: str) -> bytes:
    """A file as a provider could send it: its prompt inside in every way, turned, and with a colour profile."""
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "their own words", 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    if content_type == "image/jpeg":
        body = encoded(noise(), quality=90, xmp=OTHERS, exif=exif, icc_profile=profile, comment=b"their own words")
        return body[:2] + b"\xff\xed\x00\x20Photoshop 3.0\0their own words\0" + body[2:]
    text = PngInfo()
    text.add_text("Description", "their own words")
    text.add_text("Comment", "their own words", zip=True)
    text.add_itxt("XML:com.adobe.xmp", OTHERS.decode())
    return encoded(noise(), "PNG", pnginfo=text, exif=exif, icc_profile=profile)


def shared(result: Result) -> str:
    """The address of its original for the guests of a link that gives no prompts along."""
    collection = Collection.objects.create(user=result.user, name="x")
    CollectionItem.objects.create(collection=collection, result=result, position=1)
    _, token = sharing.make(collection, result.user, days=1, password="", may_download=True)
    return f"/s/{token}/{result.pk}/{'clip' if result.kind == Result.Kind.VIDEO else 'download'}"


def told_clip(tmp_path: Path) -> bytes:
    copy = tmp_path / "theirs.mp4"
    copy.write_bytes(clip())
    tags: Any = MP4(copy)  # type: ignore[no-untyped-call]
    tags["\xa9cmt"] = ["their own words"]
    tags.save()
    return copy.read_bytes()


def test_a_jpeg_that_brings_words_tells_ours_alone_as_xmp_and_iptc(shelf: Shelf, download: Download) -> None:
    told = download(kept(shelf, talkative("image/jpeg"), "image/jpeg")).getvalue()
    opened: Any = Image.open(io.BytesIO(told))
    assert told.count(b"http://ns.adobe.com/xap/1.0/\0") == 1
    assert "paper boats" in opened.info["xmp"].decode()
    captions: Any = IptcImagePlugin.getiptcinfo(opened)
    assert captions[2, 120].decode().startswith("paper boats <at> dawn & \U0001f98a")
    assert (opened.getexif()[0x0112], bool(opened.info["icc_profile"])) == (6, True)


def test_a_png_that_brings_words_tells_ours_alone(shelf: Shelf, download: Download) -> None:
    told = download(kept(shelf, talkative("image/png"), "image/png")).getvalue()
    opened: Any = Image.open(io.BytesIO(told))
    opened.load()
    assert opened.text["Description"].startswith("paper boats")
    assert "xmp" not in opened.info


@pytest.mark.parametrize(
    "prompt",
    ["\u591c\u3000\u7a7a", "hello\u00a0world", "\U0001f468\u200d\U0001f469 family", "\u0645\u06cc\u200c\u062e"],
)
def test_words_inside_a_file_are_those_of_the_prompt(shelf: Shelf, download: Download, prompt: str) -> None:
    result = kept(shelf, encoded(noise(), "PNG"), "image/png")
    result.task.prompt = f"{prompt}\x1b\ufffe"
    result.task.save()
    opened: Any = Image.open(io.BytesIO(download(result).getvalue()))
    opened.load()
    assert opened.text["Description"].startswith(f"{prompt} --ar")


def test_the_longest_words_fit_into_a_jpeg(shelf: Shelf, download: Download) -> None:
    result = kept(shelf, jpeg(), "image/jpeg")
    result.task.prompt = "&'\U0001f98a" * 5000
    result.task.save()
    assert Image.open(io.BytesIO(download(result).getvalue())).info["xmp"]


@pytest.mark.parametrize("content_type", ["image/jpeg", "image/png", "video/mp4"])
def test_a_link_without_words_gives_none_away_inside_a_file_either(
    shelf: Shelf, client: Client, tmp_path: Path, content_type: str
) -> None:
    is_clip = content_type == "video/mp4"
    body = told_clip(tmp_path) if is_clip else talkative(content_type)
    address = shared(kept(shelf, body, content_type, kind="video" if is_clip else "image"))
    answer = client.get(address)
    bare = answer.getvalue()
    assert b"their own words" not in bare
    assert int(answer["Content-Length"]) == len(bare)
    part = client.get(address, headers={"Range": "bytes=100-1999"})
    assert (part.status_code, part.getvalue()) == (206, bare[100:2000])
    if is_clip:
        opened: Any
        with av.open(io.BytesIO(bare)) as opened:
            assert len(list(opened.decode(video=0))) == 24
        return
    ours: Any = Image.open(io.BytesIO(bare))
    theirs: Any = Image.open(io.BytesIO(body))
    assert ours.tobytes() == theirs.tobytes()
    assert (dict(ours.getexif()), ours.info["icc_profile"]) == ({0x0112: 6}, theirs.info["icc_profile"])
    assert not {"comment", "xmp", "Description", "Comment"} & set(ours.info)
