"""From a prompt to a picture."""

from __future__ import annotations

import hashlib
import re

import numpy as np

from kie.sandbox.art import palette
from kie.sandbox.art.compose import Stage, flatten
from kie.sandbox.art.encode import finish, jpeg, size
from kie.sandbox.art.scenes import SCENES, Scene, scene_for


def stage_for(prompt: str, *, dimensions: tuple[int, int], take: int, seed: str = "") -> tuple[Stage, Scene]:
    """The stage and the scene for these words; `dimensions` in pixels."""
    words = set(re.findall(r"[a-z]+", prompt.lower()))
    kin = _number(prompt.strip().lower(), seed)
    scene, _, moods = SCENES[scene_for(words, kin)]
    colours = palette.choose(words, kin // 977, moods)
    dice = np.random.default_rng([kin, 5])
    twist, lift = dice.uniform(-0.08, 0.06), dice.uniform(-0.03, 0.03)
    own = np.random.default_rng([kin, take, 9])
    colours = colours.bent(twist + own.uniform(-0.06, 0.05), lift + own.uniform(-0.05, 0.05))
    stage = Stage(*dimensions, colours, frozenset(words), kin, _number(str(kin), str(take)), take)
    return stage, scene


def render(prompt: str, *, ratio: str, take: int, long_edge: int = 1456, seed: str = "") -> bytes:
    """A JPEG of the prompt in the given ratio; the same arguments always give the same bytes."""
    stage, scene = stage_for(prompt, dimensions=size(ratio, long_edge), take=take, seed=seed)
    recipe = {"prompt": prompt, "take": str(take), "seed": seed}
    return jpeg(finish(stage, flatten(stage, scene(stage))), recipe)


def render_upscaled(prompt: str, *, ratio: str, take: int, long_edge: int = 2912, seed: str = "") -> bytes:
    """The same composition drawn anew at twice the size: finer octaves, more leaves, sharper edges."""
    return render(prompt, ratio=ratio, take=take, long_edge=long_edge, seed=seed)


def _number(*parts: str) -> int:
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return int.from_bytes(digest[:6], "big")
