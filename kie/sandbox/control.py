"""The `/_sandbox/` calls: look inside and steer, over HTTP. They are not part of the provider."""

import dataclasses
from collections.abc import Callable
from typing import Any

from kie.sandbox.answers import Answer, Request, dumps
from kie.sandbox.bank import Account, entry_json, number
from kie.sandbox.callbacks import Sent
from kie.sandbox.faults import fault_named
from kie.sandbox.requestlog import request_json
from kie.sandbox.tasks import Task
from kie.sandbox.world import World

Body = dict[str, Any]


def answer(world: World, request: Request) -> Answer:
    """JSON in and out. POST must say application/json, which no foreign web page can send unasked."""
    name = request.path.removeprefix("/_sandbox/")
    if request.method == "GET" and name in READS:
        return Answer(body=dumps(READS[name](world)))
    if request.method != "POST" or name not in WRITES:
        return _problem(404, "no such control call")
    if not request.headers.get("content-type", "").startswith("application/json"):
        return _problem(415, "send application/json")
    body = request.json if request.body else {}
    if not isinstance(body, dict):
        return _problem(400, "send a JSON object")
    try:
        return Answer(body=dumps(WRITES[name](world, body)))
    except (KeyError, TypeError, ValueError) as error:
        return _problem(400, f"{type(error).__name__}: {error}")


def task_json(task: Task) -> Body:
    return dataclasses.asdict(task) | {"credits": number(task.credits), "urls": task.urls()}


def _problem(status: int, message: str) -> Answer:
    return Answer(status=status, body=dumps({"error": message}))


def _account_json(account: Account) -> Body:
    money = {"balance": number(account.balance), "opening": number(account.opening)}
    return dataclasses.asdict(account) | money


def _sent_json(sent: Sent) -> Body:
    return dataclasses.asdict(sent) | {"body": sent.body.decode("utf-8", "replace")}


def _state(world: World) -> Body:
    return {
        "now": world.clock.now(),
        "offset": world.clock.offset,
        "settings": dataclasses.asdict(world.settings),
        "accounts": [_account_json(account) for account in world.bank.accounts()],
        "faults": [dataclasses.asdict(fault) for fault in world.faults.planned()],
        "tasks": len(world.tasks.all),
        "running": sum(task.state == "running" for task in list(world.tasks.all.values())),
    }


def _add_account(world: World, body: Body) -> Body:
    known = ("key", "balance", "webhook_key", "same_as")
    account = world.bank.add(**({"balance": 100} | {name: body[name] for name in known if name in body}))
    return _account_json(account)


def _finish(world: World, body: Body) -> Body:
    world.tasks.finish(body["task_id"])
    return task_json(world.tasks.all[body["task_id"]])


def _fail(world: World, body: Body) -> Body:
    options = {name: body[name] for name in ("message", "code", "flag") if name in body}
    world.tasks.fail(body["task_id"], **options)
    return task_json(world.tasks.all[body["task_id"]])


def _settings(world: World, body: Body) -> Body:
    world.settings.change(**body)
    return dataclasses.asdict(world.settings)


def _clock(world: World, body: Body) -> Body:
    days, hours, seconds = (float(body.get(name, 0)) for name in ("days", "hours", "seconds"))
    world.advance(days * 86400 + hours * 3600 + seconds)
    return {"now": world.clock.now()}


def _debit(world: World, body: Body) -> Body:
    world.store.save(*world.bank.move(body["key"], "debit", -float(body["credits"])))
    return entry_json(world.bank.ledger[-1])


def _callback(world: World, body: Body) -> Body:
    task = world.tasks.all[body["task_id"]]
    sent = world.bell.send(task, body.get("variant", ""), body.get("url", ""), body.get("body"))
    return _sent_json(sent)


def _reset(world: World, body: Body) -> Body:
    world.reset()
    return {}


READS: dict[str, Callable[[World], Any]] = {
    "state": _state,
    "requests": lambda world: [request_json(request) for request in world.requests.all()],
    "ledger": lambda world: [entry_json(entry) for entry in world.bank.ledger],
    "tasks": lambda world: [task_json(task) for task in list(world.tasks.all.values())],
    "callbacks": lambda world: [_sent_json(sent) for sent in list(world.bell.sent)],
}
WRITES: dict[str, Callable[[World, Body], Any]] = {
    "accounts": _add_account,
    "faults": lambda world, body: dataclasses.asdict(world.faults.plan(fault_named(**body))),
    "finish": _finish,
    "fail": _fail,
    "settings": _settings,
    "clock": _clock,
    "debit": _debit,
    "callback": _callback,
    "reset": _reset,
}
