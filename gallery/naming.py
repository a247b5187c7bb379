"""Names of files as people read them, safe in every file system."""

import re
import unicodedata
from functools import lru_cache

WORDS = 60
# Most file systems take 255 bytes; what is counted up and added behind the words has room in the rest.
MOST_BYTES = 200
JOINERS = "\u200c\u200d"
_SIGN = re.compile(rf"[^\w{JOINERS}-]")


def human_name(prompt: str, position: int, extension: str) -> str:
    """The first words of the prompt and the position: `red dunes under a low sun 2.jpg`."""
    return f"{_first_words(prompt)} {position + 1}.{extension}"


# The results of one task follow each other in a zip, four of them with one prompt.
@lru_cache(maxsize=64)
def _first_words(prompt: str) -> str:
    words = _SIGN.sub(_mark_or_space, prompt)
    # What joins or dresses no letter here stood behind a sign that is gone.
    words = re.sub(rf"(?<!\S)[{JOINERS}\ufe00-\ufe0f\u20e3]+", "", words)
    words = re.sub(r"\s+", " ", words).strip(" -_.")
    cut = words[:WORDS].encode()[:MOST_BYTES].decode(errors="ignore")
    if cut != words:
        cut = cut.rpartition(" ")[0] or cut
    return cut.rstrip() or "result"


def _mark_or_space(sign: re.Match[str]) -> str:
    """Without its marks many a script is unreadable; every other sign is a gap."""
    return sign[0] if unicodedata.category(sign[0])[0] == "M" else " "
