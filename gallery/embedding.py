"""A copy of an original that carries its prompt, or one that tells none: pixels, colours and orientation stay.

Words go into a JPEG as XMP and IPTC, into a PNG as iTXt, into an MP4 as its comment. The kept original is never
touched: a copy is a list of pieces, some of the kept file and some of ours, read when it is given out; only a clip that
gets words is copied first.
"""

import tempfile
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from mutagen import MutagenError
from mutagen.mp4 import MP4

from gallery import files
from gallery.sniffing import JPEG, PNG, FileType
from gallery.sniffing import MP4 as CLIP

BLOCK = 1024 * 1024
TOOL = "MJ Portal"
_XMP = "http://ns.adobe.com/xap/1.0/\0"
_EXIF = b"Exif\0\0"
# Escaped, the most a segment of a JPEG takes; a caption of IPTC is shorter by its own rules.
MOST_WORDS = 12_000
MOST_CAPTION = 2000
# What a copy without words keeps beside the picture itself: how it is to be drawn.
_DRAWN_JPEG = {0xE0: b"JF", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_DRAWN_PNG = frozenset(b"iCCP sRGB gAMA cHRM cICP sBIT pHYs tRNS bKGD mDCV cLLI acTL fcTL fdAT".split())
_NOTHING = bytes(64 * 1024)
_TELLING_BOXES = frozenset({b"udta", b"meta", b"uuid"})
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    " xmp:CreatorTool={tool}><dc:description><rdf:Alt>"
    '<rdf:li xml:lang="x-default">{words}</rdf:li>'
    "</rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="r"?>'
)


def can_carry(file_type: FileType) -> bool:
    """Whether files of this type get words from us; the others are given out as they are."""
    return file_type in (JPEG, PNG, CLIP)


def with_words(name: str, file_type: FileType, words: str) -> tuple[int, Iterator[bytes]]:
    """(size in bytes, pieces) of the kept file `name` with `words` inside. FileNotFoundError if it is gone."""
    words = "".join(letter for letter in words if _is_text(letter))[:MOST_WORDS]
    size = files.size_of(name)
    if file_type == CLIP:
        return _clip(name, size, words)
    if file_type not in (JPEG, PNG):
        return size, files.read_range(name, 0, size)
    kept = _Kept(name, size)
    copy = Copy(name, _jpeg_with(kept, words) if file_type == JPEG else _png_with(kept, words))
    return copy.size, copy.read(0, copy.size)


def without_words(name: str, file_type: FileType) -> "Copy":
    """The kept file without anything that could tell its prompt. FileNotFoundError if it is gone."""
    kept = _Kept(name, files.size_of(name))
    if file_type == JPEG:
        return Copy(name, _jpeg_without(kept))
    if file_type == PNG:
        return Copy(name, _png_without(kept))
    return Copy(name, _boxes_without(kept, 0, kept.size) if file_type == CLIP else [range(kept.size)])


def _is_text(letter: str) -> bool:
    """Neither XML nor a text chunk takes control characters, halves of a pair or what is no character at all."""
    return letter in "\n\t" or not (unicodedata.category(letter) in {"Cc", "Cs"} or _is_nothing(ord(letter)))


def _is_nothing(code: int) -> bool:
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


@dataclass(frozen=True)
class Copy:
    """The kept file `name` in other pieces: bytes of ours, and ranges of its own."""

    name: str
    pieces: list[bytes | range]

    @property
    def size(self) -> int:
        return sum(map(len, self.pieces))

    @property
    def is_whole(self) -> bool:
        """Whether it is the kept file itself."""
        return len(self.pieces) == 1 and isinstance(self.pieces[0], range)

    def read(self, start: int, length: int) -> Iterator[bytes]:
        """The bytes of the copy from `start`, in pieces."""
        end, at = start + length, 0
        for piece in self.pieces:
            part = piece[max(start - at, 0) : max(end - at, 0)]
            at += len(piece)
            if isinstance(part, bytes):
                yield part
            elif part:
                yield from files.read_range(self.name, part.start, len(part))


