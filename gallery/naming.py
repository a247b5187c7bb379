"""Names of files as people read them, safe in every file system."""

import re

from gallery.models import Result

WORDS = 60


def human_name(result: Result, extension: str) -> str:
    """The first words of the prompt and the position: `red dunes under a low sun 2.jpg`. Needs the task."""
    words = re.sub(r"[^\w\- ]+", " ", result.task.prompt)
    words = re.sub(r"\s+", " ", words).strip(" -_.")
    if len(words) > WORDS:
        words = words[:WORDS].rpartition(" ")[0] or words[:WORDS]
    return f"{words or 'result'} {result.position + 1}.{extension}"
