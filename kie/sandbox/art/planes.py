"""Layers turned into eight-bit planes that a camera can slide and enlarge cheaply."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageChops

from kie.sandbox.art.compose import Layer, Stage
from kie.sandbox.art.encode import eight_bit
from kie.sandbox.art.noise import Array

_FAINT = 0.004
_STEPS = 3
_DRIFTERS = 2

Blend = Literal["over", "screen", "multiply"]


@dataclass(frozen=True)
class Camera:
    """One frame's view: size in pixels, enlargement and shift in pixels of the nearest plane.

    A plane whose `near` is 0 does not move at all: the sky, and what sticks to the lens."""

    width: int
    height: int
    margin: tuple[float, float]
    zoom: float
    shift: tuple[float, float]


@dataclass(frozen=True)
class Plane:
    """A picture (or one flat colour) with an optional mask, placed at (left, top) on the stage."""

    picture: Image.Image | tuple[int, int, int]
    mask: Image.Image | None
    place: tuple[int, int]
    blend: Blend
    near: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        if isinstance(self.picture, Image.Image):
            return self.picture.size
        assert self.mask is not None  # noqa: S101 - a flat colour always has a mask
        return self.mask.size

    def show(self, frame: Image.Image, camera: Camera) -> None:
        """Blend into the frame."""
        target, source = self._aim(camera, 0.0)
        if target[2] <= target[0] or target[3] <= target[1]:
            return
        size = (target[2] - target[0], target[3] - target[1])
        mask = None if self.mask is None else _resized(self.mask, size, source)
        if not isinstance(self.picture, Image.Image):
            frame.paste(self.picture, target, mask)
            return
        picture = _resized(self.picture, size, source)
        if self.blend == "over":
            frame.paste(picture, target, mask)
            return
        under = frame.crop(target)
        blended = (ImageChops.screen if self.blend == "screen" else ImageChops.multiply)(under, picture)
        frame.paste(blended, target)

    def shadow(self, camera: Camera, slide: float, weight: float) -> Image.Image:
        """The mask alone as the camera sees it, `slide` pixels to the right of its place, times `weight`."""
        cover = Image.new("L", (camera.width, camera.height))
        target, source = self._aim(camera, slide)
        if self.mask is not None and target[2] > target[0] and target[3] > target[1]:
            size = (target[2] - target[0], target[3] - target[1])
            part = _resized(self.mask, size, source)
            cover.paste(part.point([round(level * weight) for level in range(256)]), target)
        return cover

    def _aim(self, camera: Camera, slide: float) -> tuple[tuple[int, int, int, int], tuple[float, float, float, float]]:
        """Whole pixels of the frame this plane reaches, and the fractional part of it that lands there."""
        fixed = self.near <= 0
        # The root keeps the middle distance from standing still with the sky.
        scale = 1.0 if fixed else 1 + camera.zoom * self.near**0.6
        edges = []
        for axis, (length, frame) in enumerate(zip(self.size, (camera.width, camera.height), strict=True)):
            shift = 0.0 if fixed else camera.shift[axis] * self.near
            middle = (int(camera.margin[axis]) if fixed else camera.margin[axis]) + frame / 2 - shift
            start = self.place[axis] + (slide if axis == 0 else 0.0) - middle
            low = max(0, int(np.ceil(frame / 2 + start * scale - 1e-6)))
            high = min(frame, int(np.floor(frame / 2 + (start + length) * scale + 1e-6)))
            first = (low - frame / 2) / scale - start
            last = (high - frame / 2) / scale - start
            edges.append((low, high, max(0.0, first), min(float(length), last)))
        (x0, x1, u0, u1), (y0, y1, v0, v1) = edges
        return (x0, y0, x1, y1), (u0, v0, u1, v1)


def _resized(image: Image.Image, size: tuple[int, int], source: tuple[float, float, float, float]) -> Image.Image:
    """The fractional box at the given size; a plain crop where nothing has to be interpolated."""
    whole = tuple(round(edge) for edge in source)
    same = max(abs(edge - near) for edge, near in zip(source, whole, strict=True)) < 1e-3
    if same and (whole[2] - whole[0], whole[3] - whole[1]) == size:
        return image.crop((whole[0], whole[1], whole[2], whole[3]))
    # Hamming costs what bilinear does and keeps pictures from pulsing between sharp and soft.
    way = Image.Resampling.BILINEAR if image.mode == "L" else Image.Resampling.HAMMING
    return image.resize(size, way, box=source)


def plane(layer: Layer, stage: Stage) -> Plane:
    """One layer as a plane; screens and multiplies carry their mask in their colour."""
    left, top, right, bottom = layer.box or (0, 0, stage.width, stage.height)
    place = (left, top)
    alpha, rgb = layer.alpha, layer.rgb
    shape = (bottom - top, right - left, 3)
    if layer.blend == "screen" and not (rgb.ndim == 1 and alpha is not None):
        light = np.broadcast_to(rgb if alpha is None else rgb * alpha[..., None], shape)
        return Plane(_image(light), None, place, "screen", layer.near)
    if layer.blend == "multiply":
        shade = np.broadcast_to(rgb if alpha is None else 1 + (rgb - 1) * alpha[..., None], shape)
        return Plane(_image(shade), None, place, "multiply", layer.near)
    mask = None if alpha is None else Image.fromarray(eight_bit(np.broadcast_to(alpha, shape[:2])))
    if rgb.ndim == 1 and mask is not None:
        red, green, blue = (int(value) for value in eight_bit(rgb))
        return Plane((red, green, blue), mask, place, "over", layer.near)
    return Plane(_image(np.broadcast_to(rgb, shape)), mask, place, "over", layer.near)


def _image(rgb: Array) -> Image.Image:
    return Image.fromarray(eight_bit(rgb))


def merged(layers: Iterable[Layer], stage: Stage) -> list[Layer]:
    """Neighbouring layers that neither move nor differ much in distance, flattened into one."""
    out: list[Layer] = []
    layers = list(layers)
    drifting = sorted((layer.near for layer in layers if layer.drift), reverse=True)[:_DRIFTERS]
    for layer in layers:
        # Every drifting sheet costs four resamplings a frame, and far ones hardly show that they drift.
        still = layer.moving is None and (layer.drift == 0 or layer.near not in drifting)
        step = round(layer.near * _STEPS) / _STEPS
        if not (still and out and _joins(out[-1], layer, step)):
            out.append(_whole(layer, stage, step) if still and layer.blend == "over" else layer)
            continue
        _lay_over(out[-1], layer)
    return [_cropped(layer) for layer in out]


def _joins(below: Layer, layer: Layer, step: float) -> bool:
    if below.moving is not None or below.drift or below.blend != "over" or below.rgb.ndim == 1:
        return False
    return below.near == step and (below.alpha is None or layer.blend == "over")


def _whole(layer: Layer, stage: Stage, step: float) -> Layer:
    """The layer on a full stage of its own, writable, its colour spread under its clear parts."""
    shape = (stage.height, stage.width)
    rgb = np.empty((*shape, 3), np.float32)
    left, top, right, bottom = layer.box or (0, 0, stage.width, stage.height)
    rgb[...] = layer.rgb if layer.rgb.ndim == 1 else layer.rgb.reshape(-1, 3).mean(0)
    rgb[top:bottom, left:right] = layer.rgb
    if layer.alpha is None and layer.box is None:
        return Layer(rgb, None, near=step)
    alpha = np.zeros(shape, np.float32)
    alpha[top:bottom, left:right] = 1.0 if layer.alpha is None else layer.alpha
    return Layer(rgb, alpha, near=step)


def _lay_over(below: Layer, layer: Layer) -> None:
    height, width = below.rgb.shape[:2]
    left, top, right, bottom = layer.box or (0, 0, width, height)
    under = below.rgb[top:bottom, left:right]
    part = np.ones(under.shape[:2], np.float32) if layer.alpha is None else layer.alpha
    if layer.blend == "screen":
        under += layer.rgb * part[..., None] * (1 - under)
    elif layer.blend == "multiply":
        under *= 1 + (layer.rgb - 1) * part[..., None]
    elif below.alpha is None:
        under += (layer.rgb - under) * part[..., None]
    else:
        beneath = below.alpha[top:bottom, left:right]
        total = part + beneath * (1 - part)
        under += (layer.rgb - under) * (part / np.maximum(total, 1e-4))[..., None]
        beneath[...] = total


def _cropped(layer: Layer) -> Layer:
    """Without the rows and columns where nothing shows."""
    if layer.alpha is None or layer.box is not None or layer.moving is not None or layer.drift:
        return layer
    rows, columns = np.nonzero(layer.alpha.max(1) > _FAINT)[0], np.nonzero(layer.alpha.max(0) > _FAINT)[0]
    if not len(rows) or not len(columns):
        return layer
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    rgb = layer.rgb if layer.rgb.ndim == 1 else layer.rgb[top:bottom, left:right]
    return Layer(rgb, layer.alpha[top:bottom, left:right], (left, top, right, bottom), layer.blend, layer.near)
