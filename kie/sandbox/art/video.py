"""Clips: the layers of a still, moved by a camera that comes back to where it began, so the clip loops."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageChops

from kie.sandbox.art.compose import Layer, Stage, flatten, soften
from kie.sandbox.art.encode import eight_bit, film_grain, recipe_of, size, vignette
from kie.sandbox.art.noise import Array
from kie.sandbox.art.planes import Camera, Plane, merged, plane
from kie.sandbox.art.relief import relief
from kie.sandbox.art.render import stage_for

RATE = 24
_EDGES = {False: 832, True: 1280}
_SPARE = 1.09
_Painter = Callable[[Image.Image, Camera, float], None]


def render_video(
    prompt: str,
    *,
    ratio: str,
    take: int,
    hd: bool = False,
    motion: str = "high",
    seconds: float = 5.0,
    seed: str = "",
    start: bytes | None = None,
    long_edge: int | None = None,
) -> bytes:
    """An H.264 MP4 of the prompt's picture in motion, 24 frames a second, its index in front.

    `motion` is "high" or "low" (smaller camera moves, slower drift); `long_edge` overrides the pixels of
    the longer side of 16:9, 832 or 1280 otherwise. `start` is a picture to set in motion: one of ours is
    drawn again in layers from its recipe, any other is moved as a relief.
    """
    width, height = size(ratio, long_edge or _EDGES[hd])
    roomy = (round(width * _SPARE), round(height * _SPARE))
    recipe = recipe_of(start) if start else None
    if recipe:
        prompt, take, seed = recipe["prompt"], int(recipe["take"]), recipe["seed"]
    stage, scene = stage_for(prompt, dimensions=roomy, take=take, seed=seed)
    layers = list(relief(stage, start)) if start and not recipe else list(scene(stage))
    frames = _frames(stage, layers, (width, height), max(1, round(seconds * RATE)), motion)
    return _encode(frames, width, height)


def _frames(
    stage: Stage, layers: list[Layer], size: tuple[int, int], count: int, motion: str
) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    strength = 1.0 if motion == "high" else 0.4
    glow = _bloom(stage, flatten(stage, layers))
    painters = [_painter(layer, stage, strength, count) for layer in merged(layers, stage)]
    del layers
    develop = _developer(stage, size)
    margin = ((stage.width - size[0]) / 2, (stage.height - size[1]) / 2)
    for index in range(count):
        phase = index / count
        camera = _camera(size, margin, phase, strength)
        frame = Image.new("RGB", size)
        for paint in painters:
            paint(frame, camera, phase)
        glow.show(frame, camera)
        yield develop(frame, index)


def _camera(size: tuple[int, int], margin: tuple[float, float], phase: float, strength: float) -> Camera:
    """A slow push in and back, with a little sway, both whole turns of the loop."""
    push = (1 - float(np.cos(2 * np.pi * phase))) / 2 * 0.085 * strength
    sway = float(np.sin(2 * np.pi * phase)) * margin[0] * 0.45 * strength
    lift = float(np.sin(2 * np.pi * phase)) * margin[1] * 0.12 * strength
    return Camera(*size, margin, push, (sway, lift))


def _painter(layer: Layer, stage: Stage, strength: float, count: int) -> _Painter:
    if layer.moving is not None:
        return _moving(layer, stage, strength, count)
    if layer.drift:
        return _drifting(layer, stage, strength)
    still = plane(layer, stage)

    def paint(frame: Image.Image, camera: Camera, phase: float) -> None:
        still.show(frame, camera)

    return paint


def _drifting(layer: Layer, stage: Stage, strength: float) -> _Painter:
    """Two copies half a loop apart, each fading out before it jumps back: a drift without a seam."""
    travel = layer.drift * stage.unit * strength
    pad = int(travel) + 2
    left, top, right, bottom = layer.box or (0, 0, stage.width, stage.height)
    alpha = np.ones((bottom - top, right - left), np.float32) if layer.alpha is None else layer.alpha
    wide = np.pad(np.broadcast_to(alpha, (bottom - top, right - left)), ((0, 0), (pad, pad)), mode="reflect")
    box = (left - pad, top, right + pad, bottom)
    sheet = plane(Layer(np.zeros(3, np.float32), wide, box, near=layer.near), stage)
    # The light in the fog stays where the lamp is; only the fog goes by.
    colours = np.empty((stage.height, stage.width, 3), np.float32)
    colours[...] = layer.rgb if layer.rgb.ndim == 1 else layer.rgb.reshape(-1, 3).mean(0)
    colours[top:bottom, left:right] = layer.rgb
    light = plane(Layer(colours), stage)

    def paint(frame: Image.Image, camera: Camera, phase: float) -> None:
        cover = Image.new("L", frame.size)
        for copy in (0.5, 0.0):
            part = (phase + copy) % 1.0
            weight = 1 - abs(2 * part - 1)
            if weight > 0:
                cover = ImageChops.add(cover, sheet.shadow(camera, travel * (part - 0.5), weight))
        lit = frame.copy()
        light.show(lit, camera)
        frame.paste(lit, (0, 0), cover)

    return paint


def _moving(layer: Layer, stage: Stage, strength: float, count: int) -> _Painter:
    """Repaints at the layer's key phases and blends between them."""
    repaint = layer.moving
    assert repaint is not None  # noqa: S101 - the caller looked
    keys = min(layer.keys, count) or count
    kept: dict[int, Plane] = {}

    def key(index: int) -> Plane:
        index %= keys
        if index not in kept:
            if len(kept) > 3:
                del kept[min(kept, key=lambda held: -abs(held - index))]
            still = repaint(index / keys)
            kept[index] = plane(Layer(still.rgb, still.alpha, still.box or layer.box, still.blend, layer.near), stage)
        return kept[index]

    def paint(frame: Image.Image, camera: Camera, phase: float) -> None:
        at = phase * keys
        low = int(np.floor(at + 1e-6))
        part = max(0.0, at - low)
        first = key(low)
        if part > 1e-3:
            first = _between(first, key(low + 1), part)
        first.show(frame, camera)

    return paint


