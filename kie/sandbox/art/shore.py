"""The sea, a lake or a canal: sun on water, and one small thing to look at."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kie.sandbox.art import noise
from kie.sandbox.art.compose import Box, Layer, Stage, Stencil, box_of, lay, smooth
from kie.sandbox.art.noise import Array
from kie.sandbox.art.palette import mix
from kie.sandbox.art.skies import clouds, disc, glow, sky, stars
from kie.sandbox.art.water import water


def shore(stage: Stage) -> Iterator[Layer]:
    """Sky and far hills, their reflection, then a boat, a lighthouse or a row of paper boats."""
    dice = stage.chance("shore")
    horizon = stage.tall * dice.uniform(0.42, 0.58)
    sun = (stage.thirds("sun"), horizon - stage.tall * dice.uniform(0.03, 0.13))
    still = bool(stage.words & {"lake", "canal", "calm", "still", "mirror", "paper", "tide"})
    above = np.zeros((stage.height, stage.width, 3), np.float32)
    for layer in _above(stage, horizon, sun, hills=still or bool(stage.words & {"lighthouse", "coast"})):
        lay(above, layer)
        yield layer
    surface = water(stage, above, horizon, sun, calm=0.8 if still else 0.25, glitter=0.75 if still else 1.0, eye=0.9)
    yield surface
    yield _mist(stage, horizon, sun)
    yield from _boats(stage, horizon, sun)


def _above(stage: Stage, horizon: float, sun: tuple[float, float], *, hills: bool) -> Iterator[Layer]:
    yield Layer(sky(stage, horizon * 1.02, sun))
    if stage.palette.name in {"moonlight", "jade night"}:
        yield stars(stage, horizon)
    yield clouds(stage, horizon, sun, amount=0.6)
    yield disc(stage, sun, 0.038)
    if hills:
        for index, height in enumerate((0.075, 0.055)):
            yield _hills(stage, horizon, sun, index, height)
    if "lighthouse" in stage.words:
        yield _lighthouse(stage, horizon, sun)


def _hills(stage: Stage, horizon: float, sun: tuple[float, float], index: int, height: float) -> Layer:
    seed = stage.number(f"hills {index}")
    line = noise.line(stage.x[0], 0.5 - 0.15 * index, seed, octaves=7, gain=0.45)
    trees = noise.line(stage.x[0], 0.012, seed + 9, octaves=4, gain=0.7) * 0.004 * (index + 0.4)
    crest = horizon - np.maximum(height * (0.75 + 0.9 * line) + trees, 0)
    alpha = np.clip((stage.y - crest[None, :]) * stage.unit + 0.5, 0, 1) * (stage.y < horizon + 0.002)
    tone = mix(mix(stage.palette.haze, stage.palette.sky[1], 0.5), stage.palette.deep, 0.25 + 0.45 * index)
    lit = glow(stage, sun, 0.35)[..., None] * np.float32(0.55 - 0.25 * index)
    low = smooth(stage.y, horizon - height * 1.4, horizon)[..., None] * np.float32(0.35)
    rgb = tone + (stage.palette.haze - tone) * low
    return Layer(rgb + (stage.palette.light - rgb) * lit, alpha.astype(np.float32), near=0.12)


def _mist(stage: Stage, horizon: float, sun: tuple[float, float]) -> Layer:
    wisps = stage.fbm((0.6, 0.06), "mist", octaves=6)
    band = np.exp(-(((stage.y - horizon - wisps * 0.02) / 0.035) ** 2)) * (0.42 + 0.3 * wisps)
    lit = glow(stage, sun, 0.5)[..., None] * 0.7
    rgb = stage.palette.haze + (stage.palette.light - stage.palette.haze) * lit
    return Layer(rgb.astype(np.float32), np.clip(band, 0, 0.7).astype(np.float32), near=0.2, drift=0.12)


def _boats(stage: Stage, horizon: float, sun: tuple[float, float]) -> Iterator[Layer]:
    if "lighthouse" in stage.words:
        return
    dice = stage.chance("boats")
    opposite = stage.wide - sun[0]
    if "paper" in stage.words:
        for index in range(7):
            part = (index + 1) / 7
            size = 0.014 + 0.085 * part**1.8
            x = opposite + (0.5 - part) * (opposite - stage.wide / 2) * 2 + float(dice.normal(0, 0.05))
            y = horizon + (stage.tall - horizon) * (0.06 + 0.7 * part**1.7)
            yield from _paper_boat(stage, x, y, size, float(dice.normal(0, 0.1)))
        return
    depth = float(dice.uniform(0.22, 0.42))
    x = opposite + float(dice.uniform(-0.06, 0.06))
    yield from _rowing_boat(stage, x, horizon + (stage.tall - horizon) * depth, 0.10 + depth * 0.10)


def _place(points: list[tuple[float, float]], x: float, y: float, size: float, lean: float = 0.0) -> Array:
    shape = np.array(points, np.float32)
    cos, sin = float(np.cos(lean)), float(np.sin(lean))
    turned = np.stack([shape[:, 0] * cos - shape[:, 1] * sin, shape[:, 0] * sin + shape[:, 1] * cos], -1)
    return np.asarray(turned * size + np.array([x, y], np.float32), dtype=np.float32)


def _around(stage: Stage, x: float, y: float, size: float) -> Box:
    """A box with room for a boat and its reflection."""
    return box_of(stage, x - 1.4 * size, y - 1.5 * size, x + 1.4 * size, y + 1.5 * size)


def _reflection(stage: Stage, alpha: Array, box: Box, y: float) -> Array:
    """The coverage in a box turned upside down about the waterline, broken by ripples, fading."""
    height, width = alpha.shape
    rows = (np.arange(height) + box[1]) / stage.unit
    wave = np.sin(rows * 420) * 0.0008 + np.sin(rows * 173 + 1) * 0.0011
    source = np.clip((2 * y - rows + wave) * stage.unit - box[1], 0, height - 1).astype(int)
    shift = (np.sin(rows * 310) * 0.003 + np.sin(rows * 130) * 0.002) * stage.unit
    columns = (np.arange(width)[None, :] + shift[:, None]).astype(int).clip(0, width - 1)
    turned = np.take_along_axis(alpha[source], columns, 1)
    down = rows[:, None].astype(np.float32)
    return np.asarray(turned * smooth(down, y + 0.16, y) * (down > y) * 0.75, dtype=np.float32)


def _paper_boat(stage: Stage, x: float, y: float, size: float, lean: float) -> Iterator[Layer]:
    """A folded boat: two sails of paper, a hull of two planes, and its reflection."""
    faces = (
        ([(-0.42, -0.30), (0.0, -1.05), (0.0, -0.28)], 0.98),
        ([(0.42, -0.30), (0.0, -1.05), (0.0, -0.28)], 0.72),
        ([(-1.05, -0.52), (0.0, -0.28), (1.05, -0.52), (0.58, 0.0), (-0.58, 0.0)], 0.60),
        ([(-1.05, -0.52), (0.0, -0.28), (-0.1, 0.0), (-0.58, 0.0)], 0.88),
    )
    paper = mix(stage.palette.light, np.ones(3, np.float32), 0.35)
    box = _around(stage, x, y, size)
    whole = Stencil(stage, box)
    for points, _ in faces:
        whole.polygon(_place(points, x, y, size, lean))
    dim = mix(paper, stage.palette.sky[1], 0.55)
    yield Layer(dim, _reflection(stage, whole.alpha(), box, y), box, near=0.45)
    for points, tone in faces:
        stencil = Stencil(stage, box)
        stencil.polygon(_place(points, x, y, size, lean))
        shade = mix(mix(stage.palette.sky[0], stage.palette.haze, 0.4), paper, tone)
        yield Layer(shade, stencil.alpha(), box, near=0.45)


def _rowing_boat(stage: Stage, x: float, y: float, size: float) -> Iterator[Layer]:
    """A small boat with someone in it, dark against the water."""
    box = _around(stage, x, y, size)
    stencil = Stencil(stage, box)
    hull = [
        (-1.0, -0.20),
        (-0.7, -0.13),
        (0.0, -0.10),
        (0.7, -0.13),
        (1.05, -0.24),
        (0.86, 0.0),
        (0.5, 0.06),
        (-0.5, 0.06),
        (-0.82, 0.0),
    ]
    stencil.polygon(_place(hull, x, y, size))
    body = [(-0.14, -0.1), (-0.17, -0.36), (-0.10, -0.50), (0.0, -0.54), (0.10, -0.48), (0.13, -0.32), (0.10, -0.1)]
    stencil.polygon(_place(body, x, y, size))
    stencil.ellipse(x - 0.01 * size, y - 0.64 * size, 0.075 * size, 0.095 * size)
    stencil.stroke(_place([(0.08, -0.36), (0.30, -0.24), (0.95, 0.08)], x, y, size), size * 0.022)
    stencil.stroke(_place([(-0.09, -0.38), (-0.34, -0.25), (-0.92, 0.06)], x, y, size), size * 0.022)
    alpha = stencil.alpha()
    yield Layer(stage.palette.deep, _reflection(stage, alpha, box, y), box, near=0.45)
    yield Layer(stage.palette.deep * np.float32(0.75), alpha, box, near=0.45)


def _lighthouse(stage: Stage, horizon: float, sun: tuple[float, float]) -> Layer:
    """A tower on a rock at the third the sun left free, its lamp lit."""
    x, size = stage.wide - sun[0], min(stage.tall, 1.2) * 0.26
    stencil = Stencil(stage)
    rock = [
        (-1.5, 0.02),
        (-1.1, -0.09),
        (-0.7, -0.17),
        (-0.3, -0.22),
        (0.2, -0.20),
        (0.5, -0.13),
        (0.9, -0.10),
        (1.3, 0.02),
    ]
    stencil.polygon(_place(rock, x, horizon, size * 0.6))
    tower = [(-0.085, -0.10), (-0.058, -0.86), (0.058, -0.86), (0.085, -0.10)]
    stencil.polygon(_place(tower, x, horizon, size))
    stencil.polygon(_place([(-0.085, -0.86), (0.085, -0.86), (0.085, -0.885), (-0.085, -0.885)], x, horizon, size))
    stencil.polygon(_place([(-0.05, -0.99), (0.0, -1.08), (0.05, -0.99)], x, horizon, size))
    stencil.polygon(_place([(-0.045, -0.885), (-0.045, -0.99), (0.045, -0.99), (0.045, -0.885)], x, horizon, size))
    alpha = stencil.alpha()
    lamp = (x, horizon - size * 0.938)
    near = np.hypot(stage.x - lamp[0], stage.y - lamp[1])
    light = np.exp(-((near / (size * 0.035)) ** 2)) + 0.28 * np.exp(-near / (size * 0.16))
    tone = mix(stage.palette.deep, stage.palette.haze, 0.12)
    rgb = tone + (stage.palette.light - tone) * np.clip(light, 0, 1)[..., None]
    return Layer(rgb.astype(np.float32), np.maximum(alpha, np.clip(light, 0, 1)).astype(np.float32), near=0.15)
