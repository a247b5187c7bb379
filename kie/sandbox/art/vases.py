"""Still life: thrown pots on a table in the light of one window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kie.sandbox.art import noise
from kie.sandbox.art.compose import Layer, Stage, Stencil, box_of, smooth, soften
from kie.sandbox.art.noise import Array
from kie.sandbox.art.palette import colour, film, linear, mix
from kie.sandbox.art.skies import grid

# Radii from lip to foot, as parts of the height.
_SHAPES = (
    (0.10, 0.085, 0.08, 0.085, 0.14, 0.27, 0.33, 0.33, 0.28, 0.20, 0.16),
    (0.16, 0.145, 0.15, 0.20, 0.27, 0.31, 0.32, 0.31, 0.28, 0.24, 0.20),
    (0.075, 0.06, 0.055, 0.055, 0.06, 0.08, 0.15, 0.22, 0.235, 0.20, 0.14),
    (0.19, 0.185, 0.18, 0.18, 0.185, 0.19, 0.195, 0.195, 0.19, 0.18, 0.16),
    (0.46, 0.47, 0.475, 0.47, 0.455, 0.43, 0.39, 0.34, 0.28, 0.22, 0.19),
    (0.13, 0.10, 0.12, 0.30, 0.42, 0.47, 0.47, 0.43, 0.36, 0.27, 0.20),
)


@dataclass(frozen=True)
class _Pot:
    x: float
    foot: float
    height: float
    shape: int
    clay: Array
    gloss: float


def vases(stage: Stage) -> Iterator[Layer]:
    """Wall with window light, table, shadows, then the pots from back to front, one with a branch."""
    dice = stage.chance("vases")
    side = 1.0 if dice.random() < 0.5 else -1.0
    table = stage.tall * float(dice.uniform(0.66, 0.74))
    yield _room(stage, table, side)
    pots = _pots(stage, table)
    for pot in pots:
        yield from _shadow(stage, pot, side)
    with_branch = int(np.argmax([pot.height - 9 * (pot.shape == 4) for pot in pots]))
    for index, pot in enumerate(pots):
        if index == with_branch and stage.take % 2 == 0:
            yield _branch(stage, pot)
        yield _body(stage, pot, side)


def _pots(stage: Stage, table: float) -> list[_Pot]:
    dice, family = stage.chance("pots"), stage.chance("pots", shared=True)
    palette = stage.palette
    glazes = [
        mix(palette.earth, palette.accent, 0.5),
        mix(palette.deep, palette.sky[1], 0.35),
        mix(palette.light, colour("ded3c2"), 0.7),
        mix(palette.sky[1], palette.haze, 0.4),
        palette.accent,
    ]
    count = int(family.integers(3, 6))
    shapes = family.permutation(len(_SHAPES))[:count]
    scale = min(stage.tall * 0.52, stage.wide * 0.50)
    widths = np.array([max(_SHAPES[shape]) for shape in shapes])
    heights = scale * np.where(widths > 0.4, 0.42, np.where(widths < 0.25, 1.0, 0.72)) * dice.uniform(0.85, 1.12, count)
    order = dice.permutation(count)
    gaps = (widths * heights)[order] * dice.uniform(1.55, 2.0, count)
    room = stage.wide * 0.86
    if gaps.sum() > room:
        heights *= room / gaps.sum()
        gaps *= room / gaps.sum()
    start = stage.wide / 2 - gaps.sum() / 2 + (stage.wide - gaps.sum()) * float(dice.uniform(-0.22, 0.22))
    centres = start + np.cumsum(gaps) - gaps / 2
    feet = table + (stage.tall - table) * dice.uniform(0.16, 0.52, count)
    pots = [
        _Pot(
            float(centres[i]),
            float(feet[i]),
            float(heights[order[i]]),
            int(shapes[order[i]]),
            glazes[int(order[i])],
            float(dice.uniform(0.1, 0.7)),
        )
        for i in range(count)
    ]
    return sorted(pots, key=lambda pot: pot.foot)


def _room(stage: Stage, table: float, side: float) -> Layer:
    """A plaster wall with the window's light on it, and the table before it."""
    palette = stage.palette
    plaster = linear(mix(mix(palette.earth, palette.haze, 0.55), palette.light, 0.15))
    stains = stage.fbm(0.5, "stains", octaves=9, gain=0.55)
    trowel = stage.fbm((0.10, 0.05), "trowel", octaves=6, gain=0.6)
    fall = np.exp(-((stage.x - (0.0 if side > 0 else stage.wide)) * side) / (stage.wide * 0.62))
    light = 0.16 + 0.46 * fall + _window(stage, side, table) * 0.62
    wall = plaster * (light * (1 + 0.07 * stains + 0.035 * trowel))[..., None]
    wood = linear(mix(mix(palette.earth, palette.deep, 0.45), palette.haze, 0.15))
    grain = stage.fbm((0.9, 0.012), "grain", octaves=7, gain=0.62)
    near = (stage.y - table) / max(stage.tall - table, 0.05)
    top = wood * ((0.42 + 0.75 * fall) * (1.05 - 0.30 * near) * (1 + 0.13 * grain))[..., None]
    edge = np.clip((stage.y - table) * stage.unit + 0.5, 0, 1)[..., None]
    contact = 1 - 0.35 * np.exp(-np.maximum(table - stage.y, 0) / 0.03)[..., None]
    warm = linear(mix(palette.light, np.ones(3, np.float32), 0.45))
    picture = (wall * contact + (top - wall * contact) * edge) * warm * 2.0
    return Layer(film(np.asarray(picture, np.float32)), near=0.1)


