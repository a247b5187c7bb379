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
    size = min(stage.tall * 0.255, stage.wide * 0.30)
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
        stencil.ellipse(
            pose.x - pose.facing * 1.02 * pose.size, pose.y - 0.74 * pose.size, 0.40 * pose.size, 0.37 * pose.size
        )
    return stencil.alpha()


def _bled(stage: Stage, mask: Array, amount: float, fade: Array) -> Array:
    """The mask with an edge that has crept into the paper, eaten away where `fade` rises to 1."""
    rough = stage.fbm(0.09, "bleed", octaves=9, gain=0.62)
    near = soften(mask, stage.unit * 0.006)
    grown = near + rough * amount * (1 - np.abs(2 * near - 1)) - fade * (0.45 + 0.75 * rough)
    washed = np.clip(1 - fade * (0.55 + 0.35 * rough), 0, 1) ** 1.4
    return np.asarray(smooth(grown, 0.40, 0.60 + 0.25 * float(np.max(fade))) * washed, dtype=np.float32)


def _double(stage: Stage, pose: _Pose) -> Iterator[Layer]:
    mask = _head(stage, pose)
    low = smooth(stage.y, pose.y + pose.size * 1.35, pose.y + pose.size * 2.9) + 0 * stage.x
    alpha = _bled(stage, mask, 0.55, low)
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
    squeezed = replace(stage, words=stage.words | {"four"} - {"five", "six", "seven", "eight", "nine"})
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
    yield _birds(stage, pose, ink)
    yield _spatter(stage, pose, ink)


def _birds(stage: Stage, pose: _Pose, ink: Array) -> Layer:
    """A flock leaving the back of the head, smaller and sparser the farther it has flown."""
    dice = stage.chance("birds")
    stencil = Stencil(stage, finer=3)
    for _ in range(85):
        far = float(dice.random()) ** 1.3
        x = pose.x - pose.facing * pose.size * (0.55 + 1.75 * far + float(dice.normal(0, 0.10)))
        y = pose.y - pose.size * (0.15 + 1.05 * far + float(dice.normal(0, 0.14 + 0.30 * far)))
        span = pose.size * float(dice.uniform(0.030, 0.085)) * (1.15 - 0.6 * far)
        lift, tilt = float(dice.uniform(-0.5, 0.75)), float(dice.normal(0.1, 0.3))
        wing = [(-1.0, -lift), (-0.45, -0.12 - lift * 0.45), (0, 0.0), (0.45, -0.12 - lift * 0.45), (1.0, -lift)]
        under = [(0.40, 0.05 - lift * 0.28), (0.10, 0.20), (0, 0.30), (-0.10, 0.20), (-0.40, 0.05 - lift * 0.28)]
        shape = np.array(wing + under, np.float32)
        cos, sin = float(np.cos(tilt)), float(np.sin(tilt))
        turned = np.stack([shape[:, 0] * cos - shape[:, 1] * sin, shape[:, 0] * sin + shape[:, 1] * cos], -1)
        stencil.polygon(turned * span + np.array([x, y], np.float32), int(255 - 90 * far))
    return Layer(ink, stencil.alpha() * np.float32(0.92), blend="multiply", near=0.5)


def _spatter(stage: Stage, pose: _Pose, ink: Array) -> Layer:
    """Drops, many small and few large, thrown from the shoulders and the back of the head."""
    dice = stage.chance("spatter")
    stencil = Stencil(stage)
    for _ in range(110):
        reach = pose.size * float(0.4 + dice.exponential(0.75))
        angle = float(dice.uniform(0, 2 * np.pi))
        x = pose.x - pose.facing * pose.size * 0.75 + reach * float(np.cos(angle)) * 1.3
        y = pose.y + pose.size * float(dice.choice([0.2, 1.9])) + reach * float(np.sin(angle))
        radius = pose.size * float(np.clip(0.004 + dice.pareto(2.6) * 0.006, 0, 0.045))
        stencil.ellipse(x, y, radius, radius * float(dice.uniform(0.75, 1.2)), int(dice.integers(60, 230)))
    return Layer(ink, stencil.alpha() * np.float32(0.8), blend="multiply", near=0.45)
