"""What the provider refuses: wrong fields of a new task or a follow-up, with its defaults added."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from kie.fields import IMAGES, REFERENCED, VIDEOS
from kie.parameters import BY_WIRE, PARAMETERS, PROMPT_LIMIT, Kind
from kie.sandbox.settings import Settings

EXTENSIONS = ("mj_video_extend_manual", "mj_video_extend_auto")
CHOICES = {row.wire: tuple(choice.value for choice in row.choices) for row in PARAMETERS if row.kind is Kind.CHOICE}
RANGES = {row.wire: row for row in PARAMETERS if row.kind is Kind.INTEGER}
KNOWN = {*BY_WIRE, "fileUrl", "callBackUrl"}


def problems_of_new(body: dict[str, Any], settings: Settings) -> Iterator[str]:
    """Every reason to answer 422, the most telling first.

    Ranges and choices come from the one table of parameters. The types are checked here, more strictly than in the
    table's own `validate`, which also cleans what a form sends.
    """
    yield from _bad_choices(body, settings.extra_versions)
    yield from _bad_prompt(body, required=True)
    yield from _bad_files(body)
    for name, row in RANGES.items():
        value = body.get(name)
        if value is not None and (not _whole(value) or not (row.minimum or 0) <= value <= (row.maximum or 0)):
            yield f"{name} must be between {row.minimum} and {row.maximum}"
        elif value is not None and value % row.step:
            yield f"{name} must be a multiple of {row.step}"
    yield from bad_texts(body)
    if body["taskType"] in VIDEOS and "motion" not in body:
        yield "motion is required for video tasks"
    if settings.refuse_unknown:
        yield from (f"unknown field {name}" for name in body if name not in KNOWN)


def problems_of_extension(body: dict[str, Any]) -> Iterator[str]:
    if body.get("taskType") not in EXTENSIONS:
        yield f"taskType must be one of {', '.join(EXTENSIONS)}"
    yield from _bad_prompt(body, required=body.get("taskType") == EXTENSIONS[0])
    yield from bad_texts(body)


def with_defaults(body: dict[str, Any]) -> dict[str, Any]:
    """The fields as stored: known ones only, with what the live service adds to every task."""
    kept = {name: value for name, value in body.items() if name in KNOWN and value is not None}
    if "version" in kept:
        kept["version"] = str(kept["version"])
    if "fileUrl" in kept:
        kept.setdefault("fileUrls", [kept.pop("fileUrl")])
    added = {"enableTranslation": True, "motion": "high", "videoBatchSize": 1, "aspectRatio": "1:1", "version": "7"}
    if kept["taskType"] in IMAGES:
        added["speed"] = "fast"
    return added | kept


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _bad_choices(body: dict[str, Any], extra_versions: tuple[str, ...]) -> Iterator[str]:
    if body.get("taskType") is None:
        yield "taskType is required"
    for name, choices in CHOICES.items():
        allowed = (*choices, *extra_versions) if name == "version" else choices
        value = body.get(name)
        if name == "version" and (_whole(value) or isinstance(value, float)):
            value = str(value)  # the live service takes a number and repeats it as text
        if value is not None and (isinstance(value, bool) or value not in allowed):
            yield f"{name} must be one of {', '.join(map(str, allowed))}"


def _bad_prompt(body: dict[str, Any], required: bool) -> Iterator[str]:
    prompt = body.get("prompt")
    if prompt is None or prompt == "":
        if required:
            yield "prompt is required"
    elif not isinstance(prompt, str):
        yield "prompt must be a string"
    elif not prompt.strip() and required:
        yield "prompt is required"
    elif len(prompt) > PROMPT_LIMIT:
        yield f"The prompt cannot exceed {PROMPT_LIMIT} characters"


def _bad_files(body: dict[str, Any]) -> Iterator[str]:
    kind, urls = body["taskType"], body.get("fileUrls")
    if urls is not None and not isinstance(urls, list):
        yield "fileUrls must be a list"
        return
    files = list(urls or [])
    if body.get("fileUrl") is not None:
        files.append(body["fileUrl"])
    if kind in REFERENCED and not files:
        yield f"fileUrls is required for {kind}"
    if kind in VIDEOS and len(files) > 1:
        yield "video tasks take exactly one image"
    if not all(_is_web_url(url) for url in files):
        yield "fileUrls must be http or https addresses"


def bad_texts(body: dict[str, Any]) -> Iterator[str]:
    if not isinstance(body.get("enableTranslation", False), bool):
        yield "enableTranslation must be a boolean"
    if not isinstance(body.get("waterMark") or "", str):
        yield "waterMark must be a string"
    if body.get("callBackUrl") is not None and not _is_web_url(body["callBackUrl"]):
        yield "callBackUrl must be an http or https address"


def _is_web_url(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
