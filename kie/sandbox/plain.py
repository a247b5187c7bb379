"""Pictures and clips for tests: tiny, real, distinct and made in milliseconds."""

import hashlib
import io
from functools import cache

import av
import numpy
from PIL import Image

CLIP_COLOURS = 8
LONG_EDGE = 256


def size(ratio: str, long_edge: int = LONG_EDGE) -> tuple[int, int]:
    """Width and height in pixels, both even, the longer one as given."""
    width, height = (int(part) for part in ratio.split(":"))
    scale = long_edge / max(width, height)
    return tuple(max(2, round(side * scale / 2) * 2) for side in (width, height))  # type: ignore[return-value]


def picture(ratio: str, seed: str, take: int, long_edge: int = LONG_EDGE) -> bytes:
    """A JPEG gradient whose colours and comment come from seed and take, so no two files are equal."""
    digest = hashlib.sha256(f"{seed}:{take}".encode()).digest()
    ramp = Image.linear_gradient("L").resize(size(ratio, long_edge), Image.Resampling.BILINEAR)
    glow = Image.radial_gradient("L").resize(ramp.size, Image.Resampling.BILINEAR)
    bands = (
        ramp.point([(low + value * (high - low) // 255) for value in range(256)])
        for low, high in zip(digest[0:2], digest[2:4], strict=True)
    )
    image = Image.merge("RGB", (*bands, glow))
    target = io.BytesIO()
    image.save(target, "JPEG", quality=92, comment=digest.hex().encode())
    return target.getvalue()


def clip(ratio: str, seed: str, take: int) -> bytes:
    """A real one-second MP4. The film is one of a few; a free box at the end makes the file unique."""
    digest = hashlib.sha256(f"{seed}:{take}".encode()).digest()
    name = digest.hex().encode()
    return _film(ratio, digest[0] % CLIP_COLOURS) + (len(name) + 8).to_bytes(4) + b"free" + name


@cache
def _film(ratio: str, colour: int) -> bytes:
    target = io.BytesIO()
    width, height = size(ratio)
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=8, options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(8):
            frame = Image.new("HSV", (width, height), (colour * 256 // CLIP_COLOURS, 160, 90 + 20 * number))
            container.mux(
                stream.encode(av.VideoFrame.from_ndarray(numpy.asarray(frame.convert("RGB")), format="rgb24"))
            )
        container.mux(stream.encode())
    return target.getvalue()
