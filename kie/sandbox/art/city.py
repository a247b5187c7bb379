"""A city across the water at night: towers behind towers, lit windows, haze, and their reflections."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kie.sandbox.art import noise
from kie.sandbox.art.compose import Layer, Stage, box_of, lay, smooth
from kie.sandbox.art.noise import Array
from kie.sandbox.art.palette import mix
from kie.sandbox.art.skies import clouds, disc, glow, sky, stars
from kie.sandbox.art.water import water

_RANKS = 5


def city(stage: Stage) -> Iterator[Layer]:
    """Sky and moon, five ranks of towers with haze between, the water."""
    dice = stage.chance("city")
    shore = stage.tall * float(dice.uniform(0.60, 0.68))
    moon = (stage.thirds("moon"), stage.tall * float(dice.uniform(0.14, 0.28)))
    above = np.zeros((stage.height, stage.width, 3), np.float32)
    for layer in _above(stage, shore, moon):
        lay(above, layer)
        yield layer
    yield water(stage, above, shore, moon, calm=0.55, glitter=0.35, eye=0.7)
    wisps = stage.fbm((0.6, 0.05), "quay mist", octaves=6)
    band = np.exp(-(((stage.y - shore - wisps * 0.012) / 0.018) ** 2)) * (0.40 + 0.3 * wisps)
    tint = mix(stage.palette.haze, stage.palette.sky[2], 0.4)
    yield Layer(tint, np.clip(band, 0, 0.7).astype(np.float32), near=0.2, drift=0.10)


def _above(stage: Stage, shore: float, moon: tuple[float, float]) -> Iterator[Layer]:
    yield Layer(sky(stage, shore * 1.05, (moon[0], shore), warmth=0.55))
    if stage.palette.name in {"moonlight", "jade night", "plum", "violet dusk"}:
        yield stars(stage, shore, count=500)
    yield clouds(stage, shore, (moon[0], shore), amount=0.5)
    yield Layer(stage.palette.light, (glow(stage, moon, 0.22) * 0.5).astype(np.float32), blend="screen")
    yield disc(stage, moon, 0.034)
    centre = stage.thirds("downtown")
    for rank in range(_RANKS):
        yield _rank(stage, shore, rank, centre)
        yield _haze(stage, shore, rank)


def _rank(stage: Stage, shore: float, rank: int, centre: float) -> Layer:
    """One row of towers: heights peak downtown; windows on a grid of their own for each tower."""
    near = rank / (_RANKS - 1)
    dice = stage.chance(f"rank {rank}")
    edges, heights = [-0.02], []
    while edges[-1] < stage.wide + 0.02:
        edges.append(edges[-1] + float(dice.uniform(0.024, 0.062)) * (0.62 + 0.7 * near))
        hump = np.exp(-(((edges[-1] - centre) / 0.34) ** 2))
        tall = (0.05 + min(0.30, shore * 0.48) * hump) * float(dice.beta(1.6, 2.2)) * 1.7 * (1 - 0.62 * near)
        heights.append(tall + 0.012 + (0.02 if dice.random() < 0.5 else 0))
    which = np.clip(np.searchsorted(edges, stage.x[0]) - 1, 0, len(heights) - 1)
    left = np.array(edges)[which].astype(np.float32)
    wide = np.diff(np.array(edges))[np.minimum(which, len(edges) - 2)].astype(np.float32)
    inside = (stage.x[0] - left) / wide
    top = shore - _roofs(dice, np.array(heights), which, inside)
    box = box_of(stage, 0, float(top.min()) - 0.01, stage.wide, shore + 0.004)
    y = stage.y[box[1] : box[3]]
    alpha = np.clip((y - top[None, :]) * stage.unit + 0.5, 0, 1) * (y < shore + 0.002)
    tone = mix(mix(stage.palette.sky[2], stage.palette.haze, 0.4), stage.palette.deep, 0.35 + 0.6 * near)
    low = smooth(y, shore - 0.28, shore)[..., None] * np.float32(0.5 * (1 - near))
    rgb = tone + (stage.palette.sky[3] - tone) * low
    rgb = rgb * (1 - 0.22 * smooth(inside, 0.55, 0.60))[None, :, None]
    lit = _windows(stage, rank, which.astype(np.int32), left, wide, y - top[None, :])
    warm = mix(stage.palette.light, stage.palette.accent, 0.35)
    rgb = rgb + (warm - rgb) * (lit * (0.35 + 0.60 * near))[..., None]
    return Layer(rgb.astype(np.float32), alpha.astype(np.float32), box, near=0.06 + 0.05 * rank)


def _roofs(dice: np.random.Generator, heights: Array, which: Array, inside: Array) -> Array:
    """Setbacks, slopes and masts on top of the plain heights."""
    kind = dice.integers(0, 5, len(heights))[which]
    height = heights[which]
    middle = np.abs(inside - 0.5)
    height = np.where((kind == 1) & (middle > 0.30), height * 0.90, height)
    height = np.where((kind == 2), height * (1.05 - 0.14 * inside), height)
    height = np.where((kind == 3) & (middle > 0.22), height * 0.94, height)
    mast = (kind == 3) & (middle < 0.035) & (height > 0.12)
    return np.asarray(np.where(mast, height * 1.16, height), dtype=np.float32)


def _windows(stage: Stage, rank: int, which: NDArray[np.int32], left: Array, wide: Array, below: Array) -> Array:
    """Share of light per pixel; a window is a cell of a grid and is lit or dark by its number."""
    pitch_x, pitch_y = 0.0036 + 0.0012 * rank, 0.0056 + 0.0018 * rank
    dice = stage.chance(f"windows {rank}")
    table = dice.random(8192).astype(np.float32)
    busy = dice.uniform(0.08, 0.42, 400).astype(np.float32)[which % 400]
    across = (stage.x[0] - left) / pitch_x
    down = below / pitch_y
    column, row = np.floor(across).astype(np.int32), np.floor(down).astype(np.int32)
    key = (column * 37 + which * 911)[None, :] + row * 131
    power = table[key % 8192]
    floors = table[(row * 17 + (which * 53)[None, :]) % 8192]
    on = (power < busy[None, :] + 0.35 * (floors > 0.93)) & (row > 0)
    fx, fy = (across - column)[None, :], down - row
    soft = 0.5 / (pitch_x * stage.unit)
    pane = smooth(np.abs(fx - 0.5), 0.36 + soft, 0.26 - soft * 0.3) * smooth(
        np.abs(fy - 0.5), 0.34 + soft, 0.20 - soft * 0.3
    )
    margin = ((stage.x[0] - left > 0.002) & (left + wide - stage.x[0] > 0.002))[None, :]
    return np.asarray(on * pane * margin * (0.35 + 0.65 * table[(key * 7) % 8192]), dtype=np.float32)


def _haze(stage: Stage, shore: float, rank: int) -> Layer:
    box = box_of(stage, 0, shore - 0.26, stage.wide, shore + 0.004)
    y = stage.y[box[1] : box[3]]
    size = (0.7 * stage.unit, 0.10 * stage.unit)
    wisps = noise.fbm(stage.width, box[3] - box[1], size, stage.number(f"haze {rank}"), octaves=4, finest=4)
    veil = smooth(y, shore - 0.24 + 0.02 * rank, shore) * np.float32(0.30 - 0.05 * rank)
    tint = mix(stage.palette.sky[3], stage.palette.haze, 0.45)
    alpha = np.clip(veil * (1 + 0.5 * wisps), 0, 1) * (y < shore + 0.003)
    return Layer(tint, alpha.astype(np.float32), box, near=0.1 + 0.05 * rank)
