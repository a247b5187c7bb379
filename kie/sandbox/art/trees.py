"""Conifers: outlines with drooping tiers, and whole rows of them along a crest."""

from __future__ import annotations

import numpy as np

from kie.sandbox.art.compose import Stencil
from kie.sandbox.art.noise import Array


def pines(dice: np.random.Generator, feet: Array, heights: Array, tiers: int = 9) -> Array:
    """Outlines of many trees, (trees, points, 2) in the units of `feet` (n, 2) and `heights` (n,)."""
    count = len(heights)
    steps = np.repeat(np.linspace(0.06, 1.0, tiers), 2)[None, :]
    tips = np.tile([1.0, 0.45], tiers)[None, :]
    slim = dice.uniform(0.15, 0.23, (count, 1))
    sides = []
    for side in (1.0, -1.0):
        reach = slim * (0.1 + steps**0.9) * tips * dice.uniform(0.7, 1.25, (count, tiers * 2))
        droop = np.where(tips == 1.0, 0.035, -0.015) + dice.normal(0, 0.008, (count, tiers * 2))
        sides.append(np.stack([side * reach, steps + droop - 1], -1))
    crown = np.zeros((count, 1, 2))
    crown[:, 0, 1] = -1.0
    lean = dice.normal(0, 0.02, (count, 1))
    outline = np.concatenate([crown, sides[0], sides[1][:, ::-1]], 1)
    outline[..., 0] -= outline[..., 1] * lean
    placed = outline * heights[:, None, None] + feet[:, None, :]
    return placed.astype(np.float32)


def plant(
    stencils: tuple[Stencil, Stencil], dice: np.random.Generator, feet: Array, heights: Array, tones: Array
) -> None:
    """Draw trees into a pair of stencils: coverage, and the grey each has been given (0..255)."""
    cover, grey = stencils
    for outline, foot, height, tone in zip(
        pines(dice, feet, heights), feet, heights, tones.astype(int).tolist(), strict=True
    ):
        trunk = np.array([[-0.012, -0.1], [0.012, -0.1], [0.016, 0.05], [-0.016, 0.05]], np.float32)
        for shape in (outline, trunk * height + foot):
            cover.polygon(shape)
            grey.polygon(shape, tone)


def sow(dice: np.random.Generator, start: float, end: float, spacing: float) -> Array:
    """Places along a line: denser in groves, with gaps, none quite regular."""
    count = max(2, int((end - start) / spacing))
    places = np.linspace(start, end, count) + dice.normal(0, spacing * 0.6, count)
    keep = dice.random(count) < 0.55 + 0.45 * np.sin(places * 17 + dice.uniform(0, 6)) ** 2
    return np.sort(places[keep]).astype(np.float32)
