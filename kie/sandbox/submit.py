"""The calls that make new tasks: checked, limited, charged, and then perhaps answered badly on purpose."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kie.sandbox import validation
from kie.sandbox.answers import Answer, Refusal, Request, first_problem, ok
from kie.sandbox.bank import Account
from kie.sandbox.breakages import BREAKAGES
from kie.sandbox.faults import OUTCOMES, Fault, markers, without_markers
from kie.sandbox.prices import price
from kie.sandbox.tasks import Task, new_task_id, run_seconds
from kie.sandbox.world import World

OWN = ("waterMark", "callBackUrl")  # what a follow-up does not inherit
UNREADABLE = "Failed to fetch the input image."


@dataclass(frozen=True)
class Order:
    """What is to be made, before it is accepted."""

    kind: str
    params: dict[str, Any]
    parent: str = ""
    take: int = 0
    seed: str = ""


Reader = Callable[[World, Account, dict[str, Any]], Order]


def submit(world: World, account: Account, request: Request, call: str, read: Reader, origin: str) -> Answer:
    """Refusals first: whoever is turned away at the door is not charged."""
    body = request.json
    prompt = str(body.get("prompt") or "") if isinstance(body, dict) else ""
    planned = world.faults.take(call, request.key, prompt=prompt, owner=f"{request.key}:{prompt}")
    at_the_door = [fault for fault in planned if not fault.accepts()]
    if at_the_door:
        return broken(ok(None), at_the_door[:1])
    if not isinstance(body, dict):
        raise Refusal(400, "The request body is not valid JSON")
    order = read(world, account, body)
    with world.lock:
        if world.bank.window_is_full(request.key):
            raise Refusal(429)
        task = _task(world, request, order, origin)
        if task.credits > account.balance:
            raise Refusal(402)
        world.tasks.accept(task)
    return broken(ok({"taskId": task.id}), planned)


def broken(answer: Answer, faults: list[Fault]) -> Answer:
    for fault in faults:
        if fault.name in BREAKAGES:
            answer = BREAKAGES[fault.name](answer, fault)
    return answer


def new_task(world: World, account: Account, body: dict[str, Any]) -> Order:
    first_problem(validation.problems_of_new(body, world.settings))
    return Order(body["taskType"], validation.with_defaults(body))


def upscale(world: World, account: Account, body: dict[str, Any]) -> Order:
    return _follow_up(world, account, body, "upscale", "imageIndex", 0)


def quick_upscale(world: World, account: Account, body: dict[str, Any]) -> Order:
    """The quickstart's older call: its index counts from one."""
    return _follow_up(world, account, body, "upscale", "index", 1)


def vary(world: World, account: Account, body: dict[str, Any]) -> Order:
    return _follow_up(world, account, body, "vary", "imageIndex", world.settings.vary_base)


def extend(world: World, account: Account, body: dict[str, Any]) -> Order:
    first_problem(validation.problems_of_extension(body))
    order = _follow_up(world, account, body, body["taskType"], "index", 0, videos=True)
    order.params["prompt"] = body.get("prompt") or order.params["prompt"]
    return order


def _follow_up(
    world: World, account: Account, body: dict[str, Any], kind: str, name: str, base: int, videos: bool = False
) -> Order:
    parent = world.tasks.look(str(body.get("taskId") or ""))
    if parent is None or parent.key not in account.keys:
        raise Refusal(422, "The task does not exist")
    if parent.state != "success":
        raise Refusal(422, "The task is not completed")
    if parent.is_video is not videos:
        raise Refusal(422, "The task type is not supported")
    index = body.get(name)
    if not isinstance(index, int) or isinstance(index, bool) or not base <= index < base + parent.count:
        raise Refusal(422, f"{name} must be between {base} and {base + parent.count - 1}")
    first_problem(validation.bad_texts(body))
    params = {field: value for field, value in parent.params.items() if field not in OWN}
    params |= {"prompt": without_markers(parent.prompt)}
    params |= {field: body[field] for field in OWN if body.get(field)}
    take = parent.take if parent.kind == "upscale" else index - base
    return Order(kind, params, parent.id, take, "" if kind == "vary" else parent.seed)


def _task(world: World, request: Request, order: Order, origin: str) -> Task:
    """The task as it will be accepted, with the outcome its faults ask for."""
    task_id = new_task_id()
    task = Task(
        id=task_id,
        key=request.key,
        kind=order.kind,
        params=order.params,
        created_at=world.clock.now(),
        origin=origin,
        credits=price(order.kind, order.params),
        finish_at=run_seconds(world.settings, order.kind, order.params),
        parent=order.parent,
        take=order.take,
        seed=order.seed or task_id,
        faults=[fault.name for fault in markers(str(order.params.get("prompt", "")))],
    )
    if world.input_is_gone(task):
        task.error_message, task.error_code = UNREADABLE, 500
    for fault in world.faults.take("task", task.key, task.id, task.id, task.prompt, OUTCOMES):
        if fault.name == "fail":
            task.error_message = (fault.argument or "failed").strip()
            task.error_code = int(fault.number("code", 500))
            task.flag = int(fault.number("flag", 3))
        elif fault.name == "never_finish":
            task.finish_at = None
    return task
