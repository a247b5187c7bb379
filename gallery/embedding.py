"""A copy of an original that carries its prompt: XMP in a JPEG, iTXt in a PNG, the comment of an MP4. Pixels stay.

The kept original is never touched: pictures get their words while they are read, a clip while a copy of it is made.
"""

import tempfile
import zlib
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from mutagen import MutagenError
from mutagen.mp4 import MP4

from gallery import files
from gallery.sniffing import JPEG, PNG, FileType
from gallery.sniffing import MP4 as CLIP

HEAD = 64 * 1024
TOOL = "MJ Portal"
_XMP = "http://ns.adobe.com/xap/1.0/\0"
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
    # Neither XML nor a text chunk takes control characters.
    words = "".join(letter for letter in words if letter in "\n\t" or letter.isprintable())
    size = files.size_of(name)
    if file_type == CLIP:
        return _clip(name, size, words)
    if file_type not in (JPEG, PNG):
        return size, files.read_range(name, 0, size)
    head = b"".join(files.read_range(name, 0, min(HEAD, size)))
    at, segment = _jpeg(head, words) if file_type == JPEG else _png(head, words)
    return size + len(segment), _joined(name, size, head[:at] + segment, at)


def _joined(name: str, size: int, begun: bytes, at: int) -> Iterator[bytes]:
    yield begun
    yield from files.read_range(name, at, size - at)


def _jpeg(head: bytes, words: str) -> tuple[int, bytes]:
    """(where it goes, an APP1 segment with XMP): behind SOI, and behind JFIF's APP0, which must be the first."""
    at = 2
    if head[2:4] == b"\xff\xe0":
        at = 4 + int.from_bytes(head[4:6])
    packet = _PACKET.format(tool=f'"{TOOL}"', words=escape(words)).encode()
    payload = _XMP.encode() + packet
    return at, b"\xff\xe1" + (len(payload) + 2).to_bytes(2) + payload


def _png(head: bytes, words: str) -> tuple[int, bytes]:
    """(where it goes, an iTXt chunk): behind IHDR, which is always the first and 25 bytes long."""
    body = b"iTXt" + b"Description\0" + b"\0\0" + b"\0\0" + words.encode()
    return 33, (len(body) - 4).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)


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
