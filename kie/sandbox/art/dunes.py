"""A field of dunes under a low sun."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kie.sandbox.art import noise
from kie.sandbox.art.compose import Layer, Stage, smooth
from kie.sandbox.art.noise import Array, sample
from kie.sandbox.art.palette import film, linear, mix
from kie.sandbox.art.skies import clouds, disc, sky
from kie.sandbox.art.terrain import Camera, Ground, View, blend_edges, look, rounded, viewpoint

_MAP = 1024


def dunes(stage: Stage) -> Iterator[Layer]:
    """Sky, sun and sand with a sharp crest, ripples near the eye and long shadows."""
    dice = stage.chance("dunes")
    horizon = stage.tall * dice.uniform(0.34, 0.46)
    left = bool(dice.random() < 0.5)
    place = stage.wide * (0.28 if left else 0.72) + dice.uniform(-0.05, 0.05)
    sun = (place, horizon - stage.tall * dice.uniform(0.07, 0.17))
    backdrop = sky(stage, horizon * 1.1, sun)
    yield Layer(backdrop)
    yield clouds(stage, horizon, sun, amount=float(dice.uniform(0.15, 0.4)))
    yield disc(stage, sun, float(dice.uniform(0.026, 0.036)))
    ground = Ground.under_sun(_sand(stage), 0.19, 1.6)
    # The map's sun stands at -x; the heading puts it on the chosen side of the frame and a little ahead.
    heading = (-1 if left else 1) * float(dice.uniform(0.75, 1.05))
    heading = heading if left else heading + np.pi
    focal = stage.unit * 1.05
    spot = viewpoint(ground, dice, heading, 24, float(dice.uniform(-0.02, 0.05)))
    camera = Camera(*spot, heading, focal, horizon * stage.unit, stage.width / 2)
    view = look(ground, camera, stage.width, stage.height, (18, 1500))
    yield _paint(stage, ground, view, backdrop, sun)


def _sand(stage: Stage) -> Array:
    """Crests where warped noise passes zero, leaning down the wind; heights in map pixels."""
    broad = noise.tile(_MAP, stage.number("broad"), slope=3.2, lowest=2)
    wander = noise.tile(_MAP, stage.number("wander"), slope=2.6, lowest=3)
    rows, columns = np.mgrid[0:_MAP, 0:_MAP].astype(np.float32)
    bent = sample(broad, columns + wander * 16, rows * 2 + broad * 10)
    ridge = (1 - np.clip(np.abs(bent) / 1.5, 0, 1)) ** 1.25
    lean = sample(ridge, columns + ridge * 22, rows)
    swell = noise.tile(_MAP, stage.number("swell"), slope=3.0, lowest=2)
    return rounded(lean * 27 + swell * 8 + wander * 1.2, 1.7)


def _paint(stage: Stage, ground: Ground, view: View, backdrop: Array, sun: tuple[float, float]) -> Layer:
    palette = stage.palette
    slope_x, slope_z = sample(ground.slope_x, view.x, view.z), sample(ground.slope_z, view.x, view.z)
    detail_x, detail_z = _ripples(stage, view, slope_x)
    slope_x, slope_z = slope_x + detail_x, slope_z + detail_z
    facing = (-slope_x * 0.97 - slope_z * 0.1 + 0.24) / np.sqrt(1 + slope_x**2 + slope_z**2)
    lit = sample(ground.lit, view.x, view.z) * np.clip(facing, 0, None)
    sand, glow = linear(palette.earth), linear(palette.light)
    shade = linear(mix(palette.sky[1], palette.sky[2], 0.35))
    bounce = np.clip(0.5 + slope_x * 0.5, 0.15, 1.0)[..., None]
    light = sand * (glow * 2.9 * lit[..., None] + (shade + 0.05) * 1.5 * bounce)
    far = 1 - np.exp(-np.maximum(view.distance - 30, 0) / 620)
    air = mix(palette.haze, palette.sky[3], 0.6)
    rgb = film(light, 1.25)
    warm = np.exp(-np.abs(stage.x - sun[0]) / 0.38)
    mist = air + (palette.light - air) * (warm * 0.65)[..., None]
    rgb = rgb + (mist - rgb) * far[..., None]
    rgb = blend_edges(rgb.astype(np.float32), backdrop, view)
    alpha = view.ground.astype(np.float32) * view.edge
    return Layer(rgb, alpha, (0, view.top, stage.width, stage.height), near=0.55)


def _ripples(stage: Stage, view: View, slope: Array) -> tuple[Array, Array]:
    """Wind ripples on the weather sides close to the eye, fading before they could flicker."""
    wobble = noise.tile(512, stage.number("wobble"), slope=1.7, lowest=3)
    bend = sample(wobble, view.x * 5, view.z * 5)
    pitch = view.distance * (1.0 / stage.unit)
    wave = np.sin((view.x * 6.4 + bend * 1.9) + slope * 9)
    strength = 0.13 * smooth(pitch, 0.15, 0.03) * smooth(slope, 0.6, 0.1)
    grains = sample(wobble, view.x * 23 + 99, view.z * 23) * 0.02
    return wave * strength + grains, bend * strength * 0.5 + grains
