"""Input images hosted by the provider: three ways in, one shelf, gone after a few days."""

import base64
import binascii
import mimetypes
import re
import shutil
import tempfile
import urllib.request
import uuid
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from kie.sandbox.answers import Answer, Refusal, Request, dumps
from kie.sandbox.bank import Account
from kie.sandbox.clock import Clock
from kie.sandbox.settings import Settings
from kie.sandbox.store import Store

PREFIX = "/kieai/"
FETCH_SECONDS = 30
LARGEST = 100 * 1024 * 1024
SAFE_NAME = re.compile(r"[^\w.\- ]")


class Shelf:
    """The uploaded files, on disk under their path, which starts with the account's number."""

    def __init__(self, directory: Path | None, store: Store, clock: Clock, settings: Settings) -> None:
        self._scratch = None if directory else tempfile.TemporaryDirectory(prefix="kie-uploads-")
        self._directory = directory or Path(self._scratch.name if self._scratch else "")
        self._store, self._clock, self._settings = store, clock, settings
        self._until: dict[str, float] = {saved["path"]: saved["until"] for saved in store.load("uploads")}

    def put(self, account: Account, folder: str, name: str, content: bytes) -> dict[str, Any]:
        """Keep a file; an equal name overwrites. Returns the provider's description without the link."""
        parts = [str(account.number), *PurePosixPath(folder).parts, name]
        if any(part in ("..", "/") or SAFE_NAME.search(part) for part in parts):
            raise Refusal(400, "uploadPath or fileName is invalid")
        path = "/".join(parts)
        target = self._directory / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError:  # the name of a file where a folder is, or the other way round
            raise Refusal(400, "uploadPath or fileName is invalid") from None
        now = self._clock.now()
        self._until[path] = now + self._settings.upload_days * 86400
        self._store.save(("uploads", path, {"path": path, "until": self._until[path]}))
        return {
            "success": True,
            "fileName": name,
            "filePath": PREFIX[1:] + path,
            "fileSize": len(content),
            "mimeType": mimetypes.guess_type(name)[0] or "application/octet-stream",
            "uploadedAt": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }

    def get(self, url_path: str) -> bytes | None:
        """The bytes behind `/kieai/...`, None when there are none or they have expired."""
        path = unquote(url_path).removeprefix(PREFIX)
        if self._until.get(path, 0.0) <= self._clock.now():
            return None
        return (self._directory / path).read_bytes()

    def clear(self) -> None:
        self._until.clear()
        shutil.rmtree(self._directory, ignore_errors=True)

    def stop(self) -> None:
        if self._scratch:
            self._scratch.cleanup()


def upload(shelf: Shelf, account: Account, request: Request, origin: str) -> Answer:
    """One of the three upload calls, told apart by its path."""
    if request.path.endswith("stream-upload"):
        fields, name, content = _from_form(request)
    else:
        fields = request.json if isinstance(request.json, dict) else {}
        by_url = request.path.endswith("url-upload")
        name, content = _fetched(fields.get("fileUrl")) if by_url else _decoded(fields.get("base64Data"))
    folder = str(fields.get("uploadPath") or "").strip("/")
    if not folder:
        raise Refusal(400, "uploadPath is required")
    stored = shelf.put(account, folder, str(fields.get("fileName") or name), content)
    link = {"downloadUrl": f"{origin}/{stored['filePath']}"}
    body = {"success": True, "code": 200, "msg": "File uploaded successfully", "data": stored | link}
    return Answer(body=dumps(body))


def refused(refusal: Refusal, errors: str) -> Answer:
    """Upload errors carry `success` as well."""
    answer = refusal.answer(errors)
    return answer.but(body=dumps({"success": False, "code": refusal.code, "msg": refusal.message}))


def _from_form(request: Request) -> tuple[dict[str, Any], str, bytes]:
    match = re.search(r'boundary="?([^";]+)', request.headers.get("content-type", ""))
    fields: dict[str, Any] = {}
    name, content = "", None
    for part in request.body.split(b"--" + match[1].encode() if match else b"\0")[1:-1]:
        head, _, body = part.partition(b"\r\n\r\n")
        text = head.decode("utf-8", "replace")
        field = re.search(r'[; ]name="?([^";]*)', text)
        file = re.search(r'filename="?([^";]*)', text)
        if field and field[1] == "file" and file:
            name, content = file[1], body.removesuffix(b"\r\n")
        elif field:
            fields[field[1]] = body.removesuffix(b"\r\n").decode("utf-8", "replace")
    if content is None:
        raise Refusal(400, "file is required")
    return fields, name or _new_name("bin"), content


def _decoded(text: Any) -> tuple[str, bytes]:
    if not isinstance(text, str) or not text:
        raise Refusal(400, "base64Data is required")
    head, _, data = text.rpartition(",")
    kind = re.match(r"data:([\w/+.-]+);base64$", head)
    if head and not kind:
        raise Refusal(400, "base64Data is invalid")
    try:
        content = base64.b64decode(data, validate=True)
    except binascii.Error:
        raise Refusal(400, "base64Data is invalid") from None
    ending = mimetypes.guess_extension(kind[1]) if kind else ".png"
    return _new_name((ending or ".bin").lstrip(".")), content


def _fetched(url: Any) -> tuple[str, bytes]:
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https"):
        raise Refusal(400, "fileUrl is invalid")
    try:
        with urllib.request.urlopen(url, timeout=FETCH_SECONDS) as answer:  # noqa: S310 - checked above
            content = answer.read(LARGEST + 1)
    except OSError:
        raise Refusal(500, "Failed to download the file") from None
    if len(content) > LARGEST:
        raise Refusal(400, "The file is too large")
    return PurePosixPath(urlsplit(url).path).name or _new_name("bin"), content


def _new_name(ending: str) -> str:
    return f"{uuid.uuid4().hex}.{ending}"
