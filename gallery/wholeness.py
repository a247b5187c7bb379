"""Whether a file ends where it says it does: for types that decoders open happily although the end is missing.

Runs inside the limited child process (gallery.renditions) and reads a few bytes of structure only. Where a host
declares no length, nothing else tells a whole clip from one that was cut between two frames.
"""

from pathlib import Path
from typing import BinaryIO

_GIF_TRAILER, _GIF_IMAGE, _GIF_EXTENSION = b";", b",", b"!"
_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067
_MOST_BOXES = 100_000
# What more of a clip may come in; every other box can break off, or be none at all, without a frame missing.
_OF_THE_CLIP = frozenset({b"moov", b"moof", b"mdat", b"styp", b"sidx"})


def is_cut(path: Path, file_format: str) -> bool:
    """Whether bytes are missing at the end, as far as the container tells. `file_format`: a decoder's name.

    Bytes too many are nobody's loss: tools sign files behind their end, and hosts add line ends.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if file_format == "GIF":
            return not _reaches_trailer(file)
        if file_format == "mov":
            return _breaks_off(file, size)
        if file_format == "matroska":
            return _end_of_segment(file) > size
    return False


def _reaches_trailer(file: BinaryIO) -> bool:
    """Whether the blocks of a GIF (GIF89a, appendix B) lead to its trailer, read as forgivingly as decoders read."""
    _skip_palette(file, file.read(13)[10:11])
    while block := file.read(1):
        if block == _GIF_TRAILER:
            return True
        if block == _GIF_IMAGE:
            _skip_palette(file, file.read(9)[8:9])
        elif block != _GIF_EXTENSION:
            continue
        # The code size of an image, or the label of an extension; then parts until an empty one.
        file.read(1)
        while (length := file.read(1)) not in {b"", b"\0"}:
            file.seek(length[0], 1)
    return False


def _skip_palette(file: BinaryIO, flags: bytes) -> None:
    if flags and flags[0] & 0x80:
        file.seek(3 << (1 + (flags[0] & 7)), 1)


def _breaks_off(file: BinaryIO, size: int) -> bool:
    """Whether the boxes of an ISO media file (ISO/IEC 14496-12, 4.2) end beyond it with a part of the clip."""
    at = 0
    whole: set[bytes] = set()
    for _ in range(_MOST_BOXES):
        if at >= size:
            return False
        file.seek(at)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4]), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16])
        # Zero means to the end of the file; anything below a header's size is no box, so nothing more can be told.
        if length < 8:
            return False
        at += length
        if at > size:
            # Where the clip is in pieces (moof), even the beginning of a box may be one more, up to their index (mfra).
            in_pieces = b"moof" in whole and b"mfra" not in whole
            is_one_more = kind in _OF_THE_CLIP or (in_pieces and len(head) < 8)
            return is_one_more or not {b"moov", b"mdat"} <= whole
        whole.add(kind)
    return False


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
