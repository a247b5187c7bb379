"""A head in profile on paper: filled with a landscape, or brushed in ink before a red sun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from kie.sandbox.art import noise
from kie.sandbox.art.compose import Layer, Stage, Stencil, flatten, smooth, soften
from kie.sandbox.art.figures import HEAD, rounded
from kie.sandbox.art.noise import Array
from kie.sandbox.art.palette import colour, mix
from kie.sandbox.art.ridges import ridges

_PAPER = colour("e9e2d4")


@dataclass(frozen=True)
class _Pose:
    x: float
    y: float
    size: float
    facing: float
    bun: bool


def portrait(stage: Stage) -> Iterator[Layer]:
    """Paper, then the head in one of the two manners."""
    dice = stage.chance("pose")
    size = min(stage.tall * 0.235, stage.wide * 0.27)
    facing = 1.0 if (stage.take + stage.kin) % 2 == 0 else -1.0
    pose = _Pose(
        stage.wide * 0.5 - facing * size * float(dice.uniform(0.0, 0.35)),
        stage.tall - size * float(dice.uniform(2.45, 2.65)),
        size,
        facing,
        bool(dice.random() < 0.5),
    )
    yield _paper(stage)
    ink = bool(stage.words & {"ink", "sumi", "brush", "wash", "red"}) or (stage.kin % 5 < 2)
    if ink and "double" not in stage.words:
        yield from _ink(stage, pose)
    else:
        yield from _double(stage, pose)


def _paper(stage: Stage) -> Layer:
    tooth = stage.fbm(0.012, "tooth", octaves=4, gain=0.7) * 0.012
    cloud = stage.fbm(0.7, "cloud", octaves=4) * 0.022
    tint = mix(_PAPER, stage.palette.sky[3], 0.16)
    return Layer(np.asarray(tint * (1 + tooth + cloud)[..., None], np.float32))


def _head(stage: Stage, pose: _Pose) -> Array:
    stencil = Stencil(stage)
    outline = rounded(HEAD)
    outline[:, 0] *= pose.facing
    stencil.polygon(outline * pose.size + np.array([pose.x, pose.y], np.float32))
    if pose.bun:
        stencil.ellipse(pose.x - pose.facing * 1.02 * pose.size, pose.y - 0.74 * pose.size, 0.40 * pose.size, 0.37 * pose.size)
    return stencil.alpha()


def _bled(stage: Stage, mask: Array, amount: float, fade: Array) -> Array:
    """The mask with an edge that has crept into the paper, eaten away where `fade` rises to 1."""
    rough = stage.fbm(0.09, "bleed", octaves=9, gain=0.62)
    near = soften(mask, stage.unit * 0.006)
    grown = near + rough * amount * (1 - np.abs(2 * near - 1)) - fade * (0.72 + 0.9 * rough)
    return smooth(grown, 0.42, 0.58)


def _double(stage: Stage, pose: _Pose) -> Iterator[Layer]:
    mask = _head(stage, pose)
    low = smooth(stage.y, pose.y + pose.size * 1.25, pose.y + pose.size * 2.7) + 0 * stage.x
    alpha = _bled(stage, mask, 0.55, low * 0.9)
    inside = flatten(stage, _landscape(stage, pose))
    tone = inside @ np.array([0.3, 0.55, 0.15], np.float32)
    faded = mix(_PAPER, stage.palette.sky[3], 0.3)
    lifted = inside + (faded - inside) * (0.16 + 0.5 * smooth(tone, 0.45, 0.95))[..., None]
    edge = np.clip(mask - soften(mask, stage.unit * 0.012), 0, 1) * 0.25
    lifted = lifted * (1 - edge[..., None])
    yield Layer(np.asarray(lifted, np.float32), alpha * np.float32(0.96), near=0.35)
    yield _spatter(stage, pose, stage.palette.deep)


def _landscape(stage: Stage, pose: _Pose) -> Iterator[Layer]:
    """The ridges, brought down so that their sun stands in the head and their forest in the shoulders."""
    squeezed = replace(stage, words=stage.words | {"five"})
    yield from ridges(squeezed)
    veil = smooth(stage.y, pose.y - pose.size * 1.3, pose.y - pose.size * 0.2)
    yield Layer(stage.palette.sky[2], np.asarray((1 - veil) * 0.35 + 0 * stage.x, np.float32))


def _ink(stage: Stage, pose: _Pose) -> Iterator[Layer]:
    dice = stage.chance("ink")
    red = mix(colour("b5392a"), stage.palette.accent, 0.25)
    radius = pose.size * float(dice.uniform(0.82, 1.05))
    place = (
        pose.x + pose.facing * pose.size * float(dice.uniform(0.35, 1.0)),
        pose.y - pose.size * float(dice.uniform(0.35, 0.75)),
    )
    away = np.hypot(stage.x - place[0], stage.y - place[1]) / radius
    rough = stage.fbm(0.12, "sun", octaves=9, gain=0.6)
    grain = stage.fbm(0.03, "sun grain", octaves=6, gain=0.7)
    disc = smooth(1.0 - away + rough * 0.022, -0.006, 0.012) * (0.86 + 0.16 * rough + 0.10 * grain)
    yield Layer(red, np.clip(disc, 0, 1).astype(np.float32), near=0.15)
    mask = _head(stage, pose)
    back = (pose.x - stage.x) * pose.facing / pose.size
    gone = smooth(back + (stage.y - pose.y) / pose.size * 0.25, 0.35, 1.9) * 0.75
    low = smooth(stage.y, pose.y + pose.size * 1.5, pose.y + pose.size * 2.6)
    alpha = _bled(stage, mask, 0.5, np.maximum(gone, low))
    wash = stage.fbm(0.35, "wash", octaves=9, gain=0.56)
    pigment = noise.fbm(
        stage.width, stage.height, 0.05 * stage.unit, stage.number("pigment"), octaves=7, gain=0.7, ridged=True
    )
    density = np.clip(0.86 + 0.22 * wash - 0.40 * pigment * smooth(wash, -0.5, 0.6), 0.25, 1)
    ink = mix(stage.palette.deep, colour("17171b"), 0.6)
    yield Layer(ink, (alpha * density).astype(np.float32), blend="multiply", near=0.35)
    yield from _strokes(stage, pose, ink)
    yield _spatter(stage, pose, ink)


def _strokes(stage: Stage, pose: _Pose, ink: Array) -> Iterator[Layer]:
    """Loose hair of the brush flying off the back of the head."""
    dice = stage.chance("strokes")
    stencil = Stencil(stage)
    for _ in range(150):
        angle = float(dice.uniform(-0.2, 1.9))
        start = np.array([-np.cos(angle - 0.6) * 0.98, -np.sin(angle - 0.6 + 0.7) * 1.05])
        heading = np.pi + 0.35 - angle * 0.35 + float(dice.normal(0, 0.16))
        steps = np.linspace(0, 1, 14)
        length = float(dice.uniform(0.15, 1.15))
        curl = float(dice.normal(0, 0.8))
        bend = heading + curl * steps
        path = start + np.cumsum(np.stack([np.cos(bend), -np.sin(bend) * 0.8], -1), 0) * length / 14
        path[:, 0] *= pose.facing
        points = (path * pose.size + [pose.x, pose.y]).astype(np.float32)
        stencil.stroke(points, pose.size * float(dice.uniform(0.003, 0.014)), int(dice.integers(70, 230)))
    rough = smooth(stage.fbm(0.05, "dry", octaves=6, gain=0.7), -0.5, 0.35)
    yield Layer(ink, (stencil.alpha() * rough * 0.85).astype(np.float32), blend="multiply", near=0.4)


def _spatter(stage: Stage, pose: _Pose, ink: Array) -> Layer:
    """Drops, many small and few large, thrown from the shoulders and the back of the head."""
    dice = stage.chance("spatter")
    stencil = Stencil(stage)
    for _ in range(170):
        reach = pose.size * float(0.4 + dice.exponential(0.75))
        angle = float(dice.uniform(0, 2 * np.pi))
        x = pose.x - pose.facing * pose.size * 0.75 + reach * float(np.cos(angle)) * 1.3
        y = pose.y + pose.size * float(dice.choice([0.2, 1.9])) + reach * float(np.sin(angle))
        radius = pose.size * float(np.clip(0.004 + dice.pareto(2.6) * 0.006, 0, 0.045))
        stencil.ellipse(x, y, radius, radius * float(dice.uniform(0.75, 1.2)), int(dice.integers(60, 230)))
    return Layer(ink, stencil.alpha() * np.float32(0.8), blend="multiply", near=0.45)
