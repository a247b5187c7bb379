"""The stage a scene paints on, and the layers it paints."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from PIL import Image, ImageDraw

from kie.sandbox.art import noise
from kie.sandbox.art.noise import Array
from kie.sandbox.art.palette import Palette

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Stage:
    """Size in pixels, colours, and the two sources of chance: `kin` all takes share, `own` is this take's."""

    width: int
    height: int
    palette: Palette
    words: frozenset[str]
    kin: int
    own: int
    take: int

    @cached_property
    def unit(self) -> float:
        """Pixels in one unit: the side of a square of the picture's area."""
        return float(np.sqrt(self.width * self.height))

    @cached_property
    def x(self) -> Array:
        """Position across in units, shape (1, width)."""
        return ((np.arange(self.width, dtype=np.float32) + 0.5) / self.unit)[None, :]

    @cached_property
    def y(self) -> Array:
        """Position down in units, shape (height, 1)."""
        return ((np.arange(self.height, dtype=np.float32) + 0.5) / self.unit)[:, None]

    @property
    def wide(self) -> float:
        """Width in units."""
        return self.width / self.unit

    @property
    def tall(self) -> float:
        """Height in units."""
        return self.height / self.unit

    def chance(self, name: str, *, shared: bool = False) -> np.random.Generator:
        """A generator of its own for each named decision, so that adding one does not move the others."""
        return np.random.default_rng([self.kin if shared else self.own, *name.encode()])

    def number(self, name: str, *, shared: bool = False) -> int:
        """A seed for noise."""
        return int(self.chance(name, shared=shared).integers(1, 2**31))

    def fbm(
        self, size: float | tuple[float, float], name: str, *, octaves: int = 9, gain: float = 0.5, **options: bool
    ) -> Array:
        """Noise over the whole stage, the largest feature `size` units wide."""
        across, down = (size, size) if isinstance(size, int | float) else size
        cell = (across * self.unit, down * self.unit)
        return noise.fbm(self.width, self.height, cell, self.number(name), octaves=octaves, gain=gain, **options)

    def thirds(self, name: str, *, shared: bool = False) -> float:
        """A place across, in units, on or near one of the two vertical thirds."""
        dice = self.chance(name, shared=shared)
        return float(self.wide * (dice.choice([1 / 3, 2 / 3]) + dice.uniform(-0.045, 0.045)))


@dataclass(frozen=True)
class Layer:
    """Paint to lay over what is there.

    rgb: one colour (3,) or (h, w, 3), display values 0..1; alpha: (h, w) 0..1 or None for opaque; box: where
    it goes (left, top, right, bottom), None for all. `blend` is over, screen or multiply. For video: `near`
    is how much it follows the camera (0 sky, 1 foreground), `drift` units it travels sideways in a loop, and
    `moving` repaints it for a phase 0..1 of the loop, at `keys` phases that are blended between (0: every frame).
    """

    rgb: Array
    alpha: Array | None = None
    box: Box | None = None
    blend: str = "over"
    near: float = 0.0
    drift: float = 0.0
    keys: int = 48
    moving: Callable[[float], Layer] | None = field(default=None, compare=False)


def flatten(stage: Stage, layers: Iterable[Layer]) -> Array:
    """All layers in their order, as one (h, w, 3) picture."""
    picture = np.zeros((stage.height, stage.width, 3), np.float32)
    for layer in layers:
        lay(picture, layer)
    return picture


def lay(picture: Array, layer: Layer) -> None:
    """Blend one layer into the picture, in place."""
    left, top, right, bottom = layer.box or (0, 0, picture.shape[1], picture.shape[0])
    under = picture[top:bottom, left:right]
    paint, alpha = layer.rgb, None if layer.alpha is None else layer.alpha[..., None]
    if layer.blend == "screen":
        paint = under + paint * (1 - under) if alpha is None else under + paint * alpha * (1 - under)
        under[...] = paint
        return
    if layer.blend == "multiply":
        under *= paint if alpha is None else 1 + (paint - 1) * alpha
        return
    if alpha is None:
        under[...] = paint
    else:
        under += (paint - under) * alpha


