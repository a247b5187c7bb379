"""Serving result files and uploads, straight or with one of the file faults."""

import mimetypes
from pathlib import PurePosixPath

from kie.sandbox.answers import Answer, Refusal, Request, ok
from kie.sandbox.filefaults import FILES, NOT_FOUND
from kie.sandbox.submit import broken
from kie.sandbox.world import World

TYPES = {".jpeg": "image/jpeg", ".mp4": "video/mp4"}


def result_file(world: World, name: str, call: str = "file") -> Answer:
    """The file of a finished task until it expires. `call` is `link` when asked for through download-url."""
    found = world.tasks.file(name)
    if found is None:
        return NOT_FOUND
    task, position = found
    body = world.studio.make(task, position)
    answer = Answer(body=body, content_type=TYPES[PurePosixPath(name).suffix], raw=True)
    faults = world.faults.take(call, task.key, task.id, task.id, task.prompt)
    for fault in faults:
        if fault.name in FILES and int(fault.number("position", position)) == position:
            answer = FILES[fault.name](answer, fault)
    return broken(answer, faults)


def direct_file(world: World, request: Request) -> Answer:
    """`/files/NAME`; a fault's redirect leads to `?direct=1`, which is served without further trouble."""
    name = request.path.removeprefix("/files/")
    return result_file(world, name, "direct" if "direct" in request.query else "file")


def linked_file(world: World, request: Request) -> Answer:
    token = request.path.removeprefix("/links/").partition("/")[0]
    name = world.studio.linked(token)
    return result_file(world, name, "link") if name else NOT_FOUND


def uploaded_file(world: World, request: Request) -> Answer:
    content = world.shelf.get(request.path)
    if content is None:
        return NOT_FOUND
    kind = mimetypes.guess_type(request.path)[0] or "application/octet-stream"
    return Answer(body=content, content_type=kind, raw=True)


def download_url(world: World, request: Request, origin: str) -> Answer:
    """A link for twenty minutes, for files of the provider only."""
    body = request.json
    url = str(body.get("url") or "") if isinstance(body, dict) else ""
    name = url.partition("/files/")[2].partition("?")[0]
    if not url.startswith(("http://", "https://")) or world.tasks.file(name) is None:
        raise Refusal(422, "url is wrong")
    return ok(origin + world.studio.link(name))
