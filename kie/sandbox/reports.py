"""record-info: the record of a task, told straight or in one of the odd ways seen in the field."""

from typing import Any

from kie.sandbox.answers import Answer, Refusal, Request, ok
from kie.sandbox.bank import Account
from kie.sandbox.faults import Fault
from kie.sandbox.records import record
from kie.sandbox.reportfaults import SHAPES
from kie.sandbox.submit import broken
from kie.sandbox.tasks import Task
from kie.sandbox.world import World

UNKNOWN = "The record does not exist"
LATE = "No response from MidJourney Official Website after multiple attempts."


def report(world: World, account: Account, request: Request) -> Answer:
    """Another account's task looks like one that never was."""
    task_id = request.query.get("taskId", "")
    if not task_id:
        raise Refusal(422, "taskId is required")
    task = world.tasks.look(task_id)
    if task is None or task.key not in account.keys:
        raise Refusal(422, UNKNOWN)
    faults = world.faults.take("report", request.key, task.id, task.id, task.prompt)
    task.looks += 1
    task.looks_after_success += task.state == "success"
    data = _story(record(task), task, faults)
    for fault in faults:
        if fault.name in SHAPES:
            data = SHAPES[fault.name](data, fault)
    return broken(ok(data), faults)


def _story(data: dict[str, Any], task: Task, faults: list[Fault]) -> dict[str, Any]:
    """Faults that unfold over several looks; `looks` says after how many the truth comes back."""
    for fault in faults:
        if fault.name == "missing_after_submit" and task.looks <= fault.number("looks", 2):
            raise Refusal(422, UNKNOWN)
        if task.state != "success":
            continue
        if fault.name == "empty_success" and task.looks_after_success <= fault.number("looks", 3):
            data = data | {"resultInfoJson": {"resultUrls": []}}
        if fault.name == "late_failure" and task.looks_after_success > fault.number("looks", 1):
            data = data | {"successFlag": 3, "resultInfoJson": None, "errorCode": 500, "errorMessage": LATE}
    return data
