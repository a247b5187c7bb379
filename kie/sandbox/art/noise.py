"""Fields of noise that keep their shape at any resolution.

A field is laid on a lattice measured in *units* (1 unit = the square root of the picture's area), so the
same seed gives the same composition at 832 or 2912 px; finer octaves join in while a pixel can show them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.floating[Any]]

_COARSE = 4


def resize(field: Array, width: int, height: int, box: tuple[float, float, float, float] | None = None) -> Array:
    """Cubic resampling of a (h, w) float field, optionally of a fractional box of it."""
    picture = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC, box=box), dtype=np.float32)


def octave(width: int, height: int, cell: tuple[float, float], seed: int) -> Array:
    """One octave, about -1..1; `cell` is the lattice step in pixels across and down."""
    across, down = width / cell[0], height / cell[1]
    # Drawn row by row in a fixed number of columns: a rounded pixel of size must not shuffle the knots.
    columns = 64
    while columns < across + 6:
        columns *= 2
    knots = np.random.default_rng(seed).random((int(down) + 6, columns), dtype=np.float32) * 2 - 1
    return resize(knots, width, height, (2.0, 2.0, 2.0 + across, 2.0 + down))


def fbm(
    width: int,
    height: int,
    cell: float | tuple[float, float],
    seed: int,
    *,
    octaves: int = 9,
    gain: float = 0.5,
    ridged: bool = False,
    finest: float = 1.6,
) -> Array:
    """Sum of octaves, about -1..1 (ridged: 0..1), the first one `cell` pixels wide.

    Octaves finer than `finest` pixels are left out. The coarse ones are made at a quarter of the size:
    they are smooth, nobody can tell.
    """
    step = (cell, cell) if isinstance(cell, int | float) else cell
    low_w, low_h = -(-width // _COARSE), -(-height // _COARSE)
    low = np.zeros((low_h, low_w), np.float32)
    fine: list[tuple[tuple[float, float], int, float]] = []
    weight = 1.0
    total = sum(gain**index for index in range(octaves))
    for index in range(octaves):
        if min(step) < finest:
            break
        if min(step) >= 10 * _COARSE:
            part = octave(low_w, low_h, (step[0] * low_w / width, step[1] * low_h / height), seed + index)
            low += weight * (_ridge(part) if ridged else part)
        else:
            fine.append((step, seed + index, weight))
        weight *= gain
        step = (step[0] / 2, step[1] / 2)
    field = resize(low, width, height)
    for size, number, share in fine:
        part = octave(width, height, size, number)
        field = field + share * (_ridge(part) if ridged else part)
    return np.asarray(field / total * (1.0 if ridged else 1.6), dtype=np.float32)


def _ridge(part: Array) -> Array:
    return np.asarray((1 - np.abs(part) * 1.5).clip(0, 1) ** 2, dtype=np.float32)


def line(positions: Array, cell: float, seed: int, *, octaves: int = 8, gain: float = 0.5) -> Array:
    """Smooth one-dimensional noise, about -1..1, at the given positions (any unit, `cell` in the same)."""
    out = np.zeros_like(positions)
    weight, total = 1.0, 0.0
    for index in range(octaves):
        knots = np.random.default_rng(seed + index).uniform(-1, 1, 4096).astype(np.float32)
        at = positions / cell + 100.0
        low = np.floor(at).astype(np.int64)
        part = at - low
        ease = part * part * (3 - 2 * part)
        out += weight * (knots[low % 4096] * (1 - ease) + knots[(low + 1) % 4096] * ease)
        total += weight
        weight *= gain
        cell /= 2
    return np.asarray(out / total * 1.5, dtype=np.float32)


def tile(size: int, seed: int, *, slope: float = 1.8, stretch: float = 1.0, lowest: float = 1.0) -> Array:
    """A (size, size) texture that repeats without a seam: spectral noise, mean 0, deviation 1.

    `slope` is the fall of amplitude with frequency (2 is soft cloud, 1 is rough), `stretch` > 1 makes it
    long across, `lowest` leaves out waves longer than size / lowest.
    """
    white = np.random.default_rng(seed).standard_normal((size, size)).astype(np.float32)
    spectrum = np.fft.rfft2(white)
    across = np.fft.rfftfreq(size) * size * stretch
    down = np.fft.fftfreq(size)[:, None] * size
    radius = np.sqrt(across**2 + down**2)
    envelope = np.where(radius >= lowest, 1.0 / np.maximum(radius, 1.0) ** slope, 0.0)
    field = np.fft.irfft2(spectrum * envelope, (size, size))
    return np.asarray(field / max(float(field.std()), 1e-9), dtype=np.float32)


def sample(texture: Array, across: Array, down: Array) -> Array:
    """Bilinear look-up in a square texture that repeats; positions in texture pixels."""
    size = texture.shape[0]
    left, top = np.floor(across), np.floor(down)
    fx, fy = (across - left).astype(np.float32), (down - top).astype(np.float32)
    x0, y0 = left.astype(np.int32) % size, (top.astype(np.int32) % size) * size
    x1, y1 = (x0 + 1) % size, (y0 + size) % (size * size)
    flat = texture.ravel()
    upper = flat[y0 + x0] * (1 - fx) + flat[y0 + x1] * fx
    lower = flat[y1 + x0] * (1 - fx) + flat[y1 + x1] * fx
    return np.asarray(upper * (1 - fy) + lower * fy, dtype=np.float32)
