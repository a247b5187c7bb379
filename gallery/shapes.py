"""The eleven shapes the site knows, as classes: the policy forbids style attributes."""

from functools import lru_cache
from math import log

SHAPES = {
    "1-2": 1 / 2,
    "9-16": 9 / 16,
    "2-3": 2 / 3,
    "3-4": 3 / 4,
    "5-6": 5 / 6,
    "1-1": 1.0,
    "6-5": 6 / 5,
    "4-3": 4 / 3,
    "3-2": 3 / 2,
    "16-9": 16 / 9,
    "2-1": 2.0,
}
# A row of the wall is this share of the window high at the middle density, and stretches by up to a third.
ROW_SHARE = 14.7 * 1.2


@lru_cache(maxsize=4096)
def nearest_shape(width: int, height: int) -> str:
    """The name of the shape a picture of this many pixels comes closest to, such as `16-9`."""
    if not width or not height:
        return "1-1"
    return min(SHAPES, key=lambda name: abs(log(width / height) - log(SHAPES[name])))


@lru_cache(maxsize=4096)
def tile_sizes(width: int, height: int) -> str:
    """The `sizes` of a tile for browsers that can't measure lazy pictures themselves (`auto`)."""
    share = round(SHAPES[nearest_shape(width, height)] * ROW_SHARE)
    return f"auto, (max-width: 720px) {min(share * 3, 100)}vw, {share}vw"