def _window(stage: Stage, side: float, table: float) -> Array:
    """Four leaning panes of sun on the wall, with the blurred shadow of leaves before them."""
    dice = stage.chance("window")
    centre = stage.wide * (0.5 + side * float(dice.uniform(0.02, 0.16)))
    u = (stage.x - centre) + side * (stage.y - table * 0.45) * 0.42
    v = (stage.y - table * 0.44) + side * (stage.x - centre) * 0.16
    width, height = 0.16, min(0.22, table * 0.36)
    pane = np.zeros((stage.height, stage.width), np.float32)
    for px in (-1, 1):
        for py in (-1, 1):
            inside = np.minimum(
                width - np.abs(u - px * (width + 0.012)), height * 0.5 - np.abs(v - py * (height * 0.5 + 0.012))
            )
            pane += smooth(inside, -0.004, 0.012)
    leaves = stage.fbm((0.10, 0.07), "leaves", octaves=4, gain=0.5)
    dapple = 1 - 0.75 * smooth(leaves + (stage.x - centre) * side * 1.3, 0.0, 0.35)
    return np.asarray(pane * dapple, dtype=np.float32)


def _radius(pot: _Pot, down: Array) -> Array:
    """Radius in units at a height measured 0 at the lip to 1 at the foot."""
    knots = np.array(_SHAPES[pot.shape], np.float32)
    at = np.clip(down, 0, 1) * (len(knots) - 1)
    low = np.clip(np.floor(at), 0, len(knots) - 2).astype(int)
    t = at - low
    before, after = knots[np.maximum(low - 1, 0)], knots[np.minimum(low + 2, len(knots) - 1)]
    a, b = knots[low], knots[low + 1]
    curve = a + 0.5 * t * (b - before + t * (2 * before - 5 * a + 4 * b - after + t * (3 * (a - b) + after - before)))
    return np.asarray(curve * pot.height, dtype=np.float32)


