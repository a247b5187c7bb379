"""A planet with weather, its terminator, its air, and now and then rings and a moon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kie.sandbox.art import noise
from kie.sandbox.art.compose import Layer, Stage, box_of, smooth
from kie.sandbox.art.noise import Array
from kie.sandbox.art.palette import film, linear, mix
from kie.sandbox.art.skies import grid, stars

_TILE = 512


@dataclass(frozen=True)
class _World:
    x: float
    y: float
    radius: float
    tilt: float
    sun: tuple[float, float, float]
    giant: bool
    rings: float
    weather: Array
    fine: Array
    bands: Array


def planet(stage: Stage) -> Iterator[Layer]:
    """Stars, a faint nebula, the far half of the rings, the globe, the near half, a moon."""
    world = _world(stage)
    yield Layer(stage.palette.deep * np.float32(0.45))
    yield _nebula(stage)
    yield stars(stage, stage.tall * 2.2, count=1500)
    yield _air(stage, world)
    if world.rings > 0:
        yield _ring(stage, world, behind=True)
    yield _globe(stage, world, 0.0)
    if world.rings > 0:
        yield _ring(stage, world, behind=False)
    yield _moon(stage, world)


def _world(stage: Stage) -> _World:
    dice, family = stage.chance("world"), stage.chance("world", shared=True)
    giant = bool(family.random() < 0.5) or "ring" in stage.words or "rings" in stage.words
    giant = giant and not stage.words & {"tidal", "ocean", "earth", "blue"}
    rings = float(family.uniform(1.9, 2.3)) if giant else 0.0
    short = min(stage.wide, stage.tall)
    radius = short * dice.uniform(0.30, 0.38) * (0.86 if giant else 1.1)
    side = dice.choice([-1.0, 1.0])
    x = stage.wide / 2 + side * max(0.0, stage.wide * 0.5 - radius * 1.25) * dice.uniform(0.25, 0.6)
    y = stage.tall * dice.uniform(0.42, 0.58)
    angle = dice.uniform(0.35, 0.9) + (np.pi if dice.random() < 0.5 else 0)
    sun = np.array([np.cos(angle) * 0.8, -np.sin(abs(angle)) * 0.35 - 0.15, dice.uniform(0.25, 0.5)])
    sun /= np.linalg.norm(sun)
    return _World(
        float(x),
        float(y),
        float(radius),
        float(dice.uniform(0.2, 0.5) * dice.choice([-1, 1])),
        (float(sun[0]), float(sun[1]), float(sun[2])),
        giant,
        rings,
        noise.tile(_TILE, stage.number("weather", shared=True), slope=2.2, lowest=2),
        noise.tile(_TILE, stage.number("fine", shared=True), slope=1.35, lowest=6),
        noise.tile(_TILE, stage.number("bands", shared=True), slope=1.1, lowest=3)[:, 0],
    )


def _nebula(stage: Stage) -> Layer:
    body = stage.fbm(0.8, "nebula", octaves=8, gain=0.58)
    veil = stage.fbm(0.5, "veil", octaves=7, gain=0.55)
    thick = smooth(body, -0.1, 1.1)[..., None] * 0.42
    warm = smooth(veil, 0.1, 1.0)[..., None]
    tint = stage.palette.sky[1] + (mix(stage.palette.sky[2], stage.palette.accent, 0.3) - stage.palette.sky[1]) * warm
    return Layer(np.asarray(tint * thick, np.float32), blend="screen")


def _globe(stage: Stage, world: _World, phase: float) -> Layer:
    reach = world.radius * 1.02
    box = box_of(stage, world.x - reach, world.y - reach, world.x + reach, world.y + reach)
    x, y = grid(stage, box)
    u, v = (x - world.x) / world.radius, (y - world.y) / world.radius
    away = np.sqrt(u * u + v * v)
    w = np.sqrt(np.clip(1 - away**2, 0, 1))
    cos, sin = float(np.cos(world.tilt)), float(np.sin(world.tilt))
    east, south = u * cos + v * sin, -u * sin + v * cos
    longitude = np.arctan2(east, np.maximum(w, 1e-3)) / (2 * np.pi) * 3 * _TILE + phase * _TILE
    latitude = np.arcsin(np.clip(south, -1, 1)) / np.pi * _TILE
    ground, rough, shine = _surface(stage, world, longitude, latitude)
    relief = np.gradient(rough, axis=1) * world.radius * stage.unit * (0.0 if world.giant else 0.0035)
    facing = u * world.sun[0] + v * world.sun[1] + w * world.sun[2] - relief * world.sun[0]
    day = smooth(facing, -0.06, 0.5) * np.clip(facing * 0.8 + 0.35, 0.02, 1.2)
    if world.rings > 0:
        day = day * (1 - 0.55 * _ring_shadow(world, south))
    warm = linear(mix(stage.palette.light, np.ones(3, np.float32), 0.4))
    light = ground * warm * (1.75 * day)[..., None] + warm * (shine * day)[..., None]
    rim = (1 - w) ** 3 * smooth(facing, -0.25, 0.5)
    light = light + linear(mix(stage.palette.sky[3], stage.palette.haze, 0.4)) * (rim * 1.5)[..., None]
    alpha = np.clip((1 - away) * world.radius * stage.unit + 0.5, 0, 1)

    def turned(part: float) -> Layer:
        return _globe(stage, world, part)

    return Layer(film(light), alpha.astype(np.float32), box, near=0.45, moving=turned)


def _surface(stage: Stage, world: _World, lon: Array, lat: Array) -> tuple[Array, Array, Array]:
    """Albedo (h, w, 3), the relief and the gloss at each point of the globe."""
    palette = stage.palette
    swirl = noise.sample(world.weather, lon, lat * 2.2)
    detail = noise.sample(world.fine, lon * 2 + swirl * 12, lat * 2.6 + swirl * 9)
    if world.giant:
        at = (lat * 1.3 + swirl * 7 + detail * 1.5) % _TILE
        band = np.interp(at, np.arange(_TILE), world.bands).astype(np.float32)
        fine = np.interp((at * 3.1) % _TILE, np.arange(_TILE), world.bands).astype(np.float32)
        tone = smooth(band + 0.4 * fine + 0.12 * detail, -1.6, 1.6)[..., None]
        dark, pale = linear(mix(palette.earth, palette.deep, 0.35)), linear(mix(palette.light, palette.earth, 0.5))
        mark = smooth(band * fine, 0.5, 1.6)[..., None] * 0.5
        ground = dark + (pale - dark) * tone
        return ground + (linear(palette.accent) - ground) * mark, detail * 0.3, np.zeros_like(swirl)
    height = swirl + detail * 0.45
    land = smooth(height, 0.12, 0.24)[..., None]
    sea = linear(mix(palette.sky[0], palette.sky[1], 0.6)) * (0.7 + 0.3 * smooth(height, -1.5, 0.2)[..., None])
    soil = linear(mix(palette.earth, palette.sky[1], 0.2)) * (0.75 + 0.25 * smooth(detail, -1, 1)[..., None])
    cloud_field = noise.sample(world.weather, lon + 200 + detail * 5, lat * 3.2 + 90 + swirl * 22)
    cover = smooth(cloud_field + 0.42 * detail, 0.2, 2.0)[..., None] * 0.92
    ground = sea + (soil - sea) * land
    ground = ground + (np.float32(0.8) - ground) * cover
    gloss = (1 - land[..., 0]) * (1 - cover[..., 0]) * 0.05
    return ground, height * land[..., 0] * 0.4 + cloud_field * cover[..., 0] * 0.6, gloss


def _air(stage: Stage, world: _World) -> Layer:
    """Scattered light outside the limb, on the sunny side."""
    reach = world.radius * 1.6
    box = box_of(stage, world.x - reach, world.y - reach, world.x + reach, world.y + reach)
    x, y = grid(stage, box)
    u, v = (x - world.x) / world.radius, (y - world.y) / world.radius
    away = np.sqrt(u * u + v * v)
    toward = smooth((u * world.sun[0] + v * world.sun[1]) / np.maximum(away, 0.2), -0.35, 0.9)
    halo = np.exp(-np.maximum(away - 1, 0) / 0.035) * 0.55 + np.exp(-np.maximum(away - 1, 0) / 0.17) * 0.22
    tint = mix(stage.palette.sky[3], stage.palette.haze, 0.4)
    return Layer(
        np.asarray(tint * (halo * toward * smooth(1.6 - away, 0, 0.3))[..., None], np.float32),
        None,
        box,
        "screen",
        0.45,
    )


def _ring_shadow(world: _World, south: Array) -> Array:
    away = np.abs(south + 0.16) / 0.09
    thin = ((south + 0.34) / 0.04) ** 2
    return np.asarray(np.exp(-(away**2)) + 0.4 * np.exp(-thin), dtype=np.float32)


def _ring(stage: Stage, world: _World, *, behind: bool) -> Layer:
    """Half of the ring system: fine grooves, gaps, and the planet's shadow across it."""
    reach = world.radius * world.rings * 1.03
    box = box_of(stage, world.x - reach, world.y - reach, world.x + reach, world.y + reach)
    x, y = grid(stage, box)
    u, v = (x - world.x) / world.radius, (y - world.y) / world.radius
    cos, sin = float(np.cos(world.tilt)), float(np.sin(world.tilt))
    along, across = u * cos + v * sin, (-u * sin + v * cos) / 0.26
    away = np.sqrt(along**2 + across**2)
    inner, outer = 1.28, world.rings
    groove = np.interp((away - inner) * 380 % _TILE, np.arange(_TILE), world.bands).astype(np.float32)
    broad = np.interp((away - inner) * 60 % _TILE, np.arange(_TILE), world.bands).astype(np.float32)
    body = smooth(away, inner, inner + 0.06) * smooth(-away, -outer, -outer + 0.05)
    gap = 1 - 0.85 * np.exp(-(((away - inner - (outer - inner) * 0.62) / 0.022) ** 2))
    alpha = np.clip(body * gap * (0.62 + 0.16 * groove + 0.2 * broad), 0, 0.95)
    alpha = alpha * ((across < 0) if behind else (across >= 0))
    back = along * world.sun[0] * 1.0 + across * 0.3 * world.sun[2]
    side = np.abs(along * world.sun[2] - across * world.sun[0] * 0.9)
    shade = 1 - 0.9 * smooth(-side, -1.02, -0.9) * smooth(-back, 0.1, 0.5)
    pale = linear(mix(stage.palette.light, stage.palette.earth, 0.45))
    rgb = film(pale * ((0.62 + 0.14 * groove) * shade)[..., None])
    return Layer(rgb, alpha.astype(np.float32), box, near=0.45)


