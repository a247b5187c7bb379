"""The task types and every parameter of a generation, in one table, and the two things done with it.

The form, the validation, the flag parser, the help texts, the client and the sandbox all read this table; nothing else
may repeat a range or a default. Source: the provider's specification of POST /api/v1/mj/generate, with the limits we
set ourselves where it names none (five pictures, 64 characters of watermark).

The provider ignores names it does not know and invents values for what is left out, so a slip would fail silently and
cost money: `validate` checks everything before anything is sent, `wire_body` builds the JSON.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from kie.cleaning import URL_LIMIT, Wrong, clean, is_empty
from kie.fields import EVERY, IMAGES, PACED, REFERENCED, VIDEOS, Choice, Kind, Parameter, TaskType

__all__ = [
    "ASPECT_RATIOS",
    "BY_NAME",
    "BY_WIRE",
    "PARAMETERS",
    "PROMPT_LIMIT",
    "SPEEDS",
    "VERSIONS",
    "Choice",
    "Kind",
    "Parameter",
    "ParameterErrors",
    "TaskType",
    "parameters_of",
    "read_back",
    "table",
    "validate",
    "version_choices",
    "wire_body",
]

PROMPT_LIMIT = 2000
WATER_MARK_LIMIT = 64

# Tall to wide, the order in which the shapes are drawn.
ASPECT_RATIOS = ("1:2", "9:16", "2:3", "3:4", "5:6", "1:1", "6:5", "4:3", "3:2", "16:9", "2:1")
VERSIONS = ("7", "6.1", "6", "5.2", "5.1", "niji6")
SPEEDS = ("relaxed", "fast", "turbo")


def version_choices(extra_versions: Iterable[str] = ()) -> tuple[Choice, ...]:
    """The versions of the specification, then those the configuration allows beyond it, each once."""
    return tuple(_version_choice(version) for version in dict.fromkeys((*VERSIONS, *extra_versions)))


def _version_choice(version: str) -> Choice:
    if version.startswith("niji"):
        number = version.removeprefix("niji")
        return Choice(version, f"Niji {number}", f"--niji {number}")
    return Choice(version, f"Version {version}", f"--v {version}")


PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "task_type",
        "taskType",
        Kind.CHOICE,
        "Type",
        "What to make.",
        EVERY,
        required=EVERY,
        always=EVERY,
        default=TaskType.IMAGE.value,
        choices=tuple(Choice(kind.value, kind.label) for kind in TaskType),
    ),
    Parameter(
        "prompt",
        "prompt",
        Kind.TEXT,
        "Prompt",
        "What the picture shows, in English unless translation is on. Up to 2,000 characters.",
        EVERY,
        required=EVERY,
        max_length=PROMPT_LIMIT,
    ),
    Parameter(
        "speed",
        "speed",
        Kind.CHOICE,
        "Speed",
        "Relaxed costs least and takes longest, turbo is the other way round.",
        PACED,
        always=PACED,
        default="fast",
        choices=(
            Choice("relaxed", "Relaxed", "--relax"),
            Choice("fast", "Fast", "--fast"),
            Choice("turbo", "Turbo", "--turbo"),
        ),
    ),
    Parameter(
        "file_urls",
        "fileUrls",
        Kind.URLS,
        "Pictures",
        "Pictures to start from. The provider must be able to open each address without signing in.",
        REFERENCED,
        required=REFERENCED,
        max_length=URL_LIMIT,
        counts={kind: (1, 1) if kind in VIDEOS else (1, 5) for kind in sorted(REFERENCED)},
    ),
    Parameter(
        "aspect_ratio",
        "aspectRatio",
        Kind.CHOICE,
        "Aspect ratio",
        "Width to height.",
        EVERY,
        default="1:1",
        choices=tuple(Choice(ratio, ratio) for ratio in ASPECT_RATIOS),
        flags=("--ar", "--aspect"),
    ),
    Parameter(
        "version",
        "version",
        Kind.CHOICE,
        "Version",
        "The model that draws. 7 is the newest, Niji is for illustration and anime.",
        IMAGES,
        default="7",
        choices=version_choices(),
        flags=("--v", "--version", "--niji"),
    ),
    Parameter(
        "variety",
        "variety",
        Kind.INTEGER,
        "Variety",
        "How far the four pictures differ from each other.",
        IMAGES,
        default=0,
        minimum=0,
        maximum=100,
        step=5,
        advised_step=5,
        flags=("--c", "--chaos"),
    ),
    Parameter(
        "stylization",
        "stylization",
        Kind.INTEGER,
        "Stylization",
        "How much of the model's own taste is added. Low values keep closer to the prompt.",
        IMAGES,
        default=100,
        minimum=0,
        maximum=1000,
        advised_step=50,
        flags=("--s", "--stylize"),
    ),
    Parameter(
        "weirdness",
        "weirdness",
        Kind.INTEGER,
        "Weirdness",
        "How odd and unexpected the result may be.",
        IMAGES,
        default=0,
        minimum=0,
        maximum=3000,
        advised_step=100,
        flags=("--w", "--weird"),
    ),
    Parameter(
        "ow",
        "ow",
        Kind.INTEGER,
        "Omni strength",
        "How closely the result keeps to the reference picture.",
        frozenset({TaskType.OMNI}),
        default=100,
        minimum=1,
        maximum=1000,
        advised_step=50,
        flags=("--ow",),
    ),
    Parameter(
        "video_batch_size",
        "videoBatchSize",
        Kind.CHOICE,
        "Clips",
        "How many clips to make; each one is paid for.",
        VIDEOS,
        always=VIDEOS,
        default=1,
        choices=(Choice(1, "1 clip"), Choice(2, "2 clips"), Choice(4, "4 clips")),
        flags=("--bs",),
    ),
    Parameter(
        "motion",
        "motion",
        Kind.CHOICE,
        "Motion",
        "How much moves in the clip.",
        VIDEOS,
        required=VIDEOS,
        always=VIDEOS,
        default="high",
        choices=(Choice("high", "High"), Choice("low", "Low")),
        flags=("--motion",),
    ),
    Parameter(
        "water_mark",
        "waterMark",
        Kind.TEXT,
        "Watermark",
        "Words to print on the result, up to 64 characters. Leave empty for none.",
        EVERY,
        max_length=WATER_MARK_LIMIT,
    ),
    Parameter(
        "enable_translation",
        "enableTranslation",
        Kind.BOOLEAN,
        "Translate the prompt",
        "Have the provider turn a prompt in another language into English first.",
        EVERY,
        always=EVERY,
        default=False,
    ),
)

BY_NAME: Mapping[str, Parameter] = {parameter.name: parameter for parameter in PARAMETERS}
BY_WIRE: Mapping[str, Parameter] = {parameter.wire: parameter for parameter in PARAMETERS}


def table(extra_versions: Iterable[str] = ()) -> tuple[Parameter, ...]:
    """All rows, with the configuration's extra versions among the choices of `version`."""
    choices = version_choices(extra_versions)
    return tuple(replace(row, choices=choices) if row.name == "version" else row for row in PARAMETERS)


