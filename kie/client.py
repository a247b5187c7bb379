"""The provider's API for one key: everything this site says to the provider is said here.

A paid POST goes out exactly once; looks share a pool of connections and are the hot path. Image indexes are 0 to 3 in
our own code and turned into whatever a call expects.

Source: the provider's specification and its pages on upscale, vary, extend, credit, download links and uploads.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import BinaryIO, Literal, NoReturn, Self

import requests

from kie.answers import is_task_id
from kie.calls import Caller, NoReply, Reply
from kie.cleaning import Wrong, check_text, is_web_address
from kie.errors import NotSent, OutcomeUnknown, UnexpectedReply
from kie.exchange import Exchange
from kie.outcomes import Accepted, accept, require_success, unusable
from kie.parameters import PROMPT_LIMIT, WATER_MARK_LIMIT, ParameterErrors, wire_body
from kie.reports import Report, is_result_address, origin_of, read_report
from kie.wire import Patience, open_session

__all__ = ["Accepted", "Client", "Paths", "Patience", "Upload", "open_session"]

API_URL = "https://api.kie.ai"
UPLOAD_URL = "https://kieai.redpandaai.co"
USER_AGENT = "mj-portal/0.1"
UPLOAD_CAP = 10 * 1024 * 1024

ExtendMode = Literal["manual", "auto"]

_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,40})?", re.ASCII)
# What is behind it is the noise of somebody's floating point.
_SMALLEST = Decimal("0.000001")
_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}", re.ASCII)
_UPLOAD_PATH = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+){0,7}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Paths:
    """Where each call lives, so that a move of the provider is a setting."""

    generate: str = "/api/v1/mj/generate"
    report: str = "/api/v1/mj/record-info"
    upscale: str = "/api/v1/mj/generateUpscale"
    upscale_quickstart: str = "/api/v1/mj/upscale"
    vary: str = "/api/v1/mj/generateVary"
    extend: str = "/api/v1/mj/generateVideoExtend"
    balance: str = "/api/v1/chat/credit"
    download_url: str = "/api/v1/common/download-url"
    upload_stream: str = "/api/file-stream-upload"
    upload_from_url: str = "/api/file-url-upload"


@dataclass(frozen=True, slots=True)
class Upload:
    """A hosted input picture. `url` works for about a day; `size` in bytes, None when the provider did not say."""

    url: str
    size: int | None
    mime_type: str
    exchange: Exchange


class Client:
    """All calls with one key. Cheap to make: give many clients one `open_session()`; safe to share between threads.

    `api_url`, `upload_url`: origins without a trailing slash. `vary_index_base`: 0 or 1, what the provider's vary call
    counts from. Every method raises the errors of `kie.errors` (see there for what the caller must do) and
    `ParameterErrors` or ValueError, before anything is sent, on arguments that could not work.
    """

    def __init__(
        self,
        key: str,
        *,
        api_url: str = API_URL,
        upload_url: str = UPLOAD_URL,
        session: requests.Session | None = None,
        user_agent: str = USER_AGENT,
        vary_index_base: int = 0,
        paths: Paths = Paths(),
        patience: Patience = Patience(),  # noqa: B008 - frozen
    ) -> None:
        self._own_session = open_session(4) if session is None else None
        self._caller = Caller(key, session or self._own_session or open_session(4), user_agent, patience)
        self._api = api_url.rstrip("/")
        self._upload = upload_url.rstrip("/")
        self._own_origins = frozenset({origin_of(self._api), origin_of(self._upload)})
        self._vary_index_base = vary_index_base
        self._paths = paths

    def __repr__(self) -> str:
        return f"Client({self._api})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless the session is shared."""
        if self._own_session is not None:
            self._own_session.close()

    def generate(self, values: Mapping[str, object], callback_url: str = "") -> Accepted:
        """Start a generation. `values`: what `kie.parameters.validate` returned. Paid."""
        return self._pay(self._paths.generate, wire_body(values, callback_url))

    def upscale(
        self, task_id: str, index: int, water_mark: str = "", callback_url: str = "", *, quickstart: bool = False
    ) -> Accepted:
        """Enlarge image `index` (0 to 3) of a finished image task. Paid.

        `quickstart`: by the specification's older path, for when the first has answered 404 (Refused, "not_found").
        """
        extra = _extra(water_mark, callback_url)
        parent, place = _task(task_id), _index(index)
        if quickstart:
            return self._pay(self._paths.upscale_quickstart, {"taskId": parent, "index": place + 1} | extra, parent)
        return self._pay(self._paths.upscale, {"taskId": parent, "imageIndex": place} | extra, parent)

    def vary(self, task_id: str, index: int, water_mark: str = "", callback_url: str = "") -> Accepted:
        """Make four variants of image `index` (0 to 3) of a finished image task. Paid."""
        parent = _task(task_id)
        body = {"taskId": parent, "imageIndex": _index(index) + self._vary_index_base}
        return self._pay(self._paths.vary, body | _extra(water_mark, callback_url), parent)

    def extend(
        self,
        task_id: str,
        index: int,
        mode: ExtendMode,
        prompt: str = "",
        water_mark: str = "",
        callback_url: str = "",
    ) -> Accepted:
        """Lengthen clip `index` (from 0) of a finished video task; `manual` needs a prompt of its own. Paid."""
        if mode not in ("manual", "auto"):
            raise ValueError("mode is manual or auto")
        parent = _task(task_id)
        body: dict[str, object] = {"taskType": f"mj_video_extend_{mode}", "taskId": parent, "index": _index(index)}
        words = _text("prompt", "Prompt", prompt, PROMPT_LIMIT)
        if mode == "manual" and not words:
            raise ParameterErrors({"prompt": ["Write a prompt."]})
        if words:
            body["prompt"] = words
        return self._pay(self._paths.extend, body | _extra(water_mark, callback_url), parent)

    def report(self, task_id: str) -> Report:
        """What the provider says about a task; the report carries its exchange. Raises KeyRefused, Busy, NotSent, or
        UnexpectedReply for all that means "look again"."""
        reply = self._caller.look(self._api, f"{self._paths.report}?taskId={_task(task_id)}")
        if isinstance(reply, NoReply):
            _raise_for_silence(reply)
        return read_report(
            reply.answer,
            task_id,
            own_origins=self._own_origins,
            retry_after=reply.retry_after,
            exchange=reply.exchange,
        )

    def balance(self) -> Decimal:
        """Credits left on the key's account; may be a fraction."""
        reply = self._free(self._caller.look(self._api, self._paths.balance))
        amount = reply.answer.body.get("data")
        said = "" if isinstance(amount, bool) else str(amount).strip() if isinstance(amount, int | float | str) else ""
        if not _AMOUNT.fullmatch(said):
            raise unusable(reply.answer, reply.exchange)
        exact = Decimal(said)
        return exact.quantize(_SMALLEST) if len(said.partition(".")[2]) > 6 else exact

    def download_url(self, url: str) -> str:
        """A fresh link, good for 20 minutes, to a file the provider made; Refused for other addresses."""
        reply = self._free(self._caller.post(self._api, self._paths.download_url, {"url": url}))
        return self._address(reply, reply.answer.body.get("data"))

    def upload_stream(self, file: BinaryIO, file_name: str, upload_path: str = "images") -> Upload:
        """Host an input picture of at most 10 MiB. An equal name overwrites, so give a unique one. Free."""
        fields = _place(file_name, upload_path)
        content = file.read(UPLOAD_CAP + 1)
        if len(content) > UPLOAD_CAP:
            raise ParameterErrors({"file": ["The picture is larger than 10 MB."]})
        sent = self._caller.post_file(self._upload, self._paths.upload_stream, content, file_name, fields)
        return self._hosted(sent)

    def upload_from_url(self, url: str, file_name: str, upload_path: str = "images") -> Upload:
        """Have the provider fetch and host a picture from a public address. Free."""
        if not is_web_address(url):
            raise ParameterErrors({"url": ["This must be an http or https address."]})
        body = {"fileUrl": url} | _place(file_name, upload_path)
        return self._hosted(self._caller.post(self._upload, self._paths.upload_from_url, body))

    def _pay(self, path: str, body: Mapping[str, object], parent: str = "") -> Accepted:
        reply = self._caller.post(self._api, path, body)
        if isinstance(reply, NoReply):
            _raise_for_silence(reply, paid=True)
        return accept(reply.answer, reply.exchange, retry_after=reply.retry_after, parent=parent)

    def _free(self, reply: Reply | NoReply) -> Reply:
        if isinstance(reply, NoReply):
            _raise_for_silence(reply)
        require_success(reply.answer, reply.exchange, retry_after=reply.retry_after)
        return reply

    def _hosted(self, sent: Reply | NoReply) -> Upload:
        reply = self._free(sent)
        content = reply.answer.content
        size = content.get("fileSize")
        mime = content.get("mimeType")
        return Upload(
            url=self._address(reply, content.get("downloadUrl") or content.get("fileUrl")),
            size=size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
            mime_type=mime if isinstance(mime, str) and len(mime) <= 100 else "",
            exchange=reply.exchange,
        )

    def _address(self, reply: Reply, value: object) -> str:
        if not isinstance(value, str) or not is_result_address(value, self._own_origins):
            raise unusable(reply.answer, reply.exchange)
        return value


