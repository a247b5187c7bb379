"""Water in perspective: the picture above mirrored in small waves, with the glitter of the light."""

from __future__ import annotations

import numpy as np

from kie.sandbox.art import noise
from kie.sandbox.art.compose import Layer, Stage, smooth
from kie.sandbox.art.noise import Array
from kie.sandbox.art.palette import mix


def water(
    stage: Stage,
    above: Array,
    horizon: float,
    sun: tuple[float, float],
    *,
    calm: float,
    glitter: float = 1.0,
    eye: float = 1.0,
) -> Layer:
    """Everything below `horizon` (units down) as water; `above` is the finished picture over it.

    `calm` 0..1 is how much of a mirror it is; `glitter` scales the light's path; the layer moves.
    """
    top = int(horizon * stage.unit)
    swell = noise.tile(512, stage.number("swell"), slope=1.45, stretch=0.45, lowest=5)
    chop = noise.tile(512, stage.number("chop"), slope=1.15, stretch=0.4, lowest=10)

    def at(phase: float) -> Layer:
        return _surface(stage, above, (top, horizon), sun, (swell, chop), (calm, glitter, eye), phase)

    first = at(0.0)
    return Layer(first.rgb, None, first.box, keys=40, moving=at)


def _surface(
    stage: Stage,
    above: Array,
    line: tuple[int, float],
    sun: tuple[float, float],
    waves: tuple[Array, Array],
    manner: tuple[float, float, float],
    phase: float,
) -> Layer:
    top, horizon = line
    calm, glitter, eye = manner
    y = stage.y[top:]
    below = np.maximum(y - horizon, 0.3 / stage.unit)
    depth = 0.22 * eye / below
    across, down = (stage.x - stage.wide / 2) * depth * 260, depth * 430
    slope = noise.sample(waves[0], across + 512 * phase, down + 0 * across)
    slope = slope * 0.6 + noise.sample(waves[1], across * 2.1 - 512 * phase, down * 2.3 + 0 * across) * 0.55
    # Far away many waves share a pixel and their slopes average out.
    flat = 1 / (1 + (depth * 0.16) ** 2)
    slope = slope * (0.35 + 0.65 * flat)
    rough = (1 - calm) * 0.085 + 0.004
    mirrored = 2 * horizon - y - np.abs(slope + 0.25) * rough * (0.35 + below * 2.6) * 1.6
    row = np.clip(mirrored * stage.unit, 0, max(top - 1, 0)).astype(np.int32)
    shift = slope * rough * 0.22 * stage.unit
    column = np.clip(np.arange(stage.width) + shift, 0, stage.width - 1).astype(np.int32)
    picture = above.reshape(-1, 3)[row * stage.width + column]
    body = mix(stage.palette.deep, stage.palette.sky[0], 0.45)
    grazing = np.clip(0.92 - below / max(stage.tall - horizon, 0.1) * (0.30 + 0.28 * (1 - calm)), 0.2, 1)
    picture = body + (picture - body) * (grazing - 0.10 * np.maximum(slope, 0) * (1 - calm))[..., None]
    width = 0.030 + below * 0.30 * (1.2 - calm)
    path = np.exp(-(((stage.x - sun[0]) / width) ** 2))
    spark = smooth(slope, 0.55 - 0.4 * np.exp(-below / 0.05), 1.5) * path * glitter
    picture = picture + (stage.palette.light * 1.06 - picture) * np.clip(spark, 0, 1)[..., None]
    return Layer(np.asarray(picture, np.float32), None, (0, top, stage.width, stage.height))