def parameters_of(task_type: TaskType) -> tuple[Parameter, ...]:
    """The fields this type takes, in the table's order."""
    return tuple(parameter for parameter in PARAMETERS if task_type in parameter.takes)


class ParameterErrors(ValueError):
    """What is wrong, in words for people: `errors` maps a field's name to its messages."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        self.errors = {name: list(messages) for name, messages in errors.items()}
        super().__init__("; ".join(f"{name}: {' '.join(said)}" for name, said in self.errors.items()))


def validate(values: Mapping[str, object], extra_versions: Iterable[str] = ()) -> dict[str, Any]:
    """Cleaned values of the fields this type takes, ready for `wire_body`.

    `values` maps our field names to what a form or a program gives: text, numbers, booleans, lists of addresses; the
    older `file_url` (one address) is understood. Empty means "not given". `extra_versions` are allowed beside those of
    the specification. Raises `ParameterErrors`. Cleaning cleaned values changes nothing.
    """
    given = dict(values)
    errors: dict[str, list[str]] = {}
    try:
        task_type = TaskType(str(given.get("task_type") or "").strip())
    except ValueError:
        raise ParameterErrors({"task_type": ["Choose what to make."]}) from None
    given["task_type"] = task_type.value
    _fold_file_url(given, errors)
    for name in given.keys() - BY_NAME.keys():
        errors[str(name)] = ["There is no such parameter."]
    cleaned: dict[str, Any] = {}
    for parameter in table(extra_versions):
        try:
            value = clean(parameter, given.get(parameter.name), task_type)
        except Wrong as wrong:
            errors.setdefault(parameter.name, []).append(str(wrong))
        else:
            if value is not None:
                cleaned[parameter.name] = value
    if errors:
        raise ParameterErrors(errors)
    return cleaned


def read_back(asked: Mapping[str, object], task_type: TaskType) -> dict[str, Any]:
    """Our values of what the provider says was asked for, by its names; what makes no sense here is left out."""
    values: dict[str, Any] = {}
    for row in parameters_of(task_type):
        try:
            value = clean(row, asked.get(row.wire), task_type)
        except Wrong:
            continue
        if value is not None and row.kind is not Kind.URLS:
            values[row.name] = value
    return {**values, "task_type": task_type.value}


def wire_body(values: Mapping[str, object], callback_url: str = "") -> dict[str, Any]:
    """The JSON body of a generation from values that `validate` returned. `callback_url` is sent only when set.

    Raises ValueError on a name that is not in the table or that the type does not take: the provider would not notice.
    """
    task_type = TaskType(str(values["task_type"]))
    allowed = parameters_of(task_type)
    strangers = values.keys() - {parameter.name for parameter in allowed}
    if strangers:
        raise ValueError(f"not taken by {task_type}: {', '.join(sorted(strangers))}")
    body = {parameter.wire: values[parameter.name] for parameter in allowed if parameter.name in values}
    if callback_url:
        body["callBackUrl"] = callback_url
    return body


def _fold_file_url(given: dict[str, object], errors: dict[str, list[str]]) -> None:
    single = given.pop("file_url", None)
    if is_empty(single):
        return
    if is_empty(given.get("file_urls")):
        given["file_urls"] = single
    else:
        errors["file_urls"] = ["Give the pictures once, as one address or as a list, not both."]
