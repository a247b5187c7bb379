"""What a file is, judged by its first bytes alone: six types, everything else is None."""

from typing import NamedTuple


class FileType(NamedTuple):
    """`decoder` is Pillow's format name, or PyAV's container name for a clip."""

    mime: str
    extension: str
    kind: str
    decoder: str


JPEG = FileType("image/jpeg", "jpg", "image", "JPEG")
PNG = FileType("image/png", "png", "image", "PNG")
WEBP = FileType("image/webp", "webp", "image", "WEBP")
GIF = FileType("image/gif", "gif", "image", "GIF")
MP4 = FileType("video/mp4", "mp4", "video", "mov")
WEBM = FileType("video/webm", "webm", "video", "matroska")
BY_MIME = {known.mime: known for known in (JPEG, PNG, WEBP, GIF, MP4, WEBM)}

# The brands of ISO media files that browsers play as mp4; HEIC and AVIF use the same box and are not clips.
MP4_BRANDS = frozenset({b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"avc1", b"mp41", b"mp42", b"dash", b"M4V "})


def sniff(head: bytes) -> FileType | None:
    """The type of the file that begins with `head` (64 bytes are enough)."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head[4:8] == b"ftyp" and head[8:12] in MP4_BRANDS:
        return MP4
    if head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head[:64]:
        return WEBM
    return None
