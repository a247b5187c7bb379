"""The library of pictures to start from: bring one, list them, show one, take one out."""

from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.people import signed_in
from accounts.spaces import space_of
from gallery import files
from gallery.media import HEADERS
from gallery.models import Result
from mjportal.background import enqueue
from tasks import references
from tasks.remembered import Reference

SHOWN = 24
HOST_JOB = "tasks.jobs.host_reference"


@require_http_methods(["GET", "HEAD", "POST"])
def library(request: HttpRequest) -> HttpResponse:
    """GET: what can be picked, newest first. POST: bring a picture; answers with its slot, 422 with what is wrong."""
    user = signed_in(request)
    if request.method == "POST":
        brought = request.FILES.get("file")
        if not isinstance(brought, UploadedFile):
            return _wrong("Choose a picture.")
        try:
            kept = references.keep(user.pk, brought)
        except references.NotAPicture as error:
            return _wrong(str(error))
        enqueue(HOST_JOB, kept.pk)
        return render(request, "tasks/_slot.html", {"slot": references.slot_of(kept)})
    mine = Reference.objects.filter(user=user)[:SHOWN]
    pictures = Result.objects.in_space(space_of(user)).on_wall().filter(kind=Result.Kind.IMAGE)[:SHOWN]
    context = {
        "brought": [references.slot_of(each) for each in mine],
        "made": [references.slot_of_result(each.pk, f"Picture {each.position + 1}") for each in pictures],
    }
    return render(request, "tasks/_library.html", context)


def _wrong(said: str) -> HttpResponse:
    return HttpResponse(said, status=422, content_type="text/plain; charset=utf-8")


@require_safe
def reference(request: HttpRequest, reference_id: UUID) -> HttpResponseBase:
    """The thumbnail of one of my pictures."""
    found = get_object_or_404(Reference, pk=reference_id, user_id=request.user.pk)
    name = references.file_name(found.sha256, references.THUMB_WIDTH)
    try:
        size = files.size_of(name)
    except FileNotFoundError:
        raise Http404 from None
    pieces = iter(()) if request.method == "HEAD" else files.read_range(name, 0, size)
    return StreamingHttpResponse(pieces, content_type="image/webp", headers={**HEADERS, "Content-Length": str(size)})


@require_http_methods(["POST"])
def forget(request: HttpRequest, reference_id: UUID) -> HttpResponse:
    """Take a picture out of my library. Tasks that were sent with it keep theirs."""
    references.forget(get_object_or_404(Reference, pk=reference_id, user_id=request.user.pk))
    return HttpResponse(status=204)
