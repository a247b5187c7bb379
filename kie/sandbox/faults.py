"""Scripted trouble: which fault applies to which call, from a marker in the prompt or a control call.

A marker is `[[fault:NAME]]`, `[[fault:NAME:ARGUMENT]]` with options behind: `[[fault:slow_answer seconds=3]]`.
docs/sandbox.md lists every name.
"""

import re
import threading
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

from kie.sandbox import breakages, filefaults, reportfaults

MARKER = re.compile(r"\s*\[\[fault:([^\]]+)\]\]")

OUTCOMES = ("fail", "never_finish")
CALLBACKS = (
    "callback_none", "callback_duplicate", "callback_delayed", "callback_early", "callback_forged_signature",
    "callback_stale_signature", "callback_unsigned", "callback_altered_body",
)  # fmt: skip
PAID = ("generate", "upscale", "quick_upscale", "vary", "extend")
CALLS = (*PAID, "report", "credit", "download_url", "upload", "file", "link", "callback", "task", "submit", "any")


@dataclass
class Fault:
    """One planned trouble. `times` None: until reset. `key` and `task_id` narrow it down when not empty."""

    name: str
    on: str
    argument: str = ""
    times: int | None = None
    key: str = ""
    task_id: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    used: int = 0

    def number(self, name: str, default: float) -> float:
        return float(self.options.get(name, default))

    def flag(self, name: str, default: bool) -> bool:
        return str(self.options.get(name, default)).lower() in ("true", "1", "yes")

    def text(self, name: str, default: str = "") -> str:
        return str(self.options.get(name, default))

    def accepts(self) -> bool:
        """Whether the provider has taken (and charged) the task before this trouble shows."""
        return self.flag("accepted", self.name not in breakages.REFUSALS)

    def matches(self, call: str, key: str, task_id: str) -> bool:
        wanted = self.on in (call, "any") or (self.on == "submit" and call in PAID)
        mine = self.key in ("", key) and self.task_id in ("", task_id)
        return wanted and mine and (self.times is None or self.used < self.times)


def fault_named(
    name: str, on: str | None = None, times: int | None = None, key: str = "", task_id: str = "", **options: Any
) -> Fault:
    """A fault with the usual place and count for its name; ValueError for an unknown name or place."""
    name, _, argument = name.partition(":")
    usual, count = _usual(name)
    fitting = CALLS if name in breakages.BREAKAGES else (usual, "link") if usual == "file" else (usual,)
    if on not in (None, *fitting):
        raise ValueError(f"unknown place {on} for {name}")
    if usual == "callback" and not name.startswith("callback_"):
        name = f"callback_{name}"
    return Fault(name, on or usual, argument, count if times is None else times or None, key, task_id, options)


def _usual(name: str) -> tuple[str, int | None]:
    if name in breakages.BREAKAGES:
        return "generate", 1
    if name in OUTCOMES:
        return "task", 1
    if name in reportfaults.SHAPES or name in reportfaults.STORIES:
        return "report", None
    if name in filefaults.FILES:
        return "file", None
    if name in CALLBACKS or f"callback_{name}" in CALLBACKS:
        return "callback", None
    raise ValueError(f"unknown fault {name}")


def parse(marker: str) -> Fault:
    """The fault of one marker text, without its brackets."""
    if marker.startswith("fail:"):
        return Fault("fail", "task", marker.removeprefix("fail:"), 1)
    name, *words = marker.split()
    options: dict[str, Any] = dict(word.partition("=")[::2] for word in words)
    on, times = options.pop("on", None), options.pop("times", None)
    return fault_named(name, on, None if times is None else int(times), **options)


def markers(prompt: str) -> list[Fault]:
    """The faults asked for in a prompt; unknown names are ignored: it may be meant as prose."""
    found = []
    for text in MARKER.findall(prompt):
        try:
            found.append(parse(text.strip()))
        except (TypeError, ValueError):
            continue
    return found


def without_markers(prompt: str) -> str:
    return MARKER.sub("", prompt).strip()


class FaultBook:
    """Counts planned faults down. A marker counts per prompt on the way in, per task from then on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Fault] = []
        self._of_owner: dict[str, list[Fault]] = {}

    def plan(self, fault: Fault) -> Fault:
        with self._lock:
            self._planned.append(fault)
        return fault

    def take(
        self,
        call: str,
        key: str = "",
        task_id: str = "",
        owner: str = "",
        prompt: str = "",
        only: Container[str] | None = None,
    ) -> list[Fault]:
        """The faults that apply to this call now, used up by one; `owner` is the task or the prompt."""
        if not self._planned and "[[fault:" not in prompt:
            return []
        with self._lock:
            own = self._of_owner.setdefault(owner, markers(prompt)) if "[[fault:" in prompt else []
            taken = [fault for fault in (*self._planned, *own) if fault.matches(call, key, task_id)]
            if only is not None:
                taken = [fault for fault in taken if fault.name in only]
            for fault in taken:
                fault.used += 1
            return taken

    def reset(self) -> None:
        with self._lock:
            self._planned.clear()
            self._of_owner.clear()

    def planned(self) -> list[Fault]:
        return list(self._planned)
