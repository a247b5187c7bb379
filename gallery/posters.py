"""The poster of a clip, and whether the clip is whole. Runs inside the limited child process (gallery.renditions)."""

import time
from pathlib import Path

import av
from PIL import Image, ImageStat

from gallery.renditions import MOST_PIXELS, Unusable

# Clips often fade in from black: the poster is the first frame with something on it among this many.
LOOK_AT = 48
SOMETHING = 10.0
DECODE_SECONDS = 20.0
WHOLE = 0.9


def poster_of(path: Path, container_format: str) -> tuple[Image.Image, float]:
    """(poster, seconds). Raises Unusable when there is no picture track or the clip breaks off."""
    with av.open(str(path), format=container_format) as container:
        if not container.streams.video:
            raise Unusable("The clip holds no pictures.")
        stream = container.streams.video[0]
        if stream.width * stream.height > MOST_PIXELS:
            raise Unusable("The clip has more than 50 megapixels.")
        # Threads would each reserve address space, which is limited here.
        stream.codec_context.thread_count = 1
        poster, reached = _walk(container, stream)
        said = float((container.duration or 0) / av.time_base)
    if poster is None:
        raise Unusable("The clip holds no pictures.")
    if said and reached < said * WHOLE:
        raise Unusable("The clip breaks off before its end.")
    return poster, said or reached


def _walk(container: av.container.InputContainer, stream: av.VideoStream) -> tuple[Image.Image | None, float]:
    """Decode to the end (after a while only read the packets); return the poster and the last second reached."""
    poster: Image.Image | None = None
    best, seen, reached = -1.0, 0, 0.0
    started = time.process_time()
    for packet in container.demux(stream):
        if packet.pts is not None and packet.time_base is not None:
            reached = max(reached, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        if time.process_time() - started > DECODE_SECONDS:
            continue
        for frame in packet.decode():
            seen += 1
            if seen <= LOOK_AT and best < SOMETHING:
                image = frame.to_image()  # type: ignore[no-untyped-call]
                spread = float(ImageStat.Stat(image.convert("L").resize((64, 64))).stddev[0])
                if spread > best:
                    poster, best = image, spread
    return poster, reached
