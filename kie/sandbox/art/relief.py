"""Any picture as a few soft planes, so that a camera can move before it."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageOps

from kie.sandbox.art.compose import Layer, Stage, smooth


def relief(stage: Stage, file: bytes) -> Iterator[Layer]:
    """The picture cropped to the stage: all of it far away, its lower parts again nearer, a drift of haze.

    What stands lower in a picture is mostly closer; the planes overlap softly, so no seam shows.
    """
    with Image.open(io.BytesIO(file)) as opened:
        fitted = ImageOps.fit(opened.convert("RGB"), (stage.width, stage.height), Image.Resampling.LANCZOS)
    rgb = np.asarray(fitted, dtype=np.float32) / 255
    yield Layer(rgb, near=0.33)
    level = stage.y / stage.tall + 0 * stage.x
    yield Layer(rgb, smooth(level, 0.45, 0.75), near=0.67)
    wisps = stage.fbm((0.7, 0.2), "haze", octaves=6)
    tint = rgb.reshape(-1, 3)[:: max(1, rgb.size // 30_000)].max(0)
    veil = np.clip(0.05 + 0.09 * wisps, 0, 0.2) * smooth(level, 0.2, 0.6) * smooth(level, 1.0, 0.7)
    yield Layer(tint, veil.astype(np.float32), near=0.8, drift=0.25)
    yield Layer(rgb, smooth(level, 0.78, 0.95), near=1.0)
