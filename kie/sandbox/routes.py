"""Which path does what. Both hosts of the provider and the file hosts live on the one port."""

import re

from kie.sandbox import control, media, submit, uploads
from kie.sandbox.answers import Answer, Refusal, Request, ok
from kie.sandbox.bank import Account, number
from kie.sandbox.breakages import BREAKAGES, REFUSALS
from kie.sandbox.reports import report
from kie.sandbox.world import World

NEW_TASKS = {
    "/api/v1/mj/generate": ("generate", submit.new_task),
    "/api/v1/mj/generateUpscale": ("upscale", submit.upscale),
    "/api/v1/mj/upscale": ("quick_upscale", submit.quick_upscale),
    "/api/v1/mj/generateVary": ("vary", submit.vary),
    "/api/v1/mj/generateVideoExtend": ("extend", submit.extend),
}
UPLOADS = ("/api/file-stream-upload", "/api/file-url-upload", "/api/file-base64-upload")
OTHERS = {
    "/api/v1/mj/record-info": ("GET", "report"),
    "/api/v1/chat/credit": ("GET", "credit"),
    "/api/v1/common/download-url": ("POST", "download_url"),
}
FILES = {"/files/": media.direct_file, "/links/": media.linked_file, uploads.PREFIX: media.uploaded_file}
HOST = re.compile(r"[A-Za-z0-9._-]+(:\d+)?|\[[0-9a-f:]+\](:\d+)?")
LANGUAGE_DEFAULTS = ("", "python-requests", "python-urllib", "java/", "go-http-client", "curl")


def answer(world: World, request: Request) -> Answer:
    """The whole surface: control calls, files without a key, then the API with one."""
    if request.path.startswith("/_sandbox/"):
        return control.answer(world, request)
    world.requests.add(request)
    for prefix, serve in FILES.items():
        if request.path.startswith(prefix):
            return serve(world, request) if request.method in ("GET", "HEAD") else Answer(status=405)
    if world.settings.strict_agent and _is_default_agent(request):
        return Answer(status=403, body=b"error code: 1010", content_type="text/plain")
    try:
        return _api(world, request)
    except Refusal as refusal:
        if request.path in UPLOADS:
            return uploads.refused(refusal, world.settings.errors)
        return refusal.answer(world.settings.errors)


def _api(world: World, request: Request) -> Answer:
    method = OTHERS[request.path][0] if request.path in OTHERS else "POST"
    if request.path not in OTHERS and request.path not in NEW_TASKS and request.path not in UPLOADS:
        raise Refusal(404)
    if request.method != method:
        raise Refusal(405)
    account = world.bank.find(request.key)
    if account is None:
        raise Refusal(401)
    if request.path in NEW_TASKS:
        call, read = NEW_TASKS[request.path]
        return submit.submit(world, account, request, call, read, origin(request))
    return _free_call(world, account, request)


def _free_call(world: World, account: Account, request: Request) -> Answer:
    """Calls that cost nothing; report takes its own faults because they depend on the task."""
    call = OTHERS[request.path][1] if request.path in OTHERS else "upload"
    if call == "report":
        return report(world, account, request)
    faults = world.faults.take(call, request.key, only=BREAKAGES)
    if faults and faults[0].name in REFUSALS:
        return submit.broken(ok(None), faults)
    if call == "credit":
        good = ok(number(account.balance))
    elif call == "download_url":
        good = media.download_url(world, request, origin(request))
    else:
        good = uploads.upload(world.shelf, account, request, origin(request))
    return submit.broken(good, faults)


def origin(request: Request) -> str:
    """The address the caller used, so that links also work from another container."""
    host = request.headers.get("host", "")
    return f"http://{host if HOST.fullmatch(host) else '127.0.0.1'}"


def _is_default_agent(request: Request) -> bool:
    agent = request.headers.get("user-agent", "").lower()
    return agent == "" or agent.startswith(LANGUAGE_DEFAULTS[1:])
