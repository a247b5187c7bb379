"""A copy of an original that carries its prompt; pixels, colours and orientation stay.

Words go into a JPEG as XMP and IPTC, into a PNG as iTXt, into an MP4 as its comment. The kept original is never
touched; only a clip is copied first.
"""

import tempfile
import unicodedata
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from mutagen import MutagenError
from mutagen.mp4 import MP4

from gallery import files
from gallery.pieces import SCAN, Copy, Kept, Pieces, joined, jpeg_segment, jpeg_segments, png_chunk, png_chunks
from gallery.sniffing import JPEG, PNG, FileType
from gallery.sniffing import MP4 as CLIP

TOOL = "MJ Portal"
_XMP = "http://ns.adobe.com/xap/1.0/\0"
# Escaped, the most a segment of a JPEG takes; a caption of IPTC is shorter by its own rules.
MOST_WORDS = 12_000
MOST_CAPTION = 2000
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
    if file_type == CLIP:
        return _clip(name, files.size_of(name), words)
    kept = Kept(name)
    if file_type not in (JPEG, PNG):
        return kept.size, files.read_range(name, 0, kept.size)
    copy = Copy(kept, joined(_jpeg(kept, words) if file_type == JPEG else _png(kept, words)))
    return copy.size, copy.read(0, copy.size)


def _is_text(letter: str) -> bool:
    """Neither XML nor a text chunk takes control characters, halves of a pair or what is no character at all."""
    return letter in "\n\t" or not (unicodedata.category(letter) in {"Cc", "Cs"} or _is_nothing(ord(letter)))


def _is_nothing(code: int) -> bool:
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _jpeg(kept: Kept, words: str) -> Pieces:
    """Ours stand behind SOI, and behind JFIF's APP0, which must be the first; others' XMP and IPTC go."""
    packet = _PACKET.format(tool=f'"{TOOL}"', words=escape(words, quote=False)).encode()
    caption = words.encode()[:MOST_CAPTION].decode(errors="ignore").encode()
    ours = jpeg_segment(0xE1, _XMP.encode() + packet) + jpeg_segment(0xED, _iptc(caption))
    first: Pieces = [range(2)]
    rest: Pieces = []
    end = 2
    for where, marker, payload in jpeg_segments(kept):
        if marker == SCAN:
            break
        end = where.stop
        if marker == 0xE0 and not rest:
            first.append(where)
        elif not (marker == 0xED or (marker == 0xE1 and payload.startswith(b"http://ns.adobe.com/x"))):
            rest.append(where)
    return [*first, ours, *rest, range(end, kept.size)]


def _iptc(caption: bytes) -> bytes:
    """The payload of an APP13 with a caption in UTF-8."""
    records = b"\x1c\x01\x5a\0\x03\x1b%G" + b"\x1c\x02\x78" + len(caption).to_bytes(2) + caption
    padded = records + b"\0" * (len(records) % 2)
    return b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + len(records).to_bytes(4) + padded


def _png(kept: Kept, words: str) -> Pieces:
    """Ours stands behind IHDR, which is always the first and 25 bytes long; others' descriptions and XMP go."""
    ours = png_chunk(b"iTXt", b"Description\0" + b"\0\0" + b"\0\0" + words.encode())
    pieces: Pieces = [range(33), ours]
    end = 33
    for where, kind in png_chunks(kept):
        if where.start < 33:
            continue
        end = where.stop
        keyword = kept.at(where.start + 8, 18) if kind in {b"tEXt", b"iTXt", b"zTXt"} else b""
        if not keyword.startswith((b"Description\0", b"XML:com.adobe.xmp\0")):
            pieces.append(where)
    return [*pieces, range(end, kept.size)]


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
