"""Decoding in the limited child: what is drawn, what is refused, and that limits are kept."""

import base64
import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image, ImageCms, ImageStat

from gallery.decoding import Drawn, Undecodable, decode
from gallery.sniffing import FileType, sniff
from tests.gallery.pictures import clip, encoded, jpeg, noise


def drawn(body: bytes, folder: Path) -> Drawn:
    path = folder / "original"
    path.write_bytes(body)
    known = sniff(body[:64])
    assert known is not None
    result = decode(path, known, folder)
    assert path.read_bytes() == body
    return result


def opened(folder: Path, width: int) -> Image.Image:
    image = Image.open(folder / f"{width}.webp", formats=["WEBP"])
    image.load()
    return image


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of one-bit pixels whose few kilobytes unpack to as many as it claims."""
    rows = zlib.compress(b"\0" * ((width + 7) // 8 + 1) * height, 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (jpeg(), "image/jpeg"),
        (encoded(noise(), "PNG"), "image/png"),
        (encoded(noise(), "WEBP"), "image/webp"),
        (encoded(noise(), "GIF"), "image/gif"),
        (clip("mp4"), "video/mp4"),
        (clip("webm"), "video/webm"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"%PDF-1.7", None),
        (b"\x00\x00\x00\x1cftypavif", None),
        (b"RIFF\x00\x00\x00\x00WAVE", None),
        (b"\x1a\x45\xdf\xa3" + b"matroska" * 9, None),
        (b"BM" + b"\0" * 60, None),
        (b"", None),
    ],
)
def test_six_types_are_known_by_their_first_bytes(body: bytes, expected: str | None) -> None:
    known = sniff(body[:64])
    assert (known.mime if known else None) == expected


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_is_drawn_in_three_widths_and_a_placeholder(file_format: str, tmp_path: Path) -> None:
    result = drawn(encoded(noise(1400, 700), file_format), tmp_path)
    assert (result.width, result.height, result.duration) == (1400, 700, 0)
    assert [opened(tmp_path, width).size for width in (1280, 640, 320)] == [(1280, 640), (640, 320), (320, 160)]
    head, _, body = result.placeholder.partition(",")
    assert head == "data:image/webp;base64"
    assert Image.open(io.BytesIO(base64.b64decode(body))).size == (16, 8)


def test_a_small_picture_is_never_enlarged(tmp_path: Path) -> None:
    drawn(jpeg(width=400, height=500), tmp_path)
    assert [opened(tmp_path, width).size for width in (1280, 640, 320)] == [(400, 500), (400, 500), (320, 400)]


def test_a_picture_lying_on_its_side_is_set_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    result = drawn(encoded(noise(96, 64), exif=exif.tobytes()), tmp_path)
    assert (result.width, result.height) == (64, 96)


def test_foreign_colours_become_srgb_and_a_broken_profile_does_no_harm(tmp_path: Path) -> None:
    grey = Image.new("RGB", (200, 200), (120, 60, 30))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    for profile in (b"no profile at all", lab):
        folder = tmp_path / str(len(profile))
        folder.mkdir()
        assert drawn(encoded(grey, quality=95, icc_profile=profile) + b"\0" * 2000, folder).width == 200


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "I;16"])
def test_every_pixel_format_of_a_png_can_be_shown(mode: str, tmp_path: Path) -> None:
    image = Image.new("I;16", (96, 64), 40000) if mode == "I;16" else noise(channels=4).convert(mode)
    drawn(encoded(image, "PNG"), tmp_path)
    shown = opened(tmp_path, 320)
    assert shown.mode == ("RGBA" if mode in {"RGBA", "LA", "P"} else "RGB")
    if mode == "I;16":
        assert shown.getpixel((5, 5)) == pytest.approx((156, 156, 156), abs=2)


def test_cmyk_is_shown_in_its_own_colours(tmp_path: Path) -> None:
    drawn(encoded(noise(200, 200).convert("CMYK")), tmp_path)
    assert opened(tmp_path, 320).mode == "RGB"


def test_half_a_jpeg_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Undecodable):
        drawn(jpeg()[: len(jpeg()) // 2], tmp_path)


def frames(count: int = 6) -> bytes:
    """A GIF that moves."""
    pictures = [noise(seed=seed) for seed in range(count)]
    return encoded(pictures[0], "GIF", save_all=True, append_images=pictures[1:])


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95, 0.99])
@pytest.mark.parametrize("whole", [frames(), clip("mp4"), clip("webm")], ids=["gif", "mp4", "webm"])
def test_a_moving_picture_without_its_end_is_refused_wherever_it_breaks(
    whole: bytes, share: float, tmp_path: Path
) -> None:
    with pytest.raises(Undecodable):
        drawn(whole[: int(len(whole) * share)], tmp_path)


def streamed(name: str) -> bytes:
    """A clip whose writer could not go back to say how long it became."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.body = b""

        def writable(self) -> bool:
            return True

        def write(self, part: Any) -> int:
            self.body += bytes(part)
            return len(part)

    pipe = Pipe()
    with av.open(pipe, "w", format=name, options=PIECES.get(name, {})) as output:
        stream: Any = output.add_stream("h264" if name == "mp4" else "libvpx", rate=24)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for seed in range(24):
            output.mux(stream.encode(av.VideoFrame.from_image(noise(seed=seed))))  # type: ignore[no-untyped-call]
        output.mux(stream.encode())
    return pipe.body