def _moon(stage: Stage, world: _World) -> Layer:
    dice = stage.chance("moon")
    radius = world.radius * float(dice.uniform(0.05, 0.1))
    x = stage.wide * 0.5 - (world.x - stage.wide * 0.5) * float(dice.uniform(0.9, 1.6))
    x = float(np.clip(x, 0.08, stage.wide - 0.08))
    y = stage.tall * float(dice.uniform(0.12, 0.3))
    box = box_of(stage, x - radius * 1.1, y - radius * 1.1, x + radius * 1.1, y + radius * 1.1)
    across, down = grid(stage, box)
    u, v = (across - x) / radius, (down - y) / radius
    away = np.sqrt(u * u + v * v)
    w = np.sqrt(np.clip(1 - away**2, 0, 1))
    scars = noise.sample(world.fine, u * 40 + 7, v * 40) * 0.12
    facing = np.clip((u * world.sun[0] + v * world.sun[1] + w * world.sun[2]) * (1 + scars) + scars * 0.3, 0.01, 1)
    light = linear(mix(stage.palette.haze, stage.palette.light, 0.4)) * (1.2 * facing)[..., None]
    alpha = np.clip((1 - away) * radius * stage.unit + 0.5, 0, 1)
    return Layer(film(light), alpha.astype(np.float32), box, near=0.2)