@dataclass
class _Kept:
    """The kept file to look into, read in large blocks: an object store answers each with a request."""

    name: str
    size: int
    _start: int = 0
    _block: bytes = field(default=b"", repr=False)

    def at(self, start: int, length: int) -> bytes:
        end = min(start + length, self.size)
        if not self._start <= start <= end <= self._start + len(self._block):
            self._start = start
            self._block = b"".join(files.read_range(self.name, start, min(max(length, BLOCK), self.size - start)))
        return self._block[start - self._start : end - self._start]


def _segments(kept: _Kept) -> Iterator[tuple[range, int, bytes]]:
    """(where, marker, payload) of the segments of a JPEG before its first scan."""
    at = 2
    while len(head := kept.at(at, 4)) == 4 and head[0] == 0xFF and head[1] != 0xDA:
        if head[1] == 0xFF:
            # Any number of these may stand before a marker.
            at += 1
            continue
        end = at + 2 + int.from_bytes(head[2:])
        if end > kept.size or end < at + 4:
            return
        yield range(at, end), head[1], kept.at(at + 4, end - at - 4)
        at = end


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2) + payload


def _jpeg_with(kept: _Kept, words: str) -> list[bytes | range]:
    """Ours stand behind SOI, and behind JFIF's APP0, which must be the first; others' XMP and IPTC go."""
    packet = _PACKET.format(tool=f'"{TOOL}"', words=escape(words, quote=False)).encode()
    caption = words.encode()[:MOST_CAPTION].decode(errors="ignore").encode()
    ours = _segment(0xE1, _XMP.encode() + packet) + _segment(0xED, _iptc(caption))
    first: list[bytes | range] = [range(2)]
    rest: list[bytes | range] = []
    end = 2
    for where, marker, payload in _segments(kept):
        end = where.stop
        if marker == 0xE0 and not rest:
            first.append(where)
        elif not (marker == 0xED or (marker == 0xE1 and payload.startswith(b"http://ns.adobe.com/x"))):
            rest.append(where)
    return _joined([*first, ours, *rest, range(end, kept.size)])


def _iptc(caption: bytes) -> bytes:
    """The payload of an APP13 with a caption in UTF-8."""
    records = b"\x1c\x01\x5a\0\x03\x1b%G" + b"\x1c\x02\x78" + len(caption).to_bytes(2) + caption
    padded = records + b"\0" * (len(records) % 2)
    return b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + len(records).to_bytes(4) + padded


def _jpeg_without(kept: _Kept) -> list[bytes | range]:
    pieces: list[bytes | range] = [range(2)]
    end = 2
    for where, marker, payload in _segments(kept):
        end = where.stop
        if marker == 0xE1 and payload.startswith(_EXIF):
            turned = _turned(payload[len(_EXIF) :])
            if turned:
                pieces.append(_segment(marker, _EXIF + turned))
        elif not (0xE0 <= marker <= 0xEF or marker == 0xFE) or (
            marker in _DRAWN_JPEG and payload.startswith(_DRAWN_JPEG[marker])
        ):
            pieces.append(where)
    return _joined([*pieces, range(end, kept.size)])


def _turned(exif: bytes) -> bytes:
    """Exif that says the orientation of this one and nothing else; empty when the picture is not turned."""
    order: Any = {b"II": "little", b"MM": "big"}.get(exif[:2], "big")
    table = int.from_bytes(exif[4:8], order)
    for number in range(int.from_bytes(exif[table : table + 2], order)):
        entry = exif[table + 2 + 12 * number :][:12]
        if int.from_bytes(entry[:2], order) == 0x0112 and 1 < (way := int.from_bytes(entry[8:10], order)) <= 8:
            return b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + way.to_bytes(2) + bytes(6)
    return b""


