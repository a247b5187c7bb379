"""Someone with an umbrella, tall trunks or street lamps, and the rain."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kie.sandbox.art import noise
from kie.sandbox.art.compose import Layer, Stage, Stencil, box_of, flatten, gradient, smooth
from kie.sandbox.art.figures import WALKER, rounded
from kie.sandbox.art.noise import Array
from kie.sandbox.art.palette import mix
from kie.sandbox.art.skies import glow

_Light = tuple[float, float]


def rain(stage: Stage) -> Iterator[Layer]:
    """Mist with one light in it, trunks from far to near, wet ground, the figure, two veils of rain."""
    dice = stage.chance("rain")
    ground = stage.tall * float(dice.uniform(0.80, 0.87))
    light = (stage.thirds("light"), stage.tall * float(dice.uniform(0.24, 0.40)))
    behind = list(_behind(stage, ground, light))
    yield from behind
    yield _wet(stage, flatten(stage, behind), ground, light)
    yield from _person(stage, ground, light)
    yield _grass(stage, ground)
    yield _trunks(stage, ground, 4, light, glow(stage, light, 0.36))
    yield _veil(stage, "far", 900, 0.030, 0.16)
    yield _veil(stage, "near", 170, 0.085, 0.26)


def _behind(stage: Stage, ground: float, light: _Light) -> Iterator[Layer]:
    yield _mist(stage, ground, light)
    warm = glow(stage, light, 0.36)
    for index in range(4):
        yield _trunks(stage, ground, index, light, warm)
        yield _bank(stage, ground, index, warm)


def _mist(stage: Stage, ground: float, light: _Light) -> Layer:
    sky = stage.palette.sky
    stops = [(0.0, mix(sky[0], sky[1], 0.35)), (ground * 0.6, sky[1]), (ground, mix(sky[1], sky[2], 0.7))]
    base = gradient(np.minimum(stage.y[:, 0], ground), stops)[:, None, :]
    cloud = stage.fbm((0.7, 0.45), "mist", octaves=7, gain=0.5)[..., None] * 0.06
    near, wide = glow(stage, light, 0.22)[..., None], glow(stage, light, 0.75)[..., None]
    rgb = base * (1 + cloud) + (stage.palette.sky[3] - base) * wide * 0.75
    rgb = rgb + (stage.palette.light - rgb) * near * 0.9
    away = np.hypot(stage.x - light[0], stage.y - light[1])
    core = smooth(away, 0.040, 0.030)[..., None]
    return Layer(np.asarray(rgb + (np.minimum(stage.palette.light * 1.05, 1) - rgb) * core, np.float32))


def _trunks(stage: Stage, ground: float, index: int, light: _Light, warm: Array) -> Layer:
    """One rank of bare trees; rank 4 stands before the figure and only at the sides."""
    near = index / 4
    dice = stage.chance(f"trunks {index}")
    stencil = Stencil(stage)
    gap = 0.045 + 0.13 * near
    for slot in np.arange(-0.05, stage.wide + 0.05, gap):
        x = float(slot + dice.uniform(-0.4, 0.4) * gap)
        if dice.random() < 0.25 or (index == 4 and 0.2 < x / stage.wide < 0.8):
            continue
        if index == 3 and abs(x - (stage.wide - light[0])) < 0.13:
            continue
        _tree(stencil, dice, x, ground - 0.07 * (1 - near) + 0.10 * near**3, 0.0035 + 0.023 * near**1.5)
    tone = mix(mix(stage.palette.sky[1], stage.palette.sky[2], 0.35), stage.palette.deep, 0.18 + 0.80 * near)
    lit = warm[..., None] * np.float32(0.75 * (1 - near) ** 0.7)
    rgb = tone + (stage.palette.light - tone) * lit
    low = smooth(stage.y, ground - 0.35, ground)[..., None] * np.float32(0.5 * (1 - near))
    rgb = rgb + (stage.palette.haze - rgb) * low
    return Layer(rgb.astype(np.float32), stencil.alpha(), near=0.1 + 0.85 * near)


def _tree(stencil: Stencil, dice: np.random.Generator, x: float, foot: float, width: float) -> None:
    steps = np.linspace(0, 1, 12)
    lean = float(dice.normal(0, 0.02))
    wander = np.cumsum(dice.normal(0, width * 0.16, 12))
    spine = x + lean * steps + wander
    high = foot - (foot + 0.05) * steps
    half = width * (1 - 0.55 * steps) * 0.5 + width * 0.6 * np.exp(-steps / 0.03)
    left, right = np.stack([spine - half, high], -1), np.stack([spine + half, high], -1)
    stencil.polygon(np.concatenate([left, right[::-1]]).astype(np.float32))
    for _ in range(int(dice.integers(4, 10))):
        at = float(dice.uniform(0.28, 0.95))
        start = np.array([np.interp(at, steps, spine), np.interp(at, steps, high)])
        side = float(dice.choice([-1, 1]))
        length = width * float(dice.uniform(2.5, 8)) * (1.1 - at * 0.6)
        t = np.linspace(0, 1, 8)
        droop = float(dice.uniform(-0.5, 0.25))
        path = start + np.stack([side * t * length, (droop * t + 0.35 * t * t) * length * 0.7], -1)
        path[:, 1] += np.cumsum(dice.normal(0, width * 0.12, 8))
        stencil.stroke(path[:5].astype(np.float32), width * 0.17)
        stencil.stroke(path[4:].astype(np.float32), width * 0.09)


def _bank(stage: Stage, ground: float, index: int, warm: Array) -> Layer:
    box = box_of(stage, 0, ground - 0.36, stage.wide, ground + 0.24)
    size = (0.6 * stage.unit, 0.14 * stage.unit)
    wisps = noise.fbm(stage.width, box[3] - box[1], size, stage.number(f"bank {index}"), octaves=6, finest=4)
    height = ground - 0.02 - wisps * 0.06
    away = (stage.y[box[1] : box[3]] - height) / (0.12 - 0.015 * index)
    alpha = np.exp(-(away**2)) * (0.42 + 0.30 * wisps)
    rgb = mix(stage.palette.haze, stage.palette.sky[2], 0.4)
    rgb = rgb + (stage.palette.light - rgb) * (warm[box[1] : box[3], :, None] * np.float32(0.6))
    return Layer(
        rgb.astype(np.float32), np.clip(alpha, 0, 0.75).astype(np.float32), box, near=0.15 + 0.2 * index, drift=0.12
    )


def _wet(stage: Stage, above: Array, ground: float, light: _Light) -> Layer:
    """A path that mirrors what stands over it, broken by the rain."""
    top = int(ground * stage.unit)
    y = stage.y[top:]
    depth = (y - ground) / max(stage.tall - ground, 0.02)
    rough = noise.fbm(
        stage.width,
        stage.height - top,
        (0.10 * stage.unit, 0.012 * stage.unit),
        stage.number("wet"),
        octaves=6,
        gain=0.6,
    )
    row = np.clip((2 * ground - y) * stage.unit - rough * 0.03 * stage.unit * (0.3 + depth), 0, top - 1).astype(
        np.int32
    )
    column = np.clip(np.arange(stage.width) + rough * 0.006 * stage.unit, 0, stage.width - 1).astype(np.int32)
    mirror = above.reshape(-1, 3)[row * stage.width + column]
    soil = mix(stage.palette.deep, stage.palette.sky[0], 0.4)
    puddle = smooth(rough, -0.55, 0.35) * (0.62 - 0.22 * depth)
    rgb = soil + (mirror - soil) * puddle[..., None]
    path = np.exp(-(((stage.x - light[0]) / (0.05 + 0.10 * depth)) ** 2)) * smooth(rough, -0.2, 0.7) * 0.4
    rgb = rgb + (stage.palette.light - rgb) * path[..., None]
    fade = np.clip((y - ground) * stage.unit / 3, 0, 1) + 0 * stage.x
    return Layer(rgb.astype(np.float32), fade.astype(np.float32), (0, top, stage.width, stage.height), near=0.6)


def _person(stage: Stage, ground: float, light: _Light) -> Iterator[Layer]:
    dice = stage.chance("person")
    size = min(stage.tall * 0.30, 0.30)
    # On the light's near side, so that the umbrella cuts into the glow.
    x = light[0] + (stage.wide / 2 - light[0]) * float(dice.uniform(0.7, 1.25))
    y = ground + (stage.tall - ground) * 0.28
    stencil = Stencil(stage, finer=3)
    stencil.polygon(rounded(WALKER, 5) * size * 0.86 + np.array([x, y], np.float32))
    stencil.ellipse(x, y - 0.905 * size, 0.052 * size, 0.064 * size)
    top, across = y - 1.17 * size, 0.46 * size
    angle = np.linspace(np.pi, 2 * np.pi, 40)
    dome = np.stack([x + np.cos(angle) * across, top + 0.20 * size + np.sin(angle) * 0.27 * size], -1)
    scallop = np.linspace(1, -1, 33)
    hem = np.stack([x + scallop * across, top + 0.20 * size - np.abs(np.sin(scallop * np.pi * 2)) * 0.035 * size], -1)
    stencil.polygon(np.concatenate([dome, hem]).astype(np.float32))
    stencil.stroke(
        np.array([[x + 0.03 * size, top - 0.10 * size], [x + 0.03 * size, y - 0.52 * size]], np.float32), 0.012 * size
    )
    alpha = stencil.alpha()
    rim = np.clip(alpha - np.roll(alpha, (1, 1 if light[0] < x else -1), (0, 1)), 0, 1)
    tone = stage.palette.deep * np.float32(0.8)
    accent = mix(stage.palette.deep, stage.palette.accent, 0.75 if "red" in stage.words or stage.take == 1 else 0.0)
    cloth = (stage.y < top + 0.21 * size)[..., None]
    rgb = np.where(cloth, accent, tone) + stage.palette.light * rim[..., None] * np.float32(0.35)
    rows = np.clip(2 * y * stage.unit - np.arange(stage.height), 0, stage.height - 1).astype(int)
    mirror = alpha[rows] * (stage.y > y) * smooth(stage.y, y + 0.2, y)
    yield Layer(tone, (mirror * 0.5).astype(np.float32), near=0.62)
    yield Layer(rgb.astype(np.float32), alpha, near=0.62)


def _grass(stage: Stage, ground: float) -> Layer:
    """Wet grass at the lower edge, out of which one looks."""
    dice = stage.chance("grass")
    stencil = Stencil(stage)
    for _ in range(int(900 * stage.wide)):
        x = float(dice.uniform(0, stage.wide))
        edge = abs(x / stage.wide - 0.5) * 2
        length = float(dice.uniform(0.012, 0.05)) * (0.3 + 1.1 * edge**2)
        bend = float(dice.normal(0, 0.35))
        t = np.linspace(0, 1, 5)
        base = stage.tall + 0.012 - 0.03 * edge**2 * float(dice.random())
        path = np.stack([x + bend * length * t**2, base - length * t], -1)
        stencil.stroke(path.astype(np.float32), 0.0016)
    return Layer(stage.palette.deep * np.float32(0.7), stencil.alpha(), near=0.95)


def _veil(stage: Stage, name: str, count: int, length: float, strength: float) -> Layer:
    """Streaks of rain on a sheet that wraps from bottom to top, so it can fall for ever."""
    dice = stage.chance("veil " + name)
    stencil = Stencil(stage)
    for _ in range(int(count * stage.wide * stage.tall)):
        x, y = float(dice.uniform(-0.05, stage.wide)), float(dice.uniform(0, stage.tall))
        span = length * float(dice.uniform(0.5, 1.3))
        tone = int(dice.integers(50, 255))
        for lift in (0.0, -stage.tall):
            ends = np.array([[x, y + lift], [x - span * 0.09, y + lift + span]], np.float32)
            stencil.stroke(ends, 0.0009 if name == "far" else 0.0014, tone)
    sheet = stencil.alpha() * np.float32(strength)
    falls = 5 if name == "far" else 8
    tint = mix(stage.palette.sky[3], stage.palette.light, 0.5)

    def at(phase: float) -> Layer:
        return Layer(tint, np.roll(sheet, round(phase * falls * stage.height), 0), blend="screen")

    return Layer(tint, sheet, blend="screen", keys=0, moving=at)
