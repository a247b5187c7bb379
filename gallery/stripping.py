"""A copy of an original that tells nothing but the picture: for links that do not give their prompts away.

Pixels, colours, movement and orientation stay. What a format keeps beside them goes, and so does, in a picture, what
nobody knows: a provider may write a prompt anywhere a format has room.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gallery.pieces import (
    DATA,
    EOI,
    SCAN,
    Copy,
    Kept,
    Pieces,
    joined,
    jpeg_segment,
    jpeg_segments,
    png_chunk,
    png_chunks,
)
from gallery.sniffing import GIF, JPEG, MP4, PNG, WEBM, WEBP, FileType

_EXIF = b"Exif\0\0"
# What is kept beside the picture itself: how it is to be drawn.
_DRAWN_JPEG = frozenset({*range(0xC0, 0xD0), SCAN, DATA, EOI, 0xDB, 0xDD}) - {0xC8}
# The applications' own segments that matter, and how long each is without what may follow.
_APPLICATIONS = {0xE0: (b"JFIF\0", 12), 0xE2: (b"ICC_PROFILE\0", None), 0xEE: (b"Adobe", 12)}
_DRAWN_PNG = frozenset(b"IHDR PLTE IDAT iCCP sRGB gAMA cHRM cICP sBIT pHYs tRNS bKGD mDCV cLLI acTL fcTL fdAT".split())
_DRAWN_FRAME = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_DRAWN_WEBP = _DRAWN_FRAME | {b"VP8X", b"ANIM", b"ICCP"}
_DRAWN_GIF = frozenset({b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"})
_HAS_EXIF, _HAS_XMP = 0x08, 0x04
_NOTHING = bytes(64 * 1024)
_TELLING_BOXES = frozenset({b"udta", b"meta", b"uuid", b"free", b"skip"})
_BOXES_OF_BOXES = frozenset({b"moov", b"trak", b"mdia", b"moof", b"traf"})
# Those stand four deep.
_DEEPEST = 4
# What says the kind of a track goes before its name.
_HANDLER = 24
# Segment, Cluster, Info, Tracks, TrackEntry: their children are looked at one by one.
_MASTERS = frozenset({0x18538067, 0x1F43B675, 0x1549A966, 0x1654AE6B, 0xAE})
# Tags, Attachments, Chapters, Title, three file names, Name, CodecName, Void; and CRC-32, which would not fit any more.
_TELLING_ELEMENTS = frozenset(
    {0x1254C367, 0x1941A469, 0x1043A770, 0x7BA9, 0x7384, 0x3C83AB, 0x3E83BB, 0x536E, 0x258688, 0xEC, 0xBF}
)


def without_words(name: str, file_type: FileType) -> Copy:
    """The kept file `name` without anything that could tell its prompt. FileNotFoundError if it is gone."""
    kept = Kept(name)
    return Copy(kept, joined(_STRIP[file_type](kept)))


def _jpeg(kept: Kept) -> Pieces:
    pieces: Pieces = [range(min(2, kept.size))]
    for where, marker, payload in jpeg_segments(kept):
        if marker == 0xE1 and payload.startswith(_EXIF):
            turned = _turned(payload[len(_EXIF) :])
            if turned:
                pieces.append(jpeg_segment(marker, _EXIF + turned))
        elif marker in _DRAWN_JPEG:
            pieces.append(where)
        elif marker in _APPLICATIONS and payload.startswith(_APPLICATIONS[marker][0]):
            pieces += _application(where, marker, payload)
    return pieces


def _application(where: range, marker: int, payload: bytes) -> Pieces:
    _, most = _APPLICATIONS[marker]
    # JFIF ends with the two sides of a thumbnail.
    whole = payload if most is None else payload[:most] + (b"\0\0" if marker == 0xE0 else b"")
    return [where if whole == payload else jpeg_segment(marker, whole)]


def _turned(exif: bytes) -> bytes:
    """Exif that says the orientation of this one and nothing else; empty when the picture is not turned."""
    order: Any = {b"II": "little", b"MM": "big"}.get(exif[:2], "big")
    table = int.from_bytes(exif[4:8], order)
    for number in range(int.from_bytes(exif[table : table + 2], order)):
        entry = exif[table + 2 + 12 * number :][:12]
        if int.from_bytes(entry[:2], order) == 0x0112 and 1 < (way := int.from_bytes(entry[8:10], order)) <= 8:
            return b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + way.to_bytes(2) + bytes(6)
    return b""


def _png(kept: Kept) -> Pieces:
    pieces: Pieces = [range(min(8, kept.size))]
    for where, kind in png_chunks(kept):
        if kind == b"eXIf" and (turned := _turned(kept.at(where.start + 8, len(where) - 12))):
            pieces.append(png_chunk(kind, turned))
        elif kind in _DRAWN_PNG:
            pieces.append(where)
        elif kind == b"IEND":
            return [*pieces, where if len(where) == 12 else png_chunk(kind, b"")]
    return pieces


def _webp(kept: Kept) -> Pieces:
    chunks: Pieces = []
    turned, at = b"", 12
    while len(head := kept.at(at, 8)) == 8 and (end := at + 8 + int.from_bytes(head[4:], "little")) <= kept.size:
        stop = min(end + end % 2, kept.size)
        if head[:4] == b"EXIF":
            turned = _turned(kept.at(at + 8, end - at - 8).removeprefix(_EXIF))
        elif head[:4] == b"ANMF":
            chunks += _frame(kept, at, end, stop)
        elif head[:4] in _DRAWN_WEBP:
            chunks.append(range(at, stop))
        at = stop
    extended = kept.at(12, 9)
    if chunks and isinstance(first := chunks[0], range) and extended[:4] == b"VP8X" and len(first) > 9:
        flags = extended[8] & ~(_HAS_EXIF | _HAS_XMP) | (_HAS_EXIF if turned else 0)
        chunks[:1] = [extended[:8], bytes([flags]), range(first.start + 9, first.stop)]
    if turned:
        chunks.append(b"EXIF" + len(turned).to_bytes(4, "little") + turned)
    return [b"RIFF", (4 + sum(map(len, chunks))).to_bytes(4, "little"), b"WEBP", *chunks]


def _frame(kept: Kept, start: int, end: int, stop: int) -> Pieces:
    """A frame of an animation: its head, and of the chunks behind it those that are drawn."""
    pieces: Pieces = []
    at = start + 24
    while len(head := kept.at(at, 8)) == 8 and (last := at + 8 + int.from_bytes(head[4:], "little")) <= end:
        if head[:4] in _DRAWN_FRAME:
            pieces.append(range(at, min(last + last % 2, stop)))
        at = last + last % 2
    length = 16 + sum(map(len, pieces))
    if length == end - start - 8:
        return [range(start, stop)]
    return [b"ANMF" + length.to_bytes(4, "little"), range(start + 8, start + 24), *pieces]


def _gif(kept: Kept) -> Pieces:
    screen = kept.at(0, 13)
    at = min(13 + _colours(screen[10]), kept.size) if len(screen) == 13 else kept.size
    pieces: Pieces = [range(at)]
    while head := kept.at(at, 14):
        if head[:1] == b"\x3b":
            return [*pieces, range(at, at + 1)]
        is_picture = head[:1] == b"\x2c" and len(head) > 9
        if not is_picture and (head[:1] != b"\x21" or len(head) < 2):
            # Readers pass over what stands between two blocks.
            at += 1
            continue
        end = _blocks_end(kept, at + 11 + _colours(head[9]) if is_picture else at + 2)
        if is_picture or head[1] == 0xF9 or (head[1] == 0xFF and head[3:14] in _DRAWN_GIF):
            pieces.append(range(at, end))
        at = end
    return pieces


def _colours(flags: int) -> int:
    """The bytes of the colour table these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks_end(kept: Kept, at: int) -> int:
    while (size := kept.at(at, 1)) and size[0]:
        at += 1 + size[0]
    return min(at + 1, kept.size)


