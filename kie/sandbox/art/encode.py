"""The last steps: bloom, contrast, vignette, grain, and the file."""

from __future__ import annotations

import io
import json

import numpy as np
from PIL import Image

from kie.sandbox.art.compose import Stage, soften
from kie.sandbox.art.noise import Array, resize

_COMMENT_LIMIT = 60_000

# Areas as the provider's: about a megapixel, sides that codecs like.
SIZES = {
    "1:2": (720, 1440),
    "9:16": (816, 1456),
    "2:3": (896, 1344),
    "3:4": (924, 1232),
    "5:6": (960, 1152),
    "1:1": (1024, 1024),
    "6:5": (1152, 960),
    "4:3": (1232, 924),
    "3:2": (1344, 896),
    "16:9": (1456, 816),
    "2:1": (1440, 720),
}


def size(ratio: str, long_edge: int, native: int = 1456) -> tuple[int, int]:
    """Width and height of the ratio, scaled so that `native` pixels would become `long_edge`; both even."""
    width, height = SIZES[ratio]
    scale = long_edge / native
    return max(32, round(width * scale / 2) * 2), max(32, round(height * scale / 2) * 2)


def finish(stage: Stage, picture: Array, *, bloom: float = 0.22, grain: float = 0.020) -> Array:
    """Bloom round the lights, a soft contrast curve and a vignette; values may leave at 0..1 only."""
    glow = soften(np.maximum(picture - 0.62, 0), stage.unit * 0.018)
    glow += soften(np.maximum(picture - 0.7, 0), stage.unit * 0.06)
    picture = picture + glow * np.float32(bloom) * (1.2 - picture)
    np.clip(picture, 0, 1, out=picture)
    picture += (picture * picture * (3 - 2 * picture) - picture) * np.float32(0.22)
    picture *= vignette(stage)[..., None]
    # Film grains least where nothing was exposed.
    tone = np.clip(picture[..., 1], 0, 1) * np.float32(0.75) + np.float32(0.40)
    picture += (film_grain(stage.height, stage.width, stage.own, grain, stage.unit) * tone)[..., None]
    return picture


def vignette(stage: Stage, strength: float = 0.20) -> Array:
    """Darker corners, (h, w) factors."""
    across = (stage.x / stage.wide - 0.5) * 2
    down = (stage.y / stage.tall - 0.5) * 2
    away = (across**2 + down**2) / 2
    return np.asarray(1 - strength * away * (0.55 + 0.45 * away), dtype=np.float32)


def film_grain(height: int, width: int, seed: int, strength: float, unit: float) -> Array:
    """Grain in clumps a little over a pixel wide at 1024, finer dust above; also what prevents banding."""
    dice = np.random.default_rng([seed, 77])
    fine = dice.standard_normal((height, width), dtype=np.float32)
    clump = max(1.0, unit / 700)
    coarse = dice.standard_normal((int(height / clump) + 2, int(width / clump) + 2), dtype=np.float32)
    return np.asarray((fine * 0.55 + resize(coarse, width, height) * 0.6) * strength, dtype=np.float32)


def jpeg(picture: Array, recipe: dict[str, str], quality: int = 90) -> bytes:
    """A (h, w, 3) picture of 0..1 as a JPEG file whose comment says how to draw it again."""
    file = io.BytesIO()
    comment = json.dumps({"kie.sandbox.art": recipe}, ensure_ascii=True).encode()
    extra = {"comment": comment} if len(comment) < _COMMENT_LIMIT else {}
    Image.fromarray(eight_bit(picture)).save(file, "JPEG", quality=quality, subsampling=0, progressive=True, **extra)
    return file.getvalue()


def recipe_of(file: bytes) -> dict[str, str] | None:
    """What `jpeg` wrote into the comment; None for a picture that did not come from here."""
    try:
        with Image.open(io.BytesIO(file)) as picture:
            recipe = json.loads(picture.info.get("comment", b"{}")).get("kie.sandbox.art")
    except (OSError, ValueError, AttributeError):
        return None
    if not isinstance(recipe, dict) or set(recipe) != {"prompt", "take", "seed"}:
        return None
    return {key: str(value) for key, value in recipe.items()}


def eight_bit(picture: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Rounded and held in range."""
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
