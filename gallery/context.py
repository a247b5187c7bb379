"""What every page's top line says about the files; asked for only when a template reads it."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from gallery.services import files_line


def files(request: HttpRequest) -> dict[str, Any]:
    """`files_line`: (on the way, lost) of the person, (0, 0) for nobody."""
    return {"files_line": SimpleLazyObject(lambda: files_line(request.user))}
