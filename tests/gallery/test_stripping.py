"""A download for whom no prompt is meant: the picture stays as it is, and nothing beside it is told."""

import io
import zlib
from typing import Any

import av
import pytest
from django.test import Client
from PIL import Image, ImageCms

from tests.gallery.conftest import Shelf
from tests.gallery.pictures import clip, encoded, noise
from tests.gallery.test_embedding import OTHERS, kept, shared

WORDS = b"their own words"


def webp(*, moving: bool) -> bytes:
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = WORDS.decode(), 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    more: dict[str, Any] = {"save_all": True, "append_images": [noise(seed=1)], "duration": 70} if moving else {}
    return encoded(noise(), "WEBP", lossless=True, xmp=OTHERS, exif=exif, icc_profile=profile, **more)


@pytest.mark.parametrize("moving", [False, True])
def test_a_webp_keeps_frames_profile_and_orientation_alone(shelf: Shelf, client: Client, moving: bool) -> None:
    body = webp(moving=moving) + WORDS
    bare = client.get(shared(kept(shelf, body, "image/webp"))).getvalue()
    ours: Any = Image.open(io.BytesIO(bare))
    theirs: Any = Image.open(io.BytesIO(body))
    assert WORDS not in bare
    assert (ours.n_frames, dict(ours.getexif())) == (1 + moving, {0x0112: 6})
    assert ours.info["icc_profile"] == theirs.info["icc_profile"]
    ours.seek(moving)
    theirs.seek(moving)
    assert ours.tobytes() == theirs.tobytes()
    assert "xmp" not in ours.info


def test_a_plain_webp_stays_as_it_is(shelf: Shelf, client: Client) -> None:
    body = encoded(noise(), "WEBP", lossless=True)
    assert client.get(shared(kept(shelf, body, "image/webp"))).getvalue() == body


def test_a_gif_keeps_its_pictures_times_and_loop_alone(shelf: Shelf, client: Client) -> None:
    frames = {"save_all": True, "append_images": [noise(seed=1)], "duration": [70, 90], "loop": 3}
    body = encoded(noise(), "GIF", comment=WORDS, **frames) + WORDS
    bare = client.get(shared(kept(shelf, body, "image/gif"))).getvalue()
    ours: Any = Image.open(io.BytesIO(bare))
    theirs: Any = Image.open(io.BytesIO(body))
    assert WORDS in body
    assert WORDS not in bare
    assert (ours.n_frames, ours.info["loop"], ours.info["duration"]) == (2, 3, 70)
    ours.seek(1)
    theirs.seek(1)
    assert (ours.convert("RGB").tobytes(), ours.info["duration"]) == (theirs.convert("RGB").tobytes(), 90)


def test_a_webm_plays_without_its_tags_and_titles(shelf: Shelf, client: Client) -> None:
    file = io.BytesIO()
    output: Any
    with av.open(file, "w", format="webm") as output:
        output.metadata.update({"title": WORDS.decode(), "comment": WORDS.decode()})
        stream = output.add_stream("libvpx", rate=24)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.metadata["title"] = WORDS.decode()
        for index in range(24):
            output.mux(stream.encode(av.VideoFrame.from_image(noise(seed=index))))  # type: ignore[no-untyped-call]
        output.mux(stream.encode())
    body = file.getvalue()
    bare = client.get(shared(kept(shelf, body, "video/webm", kind="video"))).getvalue()
    assert body.count(WORDS) >= 3
    assert WORDS not in bare
    assert len(bare) == len(body)
    ours, theirs = frames_of(bare), frames_of(body)
    assert (len(ours), ours == theirs) == (24, True)


def frames_of(body: bytes) -> list[bytes]:
    opened: Any
    with av.open(io.BytesIO(body)) as opened:
        return [frame.to_ndarray().tobytes() for frame in opened.decode(video=0)]