def _body(stage: Stage, pot: _Pot, side: float) -> Layer:
    widest = max(_SHAPES[pot.shape]) * pot.height
    top = pot.foot - pot.height
    box = box_of(stage, pot.x - widest * 1.1, top - widest * 0.3, pot.x + widest * 1.1, pot.foot + widest * 0.25)
    x, y = grid(stage, box)
    # Seen a little from above: every level is an ellipse, so the outline bends with the radius.
    guess = (y - top) / pot.height + 0 * x
    for _ in range(2):
        radius = _radius(pot, guess)
        u = np.clip((x - pot.x) / np.maximum(radius, 1e-4), -1, 1)
        guess = (y - top - np.sqrt(1 - u * u) * radius * 0.16) / pot.height
    radius = _radius(pot, guess)
    u = (x - pot.x) / np.maximum(radius, 1e-4)
    out = np.sqrt(np.clip(1 - u * u, 0, 1))
    rise = (_radius(pot, guess + 0.02) - _radius(pot, guess - 0.02)) / (0.04 * pot.height)
    long = np.sqrt(1 + rise**2)
    normal = (u / long, rise / long, out / long)
    light = _glaze(stage, pot, (np.clip(u, -1, 1), guess), normal, side)
    edge = np.clip((1 - np.abs(u)) * radius * stage.unit + 0.5, 0, 1)
    alpha = (
        edge
        * np.clip((1 - guess) * pot.height * stage.unit + 0.5, 0, 1)
        * np.clip(guess * pot.height * stage.unit + 0.5, 0, 1)
    )
    mouth = _mouth(stage, pot, (x, y), light)
    return Layer(film(mouth[0]), np.maximum(alpha, mouth[1]).astype(np.float32), box, near=0.5)


def _mouth(stage: Stage, pot: _Pot, place: tuple[Array, Array], light: Array) -> tuple[Array, Array]:
    """The dark opening inside its lip."""
    lip = float(_radius(pot, np.zeros(1, np.float32))[0])
    u, v = (place[0] - pot.x) / lip, (place[1] - (pot.foot - pot.height)) / (lip * 0.16)
    away = np.sqrt(u * u + v * v)
    pixel = 1 / (lip * 0.16 * stage.unit)
    whole = np.clip((1 - away) / pixel + 0.5, 0, 1)
    inside = smooth(1 - away, 0.10 - pixel, 0.10 + 2 * pixel)[..., None]
    rim = linear(pot.clay) * 0.95
    dark = linear(pot.clay) * (0.06 + 0.12 * np.clip(v, 0, 1))[..., None]
    paint = rim + (dark - rim) * inside
    return np.asarray(light + (paint - light) * whole[..., None], np.float32), whole


def _glaze(
    stage: Stage, pot: _Pot, place: tuple[Array, Array], normal: tuple[Array, Array, Array], side: float
) -> Array:
    u, down = place
    speckle = noise.tile(256, stage.number(f"speckle {pot.shape}"), slope=0.9, lowest=6)
    turn = np.arcsin(u) * 60 + pot.x * 900
    spots = noise.sample(speckle, turn, down * 190)
    wheel = noise.sample(speckle, turn * 0.05, down * 330) * 0.05
    sun = (-0.80 * side, -0.42, 0.43)
    facing = normal[0] * sun[0] + normal[1] * sun[1] + normal[2] * sun[2]
    key = smooth(facing, -0.12, 1.05)
    fill = 0.10 + 0.10 * (0.5 + 0.5 * normal[0] * side) + 0.07 * smooth(down, 0.6, 1.0)
    low = 1 - 0.55 * smooth(down, 0.86, 1.0)
    clay = linear(pot.clay)
    dip = smooth(down + 0.05 * noise.sample(speckle, turn * 0.12, down * 3), 0.60, 0.615)[..., None] * (
        pot.gloss > 0.35
    )
    clay = clay * (1 - dip) + linear(mix(pot.clay, stage.palette.earth, 0.7)) * 0.8 * dip
    fleck = 1 + 0.07 * spots - 0.35 * smooth(spots, 1.7, 2.4) + wheel
    warm = linear(mix(stage.palette.light, np.ones(3, np.float32), 0.45))
    light = clay * warm * ((2.5 * key + fill) * low * fleck)[..., None]
    shine = (
        np.exp(-(((u + 0.52 * side) / 0.10) ** 2)) * smooth(down, 0.08, 0.2) * smooth(-down, -0.72, -0.45) * pot.gloss
    )
    return np.asarray(light + warm * (shine * 0.20 * key)[..., None], dtype=np.float32)


