"""The shape of the parameter table: task types, kinds of value, and what one row says.

The table itself is `kie.parameters`, which is also where everybody imports these names from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class TaskType(StrEnum):
    """What kind of work is asked for; the value is what the provider expects."""

    IMAGE = "mj_txt2img"
    FROM_IMAGE = "mj_img2img"
    STYLE = "mj_style_reference"
    OMNI = "mj_omni_reference"
    VIDEO = "mj_video"
    VIDEO_HD = "mj_video_hd"

    @property
    def label(self) -> str:
        """The name people see."""
        return _TYPE_LABELS[self]

    @property
    def is_video(self) -> bool:
        return self in VIDEOS


_TYPE_LABELS = {
    TaskType.IMAGE: "Image",
    TaskType.FROM_IMAGE: "From image",
    TaskType.STYLE: "Style reference",
    TaskType.OMNI: "Omni reference",
    TaskType.VIDEO: "Video",
    TaskType.VIDEO_HD: "Video HD",
}

EVERY = frozenset(TaskType)
VIDEOS = frozenset({TaskType.VIDEO, TaskType.VIDEO_HD})
IMAGES = EVERY - VIDEOS
REFERENCED = EVERY - {TaskType.IMAGE}
PACED = IMAGES - {TaskType.OMNI}
NONE: frozenset[TaskType] = frozenset()


class Kind(StrEnum):
    """How a parameter's value looks in Python: str, str, int, bool, tuple of str."""

    CHOICE = "choice"
    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    URLS = "urls"


@dataclass(frozen=True, slots=True)
class Choice:
    """One allowed value. `flag` is the prompt flag that alone means this value ("--turbo", "--niji 6"), if any."""

    value: str | int
    label: str
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One field of a generation.

    `takes`: the types that know it. `required`: the types that refuse to go without. `always`: the types on which it is
    sent even when nobody chose it, as `default`; on the others an empty field is left out and `default` is only what a
    form starts with. `minimum`, `maximum`, `step`: the range that is enforced; `advised_step` is only advice.
    `counts`: for addresses, how few and how many a type takes. `flags`: the prompt flags that take a value.
    """

    name: str
    wire: str
    kind: Kind
    label: str
    help: str
    takes: frozenset[TaskType]
    required: frozenset[TaskType] = NONE
    always: frozenset[TaskType] = NONE
    default: str | int | bool | None = None
    choices: tuple[Choice, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    step: int = 1
    advised_step: int = 1
    max_length: int | None = None
    counts: Mapping[TaskType, tuple[int, int]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