def test_words_between_the_scans_of_a_jpeg_and_behind_its_end_stay_here(shelf: Shelf, client: Client) -> None:
    plain = encoded(noise(), quality=90, progressive=True)
    second = plain.index(b"\xff\xda", plain.index(b"\xff\xda") + 2)
    comment = b"\xff\xfe" + (len(WORDS) + 2).to_bytes(2) + WORDS
    body = plain[:second] + comment + plain[second:] + WORDS
    assert client.get(shared(kept(shelf, body, "image/jpeg"))).getvalue() == plain


def test_what_stands_in_the_free_room_of_a_clip_stays_here(shelf: Shelf, client: Client) -> None:
    body = clip() + (len(WORDS) + 8).to_bytes(4) + b"free" + WORDS
    bare = client.get(shared(kept(shelf, body, "video/mp4", kind="video"))).getvalue()
    assert (WORDS in bare, len(bare)) == (False, len(body))


def test_what_nobody_knows_in_a_picture_stays_here(shelf: Shelf, client: Client) -> None:
    png = encoded(noise(), "PNG")
    told = len(WORDS).to_bytes(4) + b"PRMT" + WORDS + zlib.crc32(b"PRMT" + WORDS).to_bytes(4)
    frames = encoded(noise(), "WEBP", lossless=True, save_all=True, append_images=[noise(seed=1)], duration=70)
    at = frames.index(b"ANMF")
    long = int.from_bytes(frames[at + 4 : at + 8], "little")
    padded = WORDS + b"\0" * (len(WORDS) % 2)
    extra = b"PRMT" + len(WORDS).to_bytes(4, "little") + padded
    body = frames[: at + 4] + (long + len(extra)).to_bytes(4, "little") + frames[at + 8 : at + 8 + long]
    body += extra + frames[at + 8 + long :]
    webp = body[:4] + (len(body) - 8).to_bytes(4, "little") + body[8:]
    for content_type, told_body, plain in (
        ("image/png", png[:33] + told + png[33:], png),
        ("image/webp", webp, frames),
    ):
        assert client.get(shared(kept(shelf, told_body, content_type))).getvalue() == plain


def test_a_gif_with_something_between_its_blocks_opens_all_the_same(shelf: Shelf, client: Client) -> None:
    plain = encoded(noise(), "GIF")
    at = 13 + 3 * 256
    body = plain[:at] + b"\0\0\0" + plain[at:]
    bare = client.get(shared(kept(shelf, body, "image/gif"))).getvalue()
    assert (
        Image.open(io.BytesIO(bare)).convert("RGB").tobytes() == Image.open(io.BytesIO(body)).convert("RGB").tobytes()
    )


def test_the_name_of_a_track_and_boxes_without_end_stay_here(shelf: Shelf, client: Client) -> None:
    plain = clip()
    at = plain.index(b"VideoHandler")
    named = plain[:at] + WORDS[:12] + plain[at + 12 :]
    deep = b""
    for _ in range(3000):
        deep = (len(deep) + 8).to_bytes(4) + b"moov" + deep
    bare = client.get(shared(kept(shelf, named + deep, "video/mp4", kind="video"))).getvalue()
    assert WORDS[:12] not in bare
    assert frames_of(bare[: len(plain)]) == frames_of(plain)


@pytest.mark.parametrize(
    "content_type", ["image/jpeg", "image/png", "image/webp", "image/gif", "video/mp4", "video/webm"]
)
def test_a_file_that_was_cut_on_the_disk_is_no_server_error(shelf: Shelf, client: Client, content_type: str) -> None:
    head = {"image/webp": b"RIFF\x0c\0\0\0WEBPVP8X\0\0\0\0", "image/gif": b"GIF89a\1\0\1\0\xf7"}
    is_clip = content_type.startswith("video/")
    body = head.get(content_type, b"\x1a\x45\xdf")
    answer = client.get(shared(kept(shelf, body, content_type, kind="video" if is_clip else "image")))
    assert len(answer.getvalue()) == int(answer["Content-Length"]) <= len(body)
