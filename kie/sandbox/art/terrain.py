"""Ground seen in perspective: a height map, its shadows, and which point of it each pixel sees.

The map repeats, its sun stands along its first axis; the camera looks at it under an angle. Lengths are in
map pixels unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kie.sandbox.art.compose import smooth
from kie.sandbox.art.noise import Array, sample


@dataclass(frozen=True)
class Ground:
    """A square height map that repeats, with its slopes and its cast shadow (0 dark .. 1 lit)."""

    height: Array
    slope_x: Array
    slope_z: Array
    lit: Array

    @classmethod
    def under_sun(cls, height: Array, sun_slope: float, soft: float) -> Ground:
        """`sun_slope` is the rise of the sunbeam per map pixel, `soft` the width of the penumbra in height."""
        slope_x = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / 2
        slope_z = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) / 2
        twice = np.concatenate([height, height], 1)
        fall = np.arange(twice.shape[1], dtype=np.float32) * np.float32(sun_slope)
        roof = (np.maximum.accumulate(twice + fall, 1) - fall)[:, height.shape[1] :]
        return cls(height, slope_x, slope_z, 1 - smooth(roof - height, 0, soft))


@dataclass(frozen=True)
class Camera:
    """Where one looks from: place on the map, eye height, heading (radians), focal length and horizon in pixels."""

    x: float
    z: float
    eye: float
    heading: float
    focal: float
    horizon: float
    centre: float


@dataclass(frozen=True)
class View:
    """What each pixel from `top` down sees: map position, distance, and how much of an edge it covers."""

    top: int
    x: Array
    z: Array
    distance: Array
    ground: NDArray[np.bool_]
    edge: Array


def look(ground: Ground, camera: Camera, width: int, height: int, reach: tuple[float, float]) -> View:
    """Find for every pixel the nearest point of the ground on its line of sight, between two distances."""
    steps = 460
    depths = np.geomspace(reach[0], reach[1], steps).astype(np.float32)[:, None]
    tangent = ((np.arange(width, dtype=np.float32) + 0.5 - camera.centre) / camera.focal)[None, :]
    x, z = _place(camera, depths, tangent)
    level = sample(ground.height, x, z)
    rows = (camera.horizon + camera.focal * (camera.eye - level) / depths).astype(np.float32)
    crest = np.minimum.accumulate(rows, 0)
    top = int(np.clip(crest.min(), 0, height - 2))
    lines = np.clip(np.ceil(crest - 0.5), top, height).astype(np.int32) - top
    count = height - top
    tally = np.bincount((lines * width + np.arange(width)).ravel(), minlength=(count + 1) * width)
    tally = tally.reshape(count + 1, width)
    index = np.cumsum(tally[::-1], 0)[::-1][1:].astype(np.int32)
    seen = index < steps
    index = np.clip(index, 1, steps - 1)
    columns = np.arange(width)
    before, after = rows[index - 1, columns], rows[index, columns]
    line = (np.arange(top, height, dtype=np.float32) + 0.5)[:, None]
    share = np.clip((before - line) / np.maximum(before - after, 1e-3), 0, 1)
    distance = depths[index - 1, 0] * (1 - share) + depths[index, 0] * share
    at_x, at_z = _place(camera, distance, tangent)
    return View(top, at_x, at_z, distance, seen, _edges(crest, index, seen, top))


def _place(camera: Camera, depth: Array, tangent: Array) -> tuple[Array, Array]:
    turn, rise = float(np.cos(camera.heading)), float(np.sin(camera.heading))
    return (
        camera.x + depth * (rise + tangent * turn),
        camera.z + depth * (turn - tangent * rise),
    )


def _edges(crest: Array, index: NDArray[np.int32], seen: NDArray[np.bool_], top: int) -> Array:
    """Coverage 0..1 of the first pixel below each crest line, 1 elsewhere."""
    far = np.where(seen, index, crest.shape[0])
    above = np.vstack([np.full((1, far.shape[1]), crest.shape[0], far.dtype), far[:-1]])
    jump = above > far + 6
    row, column = np.nonzero(jump)
    cover = np.ones(index.shape, np.float32)
    last = np.clip(above[row, column] - 1, 0, crest.shape[0] - 1)
    cover[row, column] = np.clip(row + top + 1 - crest[last, column], 0, 1)
    return cover


def blend_edges(picture: Array, behind: Array, view: View) -> Array:
    """Mix the pixel on each crest with the one above it, so that crests have no stairs."""
    part = view.edge[..., None]
    above = np.concatenate([behind[view.top - 1 : view.top], picture[:-1]], 0) if view.top else picture
    return np.asarray(picture * part + above * (1 - part), dtype=np.float32)


def rounded(height: Array, reach: float) -> Array:
    """The map without corners sharper than `reach` map pixels, still without a seam."""
    across, down = np.fft.rfftfreq(height.shape[1]), np.fft.fftfreq(height.shape[0])[:, None]
    keep = np.exp(-2 * (np.pi * reach) ** 2 * (across**2 + down**2))
    return np.asarray(np.fft.irfft2(np.fft.rfft2(height) * keep, height.shape), dtype=np.float32)


def viewpoint(
    ground: Ground, dice: np.random.Generator, heading: float, eye: float, rise: float
) -> tuple[float, float, float]:
    """Of many places the one whose land ahead climbs closest to `rise` (a slope); gives x, z and eye level."""
    size = ground.height.shape[0]
    spots = dice.uniform(0, size, (60, 2)).astype(np.float32)
    depths = np.linspace(25, 260, 60, dtype=np.float32)[None, :, None]
    fan = np.linspace(-0.5, 0.5, 7, dtype=np.float32)[None, None, :]
    turn, tilt = float(np.cos(heading)), float(np.sin(heading))
    x = spots[:, 0, None, None] + depths * (tilt + fan * turn)
    z = spots[:, 1, None, None] + depths * (turn - fan * tilt)
    level = sample(ground.height, spots[:, 0], spots[:, 1]) + eye
    climb = ((sample(ground.height, x, z) - level[:, None, None]) / depths).max(1)
    shade = 1 - sample(ground.lit, x, z)[:, :25].mean((1, 2))
    best = int(np.argmin(np.abs(climb.mean(1) - rise) + climb.std(1) * 0.3 + np.abs(shade - 0.3) * 0.25))
    return float(spots[best, 0]), float(spots[best, 1]), float(level[best])
