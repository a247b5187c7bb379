"""Outlines of people, drawn by hand as a few points and rounded off."""

from __future__ import annotations

import numpy as np

from kie.sandbox.art.noise import Array

# Half lengths of the skull from its middle; the face looks to +x, y points down.
HEAD = [
    (0.20, -1.12), (0.55, -0.93), (0.79, -0.60), (0.87, -0.27), (0.825, -0.08), (0.90, 0.10), (1.03, 0.29),
    (1.075, 0.37), (1.02, 0.44), (0.90, 0.465), (0.915, 0.53), (0.965, 0.585), (0.90, 0.635), (0.94, 0.70),
    (0.905, 0.77), (0.855, 0.82), (0.895, 0.93), (0.875, 1.05), (0.76, 1.13), (0.55, 1.10), (0.36, 1.13),
    (0.28, 1.32), (0.30, 1.60), (0.50, 1.86), (0.95, 2.10), (1.25, 2.55), (1.38, 3.2), (-2.45, 3.2),
    (-2.25, 2.55), (-1.80, 2.15), (-1.20, 1.92), (-0.80, 1.66), (-0.62, 1.34), (-0.64, 1.02), (-0.82, 0.66),
    (-0.99, 0.22), (-1.00, -0.25), (-0.83, -0.72), (-0.48, -1.04), (-0.12, -1.16),
]  # fmt: skip

WALKER = [
    (-0.055, -0.93), (-0.06, -0.83), (-0.12, -0.79), (-0.155, -0.66), (-0.16, -0.50), (-0.175, -0.28),
    (-0.15, -0.26), (-0.125, -0.24), (-0.11, -0.02), (-0.14, 0.0), (-0.02, 0.0), (-0.012, -0.24), (0.012, -0.24),
    (0.02, 0.0), (0.14, 0.0), (0.11, -0.02), (0.125, -0.24), (0.15, -0.26), (0.17, -0.28), (0.155, -0.50),
    (0.15, -0.66), (0.12, -0.79), (0.06, -0.83), (0.055, -0.93), (0.0, -0.99),
]  # fmt: skip


def rounded(points: list[tuple[float, float]], between: int = 8) -> Array:
    """A closed Catmull-Rom curve through the points, (n * between, 2)."""
    knots = np.array(points, np.float32)
    before, after, later = np.roll(knots, 1, 0), np.roll(knots, -1, 0), np.roll(knots, -2, 0)
    t = np.linspace(0, 1, between, endpoint=False, dtype=np.float32)[None, :, None]
    a, b, c, d = before[:, None], knots[:, None], after[:, None], later[:, None]
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.asarray(curve.reshape(-1, 2), dtype=np.float32)
