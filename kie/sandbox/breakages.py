"""Broken answers: each turns the good answer of any call into the trouble of its name."""

import gzip
import json
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from kie.sandbox.answers import MESSAGES, Answer, dumps

if TYPE_CHECKING:
    from kie.sandbox.faults import Fault

Breakage = Callable[[Answer, "Fault"], Answer]

HTML = "text/html"
PAGE = b"<!doctype html><html><head><title>500</title></head><body><h1>Internal Server Error</h1></body></html>"
MEBIBYTE = 1 << 20

# Without an `accepted` option, these show before the provider has taken the task; all others after.
REFUSALS = ("reset_before_accept", "html_500", "code", "edge_1010", "rate_limited", "maintenance", "redirect_307")


def _coded(answer: Answer, fault: "Fault", code: int, keep_task: bool = False) -> Answer:
    content = json.loads(answer.body) if keep_task else {"data": None}
    message = fault.text("msg", MESSAGES.get(code, "unknown error")).replace("_", " ")
    status = code if fault.flag("status", False) else 200
    headers = {"Retry-After": fault.text("retry_after")} if "retry_after" in fault.options else {}
    body = dumps({"code": code, "msg": message, "data": content.get("data")})
    return Answer(status=status, body=body, headers=headers)


def _code(answer: Answer, fault: "Fault") -> Answer:
    keep = fault.accepts() and fault.flag("id", True)
    return _coded(answer, fault, int(fault.argument or 500), keep_task=keep)


def _without_task_id(answer: Answer, fault: "Fault") -> Answer:
    return answer.but(body=dumps({"code": 200, "msg": "success", "data": {}}))


def _redirect(answer: Answer, fault: "Fault") -> Answer:
    target = fault.text("to", "/api/v1/mj/generate?redirected=1")
    return Answer(status=307, headers={"Location": target}, body=b"", content_type=HTML)


def _cut(answer: Answer, fault: "Fault") -> Answer:
    return answer.but(body=answer.body[: len(answer.body) // 2], declared=len(answer.body), raw=True)


def _cut_no_length(answer: Answer, fault: "Fault") -> Answer:
    return answer.but(body=answer.body[: len(answer.body) // 2], no_length=True, raw=True)


def _huge(answer: Answer, fault: "Fault") -> Answer:
    content = json.loads(answer.body) | {"padding": "x" * int(fault.number("bytes", 3 * MEBIBYTE))}
    return answer.but(body=dumps(content), raw=True)


@cache
def _bomb(size: int) -> bytes:
    return gzip.compress(b'{"code":200,"msg":"' + b"x" * size + b'"}', 9, mtime=0)


def _gzip_bomb(answer: Answer, fault: "Fault") -> Answer:
    body = _bomb(int(fault.number("bytes", 50 * MEBIBYTE)))
    return answer.but(body=body, headers={"Content-Encoding": "gzip"}, raw=True)


def _not_a_number(answer: Answer, fault: "Fault") -> Answer:
    content = json.loads(answer.body) | {"code": float("nan")}
    return answer.but(body=json.dumps(content).encode())


def _bad_utf8(answer: Answer, fault: "Fault") -> Answer:
    return answer.but(body=answer.body.replace(b'"success"', b'"succ\xff\xfe\xc3("', 1), raw=True)


BREAKAGES: dict[str, Breakage] = {
    "lose_answer": lambda answer, fault: answer.but(hang_up=True),
    "reset_before_accept": lambda answer, fault: answer.but(hang_up=True, reset=True),
    "slow_answer": lambda answer, fault: answer.but(delay=fault.number("seconds", 2.0)),
    "cut_body": _cut,
    "cut_no_length": _cut_no_length,
    "trickle": lambda answer, fault: answer.but(trickle=fault.number("seconds", 5.0), raw=True),
    "html_500": lambda answer, fault: Answer(status=500, body=PAGE, content_type=HTML),
    "html_200": lambda answer, fault: Answer(status=200, body=PAGE, content_type=HTML),
    "empty_body": lambda answer, fault: answer.but(body=b""),
    "json_500_accepted": lambda answer, fault: _coded(answer, fault, 500, keep_task=True),
    "200_without_task_id": _without_task_id,
    "code": _code,
    "edge_1010": lambda answer, fault: Answer(status=403, body=b"error code: 1010", content_type="text/plain"),
    "rate_limited": lambda answer, fault: _coded(answer, fault, 429),
    "maintenance": lambda answer, fault: _coded(answer, fault, 455),
    "gzip_bomb": _gzip_bomb,
    "huge_body": _huge,
    "not_json": lambda answer, fault: answer.but(body=b"{'code': 200, 'msg': success"),
    "list_body": lambda answer, fault: answer.but(body=b"[" + answer.body + b"]"),
    "nan_body": _not_a_number,
    "bad_utf8": _bad_utf8,
    "redirect_307": _redirect,
}
