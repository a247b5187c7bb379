"""How a task looks from outside: the record, and the body of its callback."""

import json
from typing import Any

from kie.sandbox.tasks import Task

TYPE_NAMES = {"upscale": "mj_upscale", "vary": "mj_vary"}


def milliseconds(seconds: float | None) -> int | None:
    """Whole seconds written in milliseconds, as the live service does."""
    return None if seconds is None else int(seconds) * 1000


def param_json(task: Task) -> str:
    """The parameters as the provider repeats them: sorted, with its defaults, without the callback address."""
    shown = {name: value for name, value in task.params.items() if name != "callBackUrl"}
    return json.dumps(shown, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def record(task: Task) -> dict[str, Any]:
    """The `data` of record-info. `resultUrls` holds objects here, plain strings in the callback."""
    done = task.state == "success"
    return {
        "taskId": task.id,
        "taskType": TYPE_NAMES.get(task.kind, task.kind),
        "paramJson": param_json(task),
        "completeTime": milliseconds(task.completed_at),
        "resultInfoJson": {"resultUrls": [{"resultUrl": url} for url in task.urls()]} if done else None,
        "successFlag": 0 if task.state == "running" else task.flag,
        "createTime": milliseconds(task.created_at),
        "errorCode": task.error_code if task.state == "failed" else None,
        "errorMessage": task.error_message if task.state == "failed" else None,
    }


def callback_body(task: Task) -> dict[str, Any]:
    """What is posted to callBackUrl; extensions send a record, enlargements and variants no promptJson."""
    if task.kind.startswith("mj_video_extend"):
        data = record(task)
        if task.state == "failed":
            data["errorCode"] = "VIDEO_EXTEND_FAILED"
    else:
        data = {"taskId": task.id, "promptJson": param_json(task), "resultUrls": []}
        if task.state == "success":
            data["resultUrls"] = task.urls()
        if task.kind in TYPE_NAMES:
            del data["promptJson"]
    if task.state == "failed":
        return {"code": 500, "msg": task.error_message or "Image generation failed", "data": data}
    return {"code": 200, "msg": "success", "data": data}
