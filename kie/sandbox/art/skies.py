"""Skies that several scenes share: gradient, sun or moon, cloud and stars."""

from __future__ import annotations

import numpy as np

from kie.sandbox.art.compose import Box, Layer, Stage, box_of, gradient, smooth
from kie.sandbox.art.noise import Array


def sky(stage: Stage, horizon: float, sun: tuple[float, float], *, warmth: float = 1.0) -> Array:
    """Gradient from zenith to `horizon` (units down) with the light of a sun low in it, (h, w, 3)."""
    colours = stage.palette.sky
    places = np.array([0.0, 0.42, 0.82, 1.0]) * horizon
    base = gradient(stage.y[:, 0], list(zip(places.tolist(), colours, strict=True)))[:, None, :]
    near = glow(stage, sun, 0.42, flat=0.55)[..., None]
    wide = glow(stage, sun, 0.95, flat=0.45)[..., None]
    picture = base + (colours[-1] - base) * wide * np.float32(0.55 * warmth)
    picture = picture + (stage.palette.light - picture) * near**2 * np.float32(0.72 * warmth)
    return np.asarray(picture, dtype=np.float32)


def glow(stage: Stage, place: tuple[float, float], radius: float, *, flat: float = 1.0) -> Array:
    """A soft round light 0..1 about a place in units; `flat` < 1 presses it down to the horizon."""
    across, down = stage.x - place[0], (stage.y - place[1]) / flat
    return np.asarray(np.exp(-np.sqrt(across**2 + down**2) / (radius * 0.55)), dtype=np.float32)


def disc(stage: Stage, place: tuple[float, float], radius: float, *, soft: float = 0.03) -> Layer:
    """The sun itself, a hair softer than the rest, brighter in its middle."""
    x, y = place
    box = box_of(stage, x - radius * 1.3, y - radius * 1.3, x + radius * 1.3, y + radius * 1.3)
    across, down = grid(stage, box)
    away = np.sqrt((across - x) ** 2 + (down - y) ** 2) / radius
    alpha = smooth(1 + soft - away, 0, soft + 1.6 / (radius * stage.unit))
    warm = stage.palette.light
    middle = np.minimum(warm * 1.08 + 0.05, 1)
    rgb = middle + (warm - middle) * np.clip(away, 0, 1)[..., None] ** 2
    return Layer(np.asarray(rgb, np.float32), alpha, box)


def grid(stage: Stage, box: Box) -> tuple[Array, Array]:
    """Positions in units of the pixels in a box: (1, w) and (h, 1)."""
    return stage.x[:, box[0] : box[2]], stage.y[box[1] : box[3]]


def clouds(stage: Stage, horizon: float, sun: tuple[float, float], *, amount: float = 0.5) -> Layer:
    """Thin bands of cloud, lit from where the sun is and denser towards the horizon."""
    body = stage.fbm((0.9, 0.11), "cloud", octaves=8, gain=0.52)
    edge = stage.fbm((0.24, 0.035), "cloud edge", octaves=6, gain=0.55)
    density = smooth(body + edge * 0.35, 0.30 - amount * 0.4, 1.15)
    reach = smooth(stage.y / horizon, 0.12, 0.7) * smooth(stage.y / horizon, 1.15, 0.9)
    lit = glow(stage, sun, 0.6, flat=0.6)[..., None]
    shade = stage.palette.sky[1] * 0.55 + stage.palette.haze * 0.45
    rgb = shade + (stage.palette.light - shade) * np.clip(lit * 1.1 + 0.12, 0, 1)
    return Layer(np.asarray(rgb, np.float32), np.asarray(density * reach * amount, np.float32), drift=0.03)


def stars(stage: Stage, lowest: float, *, count: int = 900) -> Layer:
    """Small stars of unequal brightness above `lowest` units, a few of them tinted."""
    dice = stage.chance("stars")
    field = np.zeros((stage.height, stage.width, 3), np.float32)
    total = int(count * stage.wide * stage.tall)
    x = dice.integers(1, stage.width - 2, total)
    y = (dice.random(total) ** 1.2 * min(lowest, stage.tall) * stage.unit).astype(int).clip(1, stage.height - 2)
    power = dice.pareto(2.2, total).clip(0.05, 2.2)[:, None] * 0.35
    tint = np.array([1, 0.97, 0.92]) + dice.normal(0, 0.07, (total, 3))
    light = (power * tint).astype(np.float32)
    spread = min(0.4, 0.16 * stage.unit / 1000)
    for dx, dy, share in ((0, 0, 1.0), (1, 0, spread), (-1, 0, spread), (0, 1, spread), (0, -1, spread)):
        np.add.at(field, (y + dy, x + dx), light * share)
    fade = smooth(stage.y, lowest, lowest * 0.5)
    return Layer(np.clip(field * fade[..., None], 0, 1), blend="screen")