def gradient(position: Array, stops: Iterable[tuple[float, Array]]) -> Array:
    """Colours along `position` (any shape), eased between the stops; adds a last axis of three."""
    places, colours = zip(*stops, strict=True)
    fine = np.linspace(places[0], places[-1], 1024, dtype=np.float32)
    index = np.clip(np.searchsorted(places, fine, side="right") - 1, 0, len(places) - 2)
    start, end = np.array(places, np.float32)[index], np.array(places, np.float32)[index + 1]
    share = smooth((fine - start) / (end - start))[:, None]
    table = np.array(colours, np.float32)
    ramp = table[index] * (1 - share * 0.85) + table[index + 1] * share * 0.85
    straight = ((fine - start) / (end - start))[:, None]
    ramp = ramp * 0.5 + (table[index] * (1 - straight) + table[index + 1] * straight) * 0.5
    at = (position - places[0]) * (1023 / (places[-1] - places[0]))
    # 1024 steps are finer than what eight bits show, so the nearest will do.
    return np.asarray(ramp.astype(np.float32)[np.clip(at + 0.5, 0, 1023).astype(np.int32)], dtype=np.float32)


def smooth(value: Array, low: Array | float = 0.0, high: Array | float = 1.0) -> Array:
    """Zero below `low`, one above `high`, an eased step between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def soften(picture: Array, radius: float) -> Array:
    """A wide blur of a (h, w) or (h, w, 3) field by way of a small copy; radius in pixels."""
    if picture.ndim == 3:
        return np.stack([soften(picture[..., i], radius) for i in range(picture.shape[2])], -1)
    height, width = picture.shape
    step = max(1.0, radius / 1.5)
    small = (max(2, round(width / step)), max(2, round(height / step)))
    image = Image.fromarray(np.ascontiguousarray(picture, dtype=np.float32))
    little = np.asarray(image.resize(small, Image.Resampling.BOX), dtype=np.float32)
    padded = np.pad(little, 2, mode="edge")
    rows, both = np.zeros((little.shape[0], padded.shape[1]), np.float32), np.zeros_like(little)
    for i, weight in enumerate((0.07, 0.25, 0.36, 0.25, 0.07)):
        rows += padded[i : i + little.shape[0]] * np.float32(weight)
    for i, weight in enumerate((0.07, 0.25, 0.36, 0.25, 0.07)):
        both += rows[:, i : i + little.shape[1]] * np.float32(weight)
    return noise.resize(both, width, height)


class Stencil:
    """Shapes with clean edges: drawn in units at twice the size, read as an alpha field."""

    def __init__(self, stage: Stage, box: Box | None = None, finer: int = 2) -> None:
        self.box = box or (0, 0, stage.width, stage.height)
        self.finer = finer
        self._scale = stage.unit * finer
        size = ((self.box[2] - self.box[0]) * finer, (self.box[3] - self.box[1]) * finer)
        self._image = Image.new("L", size, 0)
        self._draw = ImageDraw.Draw(self._image)

    def _pixels(self, points: Array) -> list[tuple[float, float]]:
        shift = np.array(self.box[:2], np.float32) * self.finer
        return [(float(a), float(b)) for a, b in points * self._scale - shift]

    def polygon(self, points: Array, tone: int = 255) -> None:
        """Fill a closed shape; points (n, 2) in units."""
        self._draw.polygon(self._pixels(points), fill=tone)

    def stroke(self, points: Array, width: float, tone: int = 255) -> None:
        """An open line of the given width in units."""
        pixels = max(1, round(width * self._scale))
        self._draw.line(self._pixels(points), fill=tone, width=pixels, joint="curve" if pixels > 3 else None)

    def ellipse(self, x: float, y: float, across: float, down: float, tone: int = 255) -> None:
        """A filled ellipse by its centre and half axes in units."""
        corners = self._pixels(np.array([[x - across, y - down], [x + across, y + down]], np.float32))
        self._draw.ellipse([*corners[0], *corners[1]], fill=tone)

    def alpha(self) -> Array:
        """Coverage 0..1 at the stage's resolution, shape of the box."""
        return np.asarray(self._image.reduce(self.finer), dtype=np.float32) / 255


def box_of(stage: Stage, x0: float, y0: float, x1: float, y1: float) -> Box:
    """Pixels of a rectangle in units, held inside the stage and never empty."""
    left = int(np.clip(x0 * stage.unit, 0, stage.width - 2))
    top = int(np.clip(y0 * stage.unit, 0, stage.height - 2))
    right = int(np.clip(np.ceil(x1 * stage.unit), left + 2, stage.width))
    bottom = int(np.clip(np.ceil(y1 * stage.unit), top + 2, stage.height))
    return left, top, right, bottom