def _chunks(kept: _Kept) -> Iterator[tuple[range, bytes]]:
    """(where, type) of the chunks of a PNG."""
    at = 8
    while len(head := kept.at(at, 8)) == 8 and (end := at + 12 + int.from_bytes(head[:4])) <= kept.size:
        yield range(at, end), head[4:]
        at = end


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


def _png_with(kept: _Kept, words: str) -> list[bytes | range]:
    """Ours stands behind IHDR, which is always the first and 25 bytes long; others' descriptions and XMP go."""
    ours = _chunk(b"iTXt", b"Description\0" + b"\0\0" + b"\0\0" + words.encode())
    pieces: list[bytes | range] = [range(33), ours]
    end = 33
    for where, kind in _chunks(kept):
        if where.start < 33:
            continue
        end = where.stop
        keyword = kept.at(where.start + 8, 18) if kind in {b"tEXt", b"iTXt", b"zTXt"} else b""
        if not keyword.startswith((b"Description\0", b"XML:com.adobe.xmp\0")):
            pieces.append(where)
    return _joined([*pieces, range(end, kept.size)])


def _png_without(kept: _Kept) -> list[bytes | range]:
    pieces: list[bytes | range] = [range(8)]
    for where, kind in _chunks(kept):
        if kind == b"eXIf" and (turned := _turned(kept.at(where.start + 8, len(where) - 12))):
            pieces.append(_chunk(kind, turned))
        elif kind[:1].isupper() or kind in _DRAWN_PNG:
            pieces.append(where)
        if kind == b"IEND":
            break
    return _joined(pieces)


def _joined(pieces: list[bytes | range]) -> list[bytes | range]:
    """Ranges that follow each other as one: a file is opened for each."""
    joined: list[bytes | range] = []
    for piece in pieces:
        last = joined[-1] if joined else b""
        if isinstance(piece, range) and isinstance(last, range) and last.stop == piece.start:
            joined[-1] = range(last.start, piece.stop)
        else:
            joined.append(piece)
    return joined


def _boxes_without(kept: _Kept, start: int, end: int) -> list[bytes | range]:
    """The boxes of a clip, those that tell something emptied where they are: others say by number where things lie."""
    pieces: list[bytes | range] = []
    at = start
    while len(head := kept.at(at, 16)) >= 8 and at < end:
        size, kind, inside = int.from_bytes(head[:4]), head[4:8], 8
        if size == 1:
            size, inside = int.from_bytes(head[8:]), 16
        stop = at + size if size else end
        if stop > end or stop < at + inside:
            break
        if kind in _TELLING_BOXES:
            blocks, rest = divmod(stop - at - inside, len(_NOTHING))
            pieces += [head[:4] + b"free" + head[8:inside], *[_NOTHING] * blocks, bytes(rest)]
        elif kind in {b"moov", b"trak"}:
            pieces += [range(at, at + inside), *_boxes_without(kept, at + inside, stop)]
        else:
            pieces.append(range(at, stop))
        at = stop
    return _joined([*pieces, range(at, end)])


def _clip(name: str, size: int, words: str) -> tuple[int, Iterator[bytes]]:
    folder = tempfile.TemporaryDirectory(dir=files.temporary_root(), prefix="words-")
    copy = Path(folder.name) / "clip.mp4"
    with copy.open("wb") as target:
        target.writelines(files.read_range(name, 0, size))
    try:
        clip: Any = MP4(copy)  # type: ignore[no-untyped-call]
        clip["\xa9cmt"], clip["\xa9too"] = [words], [TOOL]
        clip.save()
    except MutagenError:
        # A form of container it does not know: the clip itself matters more than its words.
        folder.cleanup()
        return size, files.read_range(name, 0, size)
    return copy.stat().st_size, _from_copy(copy, folder)


def _from_copy(copy: Path, folder: "tempfile.TemporaryDirectory[str]") -> Iterator[bytes]:
    with folder, copy.open("rb") as file:
        while piece := file.read(files.CHUNK):
            yield piece