def _between(first: Plane, second: Plane, part: float) -> Plane:
    """Two states of one layer mixed; their places are the same."""
    if not isinstance(first.picture, Image.Image) or not isinstance(second.picture, Image.Image):
        return first
    mask = first.mask
    if mask is not None and second.mask is not None:
        mask = Image.blend(mask, second.mask, part)
    return Plane(Image.blend(first.picture, second.picture, part), mask, first.place, first.blend, first.near)


def _bloom(stage: Stage, picture: Array) -> Plane:
    """The glow round the lights of the first frame, to be screened over every one."""
    glow = soften(np.maximum(picture - 0.62, 0), stage.unit * 0.018)
    glow += soften(np.maximum(picture - 0.7, 0), stage.unit * 0.06)
    return plane(Layer(np.clip(glow * 0.24, 0, 1), blend="screen"), stage)


def _developer(
    stage: Stage, size: tuple[int, int]
) -> Callable[[Image.Image, int], np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """Contrast, vignette and a grain that changes with every frame, as in the still."""
    width, height = size
    curve = np.arange(256, dtype=np.float32) / 255
    curve = curve + (curve * curve * (3 - 2 * curve) - curve) * np.float32(0.22)
    table = [round(float(level) * 255) for level in curve] * 3
    dark = vignette(stage)[:height, :width]
    mask = Image.fromarray(eight_bit(np.repeat(dark[..., None], 3, 2)))
    grain = film_grain(height + 64, width + 64, stage.own, 0.014 * 255, stage.unit)

    def develop(frame: Image.Image, index: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        shown = ImageChops.multiply(frame.point(table), mask)
        dx, dy = (index * 37) % 64, (index * 23) % 64
        rough = np.asarray(shown, dtype=np.float32) + grain[dy : dy + height, dx : dx + width, None]
        return np.clip(rough + 0.5, 0, 255).astype(np.uint8)

    return develop


def _encode(frames: Iterator[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]], width: int, height: int) -> bytes:
    """The muxer moves the index to the front by opening the file again, hence a real file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
            stream = container.add_stream("libx264", rate=Fraction(RATE))
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.options = {"preset": "veryfast", "crf": "21", "tune": "film"}
            for picture in frames:
                for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                    container.mux(packet)
            for packet in stream.encode():
                container.mux(packet)
        return path.read_bytes()