PIECES = {"mp4": {"movflags": "frag_keyframe+empty_moov"}}


@pytest.mark.parametrize("name", ["mp4", "webm"])
def test_a_clip_that_was_streamed_is_whole_too(name: str, tmp_path: Path) -> None:
    assert drawn(streamed(name), tmp_path).width == 96


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_a_clip_in_pieces_without_its_end_is_refused_wherever_it_breaks(share: float, tmp_path: Path) -> None:
    whole = streamed("mp4")
    with pytest.raises(Undecodable):
        drawn(whole[: int(len(whole) * share)], tmp_path)


SIGNED = b"signed by a tool that marks clips, 2026"


@pytest.mark.parametrize("behind", [SIGNED, b"\r\n", b"\0" * 5000], ids=["words", "line end", "zeros"])
@pytest.mark.parametrize(
    "whole", [encoded(noise(), "GIF"), frames(), clip("mp4"), streamed("mp4")], ids=["gif", "gifs", "mp4", "pieces"]
)
def test_what_stands_behind_a_whole_file_cuts_nothing_off(whole: bytes, behind: bytes, tmp_path: Path) -> None:
    assert drawn(whole + behind, tmp_path).width == 96


def test_a_semicolon_among_the_pixels_is_not_the_end_of_a_gif(tmp_path: Path) -> None:
    whole = frames()
    at = whole.index(b";", len(whole) // 2) + 1
    with pytest.raises(Undecodable):
        drawn(whole[:at], tmp_path)


def test_a_whole_gif_that_moves_is_drawn(tmp_path: Path) -> None:
    assert drawn(frames(), tmp_path).width == 96


def test_a_page_behind_a_whole_jpeg_changes_nothing(tmp_path: Path) -> None:
    assert drawn(jpeg() + b"<html><script>alert(1)</script>" * 50, tmp_path).width == 96


@pytest.mark.parametrize("side", [(8000, 8000), (30000, 30000), (65000, 1000)])
def test_more_than_fifty_megapixels_are_refused_before_decoding(side: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(Undecodable, match="50 megapixels"):
        drawn(png_claiming(*side), tmp_path)
    assert not list(tmp_path.glob("*.webp"))


def test_a_file_is_opened_only_as_what_it_was_judged_to_be(tmp_path: Path) -> None:
    path = tmp_path / "original"
    path.write_bytes(jpeg())
    with pytest.raises(Undecodable):
        decode(path, FileType("image/png", "png", "image", "PNG"), tmp_path)


def test_the_child_has_no_secret_and_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import os, resource, sys\nfrom gallery.renditions import limit_process\nlimit_process()\n"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CPU)[0],"
        " 'django' in sys.modules)\n"
        "try:\n    bytearray(2 << 30)\nexcept MemoryError:\n    print('refused')\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=os.getcwd())
    assert run.stdout.split() == [str(1536 << 20), "60", "False", "refused"]


@pytest.mark.parametrize("container", ["mp4", "webm"])
def test_a_clip_gets_a_poster_and_its_length(container: str, tmp_path: Path) -> None:
    result = drawn(clip(container), tmp_path)
    assert (result.width, result.height) == (96, 64)
    assert result.duration == pytest.approx(1.0, abs=0.1)
    assert opened(tmp_path, 320).size == (96, 64)


def test_the_poster_is_the_first_frame_with_something_on_it(tmp_path: Path) -> None:
    drawn(clip(black=6), tmp_path)
    assert ImageStat.Stat(opened(tmp_path, 320).convert("L")).stddev[0] > 20


def test_a_clip_that_breaks_off_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Undecodable):
        drawn(clip("webm")[: len(clip("webm")) // 2], tmp_path)
