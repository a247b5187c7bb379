"""Bodies for the parser to choke on: real shapes with hostile values in them, then damaged byte by byte."""

import json
import random
from collections.abc import Callable
from typing import Any

TASK = "0123456789abcdef0123456789abcdef"
ATOMS: list[Any] = [
    None, True, False, 0, 1, 2, 3, -1, 4, 10**12, 10**30, -(10**400), 1.5, 1e308, float("nan"), float("inf"), "", "0",
    "1", "3", "200", "\u0662", "null", "{}", "[]", "\x00", "\ud800", "\u202e", "a" * 400, TASK, "other-task", "../x",
    "https://f.example/a.jpeg", "http://f.example/a", "https://[", "https://a:b@c/", 1767225600000, "1767225600",
    "2026-01-01T00:00:00", "9999-12-31T23:59:59-14:00", "recordInfo is null", "success",
]  # fmt: skip


class Forge:
    """Bodies from real shapes with hostile values, then damaged; everything follows from the seed."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def atom(self) -> Any:
        return self.dice.choice(ATOMS)

    def tree(self, depth: int) -> Any:
        roll = self.dice.random()
        if depth == 0 or roll < 0.5:
            return self.atom()
        size = self.dice.randrange(4)
        if roll < 0.75:
            return [self.tree(depth - 1) for _ in range(size)]
        names = ("taskId", "task_id", "data", "resultUrls", "resultUrl", "url", "code", "msg", "x\ud800")
        return {self.dice.choice(names): self.tree(depth - 1) for _ in range(size)}

    def maybe(self, usual: Callable[[], Any], odds: float = 0.75) -> Any:
        return usual() if self.dice.random() < odds else self.tree(3)

    def wrapped(self) -> Any:
        return {"resultUrl": f"https://f.example/{self.dice.randrange(6)}.jpeg"}

    def info(self) -> Any:
        urls = [self.maybe(self.wrapped) for _ in range(self.dice.randrange(5))]
        info: Any = {"resultUrls": self.maybe(lambda: urls)}
        for _ in range(self.dice.randrange(3)):
            info = json.dumps(info)
        return info

    def body(self) -> Any:
        pick = self.dice.choice
        record = {
            "taskId": self.maybe(lambda: TASK, 0.9),
            "successFlag": self.maybe(lambda: pick([0, 1, 1, 2, 3])),
            "resultInfoJson": self.maybe(self.info),
            "createTime": self.maybe(lambda: 1767225600000),
            "completeTime": self.maybe(lambda: "2026-01-01T00:00:00"),
            "errorCode": self.maybe(lambda: None),
            "errorMessage": self.maybe(lambda: "no luck"),
            pick(["response", "videos", "resultUrls", "paramJson", "task_id"]): self.tree(4),
        }
        code = self.maybe(
            lambda: pick([200, 200, 200, 400, 401, 402, 403, 404, 422, 429, 455, 500, 501, 505, 550]), 0.9
        )
        return {"code": code, "msg": self.maybe(lambda: "success"), "data": self.maybe(lambda: record)}

    def raw(self) -> bytes:
        raw = json.dumps(self.maybe(self.body, 0.93), ensure_ascii=self.dice.random() < 0.9).encode(
            "utf-8", "surrogatepass"
        )
        for _ in range(self.dice.choice([0, 0, 0, 1, 3])):
            at = self.dice.randrange(len(raw) + 1)
            damage = self.dice.randrange(6)
            if damage == 0:
                raw = raw[:at]
            elif damage == 1:
                raw = raw[:at] + self.dice.randbytes(3) + raw[at:]
            elif damage == 2:
                raw = raw[:at] + raw[at + 1 :]
            elif damage == 3:
                raw = b"\xef\xbb\xbf" + raw
            elif damage == 4:
                raw = raw.replace(b'"msg"', b'"code":500,"code":' + b"[" * self.dice.choice([1, 5_000]) + b',"msg"')
            else:
                raw = raw[:at] + b"9" * 5_000 + raw[at:]
        return raw
