"""Whether a file ends where it says it does: for types that decoders open happily although the end is missing.

Runs inside the limited child process (gallery.renditions) and reads a few bytes of structure only. Where a host
declares no length, nothing else tells a whole clip from one that was cut between two frames.
"""

from pathlib import Path
from typing import BinaryIO

_GIF_TRAILER = b";"
_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067
_MOST_BOXES = 100_000


def is_cut(path: Path, file_format: str) -> bool:
    """Whether bytes are missing at the end, as far as the container tells. `file_format`: a decoder's name."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if file_format == "GIF":
            file.seek(max(0, size - 4096))
            return not file.read().rstrip(b"\0").endswith(_GIF_TRAILER)
        if file_format == "mov":
            return _end_of_boxes(file, size) > size
        if file_format == "matroska":
            return _end_of_segment(file) > size
    return False


def _end_of_boxes(file: BinaryIO, size: int) -> int:
    """Where the boxes of an ISO media file (ISO/IEC 14496-12, 4.2) end, in bytes from its beginning."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at >= size:
            break
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4])
        if length == 1:
            length = int.from_bytes(head[8:16])
        # Zero means to the end of the file; anything below a header's size is no box, so nothing more can be told.
        if length < 8:
            break
        at += length
    return at


def _end_of_segment(file: BinaryIO) -> int:
    """Where the segment of a WebM file (RFC 8794, 9559) ends; 0 when it was written without knowing."""
    for wanted in (_EBML, _SEGMENT):
        if int.from_bytes(file.read(4)) != wanted:
            return 0
        first = file.read(1)
        if not first or not first[0]:
            return 0
        width = 9 - first[0].bit_length()
        rest = file.read(width - 1)
        length = int.from_bytes(bytes([first[0] & ((1 << (8 - width)) - 1)]) + rest)
        if length == (1 << (7 * width)) - 1:
            return 0
        if wanted == _SEGMENT:
            return file.tell() + length
        file.seek(length, 1)
    return 0
