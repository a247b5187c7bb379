"""Small real files to save: every one is over a kilobyte, as the smallest we accept."""

import io
from functools import cache
from typing import Any

import av
import numpy as np
from PIL import Image


def noise(width: int = 96, height: int = 64, seed: int = 0, channels: int = 3) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, file_format: str = "JPEG", **options: Any) -> bytes:
    body = io.BytesIO()
    image.save(body, file_format, **options)
    return body.getvalue()


@cache
def jpeg(seed: int = 0, width: int = 96, height: int = 64) -> bytes:
    return encoded(noise(width, height, seed), quality=90)


@cache
def clip(container: str = "mp4", frames: int = 24, black: int = 0) -> bytes:
    """One second of noise, after `black` frames of nothing."""
    body = io.BytesIO()
    with av.open(body, "w", format=container) as output:
        stream: Any = output.add_stream("h264" if container == "mp4" else "libvpx", rate=24)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for index in range(frames):
            image = Image.new("RGB", (96, 64)) if index < black else noise(seed=index)
            frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
            for packet in stream.encode(frame):
                output.mux(packet)
        for packet in stream.encode():
            output.mux(packet)
    return body.getvalue()
