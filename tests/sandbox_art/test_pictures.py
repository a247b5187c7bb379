from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from kie.sandbox.art import render, render_upscaled
from kie.sandbox.art.encode import SIZES, finish
from kie.sandbox.art.render import stage_for
from kie.sandbox.art.scenes import SCENES, scene_for
from tests.sandbox_art.pictures import PROMPTS, opened, pixels, roughness, thumbnail

SMALL = 128


@pytest.mark.parametrize("ratio", SIZES)
def test_a_picture_has_the_shape_that_was_asked_for(ratio: str) -> None:
    across, down = (int(part) for part in ratio.split(":"))
    picture = opened(render("liquid marble", ratio=ratio, take=0, long_edge=300))
    assert picture.format == "JPEG"
    assert picture.width / picture.height == pytest.approx(across / down, rel=0.012)


@pytest.mark.parametrize("ratio", SIZES)
def test_full_size_is_about_a_megapixel_and_fits_the_codecs(ratio: str) -> None:
    width, height = SIZES[ratio]
    assert 1_000_000 <= width * height <= 1_210_000
    assert max(width, height) <= 1456
    assert width % 2 == height % 2 == 0


def test_sixteen_to_nine_has_the_providers_size() -> None:
    assert SIZES["16:9"] == (1456, 816)
    assert SIZES["1:1"] == (1024, 1024)


@pytest.mark.parametrize("family", PROMPTS)
def test_the_words_of_a_prompt_choose_its_scene(family: str) -> None:
    words = set(PROMPTS[family].replace(",", "").split())
    assert {scene_for(words, number) for number in range(20)} == {family}


def test_a_prompt_without_a_known_word_gets_any_scene_but_always_the_same() -> None:
    chosen = [scene_for({"quiet", "thing"}, number) for number in range(len(SCENES))]
    assert set(chosen) == set(SCENES)
    assert chosen == [scene_for({"quiet", "thing"}, number) for number in range(len(SCENES))]


@pytest.mark.parametrize("family", PROMPTS)
def test_every_scene_has_depth_of_tone_and_no_broken_pixels(family: str) -> None:
    picture = pixels(render(PROMPTS[family], ratio="3:2", take=1, long_edge=SMALL))
    grey = picture.mean(2)
    assert np.percentile(grey, 99) - np.percentile(grey, 1) > 0.25
    assert 0.03 < grey.mean() < 0.85
    assert (grey > 0.99).mean() < 0.2


@pytest.mark.parametrize("family", PROMPTS)
def test_four_takes_differ_in_composition_and_share_their_colours(family: str) -> None:
    takes = [render(PROMPTS[family], ratio="1:1", take=take, long_edge=SMALL) for take in range(4)]
    impressions, means = [thumbnail(take) for take in takes], [pixels(take).mean((0, 1)) for take in takes]
    for first in range(4):
        for second in range(first):
            assert np.abs(impressions[first] - impressions[second]).mean() > 0.012
            assert np.linalg.norm(means[first] - means[second]) < 0.30


def test_the_same_words_give_the_same_bytes_in_another_process() -> None:
    here = render("a dune field", ratio="2:3", take=2, long_edge=160, seed="7")
    code = (
        "import hashlib; from kie.sandbox.art import render;"
        "print(hashlib.sha256(render('a dune field', ratio='2:3', take=2, long_edge=160, seed='7')).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert there.stdout.strip() == hashlib.sha256(here).hexdigest()


def test_another_seed_gives_another_picture() -> None:
    one, other = (render("liquid marble", ratio="1:1", take=0, long_edge=SMALL, seed=seed) for seed in "12")
    assert np.abs(thumbnail(one) - thumbnail(other)).mean() > 0.02


@pytest.mark.parametrize("family", ["ridges", "dunes", "arcade", "city", "marble", "shore"])
def test_an_upscale_keeps_the_composition_and_adds_detail(family: str) -> None:
    base = render(PROMPTS[family], ratio="16:9", take=0, long_edge=300)
    large = render_upscaled(PROMPTS[family], ratio="16:9", take=0, long_edge=600)
    upscaled = opened(large)
    resized = opened(base).resize(upscaled.size, Image.Resampling.BICUBIC)
    assert roughness(upscaled) > 1.25 * roughness(resized)
    assert np.abs(thumbnail(base) - thumbnail(large)).mean() < 0.03


def test_a_soft_gradient_shows_no_bands() -> None:
    stage, _ = stage_for("fog", dimensions=(256, 256), take=0)
    ramp = np.repeat(np.linspace(0.40, 0.42, 256, dtype=np.float32)[:, None, None], 256, 1).repeat(3, 2)
    levels = (finish(stage, ramp)[128] * 255).round()
    assert len(np.unique(levels)) > 6