def _mp4(kept: Kept) -> Iterator[bytes | range]:
    return _boxes(kept, 0, kept.size)


def _boxes(kept: Kept, start: int, end: int, depth: int = 0) -> Iterator[bytes | range]:
    """The boxes, those that tell something emptied where they are: others say by number where things lie."""
    at = start
    while len(head := kept.at(at, 16)) >= 8 and at < end:
        size, kind, inside = int.from_bytes(head[:4]), head[4:8], 8
        if size == 1:
            size, inside = int.from_bytes(head[8:]), 16
        stop = at + size if size else end
        if stop > end or stop < at + inside:
            break
        if kind in _TELLING_BOXES or depth > _DEEPEST:
            yield head[:4] + b"free" + head[8:inside]
            yield from _blank(stop - at - inside)
        elif kind in _BOXES_OF_BOXES:
            yield range(at, at + inside)
            yield from _boxes(kept, at + inside, stop, depth + 1)
        elif kind == b"hdlr" and stop > (name := at + inside + _HANDLER):
            yield range(at, name)
            yield from _blank(stop - name)
        else:
            yield range(at, stop)
        at = stop
    yield from _blank(end - at)


def _blank(length: int) -> Iterator[bytes]:
    blocks, rest = divmod(length, len(_NOTHING))
    yield from [_NOTHING] * blocks
    if rest:
        yield bytes(rest)


def _webm(kept: Kept) -> Iterator[bytes | range]:
    """As with boxes. Masters are walked into without regard to their ends, which a live recording does not know."""
    at = 0
    while head := kept.at(at, 12):
        wide = 9 - head[0].bit_length()
        long = 9 - head[wide].bit_length() if len(head) > wide else 9
        inside = at + wide + long
        if wide > 4 or long > 8 or inside > kept.size:
            return
        element = int.from_bytes(head[:wide])
        size = int.from_bytes(head[wide : wide + long]) & ((1 << 7 * long) - 1)
        if element in _MASTERS:
            yield range(at, inside)
            at = inside
            continue
        if inside + size > kept.size:
            return
        if element in _TELLING_ELEMENTS:
            yield from _void(inside + size - at)
        else:
            yield range(at, inside + size)
        at = inside + size


def _void(length: int) -> Iterator[bytes]:
    """An element of nothing, so many bytes long with its head."""
    short = length < 128
    yield b"\xec" + (bytes([0x80 | length - 2]) if short else b"\x01" + (length - 9).to_bytes(7))
    yield from _blank(length - (2 if short else 9))


_STRIP: dict[FileType, Callable[[Kept], Iterable[bytes | range]]] = {
    JPEG: _jpeg,
    PNG: _png,
    WEBP: _webp,
    GIF: _gif,
    MP4: _mp4,
    WEBM: _webm,
}