def _raise_for_silence(reply: NoReply, *, paid: bool = False) -> NoReturn:
    """No complete answer: whether the same call may be made again depends on what had left us, and on the price."""
    if not reply.sent:
        raise NotSent(f"The provider could not be reached: {reply.reason}.", exchange=reply.exchange)
    words = f"The provider gave no usable answer: {reply.reason}."
    status = reply.exchange.status
    raise (OutcomeUnknown if paid else UnexpectedReply)(words, code=status, exchange=reply.exchange)


def _task(task_id: str) -> str:
    if not is_task_id(task_id):
        raise ValueError("not a task id")
    return task_id


def _index(index: int) -> int:
    if index not in range(4):
        raise ValueError("an index is 0 to 3")
    return index


def _text(name: str, label: str, text: str, limit: int) -> str:
    try:
        return check_text(text, label, limit)
    except Wrong as wrong:
        raise ParameterErrors({name: [str(wrong)]}) from None


def _extra(water_mark: str, callback_url: str) -> dict[str, str]:
    mark = _text("water_mark", "Watermark", water_mark, WATER_MARK_LIMIT)
    pairs = {"waterMark": mark, "callBackUrl": callback_url}
    return {name: text for name, text in pairs.items() if text}


def _place(file_name: str, upload_path: str) -> dict[str, str]:
    if not _FILE_NAME.fullmatch(file_name) or not _UPLOAD_PATH.fullmatch(upload_path):
        raise ValueError("file names and upload paths are plain letters, digits, dots, dashes and underscores")
    return {"uploadPath": upload_path, "fileName": file_name}
