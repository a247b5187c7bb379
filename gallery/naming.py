"""Names of files as people read them, safe in every file system."""

import re
import unicodedata

WORDS = 60
# Most file systems take 255 bytes; what is counted up and added behind the words has room in the rest.
MOST_BYTES = 200
JOINERS = "\u200c\u200d"


def human_name(prompt: str, position: int, extension: str) -> str:
    """The first words of the prompt and the position: `red dunes under a low sun 2.jpg`."""
    words = "".join(letter if _is_spelling(letter) else " " for letter in prompt)
    # What joins or dresses no letter here stood behind a sign that is gone.
    words = re.sub(rf"(?<!\S)[{JOINERS}\ufe00-\ufe0f\u20e3]+", "", words)
    words = re.sub(r"\s+", " ", words).strip(" -_.")
    cut = words[:WORDS].encode()[:MOST_BYTES].decode(errors="ignore")
    if cut != words:
        cut = cut.rpartition(" ")[0] or cut
    return f"{cut.rstrip() or 'result'} {position + 1}.{extension}"


def _is_spelling(letter: str) -> bool:
    """Letters, digits and the marks and joiners that belong to them: without those, many a script is unreadable."""
    return letter.isalnum() or letter in "_-" + JOINERS or unicodedata.category(letter)[0] == "M"
