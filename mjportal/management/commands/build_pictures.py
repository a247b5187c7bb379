"""`manage.py build_pictures`: the door's picture and the examples of the first board, drawn by the sandbox's art.

Generated media is never committed: it is drawn once per machine, and again when the list below changes.
"""

import hashlib
import io
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from PIL import Image

from kie.sandbox.art import render

PICTURES = {
    "door": ("an endless arcade of lime plaster arches, one low sun, empty, architectural", "5:6", 1200),
    "example-planet": ("a ringed planet close up, gouache on black paper", "3:2", 720),
    "example-vases": ("five clay vases on a table, north light", "4:3", 720),
    "example-portrait": ("double exposure portrait, a pine forest inside", "3:4", 720),
}
STAMP = "pictures.version"


class Command(BaseCommand):
    help = "Draw the site's own pictures if they are not there yet."

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.PICTURE_DIR)
        stamp = folder / STAMP
        wanted = hashlib.sha256(repr(PICTURES).encode()).hexdigest()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        folder.mkdir(parents=True, exist_ok=True)
        for name, (prompt, ratio, long_edge) in PICTURES.items():
            picture = Image.open(io.BytesIO(render(prompt, ratio=ratio, take=1, long_edge=long_edge)))
            picture.save(folder / f"{name}.webp", quality=78, method=4)
        stamp.write_text(wanted)
