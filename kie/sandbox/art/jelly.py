"""Jellyfish in deep water: glass bells, ribs, frilled arms, and light falling from above."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kie.sandbox.art import noise
from kie.sandbox.art.compose import Layer, Stage, Stencil, box_of, gradient, smooth, soften
from kie.sandbox.art.noise import Array
from kie.sandbox.art.palette import colour, mix
from kie.sandbox.art.skies import grid


@dataclass(frozen=True)
class _Body:
    x: float
    y: float
    size: float
    lean: float
    glow: float
    number: int


def jelly(stage: Stage) -> Iterator[Layer]:
    """Water, shafts of light, plankton, two or three animals far off and one near."""
    yield _depth(stage)
    yield _shafts(stage)
    yield _plankton(stage, "far", 260, 0.0011)
    dice = stage.chance("bodies")
    x, y = stage.thirds("main"), stage.tall * float(dice.uniform(0.28, 0.37))
    size = min(stage.wide, stage.tall) * float(dice.uniform(0.20, 0.25))
    for number in range(int(dice.integers(2, 4))):
        away = stage.wide - x + float(dice.normal(0, 0.11))
        small = size * float(dice.uniform(0.22, 0.42))
        height = stage.tall * float(dice.uniform(0.2, 0.75))
        yield _animal(stage, _Body(away, height, small, float(dice.normal(0, 0.35)), 0.42, number + 1))
    lean = float((stage.wide / 2 - x) / stage.wide * dice.uniform(0.4, 1.0))
    yield _animal(stage, _Body(x, y, size, lean, 1.0, 0))
    yield _plankton(stage, "near", 40, 0.0026)


def _depth(stage: Stage) -> Layer:
    sky = stage.palette.sky
    stops = [
        (0.0, mix(sky[2], sky[1], 0.25)),
        (0.30 * stage.tall, sky[1]),
        (0.70 * stage.tall, sky[0]),
        (stage.tall * 1.01, stage.palette.deep * np.float32(0.75)),
    ]
    rgb = gradient(stage.y[:, 0], stops)[:, None, :]
    murk = stage.fbm(0.8, "murk", octaves=6) * 0.10
    side = 1 - 0.30 * np.abs(stage.x / stage.wide - 0.5) * 2
    return Layer(np.asarray(rgb * (side * (1 + murk))[..., None], np.float32))


def _shafts(stage: Stage) -> Layer:
    """Rays from a point above the frame, wavering; they drift."""
    source = (stage.wide * 0.5 + (stage.thirds("shaft") - stage.wide * 0.5) * 0.7, -0.35)
    angle = np.arctan2(stage.x - source[0], stage.y - source[1])
    ray = noise.line((angle * 9).ravel() + 50, 1.0, stage.number("ray"), octaves=4, gain=0.6)
    ray = ray.reshape(angle.shape)
    fade = np.exp(-stage.y / (stage.tall * 0.42)) * np.exp(-((angle / 0.62) ** 2))
    tint = mix(stage.palette.sky[3], stage.palette.light, 0.4)
    strength = smooth(ray, -0.1, 1.1) * fade * 0.46
    return Layer(tint, strength.astype(np.float32), blend="screen", near=0.1, drift=0.05)


def _plankton(stage: Stage, name: str, count: int, radius: float) -> Layer:
    dice = stage.chance("plankton " + name)
    stencil = Stencil(stage)
    for _ in range(count):
        x, y = float(dice.random()) * stage.wide, float(dice.random()) * stage.tall
        grain = radius * float(dice.uniform(0.4, 1.5))
        stencil.ellipse(x, y, grain, grain, int(dice.integers(20, 150)))
    dots = stencil.alpha()
    if radius > 0.002:
        dots = soften(dots, stage.unit * 0.004) * 1.6
    return Layer(stage.palette.sky[3], np.clip(dots, 0, 1).astype(np.float32), blend="screen", near=0.7, drift=0.04)


def _animal(stage: Stage, body: _Body) -> Layer:
    def at(phase: float) -> Layer:
        return _draw(stage, body, phase)

    still = at(0.0)
    return Layer(still.rgb, None, still.box, "screen", near=0.3 + 0.3 * body.glow, keys=30, moving=at)


def _draw(stage: Stage, body: _Body, phase: float) -> Layer:
    """The animal at a phase of its loop, two strokes of the bell long; light to be screened on."""
    reach = body.size
    box = box_of(stage, body.x - reach * 1.9, body.y - reach * 1.6, body.x + reach * 1.9, body.y + reach * 4.6)
    x, y = grid(stage, box)
    beat = float(np.sin(4 * np.pi * phase + body.number))
    cos, sin = float(np.cos(body.lean)), float(np.sin(body.lean))
    rise = body.y - reach * 0.06 * float(np.cos(4 * np.pi * phase + body.number))
    u = ((x - body.x) * cos + (y - rise) * sin) / reach
    v = ((y - rise) * cos - (x - body.x) * sin) / reach
    bell = _bell(u, v, 1 + 0.09 * beat, stage, body)
    strands = _strands(stage, body, box, beat, phase, rise)
    light = bell + strands
    halo = soften(light, reach * stage.unit * 0.10) * 0.55 + soften(light, reach * stage.unit * 0.4) * 0.35
    # The halo must die before the box ends.
    edge = smooth(np.minimum(np.minimum(x - x[0, 0], x[0, -1] - x), y[-1, 0] - y), 0, reach * 0.5)
    total = (light + halo * edge) * body.glow
    tint = mix(stage.palette.sky[3], mix(stage.palette.light, colour("eaf6ff"), 0.6), 0.55)
    hot = mix(tint, stage.palette.accent, 0.5)
    share = np.clip(halo * 1.2, 0, 1)[..., None]
    rgb = np.clip((tint + (hot - tint) * share) * total[..., None], 0, 1)
    return Layer(rgb.astype(np.float32), None, box, "screen")


def _bell(u: Array, v: Array, wide: float, stage: Stage, body: _Body) -> Array:
    """Light of the bell: rim brighter than the middle, radial ribs, the four rings inside, a scalloped hem."""
    width = wide * (1 - 0.06 * np.sin(v * 3))
    hem = 0.22 + 0.030 * np.cos(u / width * 16)
    away = np.sqrt((u / width) ** 2 + (np.minimum(v, 0) / 0.86) ** 2)
    flank = np.abs(u / width) / np.maximum(1 - 0.22 * np.clip(v, 0, 1) ** 1.5, 0.2)
    radial = np.where(v < 0, away, flank)
    inside = smooth(1 - radial, 0, 0.03) * smooth(hem - v, -0.012, 0.03)
    skin = 0.13 + 0.75 * radial**5 + 0.22 * smooth(v, -0.1, 0.22) * (v < hem)
    angle = np.arcsin(
        np.clip(u / width / np.maximum(np.sqrt(np.clip(1 - (np.minimum(v, 0) / 0.86) ** 2, 0.02, 1)), 0.1), -1, 1)
    )
    ribs = np.abs(np.cos(angle * 11)) ** 14 * (0.10 + 0.22 * smooth(v, -0.9, 0.2))
    spots = noise.fbm(u.shape[1], u.shape[0], body.size * stage.unit * 0.22, body.number * 7 + 3, octaves=4, gain=0.6)
    organs = np.zeros_like(v)
    for centre, size in ((-0.27, 0.17), (0.27, 0.17), (0.0, 0.19)):
        ring = np.sqrt(((u - centre) / size) ** 2 + ((v + 0.30) / 0.22) ** 2)
        organs = organs + np.exp(-(((ring - 0.85) / 0.20) ** 2)) * 0.24
    core = np.exp(-(u**2 / 0.20 + (v + 0.25) ** 2 / 0.12)) * 0.34
    return np.asarray(inside * (skin + ribs + organs * (1 - radial) * 1.4 + core + spots * 0.06), np.float32)


def _strands(
    stage: Stage, body: _Body, box: tuple[int, int, int, int], beat: float, phase: float, rise: float
) -> Array:
    """Hair-thin tentacles from the hem and frilled arms from the middle, waving once a loop."""
    dice = np.random.default_rng([stage.own, body.number, 4])
    thin, arms = Stencil(stage, box), Stencil(stage, box)
    t = np.linspace(0, 1, 60)
    fine = 34 if body.glow > 0.5 else 16
    for index in range(fine):
        spread = (index / (fine - 1) - 0.5) * 1.86
        _strand(
            thin, body, t, (spread * (1 + 0.09 * beat), 0.2), float(dice.uniform(1.6, 3.9)), dice, phase, 0.007, rise
        )
    for _ in range(70 if body.glow > 0.5 else 22):
        start = (float(dice.normal(0, 0.15)), 0.02)
        _strand(arms, body, t, start, float(dice.uniform(0.9, 2.7)), dice, phase, 0.012, rise, frill=1.0)
    return np.asarray(thin.alpha() * 0.55 + arms.alpha() * 0.46, dtype=np.float32)


def _strand(
    stencil: Stencil,
    body: _Body,
    t: Array,
    start: tuple[float, float],
    length: float,
    dice: np.random.Generator,
    phase: float,
    width: float,
    rise: float,
    frill: float = 0.0,
) -> None:
    sway = float(dice.uniform(0.05, 0.20)) * t**1.1
    beat = 2 * np.pi * (phase - t * float(dice.uniform(0.8, 1.5))) + start[0] * 2 + float(dice.normal(0, 0.35))
    across = start[0] * (1 - 0.35 * t) + np.sin(beat) * sway
    if frill:
        across = across + np.sin(t * float(dice.uniform(7, 26)) + float(dice.uniform(0, 6))) * float(
            dice.uniform(0.01, 0.07)
        ) * (1 - 0.6 * t)
    down = start[1] + t * length
    cos, sin = float(np.cos(body.lean)), float(np.sin(body.lean))
    points = np.stack([across * cos - down * sin, across * sin + down * cos], -1) * body.size + [body.x, rise]
    tone = dice.integers(90, 220)
    for first, last, part in ((0, 22, 1.0), (21, 42, 0.62), (41, 60, 0.3)):
        stencil.stroke(points[first:last].astype(np.float32), width * body.size, int(tone * part))
