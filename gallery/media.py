"""The one way to a file: rights first, then the bytes, with headers that keep a hostile file harmless."""

from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from gallery import embedding, files
from gallery.models import Result
from gallery.naming import human_name
from gallery.organising import note_download
from gallery.pieces import Copy
from gallery.ranges import Unsatisfiable, requested_range
from gallery.sniffing import BY_MIME, FileType
from gallery.stripping import without_words
from gallery.wording import as_flags

# The bytes under one address never change once the record has named their source, and only this browser may keep them.
CACHING = "private, max-age=31536000, immutable"
HEADERS = {
    "Cache-Control": CACHING,
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Accept-Ranges": "bytes",
}


@dataclass(frozen=True, slots=True)
class Served:
    """One file as it is served: where it is kept, its type, and whether the browser shows or saves it."""

    name: str
    mime: str
    etag: str
    filename: str
    attached: bool = False
    is_final: bool = True
    copy: Copy | None = None


@require_safe
def file(request: HttpRequest, result_id: UUID, variant: str) -> HttpResponseBase:
    """A rendition, the poster, the original, the clip or the download of one saved result this person may see."""
    shown = Result.objects.visible_to(request.user).saved().select_related("task")
    result = get_object_or_404(shown.only(*FIELDS), pk=result_id)
    if variant == "download" and request.GET.get("with") == "prompt" and request.method == "GET":
        return prompted_response(request, result)
    return served_response(request, result, variant)


def _note_download(request: HttpRequest, result: Result) -> None:
    if request.method == "GET":
        note_download(Result.objects.filter(pk=result.pk))


def prompted_response(request: HttpRequest, result: Result) -> HttpResponseBase:
    """The original with its prompt and flags in its own metadata, for whoever may read them."""
    _note_download(request, result)
    served = _served(result, "download", result.task.prompt)
    words = f"{result.task.prompt} {as_flags(result.task.parameters)}".strip()
    try:
        size, pieces = embedding.with_words(served.name, BY_MIME[result.content_type], words)
    except FileNotFoundError:
        raise Http404 from None
    response = StreamingHttpResponse(pieces, content_type=served.mime)
    response["Content-Length"] = str(size)
    _dressed(response, served)
    del response["ETag"], response["Accept-Ranges"]
    response["Cache-Control"] = "private, no-store"
    return response


def served_response(request: HttpRequest, result: Result, variant: str, *, may_tell: bool = True) -> HttpResponseBase:
    """The bytes of one variant of a saved result, which the caller has seen that this visitor may have.

    `may_tell`: whether the prompt may be told, by the file's name and by what an original brought inside.
    """
    served = _served(result, variant, result.task.prompt if may_tell else "")
    if not may_tell and variant in {"download", "clip"}:
        served = _without_words(served, BY_MIME[result.content_type])
    if served.attached:
        _note_download(request, result)
    unchanged = get_conditional_response(request, etag=served.etag)
    if unchanged is not None:
        return _dressed(unchanged, served)
    if settings.X_ACCEL_PREFIX and files.is_local() and not served.copy:
        handed = HttpResponse(content_type=served.mime)
        handed["X-Accel-Redirect"] = settings.X_ACCEL_PREFIX.rstrip("/") + "/" + quote(served.name)
        return _dressed(handed, served)
    try:
        return _dressed(_answer(request, served), served)
    except FileNotFoundError:
        raise Http404 from None


def _without_words(served: Served, known: FileType) -> Served:
    """The same file without what tells its prompt; under a tag of its own, unless it never told anything."""
    try:
        copy = without_words(served.name, known)
    except FileNotFoundError:
        raise Http404 from None
    return served if copy.is_whole else replace(served, etag=f'{served.etag[:-1]}-bare"', copy=copy)


FIELDS = ("task", "kind", "content_type", "sha256", "position", "verified", "task__prompt", "task__parameters")


def _served(result: Result, variant: str, prompt: str) -> Served:
    etag = f'"{result.sha256[:32]}-{variant}"'
    known = BY_MIME[result.content_type]
    words = prompt, result.position
    final = result.verified
    if variant in {"320", "640", "1280", "poster"}:
        width = files.WIDTHS[-1] if variant == "poster" else int(variant)
        return Served(
            files.rendition_name(result.sha256, width), "image/webp", etag, human_name(*words, "webp"), False, final
        )
    if variant == "clip" and result.kind != Result.Kind.VIDEO:
        raise Http404
    original = files.original_name(result.sha256, known.extension)
    is_taken = variant == "download"
    return Served(original, known.mime, etag, human_name(*words, known.extension), attached=is_taken, is_final=final)


def _answer(request: HttpRequest, served: Served) -> HttpResponseBase:
    size = served.copy.size if served.copy else files.size_of(served.name)
    header = request.headers.get("Range", "")
    if request.headers.get("If-Range", served.etag) != served.etag:
        header = ""
    try:
        part = requested_range(header, size)
    except Unsatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, length = part or (0, size)
    read = served.copy.read if served.copy else partial(files.read_range, served.name)
    pieces = iter(()) if request.method == "HEAD" else read(start, length)
    response = StreamingHttpResponse(pieces, status=206 if part else 200, content_type=served.mime)
    response["Content-Length"] = str(length)
    if part:
        response["Content-Range"] = f"bytes {start}-{start + length - 1}/{size}"
    return response


def _dressed(response: HttpResponseBase, served: Served) -> HttpResponseBase:
    for name, value in HEADERS.items():
        response[name] = value
    response["ETag"] = served.etag
    if not served.is_final:
        response["Cache-Control"] = "private, no-cache"
    response["Content-Disposition"] = content_disposition_header(served.attached, served.filename) or "inline"
    return response
