"""How long a task usually takes at the provider, measured in the field; only ever shown, never decided by."""

from kie.parameters import TaskType

FIELD_SECONDS = {"relaxed": (180, 240), "fast": (56, 67), "turbo": (25, 45)}
OMNI_SECONDS = (200, 260)
CLIP_SECONDS = (120, 300)


def usual_seconds(task_type: str, speed: str) -> tuple[int, int]:
    """(from, to) in seconds for this type and speed."""
    if task_type in (TaskType.VIDEO, TaskType.VIDEO_HD):
        return CLIP_SECONDS
    if task_type == TaskType.OMNI:
        return OMNI_SECONDS
    return FIELD_SECONDS.get(speed, FIELD_SECONDS["fast"])


def clock(seconds: float) -> str:
    """Minutes and seconds as a clock shows them: 0:38, 12:05."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02}"


def in_words(low: int, high: int) -> str:
    """A range to read in a sentence: about 1 min."""
    middle = (low + high) / 2
    return f"about {round(middle / 60)} min" if middle >= 50 else f"about {round(middle / 5) * 5} s"


def took(seconds: float) -> str:
    """A duration to read: 58 s, 3:31."""
    return f"{int(seconds)} s" if seconds < 100 else clock(seconds)
