"""Ink and metal flowing into each other: noise warped by noise, lit as a surface."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kie.sandbox.art import noise
from kie.sandbox.art.compose import Layer, Stage, gradient, smooth
from kie.sandbox.art.noise import Array
from kie.sandbox.art.palette import mix

_TILE = 512


@dataclass(frozen=True)
class _Flow:
    first: tuple[Array, Array]
    second: tuple[Array, Array]
    body: Array
    vein: Array
    angle: float
    scale: float


def marble(stage: Stage) -> Iterator[Layer]:
    """One sheet of flow; it moves by turning one warp into another and back."""
    dice = stage.chance("flow")

    def pair(name: str) -> tuple[Array, Array]:
        return (
            stage.fbm((0.75, 0.6), name + " across", octaves=5, gain=0.45),
            stage.fbm((0.75, 0.6), name + " down", octaves=5, gain=0.45),
        )

    flow = _Flow(
        pair("first"),
        pair("second"),
        noise.tile(_TILE, stage.number("body"), slope=2.9, lowest=2),
        noise.tile(_TILE, stage.number("vein"), slope=2.35, lowest=3),
        float(dice.uniform(0.5, 1.1) * dice.choice([-1, 1])),
        float(dice.uniform(0.75, 1.05)),
    )

    def at(phase: float) -> Layer:
        return _sheet(stage, flow, phase)

    still = at(0.0)
    yield Layer(still.rgb, near=0.2, keys=30, moving=at)


def _sheet(stage: Stage, flow: _Flow, phase: float) -> Layer:
    turn = float(np.sin(2 * np.pi * phase)) * 0.16
    other = float(1 - np.cos(2 * np.pi * phase)) * 0.10
    across = flow.first[0] + flow.second[0] * turn + flow.second[1] * other
    down = flow.first[1] + flow.second[1] * turn - flow.second[0] * other
    cos, sin = float(np.cos(flow.angle)), float(np.sin(flow.angle))
    x, y = stage.x - stage.wide / 2, stage.y - stage.tall / 2
    along = (x * cos + y * sin) * 0.42 + across * 0.34 + down * 0.10
    over = (y * cos - x * sin) * 1.15 + down * 0.42 - across * 0.12
    scale = _TILE * 0.30 * flow.scale
    body = noise.sample(flow.body, along * scale + 40, over * scale + 77)
    fine = noise.sample(flow.vein, (along + body * 0.035) * scale * 1.9 + 11, (over + body * 0.05) * scale * 1.9)
    fold = np.sin(body * 3.4 + fine * 0.85 + over * 3.0)
    height = fold * 0.6 + fine * 0.22 + body * 0.3
    tone = smooth(fold * 0.5 + body * 0.22 + fine * 0.14 + 0.40, -0.1, 1.15)
    return Layer(_lit(stage, height, tone, body, fine))


def _lit(stage: Stage, height: Array, tone: Array, body: Array, fine: Array) -> Array:
    palette = stage.palette
    reach = stage.unit * 0.055
    dy = (np.roll(height, -1, 0) - height) * reach
    dx = (np.roll(height, -1, 1) - height) * reach
    dy[-1], dx[:, -1] = dy[-2], dx[:, -2]
    long = np.sqrt(1 + dx * dx + dy * dy)
    diffuse = (0.8 - dx * 0.45 - dy * 0.55) / long
    half = (0.93 - dx * 0.26 - dy * 0.32) / long / 1.02
    gleam = np.clip(half, 0, 1) ** 26
    stops = [
        (0.0, palette.deep),
        (0.24, palette.sky[0]),
        (0.48, palette.sky[1]),
        (0.72, palette.sky[2]),
        (0.93, palette.sky[3]),
        (1.0, mix(palette.light, np.ones(3, np.float32), 0.3)),
    ]
    rgb = gradient(tone, stops)
    rgb = rgb * np.clip(0.32 + diffuse * 0.72, 0.12, 1.12)[..., None]
    rgb = rgb + palette.light * (gleam * (0.06 + 0.34 * tone))[..., None]
    thread = np.exp(-((np.abs(fine - 0.35) / 0.055) ** 2)) * smooth(body, -0.2, 1.2)
    gold = palette.accent * np.clip(0.55 + diffuse * 0.7, 0.2, 1.4)[..., None] + gleam[..., None] * 0.5
    return np.asarray(np.clip(rgb + (gold - rgb) * (thread * 0.85)[..., None], 0, 1), dtype=np.float32)
