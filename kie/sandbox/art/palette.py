"""Few colours per picture: moods chosen by the prompt's words, bent a little by its hash."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kie.sandbox.art.noise import Array


@dataclass(frozen=True)
class Palette:
    """Display-referred colours, each an array of three floats 0..1; `sky` runs from zenith to horizon."""

    name: str
    sky: tuple[Array, ...]
    light: Array
    haze: Array
    deep: Array
    earth: Array
    accent: Array

    def bent(self, hue: float, lift: float) -> Palette:
        """The same mood with hues turned by `hue` radians and lightness scaled by 1 + lift."""

        def bend(colour: Array) -> Array:
            return _bend(colour, hue, lift)

        return Palette(
            self.name,
            tuple(bend(colour) for colour in self.sky),
            bend(self.light),
            bend(self.haze),
            bend(self.deep),
            bend(self.earth),
            bend(self.accent),
        )


def colour(code: str) -> Array:
    """'d8553a' as three floats 0..1."""
    return np.array([int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)], np.float32)


# name: sky from zenith to horizon | light, haze, deep, earth, accent
_MOODS = {
    "rose dawn": "1f2d4a 4d648f c58f8d f0b08a | ffe3a8 b39aa8 0e1520 c58a62 c2553a",
    "teal morning": "0f242e 23505a 5f9490 b4cfbf | fbf3d2 8fb2ac 07161a 6f9a8f df9a4e",
    "ember": "241319 6d2a2e cf5138 f3a15e | ffd995 c86a55 180b0d b24a30 f2c372",
    "golden hour": "41597a 93a5ae e9c793 fbe3b0 | fff0c2 d6b892 1d1a1c cf9a5b a8452c",
    "silver": "39434e 6e7c88 a9b3ba d8dad6 | fffaf0 a7b0b6 12171c 8f9496 b8583f",
    "violet dusk": "17173a 443d78 b0698c f2a483 | ffe0b8 94769b 0d0c1e 9a6a78 f0a04b",
    "polar": "274766 6f98b8 c4d9e2 f4ece0 | fffbef b9cdd8 0f1d2b a9bac4 d9673f",
    "moonlight": "060c1a 10203b 29476b 5e83a5 | f0f5ff 48688a 040912 4b6179 e6b566",
    "ochre": "4d4a45 8f7f68 d0b084 efd9ae | fff2d2 c2a886 1c1712 c29a64 9c3f2c",
    "jade night": "06141a 0d2c33 1c5454 4f8f7f | eafbe6 3d7470 030c10 3f6d62 f0b35a",
    "apricot": "5b6f93 b0a3b0 f0b592 ffdca8 | fff3cf dcae9c 241c28 dd9a6c c64f3f",
    "plum": "1b1026 4a2148 96405c e0826a | ffd2ac 7f4a63 10081a 8b4654 f3b04f",
}

_WORDS = {
    "rose dawn": "dawn sunrise morning before pink rose valley",
    "teal morning": "teal mist misty fog turquoise green morning moss",
    "ember": "red fire ember sunset lava scarlet crimson volcanic mars",
    "golden hour": "gold golden warm afternoon honey summer amber low",
    "silver": "silver grey gray overcast rain rainy winter monochrome quiet paper storm",
    "violet dusk": "dusk violet purple twilight evening neon lilac dark",
    "polar": "snow ice polar winter glacier arctic cold alpine white frost",
    "moonlight": "night moon midnight stars starry blue indigo navy",
    "ochre": "sand plaster clay ochre earth terracotta stone lime desert",
    "jade night": "jade emerald aurora northern green night deep",
    "apricot": "peach apricot pastel soft spring coral noon",
    "plum": "plum wine burgundy berry magenta noir",
}


def choose(words: set[str], number: int, among: tuple[str, ...] = ()) -> Palette:
    """The mood that shares most words with the prompt; ties, and prompts that say nothing, go by `number`."""
    names = among or tuple(_MOODS)
    scores = [len(words & set(_WORDS[name].split())) for name in names]
    best = [name for name, score in zip(names, scores, strict=True) if score == max(scores)]
    return _mood(best[number % len(best)])


def _mood(name: str) -> Palette:
    sky, rest = _MOODS[name].split(" | ")
    light, haze, deep, earth, accent = (colour(code) for code in rest.split())
    return Palette(name, tuple(colour(code) for code in sky.split()), light, haze, deep, earth, accent)


def mix(first: Array, second: Array, share: float) -> Array:
    """Colour between two, `share` of the second, in display values."""
    return np.asarray(first * (1 - share) + second * share, dtype=np.float32)


def linear(display: Array) -> Array:
    """Display values to light (2.2 gamma is near enough for a painting and cheap)."""
    return np.asarray(np.maximum(display, 0) ** 2.2, dtype=np.float32)


def film(light: Array, exposure: float = 1.0) -> Array:
    """Light to display values with a soft shoulder and a little toe, as film does (in: >= 0, out: 0..1)."""
    x = light * np.float32(exposure)
    curve = (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)
    return np.asarray(np.sqrt(np.clip(curve, 0, 1)) ** np.float32(0.91), dtype=np.float32)


_TO_LMS = np.array(
    [[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]],
    np.float32,
)
_TO_LAB = np.array(
    [[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]],
    np.float32,
)


def _bend(display: Array, hue: float, lift: float) -> Array:
    """Turn the hue in Oklab (the matrices are Björn Ottosson's, rounded), where a turn keeps lightness."""
    lab = _TO_LAB @ np.cbrt(_TO_LMS @ linear(display))
    turn, rise = np.cos(hue), np.sin(hue)
    light = lab[0] * (1 + lift)
    turned = np.array([light, lab[1] * turn - lab[2] * rise, lab[1] * rise + lab[2] * turn], np.float32)
    back = np.linalg.solve(_TO_LMS, np.linalg.solve(_TO_LAB, turned) ** 3)
    return np.asarray(np.clip(back, 0, 1) ** (1 / 2.2), dtype=np.float32)
