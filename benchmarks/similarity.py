"""How alike two pictures are: structural similarity (Wang et al., 2004) on luma, with a uniform 8-pixel window."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WINDOW = 8
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
Plane = NDArray[np.float64]


def similarity(one: Image.Image, other: Image.Image) -> float:
    """1.0 for equal pictures; both must be of one size."""
    a, b = _luma(one), _luma(other)
    mean_a, mean_b = _smooth(a), _smooth(b)
    var_a, var_b = _smooth(a * a) - mean_a**2, _smooth(b * b) - mean_b**2
    shared = _smooth(a * b) - mean_a * mean_b
    alike = (2 * mean_a * mean_b + C1) * (2 * shared + C2)
    apart = (mean_a**2 + mean_b**2 + C1) * (var_a + var_b + C2)
    return float(np.mean(alike / apart))


def _luma(image: Image.Image) -> Plane:
    return np.asarray(image.convert("L"), dtype=np.float64)


def _smooth(plane: Plane) -> Plane:
    """Means over every window, by differences of running sums."""
    sums = np.pad(plane.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    whole = sums[WINDOW:, WINDOW:] - sums[:-WINDOW, WINDOW:] - sums[WINDOW:, :-WINDOW] + sums[:-WINDOW, :-WINDOW]
    return np.asarray(whole / WINDOW**2)
