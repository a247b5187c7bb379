"""Names of files as people read them, safe in every file system."""

import re

WORDS = 60


def human_name(prompt: str, position: int, extension: str) -> str:
    """The first words of the prompt and the position: `red dunes under a low sun 2.jpg`."""
    words = re.sub(r"[^\w\- ]+", " ", prompt)
    words = re.sub(r"\s+", " ", words).strip(" -_.")
    if len(words) > WORDS:
        words = words[:WORDS].rpartition(" ")[0] or words[:WORDS]
    return f"{words or 'result'} {position + 1}.{extension}"
