"""An observatory on a salt flat, the sky turning above it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kie.sandbox.art import noise
from kie.sandbox.art.compose import Layer, Stage, Stencil, gradient, lay, smooth
from kie.sandbox.art.noise import Array
from kie.sandbox.art.palette import mix
from kie.sandbox.art.skies import glow, stars
from kie.sandbox.art.water import water


def night(stage: Stage) -> Iterator[Layer]:
    """Sky with star trails or a galaxy, hills, the dome, and a wet plain that mirrors them."""
    dice = stage.chance("night")
    horizon = stage.tall * float(dice.uniform(0.66, 0.74))
    place = stage.thirds("dome")
    above = np.zeros((stage.height, stage.width, 3), np.float32)
    for layer in _above(stage, horizon, place):
        lay(above, layer)
        yield layer
    yield water(stage, above, horizon, (place, horizon), calm=0.93, glitter=0.0, eye=0.6)
    yield _crust(stage, horizon)


def _above(stage: Stage, horizon: float, place: float) -> Iterator[Layer]:
    yield _dusk(stage, horizon, place)
    turning = bool(stage.words & {"turning", "turn", "trails", "trail", "exposure", "rotating"}) or stage.kin % 2 == 0
    yield stars(stage, horizon * 1.1, count=500 if turning else 1500)
    yield _trails(stage, horizon) if turning else _galaxy(stage, horizon)
    yield _hills(stage, horizon)
    yield _dome(stage, horizon, place)


def _dusk(stage: Stage, horizon: float, place: float) -> Layer:
    sky = stage.palette.sky
    dark = mix(sky[0], stage.palette.deep, 0.35)
    stops = [
        (0.0, dark),
        (horizon * 0.55, mix(sky[0], sky[1], 0.6)),
        (horizon * 0.88, mix(sky[1], sky[2], 0.6)),
        (horizon, sky[2]),
    ]
    base = gradient(np.minimum(stage.y[:, 0], horizon), stops)[:, None, :]
    ember = glow(stage, (stage.wide - place, horizon + 0.02), 0.55, flat=0.35)[..., None]
    return Layer(np.asarray(base + (sky[3] - base) * ember * 0.85, np.float32))


def _galaxy(stage: Stage, horizon: float) -> Layer:
    """A leaning band of unresolved stars with dark lanes."""
    dice = stage.chance("galaxy")
    slope = float(dice.choice([-1, 1]) * dice.uniform(0.7, 1.3))
    middle = stage.wide * float(dice.uniform(0.4, 0.6))
    away = (stage.x - middle + (stage.y - horizon * 0.5) * slope) / np.float32(np.sqrt(1 + slope**2))
    clumps = stage.fbm(0.22, "clumps", octaves=8, gain=0.6)
    lanes = stage.fbm((0.20, 0.16), "lanes", octaves=9, gain=0.58)
    band = np.exp(-((away + clumps * 0.05) ** 2) / 0.022) * (0.55 + 0.5 * clumps)
    band = band * (1 - 0.85 * smooth(lanes - np.abs(away) * 2.5, 0.05, 0.55))
    dust = np.random.default_rng(stage.own).random((stage.height, stage.width), dtype=np.float32)
    band = band * (0.75 + 1.6 * (dust > 0.985) * smooth(clumps, -0.6, 0.6))
    fade = smooth(stage.y, horizon, horizon * 0.6)
    core = np.exp(-((stage.y - horizon * 0.72) ** 2) / 0.06)[..., None]
    tint = mix(stage.palette.sky[3], stage.palette.light, 0.5)
    warm = tint + (mix(stage.palette.accent, stage.palette.light, 0.5) - tint) * core * 0.7
    return Layer(np.clip(warm * np.clip(band * fade * 0.62, 0, 1)[..., None], 0, 1).astype(np.float32), blend="screen")


def _trails(stage: Stage, horizon: float) -> Layer:
    """Arcs about the pole, in polar noise: every radius has its own stars and gaps."""
    dice = stage.chance("trails")
    pole = (stage.thirds("pole"), horizon * float(dice.uniform(0.30, 0.48)))

    def at(phase: float) -> Layer:
        return _arcs(stage, pole, horizon, phase)

    still = at(0.0)
    return Layer(still.rgb, None, still.box, "screen", keys=16, moving=at)


def _arcs(stage: Stage, pole: tuple[float, float], horizon: float, phase: float) -> Layer:
    """The arcs after a part of the loop. Two skies half a loop apart fade into each other, so it closes."""
    rows = min(stage.height, int(horizon * 1.02 * stage.unit) + 1)
    dx, dy = stage.x - pole[0], stage.y[:rows] - pole[1]
    turns = np.arctan2(dy, dx) / np.float32(2 * np.pi)
    ring = np.sqrt(dx * dx + dy * dy) * 330
    number = np.floor(ring).astype(np.int32)
    seed = np.random.default_rng(stage.number("arcs"))
    dice = seed.random((3, 4096)).astype(np.float32)
    soft = 0.7 * 330 / stage.unit
    line = smooth(np.abs(ring - number - 0.5), 0.16 + soft, 0.02) * smooth(
        stage.y[:rows], horizon * 1.02, horizon * 0.62
    )
    total = np.zeros_like(line)
    for shift in (0.5, 0.0):
        part = (phase + shift) % 1.0
        weight = 1 - abs(2 * part - 1)
        if weight > 0:
            total += _ring_light(turns - (part - 0.5) * 0.06, number, dice) * np.float32(weight)
    hue = dice[2][(number * 7) % 4096][..., None]
    tint = mix(stage.palette.sky[3], stage.palette.accent, 0.3) - stage.palette.light
    light = np.clip((stage.palette.light + tint * hue * 0.7) * (line * total * 1.9)[..., None], 0, 1)
    return Layer(light.astype(np.float32), None, (0, 0, stage.width, rows), "screen")


def _ring_light(turns: Array, number: NDArray[np.int32], dice: Array) -> Array:
    """Three arcs on every ring, each with its own start, length and power, fading at the tail."""
    total = np.zeros_like(turns)
    for arm in range(3):
        key = (number * 3 + arm) % 4096
        along = turns - dice[0][key]
        along -= np.floor(along)
        span = 0.10 + 0.16 * dice[1][key]
        bright = np.clip(dice[2][key] - 0.35, 0, 1) ** 2
        total += smooth(along, 0, 0.012) * smooth(along / span, 1.0, 0.35) * bright
    return total


def _hills(stage: Stage, horizon: float) -> Layer:
    line = noise.line(stage.x[0], 0.45, stage.number("hills"), octaves=8, gain=0.48)
    crest = horizon - np.maximum(0.034 + 0.040 * line, 0.002)
    alpha = np.clip((stage.y - crest[None, :]) * stage.unit + 0.5, 0, 1) * (stage.y < horizon + 0.002)
    tone = mix(mix(stage.palette.sky[1], stage.palette.haze, 0.3), stage.palette.deep, 0.55)
    low = smooth(stage.y, horizon - 0.05, horizon)[..., None] * np.float32(0.35)
    return Layer(np.asarray(tone + (stage.palette.sky[2] - tone) * low, np.float32), alpha.astype(np.float32), near=0.1)


def _dome(stage: Stage, horizon: float, place: float) -> Layer:
    """Drum, dome with an open slit, a small annex; lamplight inside and on the ground."""
    size = min(stage.tall, 1.1) * 0.135
    body, slit = Stencil(stage, finer=3), Stencil(stage, finer=3)
    body.polygon(np.array([[-0.94, 0], [-0.94, -0.75], [0.94, -0.75], [0.94, 0]], np.float32) * size + [place, horizon])
    half = np.linspace(np.pi, 2 * np.pi, 60)
    body.polygon((np.stack([np.cos(half), np.sin(half) - 0.8], -1) * size + [place, horizon]).astype(np.float32))
    body.polygon(
        np.array([[-1.08, -0.72], [-1.08, -0.84], [1.08, -0.84], [1.08, -0.72]], np.float32) * size + [place, horizon]
    )
    side = 1.0 if place < stage.wide / 2 else -1.0
    annex = np.array([[0.9, 0], [0.9, -0.42], [2.0, -0.42], [2.0, 0]], np.float32) * [side, 1]
    body.polygon((annex * size + [place, horizon]).astype(np.float32))
    t = np.linspace(0, 1, 20)
    arc = np.stack([side * (0.10 + 0.34 * t), -0.86 - 0.92 * np.sqrt(np.clip(1 - (0.42 * t) ** 2, 0, 1)) * t], -1)
    slot = np.concatenate([arc, arc[::-1] + np.array([side * 0.17, 0.02])])
    slit.polygon((slot * size + [place, horizon]).astype(np.float32))
    for x, y, width, height in ((1.25, -0.28, 0.10, 0.14), (1.62, -0.28, 0.10, 0.14), (0.0, -0.38, 0.09, 0.38)):
        corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]]) * [side, 1]
        slit.polygon((corners * size + [place, horizon]).astype(np.float32))
    alpha = body.alpha() * (stage.y < horizon + 0.001)
    u = (stage.x - place) / size
    v = (stage.y - horizon + 0.8 * size) / size
    west = -side
    shade = 0.5 + 0.5 * np.clip(u * west * 0.8 - np.minimum(v, 0) * 0.45, -1, 1)
    tone = mix(stage.palette.deep, stage.palette.sky[0], 0.3)
    lit = mix(stage.palette.sky[2], stage.palette.haze, 0.5)
    seams = 1 - 0.10 * smooth(np.abs(np.sin(np.arcsin(np.clip(u, -1, 1)) * 9)), 0.12, 0.0) * (v < 0)
    rgb = (tone + (lit - tone) * (shade**2.2 * 0.62)[..., None]) * seams[..., None]
    warm = mix(stage.palette.accent, stage.palette.light, 0.45)
    rgb = rgb + (warm - rgb) * slit.alpha()[..., None]
    return Layer(rgb.astype(np.float32), alpha.astype(np.float32), near=0.25)


def _crust(stage: Stage, horizon: float) -> Layer:
    """Salt polygons: pale ridges between cells, drawn out by the perspective."""
    below = np.maximum(stage.y - horizon, 0.4 / stage.unit)
    depth = 0.10 / below
    across, down = (stage.x - stage.wide / 2) * depth * 9 + 50, depth * 9 + 0 * stage.x
    texture: Array = _cells(stage.number("cells"))
    edge = noise.sample(texture, across * 32, down * 32)
    far = smooth(depth, 2.2, 0.25)
    alpha = edge * far * 0.50 * smooth(stage.y, horizon, horizon + 0.03)
    return Layer(mix(stage.palette.sky[3], stage.palette.haze, 0.5), alpha.astype(np.float32), near=0.5)


def _cells(seed: int, size: int = 256, count: int = 9) -> Array:
    """A repeating tile of cracked ground: 1 on the seams between cells, 0 inside."""
    dice = np.random.default_rng(seed)
    step = size / count
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    jitter = dice.uniform(0.1, 0.9, (count, count, 2)).astype(np.float32)
    first, second = np.full((size, size), 9e9, np.float32), np.full((size, size), 9e9, np.float32)
    home_y, home_x = (rows // step).astype(int), (columns // step).astype(int)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            y, x = home_y + dy, home_x + dx
            spot = jitter[y % count, x % count]
            away = np.hypot(rows - (y + spot[..., 0]) * step, columns - (x + spot[..., 1]) * step)
            second = np.minimum(second, np.maximum(first, away))
            first = np.minimum(first, away)
    return smooth(second - first, 3.4, 0.4)
