"""`manage.py build_font`: cut the interface typeface from its package, once per version of the package.

Inter as one variable Latin file: text optical size, weights 400 to 650, about 60 kB. It is built, never committed.
"""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from fontpkg_inter import ROOT
from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

SOURCE = Path(ROOT) / "files" / "Inter[opsz,wght].ttf"
SIGNS = "\u2030\u20ac\u2122\u2190\u2191\u2192\u2193\u21b3"
LATIN = [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x2010, 0x2028), *map(ord, SIGNS)]
FEATURES = ["kern", "liga", "calt", "tnum", "ccmp", "locl", "mark", "mkmk"]


class Command(BaseCommand):
    help = "Build the web font from the installed package if it is not there yet."

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.FONT_DIR)
        stamp = folder / "inter.version"
        wanted = version("fontpkg-inter")
        if stamp.exists() and stamp.read_text() == wanted:
            return
        folder.mkdir(parents=True, exist_ok=True)
        font = TTFont(SOURCE)
        chosen = subset.Options()
        chosen.layout_features = FEATURES
        chosen.flavor = "woff2"
        cutter = subset.Subsetter(chosen)
        cutter.populate(unicodes=LATIN)
        cutter.subset(font)
        font = instancer.instantiateVariableFont(font, {"opsz": 14, "wght": (400, 650)})
        subset.save_font(font, str(folder / "inter.woff2"), chosen)
        stamp.write_text(wanted)
