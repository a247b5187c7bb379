"""Ridgelines behind ridgelines: aerial perspective, fog in the folds, pines in front."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kie.sandbox.art import noise, trees
from kie.sandbox.art.compose import Box, Layer, Stage, Stencil, box_of, smooth
from kie.sandbox.art.noise import Array
from kie.sandbox.art.palette import mix
from kie.sandbox.art.skies import clouds, disc, glow, grid, sky, stars

_NUMBERS = {"three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}


@dataclass(frozen=True)
class _Ridge:
    near: float
    crest: Array
    box: Box
    foot: float


def ridges(stage: Stage) -> Iterator[Layer]:
    """Sky, sun, then ridge after ridge, each with its fog."""
    dice = stage.chance("ridges")
    horizon = stage.tall * dice.uniform(0.40, 0.52)
    sun = (stage.thirds("sun"), horizon - stage.tall * dice.uniform(0.04, 0.16))
    yield Layer(sky(stage, horizon * 1.15, sun))
    if stage.palette.name in {"moonlight", "jade night"}:
        yield stars(stage, horizon)
    yield clouds(stage, horizon, sun, amount=float(dice.uniform(0.35, 0.6)))
    yield disc(stage, sun, float(dice.uniform(0.030, 0.044)))
    warm = glow(stage, sun, 0.5, flat=0.8)
    count = next((max(4, _NUMBERS[word]) for word in _NUMBERS if word in stage.words), int(dice.integers(5, 8)))
    for index in range(count):
        ridge = _crest(stage, horizon, index, count)
        yield _slope(stage, ridge, index, warm)
        if index < count - 1:
            yield _fog(stage, ridge, index, warm)
    yield _frame(stage)


def _crest(stage: Stage, horizon: float, index: int, count: int) -> _Ridge:
    near = index / (count - 1)
    dice = stage.chance(f"crest {index}")
    span = stage.tall * 1.02 - horizon
    level = horizon + span * (0.02 + 0.86 * near**1.25)
    rough = stage.x[0]
    seed = stage.number(f"line {index}")
    broad = noise.line(rough, 0.55 + 0.25 * near, seed, octaves=2)
    peaks = 1 - np.abs(noise.line(rough, 0.30 - 0.08 * near, seed + 20, octaves=7, gain=0.46))
    height = span * (0.10 * broad + (0.30 - 0.2 * near) * (peaks - 0.62)) * dice.uniform(0.8, 1.25)
    fine = noise.line(rough, 0.03, seed + 50, octaves=5, gain=0.6) * 0.006
    crest = level - height - fine * (1 - near * 0.5)
    foot = horizon + span * (0.02 + 0.86 * min(1.35, ((index + 1) / (count - 1)) ** 1.25)) + span * 0.12
    tallest = 0.05 + 0.22 * near**2
    box = box_of(stage, 0, float(crest.min()) - tallest, stage.wide, stage.tall)
    return _Ridge(near, crest.astype(np.float32), box, foot)


def _slope(stage: Stage, ridge: _Ridge, index: int, warm: Array) -> Layer:
    """One ridge: body, relief or trees, sinking into fog towards its foot."""
    y = grid(stage, ridge.box)[1]
    below = y - ridge.crest[None, :]
    cover = np.clip(below * stage.unit + 0.5, 0, 1)
    tone = _relief(stage, ridge, index, below)
    if ridge.near > 0.3:
        grown, grey = _forest(stage, ridge, index)
        shade = grey / 127 - 1
        inside = np.clip(grown * 1.0, 0, 1)
        tone = tone * (1 - inside) + shade * inside
        cover = np.maximum(cover, grown)
    depth = ridge.near**0.8
    colour = mix(mix(stage.palette.haze, stage.palette.sky[2], 0.25), stage.palette.deep, 0.10 + 0.86 * depth)
    sunk = smooth(below, -0.02, max(0.08, float(ridge.foot - ridge.crest.mean()))) * (0.72 - 0.5 * ridge.near)
    rgb = colour + (stage.palette.haze - colour) * sunk[..., None]
    rgb = rgb * (1 + tone[..., None] * (0.16 + 0.30 * ridge.near))
    lit = warm[ridge.box[1] : ridge.box[3], ridge.box[0] : ridge.box[2], None]
    rgb = rgb + (stage.palette.light - rgb) * lit * np.float32(0.42 * (1 - ridge.near) ** 1.2 + 0.03)
    return Layer(np.asarray(rgb, np.float32), np.asarray(cover, np.float32), ridge.box, near=0.12 + 0.8 * ridge.near)


def _relief(stage: Stage, ridge: _Ridge, index: int, below: Array) -> Array:
    """Light and shadow on rock, strongest below the crest; about -1..1."""
    height, width = below.shape
    cell = (0.20 + 0.08 * ridge.near) * stage.unit
    seed = stage.number(f"rock {index}")
    rock = noise.fbm(width, height, (cell * 0.8, cell * 1.9), seed, octaves=8, gain=0.52)
    # Gullies run down and away from the crest, so the field is sheared along the slope.
    reach = max(1, round(stage.unit * 0.0035))
    slope = (rock - np.roll(rock, (reach // 2, reach), (0, 1))) * 4.2
    return np.asarray(np.tanh(slope) * np.exp(-np.maximum(below, 0) / 0.13), dtype=np.float32)


def _forest(stage: Stage, ridge: _Ridge, index: int) -> tuple[Array, Array]:
    """Rows of pines down the slope: their coverage and their greys (0..255)."""
    dice = stage.chance(f"forest {index}")
    stencils = Stencil(stage, ridge.box), Stencil(stage, ridge.box)
    size = 0.016 + 0.125 * ridge.near**2.2
    rows = 3 if ridge.near < 0.8 else 4
    for row in range(rows):
        places = trees.sow(dice, -0.05, stage.wide + 0.05, size * (0.20 + 0.06 * row))
        drop = size * (0.25 + 0.75 * row)
        feet = np.interp(places, stage.x[0], ridge.crest) + drop + dice.normal(0, size * 0.08, len(places))
        heights = size * (0.25 + 1.35 * dice.beta(1.6, 2.6, len(places))) * (1 + 0.12 * row)
        tones = 118 - 26 * row / rows + dice.normal(0, 9, len(places))
        spots = np.stack([places, feet], -1).astype(np.float32)
        trees.plant(stencils, dice, spots, heights.astype(np.float32), tones.astype(np.float32))
    return stencils[0].alpha(), stencils[1].alpha() * 255


def _fog(stage: Stage, ridge: _Ridge, index: int, warm: Array) -> Layer:
    """A bank of fog lying at the foot of a ridge."""
    dice = stage.chance(f"fog {index}")
    middle = ridge.foot - 0.02 + dice.uniform(-0.02, 0.02)
    thick = 0.045 + 0.06 * ridge.near
    box = box_of(stage, 0, middle - thick * 3, stage.wide, middle + thick * 3)
    _, y = grid(stage, box)
    size = (0.55 * stage.unit, 0.10 * stage.unit)
    wisps = noise.fbm(stage.width, box[3] - box[1], size, stage.number(f"wisps {index}"), octaves=6, gain=0.5, finest=3)
    bank = np.exp(-(((y - middle - wisps * thick * 0.9) / thick) ** 2)) * (0.55 + 0.45 * wisps)
    alpha = np.clip(bank, 0, 1) * (0.95 - 0.50 * ridge.near)
    lit = warm[box[1] : box[3], :, None] * np.float32(0.6 * (1 - ridge.near))
    rgb = stage.palette.haze + (stage.palette.light - stage.palette.haze) * lit
    return Layer(rgb, alpha.astype(np.float32), box, near=0.2 + 0.7 * ridge.near, drift=0.10 + 0.25 * ridge.near)


def _frame(stage: Stage) -> Layer:
    """A few tall pines at one edge, almost black, to look past."""
    dice = stage.chance("frame")
    cover, grey = Stencil(stage), Stencil(stage)
    left = bool(dice.random() < 0.5)
    count = int(dice.integers(4, 8))
    inward = np.sort(dice.random(count) ** 1.6) * stage.wide * 0.24
    places = inward if left else stage.wide - inward
    heights = stage.tall * (0.48 - 1.1 * inward / stage.wide) * dice.uniform(0.7, 1.1, count)
    feet = np.stack([places, np.full(count, stage.tall + 0.03)], -1).astype(np.float32)
    for outline in trees.pines(dice, feet, heights.astype(np.float32), tiers=17):
        cover.polygon(outline)
    del grey
    return Layer(stage.palette.deep * np.float32(0.8), cover.alpha(), near=1.0)
