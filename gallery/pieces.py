"""A kept file taken apart: its segments and chunks, and a copy of it in other pieces, read when it is given out."""

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gallery import files

BLOCK = 1024 * 1024
SCAN, EOI, DATA = 0xDA, 0xD9, 0
# Neither a stuffed byte nor a mark inside a scan's data; any number of 0xFF may stand before one.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]", re.DOTALL)

Pieces = list[bytes | range]


@dataclass(frozen=True)
class Copy:
    """The kept file in other pieces: bytes of ours, and ranges of its own."""

    kept: "Kept"
    pieces: Pieces

    @property
    def size(self) -> int:
        return sum(map(len, self.pieces))

    @property
    def is_whole(self) -> bool:
        """Whether it is the kept file itself."""
        return self.pieces == [range(self.kept.size)]

    def read(self, start: int, length: int) -> Iterator[bytes]:
        """The bytes of the copy from `start`, in pieces."""
        end, at = start + length, 0
        for piece in self.pieces:
            part = piece[max(start - at, 0) : max(end - at, 0)]
            at += len(piece)
            if isinstance(part, bytes):
                yield part
            elif part:
                yield from files.read_range(self.kept.name, part.start, len(part))


@dataclass
class Kept:
    """The kept file to look into, read in large blocks: an object store answers each with a request."""

    name: str
    size: int = field(init=False)
    _start: int = 0
    _block: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        """Raises FileNotFoundError if it is gone."""
        self.size = files.size_of(self.name)

    def at(self, start: int, length: int) -> bytes:
        end = min(start + length, self.size)
        if start >= end:
            return b""
        if not self._start <= start <= end <= self._start + len(self._block):
            self._start = start
            self._block = b"".join(files.read_range(self.name, start, min(max(length, BLOCK), self.size - start)))
        return self._block[start - self._start : end - self._start]


def joined(pieces: Iterable[bytes | range]) -> Pieces:
    """Ranges that follow each other as one: a file is opened for each."""
    joined: Pieces = []
    for piece in pieces:
        last = joined[-1] if joined else b""
        if isinstance(piece, range) and isinstance(last, range) and last.stop == piece.start:
            joined[-1] = range(last.start, piece.stop)
        else:
            joined.append(piece)
    return joined


def jpeg_segments(kept: Kept) -> Iterator[tuple[range, int, bytes]]:
    """(where, marker, payload) of the segments of a JPEG after SOI; DATA follows each scan's head, EOI is the last."""
    at = next_marker(kept, 2)
    while len(head := kept.at(at, 4)) >= 2:
        end = at + 2 if head[1] == EOI else at + 2 + int.from_bytes(head[2:])
        if end > kept.size or at + 2 < end < at + 4:
            return
        payload = kept.at(at + 4, end - at - 4) if head[1] != EOI else b""
        yield range(at, end), head[1], payload
        if head[1] == EOI:
            return
        at = next_marker(kept, end)
        if head[1] == SCAN:
            yield range(end, at), DATA, b""


def jpeg_segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2) + payload


def next_marker(kept: Kept, at: int) -> int:
    """Where the next marker begins; the end of the file without one."""
    # Most stand right where they are looked for: only a scan's data is worth a block.
    if _MARKER.match(kept.at(at, 2)):
        return at
    while len(block := kept.at(at, BLOCK)) > 1:
        if found := _MARKER.search(block):
            return at + found.start()
        at += len(block) - 1
    return kept.size


def png_chunks(kept: Kept) -> Iterator[tuple[range, bytes]]:
    """(where, type) of the chunks of a PNG."""
    at = 8
    while len(head := kept.at(at, 8)) == 8 and (end := at + 12 + int.from_bytes(head[:4])) <= kept.size:
        yield range(at, end), head[4:]
        at = end


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)
