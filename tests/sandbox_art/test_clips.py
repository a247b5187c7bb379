from __future__ import annotations

import io
from itertools import pairwise

import av
import numpy as np
import pytest
from PIL import Image

from kie.sandbox.art import render, render_video
from kie.sandbox.art.noise import Array
from tests.sandbox_art.pictures import PROMPTS, opened

SMALL = 144


def frames(file: bytes) -> list[Array]:
    """Every frame as (h, w, 3) of 0..255."""
    with av.open(io.BytesIO(file), "r") as clip:
        return [frame.to_ndarray(format="rgb24").astype(np.float32) for frame in clip.decode(video=0)]


def step(first: Array, second: Array) -> float:
    """Mean difference of two frames with the grain averaged out."""
    height, width = first.shape[0] // 4 * 4, first.shape[1] // 4 * 4
    change = (first - second)[:height, :width].reshape(height // 4, 4, width // 4, 4, 3).mean((1, 3))
    return float(np.abs(change).mean())


def test_a_clip_is_h264_that_browsers_play_and_has_its_index_in_front() -> None:
    file = render_video(PROMPTS["marble"], ratio="16:9", take=0, seconds=0.5, long_edge=SMALL)
    assert file.index(b"moov") < file.index(b"mdat")
    with av.open(io.BytesIO(file), "r") as clip:
        stream = clip.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == 24
        assert (stream.width, stream.height) == (144, 80)


@pytest.mark.parametrize(("seconds", "count"), [(1.0, 24), (1.5, 36)])
def test_a_clip_lasts_as_long_as_was_asked(seconds: float, count: int) -> None:
    file = render_video(PROMPTS["portrait"], ratio="1:1", take=0, seconds=seconds, long_edge=SMALL)
    assert len(frames(file)) == count
    with av.open(io.BytesIO(file), "r") as clip:
        assert clip.duration is not None
        assert clip.duration / 1e6 == pytest.approx(seconds, abs=0.05)


@pytest.mark.parametrize("family", PROMPTS)
def test_every_scene_moves_and_its_end_meets_its_beginning(family: str) -> None:
    file = render_video(PROMPTS[family], ratio="16:9", take=1, seconds=0.5, long_edge=SMALL)
    shown = frames(file)
    steps = [step(first, second) for first, second in pairwise(shown)]
    assert step(shown[0], shown[6]) > 0.5
    assert step(shown[-1], shown[0]) < 2.5 * max(steps) + 0.5


def test_low_motion_moves_less_than_high() -> None:
    far = [
        frames(render_video("three ridges", ratio="16:9", take=0, seconds=1.0, long_edge=SMALL, motion=motion))
        for motion in ("low", "high")
    ]
    low, high = (step(clip[0], clip[12]) for clip in far)
    assert 0.1 < low < 0.8 * high


def test_hd_has_the_long_edge_of_hd() -> None:
    file = render_video(PROMPTS["portrait"], ratio="9:16", take=0, hd=True, seconds=0.05)
    assert frames(file)[0].shape == (1280, 718, 3)


def test_a_clip_that_starts_from_one_of_our_pictures_shows_that_picture() -> None:
    picture = render(PROMPTS["dunes"], ratio="3:2", take=2, long_edge=SMALL, seed="5")
    clip = frames(render_video("slow push in", ratio="3:2", take=0, seconds=0.5, long_edge=SMALL, start=picture))
    other = frames(render_video("slow push in", ratio="3:2", take=0, seconds=0.5, long_edge=SMALL))
    shown = np.asarray(opened(picture).resize((clip[0].shape[1], clip[0].shape[0])), dtype=np.float32)
    assert np.abs(clip[0] - shown).mean() < 0.5 * np.abs(other[0] - shown).mean()


def test_a_foreign_picture_is_moved_as_it_is() -> None:
    foreign = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(foreign, "PNG")
    clip = frames(render_video("anything", ratio="1:1", take=0, seconds=1.0, long_edge=SMALL, start=foreign.getvalue()))
    rows = clip[0].mean((1, 2))
    assert rows[10] < 60 < 180 < rows[-10]
    assert step(clip[0], clip[12]) > 0.3
