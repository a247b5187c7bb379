"""Pressed plants as a sun print: pale, translucent leaves on a sheet brushed with colour."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kie.sandbox.art.compose import Layer, Stage, Stencil, smooth, soften
from kie.sandbox.art.noise import Array
from kie.sandbox.art.palette import colour, mix

_PAPER = colour("efe9dc")


def botanical(stage: Stage) -> Iterator[Layer]:
    """The brushed sheet, plants far from the glass (soft), then the pressed ones (sharp, with veins)."""
    dice = stage.chance("botanical")
    ink = mix(colour("12365e"), stage.palette.sky[0], 0.35)
    if stage.palette.name in {"teal morning", "jade night"}:
        ink = mix(colour("0e3b3a"), stage.palette.sky[0], 0.3)
    elif stage.palette.name in {"ochre", "ember", "golden hour", "plum"}:
        ink = mix(colour("47231a"), stage.palette.sky[0], 0.2)
    yield _sheet(stage, ink)
    kinds = (_fern, _umbel, _sprig)
    side = 1.0 if stage.take % 2 else -1.0
    first = int(stage.chance("kind", shared=True).integers(0, 3))
    for name, strength in (("soft", 0.34), ("sharp", 0.94)):
        cover, veins = Stencil(stage), Stencil(stage)
        for index in range(3 if name == "sharp" else 2):
            kind = kinds[(first + (index > 0) * (1 + (index + stage.take) % 2)) % 3]
            size = min(stage.tall, stage.wide * 1.7) * float(dice.uniform(0.74, 0.90)) * (1.0, 0.72, 0.60)[index]
            place = stage.wide * (0.5 + side * (0.08, 0.27, -0.25)[index] + float(dice.uniform(-0.03, 0.03)))
            lean = (place / stage.wide - 0.5) * 0.35 + float(dice.normal(0, 0.07))
            kind((cover, veins), dice, np.array([place, stage.tall * 0.97]), size, lean)
        yield _print(stage, cover.alpha(), veins.alpha(), name, strength)


def _sheet(stage: Stage, ink: Array) -> Layer:
    """Paper with the coating brushed on: streaks, pooled edges, bare margins."""
    tooth = stage.fbm(0.010, "tooth", octaves=4, gain=0.7) * 0.03
    pools = stage.fbm(0.5, "pools", octaves=8, gain=0.55)
    brush = stage.fbm((0.9, 0.010), "brush", octaves=6, gain=0.65)
    rough = stage.fbm(0.06, "rough", octaves=7, gain=0.6) * 0.010 + brush * 0.006
    edge = np.minimum(
        np.minimum(stage.x, stage.wide - stage.x) + 0 * stage.y, np.minimum(stage.y, stage.tall - stage.y)
    )
    coated = smooth(edge + rough, 0.026, 0.034)
    rim = np.exp(-(((edge + rough - 0.036) / 0.008) ** 2)) * 0.22
    tone = np.clip(0.90 + 0.10 * pools + 0.10 * brush + rim + tooth, 0, 1.2)
    deep = mix(ink, stage.palette.deep, 0.2)
    pale = mix(ink, _PAPER, 0.24)
    blue = pale + (deep - pale) * tone[..., None]
    paper = _PAPER * (1 + tooth)[..., None]
    return Layer(np.asarray(paper + (blue - paper) * coated[..., None], np.float32))


def _print(stage: Stage, cover: Array, veins: Array, name: str, strength: float) -> Layer:
    """What the plant kept from the sun: nearly white where it lay close, faint where light crept under."""
    near = soften(cover, stage.unit * 0.0035)
    if name == "soft":
        cover = soften(cover, stage.unit * 0.020)
    mottle = stage.fbm(0.05, "mottle " + name, octaves=6, gain=0.6)
    body = cover * (0.74 + 0.16 * mottle) - veins * 0.34 + np.clip(cover - near, 0, 1) * 0.25
    halo = soften(cover, stage.unit * 0.012) * 0.10
    edge = np.minimum(
        np.minimum(stage.x, stage.wide - stage.x) + 0 * stage.y, np.minimum(stage.y, stage.tall - stage.y)
    )
    alpha = np.clip(body * strength + halo, 0, 1) * smooth(edge, 0.03, 0.05)
    return Layer(_PAPER, alpha.astype(np.float32), near=0.2 if name == "soft" else 0.5)


_Pair = tuple[Stencil, Stencil]


def _spine(foot: Array, size: float, lean: float, curl: float, count: int) -> tuple[Array, Array]:
    """A growing stem: its points, foot first, and the heading at each (radians, -pi/2 is up)."""
    t = np.linspace(0, 1, count)
    heading = -np.pi / 2 + lean * (0.5 + t) + curl * t**2
    step = np.stack([np.cos(heading), np.sin(heading)], -1) * size / count
    return foot + np.cumsum(step, 0), heading


def _blade(pair: _Pair, foot: Array, heading: float, length: float, width: float, bend: float = 0.0) -> None:
    """One leaf with its midrib."""
    t = np.linspace(0, 1, 12)
    turn = heading + bend * t
    middle = foot + np.cumsum(np.stack([np.cos(turn), np.sin(turn)], -1), 0) * length / 12
    half = (np.sin(np.pi * t**0.8) * width * length)[:, None]
    across = np.stack([-np.sin(turn), np.cos(turn)], -1) * half
    pair[0].polygon(np.concatenate([middle + across, (middle - across)[::-1]]).astype(np.float32))
    if length > 0.02:
        pair[1].stroke(middle[:-2].astype(np.float32), max(0.0009, length * 0.016), 190)


def _fern(pair: _Pair, dice: np.random.Generator, foot: Array, size: float, lean: float) -> None:
    points, heading = _spine(foot, size, lean, float(dice.normal(0, 0.28)), 44)
    pair[0].stroke(points.astype(np.float32), size * 0.006)
    for index in range(8, 44, 2):
        at = index / 44
        reach = size * 0.24 * np.sin(np.pi * min(1.0, at * 0.86 + 0.14)) ** 0.75 * (1.06 - at * 0.9)
        for hand in (-1.0, 1.0):
            _frond(pair, points[index], float(heading[index]) + hand * (1.15 - 0.35 * at), float(reach), hand)


def _frond(pair: _Pair, foot: Array, heading: float, length: float, hand: float) -> None:
    points, turns = _spine(foot, length, heading + np.pi / 2, 0.0, 15)
    turns = np.full(15, heading) - hand * 0.35 * np.linspace(0, 1, 15) ** 2
    points = foot + np.cumsum(np.stack([np.cos(turns), np.sin(turns)], -1), 0) * length / 15
    pair[0].stroke(points.astype(np.float32), length * 0.02)
    for index in range(15):
        small = length * 0.15 * (1.05 - index / 15)
        for side in (-1.0, 1.0):
            _blade(pair, points[index], float(turns[index]) + side * 1.05, small, 0.22)


def _umbel(pair: _Pair, dice: np.random.Generator, foot: Array, size: float, lean: float) -> None:
    """A stalk ending in rays of rays, each with a crown of small flowers."""
    points, heading = _spine(foot, size * 0.78, lean, float(dice.normal(0, 0.18)), 30)
    pair[0].stroke(points.astype(np.float32), size * 0.006)
    for at in (9, 15):
        side = float(dice.choice([-1, 1]))
        _blade(pair, points[at], float(heading[at]) + side * 0.7, size * 0.22, 0.10, side * 0.4)
    crown, up = points[-1], float(heading[-1])
    for ray in np.linspace(-1.15, 1.15, 21) + dice.normal(0, 0.04, 21):
        length = size * 0.23 * (1 - 0.16 * abs(float(ray))) * float(dice.uniform(0.85, 1.1))
        stem, turns = _spine(crown, length, up + float(ray) + np.pi / 2, -float(ray) * 0.25, 10)
        pair[0].stroke(stem.astype(np.float32), size * 0.0024)
        for spoke in np.linspace(-1.3, 1.3, 11):
            angle = float(turns[-1]) + float(spoke)
            tip = stem[-1] + np.array([np.cos(angle), np.sin(angle)]) * length * float(dice.uniform(0.14, 0.24))
            pair[0].stroke(np.array([stem[-1], tip], np.float32), size * 0.0012)
            for petal in range(5):
                turn = petal * 1.257 + float(spoke)
                x, y = tip + np.array([np.cos(turn), np.sin(turn)]) * size * 0.0062
                pair[0].ellipse(float(x), float(y), size * 0.0052, size * 0.0052, 235)


def _sprig(pair: _Pair, dice: np.random.Generator, foot: Array, size: float, lean: float) -> None:
    """A twig with paired leaves, each with side veins."""
    points, heading = _spine(foot, size * 0.9, lean, float(dice.normal(0, 0.3)), 26)
    pair[0].stroke(points.astype(np.float32), size * 0.007)
    for index in range(4, 26, 2):
        for hand in (-1.0, 1.0):
            length = size * (0.25 - 0.006 * index) * float(dice.uniform(0.8, 1.1))
            turn = float(heading[index]) + hand * float(dice.uniform(0.7, 1.0))
            bend = -hand * float(dice.uniform(0.1, 0.5))
            _blade(pair, points[index], turn, length, 0.17, bend)
            _veins(pair, points[index], turn, length, bend)
    _blade(pair, points[-1], float(heading[-1]), size * 0.12, 0.2)


def _veins(pair: _Pair, foot: Array, heading: float, length: float, bend: float) -> None:
    t = np.linspace(0, 1, 12)
    turn = heading + bend * t
    middle = foot + np.cumsum(np.stack([np.cos(turn), np.sin(turn)], -1), 0) * length / 12
    for index in range(2, 10):
        for side in (-1.0, 1.0):
            angle = float(turn[index]) + side * 0.75
            reach = float(np.sin(np.pi * t[index] ** 0.8)) * length * 0.17
            tip = middle[index] + np.array([np.cos(angle), np.sin(angle)]) * reach
            pair[1].stroke(np.array([middle[index], tip], np.float32), 0.0008, 120)
