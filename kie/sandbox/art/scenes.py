"""Which scene a prompt gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kie.sandbox.art.arcade import arcade
from kie.sandbox.art.botanical import botanical
from kie.sandbox.art.city import city
from kie.sandbox.art.compose import Layer, Stage
from kie.sandbox.art.dunes import dunes
from kie.sandbox.art.jelly import jelly
from kie.sandbox.art.marble import marble
from kie.sandbox.art.night import night
from kie.sandbox.art.planet import planet
from kie.sandbox.art.portrait import portrait
from kie.sandbox.art.rain import rain
from kie.sandbox.art.ridges import ridges
from kie.sandbox.art.shore import shore
from kie.sandbox.art.vases import vases

Scene = Callable[[Stage], Iterator[Layer]]

SCENES: dict[str, tuple[Scene, str, tuple[str, ...]]] = {
    "ridges": (ridges, "mountain ridge ridges valley fog pine pines hill hills mist mountains", ()),
    "dunes": (
        dunes,
        "dune dunes desert sand sahara salt",
        ("golden hour", "ember", "ochre", "apricot", "rose dawn", "violet dusk"),
    ),
    "arcade": (
        arcade,
        "arch arches arcade corridor plaster cloister architecture architectural hall colonnade",
        ("ochre", "apricot", "golden hour", "silver", "rose dawn", "teal morning"),
    ),
    "night": (
        night,
        "observatory stars star salt telescope astronomer nebula constellation milky",
        ("moonlight", "violet dusk", "jade night", "plum"),
    ),
    "city": (
        city,
        "city skyline tower towers downtown metropolis urban neon skyscraper skyscrapers",
        ("moonlight", "violet dusk", "plum", "ember", "rose dawn", "jade night"),
    ),
    "botanical": (
        botanical,
        "flower flowers leaf leaves botanical fern herbarium plant plants garden cyanotype petals bloom",
        ("moonlight", "teal morning", "polar", "ochre"),
    ),
    "planet": (planet, "planet moon space orbit saturn jupiter cosmos galaxy rings tidal", ()),
    "portrait": (portrait, "portrait silhouette double exposure profile head face thoughts", ()),
    "marble": (marble, "marble ink flow abstract liquid fluid swirl agate oil metal", ()),
    "jelly": (
        jelly,
        "jellyfish underwater deep medusa abyss plankton sea",
        ("teal morning", "moonlight", "jade night", "violet dusk", "plum"),
    ),
    "vases": (
        vases,
        "vase vases life ceramic ceramics pottery pot pots bowl stoneware",
        ("ochre", "apricot", "golden hour", "rose dawn", "teal morning", "ember"),
    ),
    "rain": (rain, "rain rains rainy forest umbrella street woods storm drizzle", ()),
    "shore": (shore, "sea ocean boat boats canal lighthouse lake river harbour tide coast sail water", ()),
}


def scene_for(words: set[str], number: int) -> str:
    """The family that shares most words with the prompt, the earlier in the table on a tie; else by hash."""
    scores = {name: len(words & set(entry[1].split())) for name, entry in SCENES.items()}
    best = max(scores, key=lambda name: scores[name])
    if scores[best]:
        return best
    names = list(SCENES)
    return names[number % len(names)]
