"""A task's parameters in words for the viewer, and as the flags people type. `task.parameters` is the source."""

from collections.abc import Mapping
from typing import Any

from mjportal.vocabulary import TYPES

LABELS = {
    "version": "Version",
    "speed": "Speed",
    "stylization": "Stylization",
    "variety": "Variety",
    "weirdness": "Weirdness",
    "ow": "Omni strength",
    "motion": "Motion",
    "water_mark": "Watermark",
    "enable_translation": "Translated",
}
FLAGS = {
    "aspect_ratio": "--ar",
    "version": "--v",
    "variety": "--c",
    "stylization": "--s",
    "weirdness": "--w",
    "ow": "--ow",
    "motion": "--motion",
    "video_batch_size": "--bs",
}
PACES = {"relaxed": "--relax", "fast": "--fast", "turbo": "--turbo"}


def type_name(task_type: str) -> str:
    return TYPES.get(task_type, "Image")


def in_words(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, value) of every parameter that was given, in the order of LABELS."""
    return [
        (label, in_word(parameters[name]))
        for name, label in LABELS.items()
        if parameters.get(name) is not False and parameters.get(name) not in (None, "")
    ]


def in_word(value: Any) -> str:
    """One value as a person reads it."""
    if value is True:
        return "Yes"
    text = str(value)
    if text.startswith("niji"):
        return f"Niji {text.removeprefix('niji')}"
    return text[:1].upper() + text[1:]


def as_flags(parameters: Mapping[str, Any]) -> str:
    """The parameters as typed after a prompt: `--ar 3:2 --v 7 --s 250 --fast`."""
    flags = [f"{flag} {parameters[name]}" for name, flag in FLAGS.items() if parameters.get(name) not in (None, "")]
    flags = [flag.replace("--v niji", "--niji ") for flag in flags]
    pace = PACES.get(str(parameters.get("speed", "")))
    return " ".join([*flags, pace] if pace else flags)
