"""Where the files are: content-addressed names, written under a temporary name first.

    originals/ab/cd/<sha256>.<ext>          the provider's bytes, untouched
    renditions/ab/cd/<sha256>/<width>.webp  320, 640 and 1280 pixels wide
    tmp/<result id>-<attempt>/              one attempt at saving one result

On a local disk tmp/ is on the same file system, so the final name appears by an atomic rename after fsync. On an object
store a PUT is atomic by itself and tmp/ is a local folder.
"""

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage

WIDTHS = (320, 640, 1280)
GIBIBYTE = 1024**3
LEAST_SHARE = 0.05
CHUNK = 256 * 1024
PROBE_SECONDS = 60


def original_name(sha256: str, extension: str) -> str:
    return f"originals/{sha256[:2]}/{sha256[2:4]}/{sha256}.{extension}"


def rendition_name(sha256: str, width: int) -> str:
    return f"renditions/{sha256[:2]}/{sha256[2:4]}/{sha256}/{width}.webp"


def local_root() -> Path | None:
    """The storage's folder, or None when it is an object store."""
    storage: Any = default_storage
    return Path(storage.location) if is_local() else None


def is_local() -> bool:
    # default_storage is a lazy wrapper whose isinstance() answers for what it wraps.
    return isinstance(default_storage, FileSystemStorage)


def local_path(name: str) -> Path | None:
    root = local_root()
    return root / name if root else None


def temporary_root() -> Path:
    root = (local_root() or Path(settings.DATA_DIR)) / "tmp"
    root.mkdir(parents=True, exist_ok=True)
    return root


def keep(source: Path, name: str) -> None:
    """Give the finished temporary file its final name, for good. Content-addressed: the same name is the same file."""
    target = local_path(name)
    if target is None:
        with source.open("rb") as file:
            default_storage.save(name, File(file))
        source.unlink()
        return
    _fsync(source)
    make_folder(target.parent)
    source.chmod(0o640)
    source.replace(target)
    _fsync(target.parent)


def make_folder(folder: Path) -> None:
    """Create `folder` and see to it that its own name survives a power cut, up to the first that existed."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        _fsync(each.parent)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def exists(name: str) -> bool:
    return default_storage.exists(name)


def size_of(name: str) -> int:
    return default_storage.size(name)


def copy_out(name: str, target: Path) -> None:
    """Bring a kept file into a temporary place to look at it; on a local disk as a second name, without copying."""
    path = local_path(name)
    if path is not None:
        os.link(path, target)
        return
    with target.open("wb") as file:
        for piece in read_range(name, 0, size_of(name)):
            file.write(piece)


def remove_content(sha256: str, extension: str) -> None:
    """Delete an original and its renditions. The caller knows that no row names them."""
    for name in (original_name(sha256, extension), *(rendition_name(sha256, width) for width in WIDTHS)):
        default_storage.delete(name)
    folder = local_path(rendition_name(sha256, WIDTHS[0]))
    if folder is not None and folder.parent.is_dir() and not any(folder.parent.iterdir()):
        folder.parent.rmdir()


def read_range(name: str, start: int, length: int) -> Iterator[bytes]:
    """The bytes of a kept file from `start`, in pieces, never the whole file in memory. FileNotFoundError if gone."""
    path = local_path(name)
    return LocalPart(path, start, length) if path is not None else _remote_range(name, start, length)


class LocalPart:
    """An open part of a file. A class, because a generator closed before its first piece would leave the file open."""

    def __init__(self, path: Path, start: int, length: int) -> None:
        self._file = path.open("rb")
        self._file.seek(start)
        self._left = length

    def __iter__(self) -> "LocalPart":
        return self

    def __next__(self) -> bytes:
        piece = self._file.read(min(CHUNK, self._left)) if self._left else b""
        if not piece:
            self.close()
            raise StopIteration
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        self._file.close()


def _remote_range(name: str, start: int, length: int) -> Iterator[bytes]:
    storage: Any = default_storage
    # The storage's own open() spools the whole object first; a ranged GET does not.
    remote = storage.bucket.Object(storage._normalize_name(name))
    answer = remote.get(Range=f"bytes={start}-{start + length - 1}")
    yield from answer["Body"].iter_chunks(CHUNK)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def has_room() -> bool:
    """Whether what we buy now could be stored: writable, and free space of at least max(2 GiB, 5 %) (R14).

    `settings.STORAGE_KEEP_FREE` (bytes) replaces the 2 GiB. An object store is full by no measure of ours, so only
    writing is tried, at most once a minute.
    """
    if not is_local():
        return bool(cache.get_or_set("gallery:storage-writable", _is_writable, PROBE_SECONDS))
    try:
        usage = shutil.disk_usage(temporary_root())
    except OSError:
        return False
    floor = max(getattr(settings, "STORAGE_KEEP_FREE", 2 * GIBIBYTE), usage.total * LEAST_SHARE)
    return usage.free >= floor and _is_writable()


def _is_writable() -> bool:
    try:
        if is_local():
            probe = temporary_root() / f"probe-{uuid.uuid4()}"
            probe.write_bytes(b"probe")
            probe.unlink()
        else:
            default_storage.save("tmp/probe", ContentFile(b"probe"))
    except Exception:  # noqa: BLE001 - an object store's library has a hundred ways to say no
        return False
    return True