def _shadow(stage: Stage, pot: _Pot, side: float) -> Iterator[Layer]:
    """The cast shadow along the table, soft far away and dark where the pot stands."""
    steps = np.linspace(0, 1, 40).astype(np.float32)
    radius = _radius(pot, 1 - steps)
    slant, flat = side * 0.85, -0.16
    spine = np.stack([pot.x + slant * steps * pot.height, pot.foot + flat * steps * pot.height * 0.9], -1)
    across = np.stack([radius * 0.8, radius * 0.20], -1)
    stencil = Stencil(stage, finer=1)
    stencil.polygon(np.concatenate([spine - across, (spine + across)[::-1]]).astype(np.float32))
    foot = float(radius[0])
    stencil.ellipse(pot.x, pot.foot, foot * 1.05, foot * 0.2)
    sharp = stencil.alpha()
    soft = soften(sharp, stage.unit * 0.010) * 0.55 + soften(sharp, stage.unit * 0.03) * 0.35
    contact = np.exp(-(((stage.x - pot.x) / (foot * 1.5)) ** 2) - ((stage.y - pot.foot) / (foot * 0.35)) ** 2) * 0.5
    shade = mix(stage.palette.deep, stage.palette.earth, 0.2)
    yield Layer(shade, np.clip(soft * 0.8 + contact, 0, 0.85).astype(np.float32), near=0.4)


def _branch(stage: Stage, pot: _Pot) -> Layer:
    """A dry branch with leaves, standing in the pot."""
    dice = stage.chance("branch")
    stencil, grey = Stencil(stage), Stencil(stage)
    base = np.array([pot.x, pot.foot - pot.height * 0.97])
    lean = float(dice.choice([-1, 1]))
    for _ in range(int(dice.integers(3, 6))):
        length = pot.height * float(dice.uniform(0.45, 0.85))
        t = np.linspace(0, 1, 24)
        bend = lean * float(dice.uniform(-0.15, 0.75))
        path = base + np.stack([bend * length * t**1.6, -length * t * (1 - 0.16 * t)], -1)
        stencil.stroke(path.astype(np.float32), 0.0034)
        grey.stroke(path.astype(np.float32), 0.0034, 60)
        for at in range(7, 24):
            for hand in (-1.0, 1.0):
                if dice.random() < 0.25:
                    continue
                _leaf((stencil, grey), dice, path[at], hand, length * float(dice.uniform(0.06, 0.12)))
    tone = grey.alpha()[..., None]
    dark, pale = (
        mix(stage.palette.deep, stage.palette.earth, 0.25),
        mix(stage.palette.accent, stage.palette.light, 0.25),
    )
    return Layer((dark + (pale - dark) * tone).astype(np.float32), stencil.alpha(), near=0.5)


def _leaf(stencils: tuple[Stencil, Stencil], dice: np.random.Generator, at: Array, hand: float, size: float) -> None:
    angle = -np.pi / 2 + hand * float(dice.uniform(0.5, 1.2))
    t = np.linspace(0, 1, 9)
    half = np.sin(np.pi * t) * 0.24 * size
    along = np.stack([np.cos(angle) * t, np.sin(angle) * t + 0.25 * t * t], -1) * size
    across = np.stack([-np.sin(angle) * half, np.cos(angle) * half], -1)
    outline = np.concatenate([at + along + across, (at + along - across)[::-1]]).astype(np.float32)
    stencils[0].polygon(outline)
    stencils[1].polygon(outline, int(dice.integers(50, 220)))
