"""Renditions drawn naively: the original is opened anew for every size and encoded as the library would by itself.

`result` is the documents' way with a whole result: fetch each file, write it, draw its sizes, then the next one.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import requests
from PIL import Image

WIDTHS = (1280, 640, 320)
QUALITY = 80
METHOD = 4


def renditions(original: bytes) -> dict[int, bytes]:
    """WebP bytes by width."""
    drawn = {}
    for width in WIDTHS:
        with Image.open(io.BytesIO(original)) as image:
            height = round(image.height * width / image.width)
            small = image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        body = io.BytesIO()
        small.save(body, "WEBP", quality=QUALITY, method=METHOD)
        drawn[width] = body.getvalue()
    return drawn


def result(urls: Sequence[str], folder: Path) -> None:
    for number, url in enumerate(urls):
        answer = requests.get(url)  # noqa: S113 - without a timeout, as documented
        (folder / f"{number}.jpeg").write_bytes(answer.content)
        for width, body in renditions(answer.content).items():
            (folder / f"{number}-{width}.webp").write_bytes(body)
