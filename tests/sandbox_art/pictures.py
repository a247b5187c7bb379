"""Reading back what the sandbox drew."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from kie.sandbox.art.noise import Array

PROMPTS = {
    "ridges": "three ridges of a pine valley before sunrise",
    "dunes": "a dune field at the hour before dark",
    "arcade": "an endless arcade of plaster arches",
    "night": "an abandoned observatory, stars turning above it",
    "city": "a city skyline from the other bank",
    "botanical": "a fern, pressed",
    "planet": "a planet seen from its moon",
    "portrait": "double exposure portrait",
    "marble": "liquid marble",
    "jelly": "one jellyfish in the deep",
    "vases": "five vases on a table",
    "rain": "an umbrella in the rain",
    "shore": "paper boats on a canal",
}


def opened(file: bytes) -> Image.Image:
    """The picture in a file, read to its end."""
    picture = Image.open(io.BytesIO(file))
    picture.load()
    return picture


def pixels(file: bytes) -> Array:
    """(h, w, 3) of 0..1."""
    return np.asarray(opened(file).convert("RGB"), dtype=np.float32) / 255


def thumbnail(file: bytes) -> Array:
    """A 16 by 16 grey impression: composition without texture."""
    small = opened(file).convert("L").resize((16, 16), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / 255


def roughness(picture: Image.Image) -> float:
    """Energy of the finest detail: what differs between neighbouring pixels."""
    grey = np.asarray(picture.convert("L"), dtype=np.float32)
    return float(np.abs(np.diff(grey, axis=1)).mean() + np.abs(np.diff(grey, axis=0)).mean())
