"""Flags in a prompt, both ways: `--ar 16:9 --s 250` becomes values, and values become flags.

A known flag is one that a row of `kie.parameters` names. Everything else, unknown flags (`--no`, `--seed`, `--sref`)
included, is the prompt's own text and is passed on as it stands.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kie.parameters import BY_NAME, PARAMETERS, VERSIONS, TaskType

# Phones make one dash of two; the word must stand alone.
_DASHES = "--|\N{EM DASH}|\N{EN DASH}"
_WORD = re.compile(rf"(?<!\S)(?:{_DASHES})([A-Za-z]+)(?!\S)")
_VALUE = re.compile(rf"\s+(?!{_DASHES})(\S+)")
_NIJI = "niji"
_NEWEST_NIJI = "6"


# Flags that only some versions read, by Midjourney's own pages on them. They are passed on as they stand.
_SIXES = frozenset({"6", "6.1", "niji6"})
BOUND: Mapping[str, frozenset[str]] = {
    "ow": frozenset({"7"}),
    "oref": frozenset({"7"}),
    "exp": frozenset({"7"}),
    "draft": frozenset({"7"}),
    "cref": _SIXES,
    "cw": _SIXES,
    "sref": _SIXES | {"7"},
    "sw": _SIXES | {"7"},
}
_OPERANDS = re.compile(r"(?:\s+(?:https?://\S+|\d[\d.:]*(?!\S)|random(?!\S)))*")


def _words() -> Iterator[tuple[str, tuple[str, str]]]:
    for row in PARAMETERS:
        for flag in row.flags:
            yield flag.lstrip("-"), (row.name, "")
        if not row.flags:
            for choice in row.choices:
                if choice.flag:
                    yield choice.flag.lstrip("-"), (row.name, str(choice.value))


# The word of a flag: the field it sets, and the value it stands for when it takes none.
KNOWN: Mapping[str, tuple[str, str]] = dict(_words())


@dataclass(frozen=True)
class Flag:
    """One known flag as typed. `start` and `end` are places in the text, in code points."""

    name: str
    written: str
    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Reading:
    """What a text says: the prompt without its known flags, the values they set, and what is wrong or idle."""

    prompt: str
    values: dict[str, str] = field(default_factory=dict)
    flags: tuple[Flag, ...] = ()
    ignored: tuple[Flag, ...] = ()
    errors: tuple[str, ...] = ()


def find(text: str) -> Iterator[Flag]:
    """The known flags in order; a flag without the value it needs has the value ""."""
    for match in _WORD.finditer(text):
        word = match.group(1).lower()
        if word not in KNOWN:
            continue
        name, value = KNOWN[word]
        end = match.end()
        if not value:
            said = _VALUE.match(text, end)
            is_bare_niji = word == _NIJI and not (said and said.group(1)[:1].isdigit())
            if said and not is_bare_niji:
                value, end = said.group(1), said.end()
            if word == _NIJI:
                value = f"{_NIJI}{value or _NEWEST_NIJI}"
        yield Flag(name, text[match.start() : end], value, match.start(), end)


def read(text: str, task_type: TaskType) -> Reading:
    """Take the known flags out of `text`; those that `task_type` does not know are dropped too, and told."""
    flags = tuple(find(text))
    values: dict[str, str] = {}
    said: dict[str, Flag] = {}
    ignored: list[Flag] = []
    errors: list[str] = []
    for flag in flags:
        row = BY_NAME[flag.name]
        if task_type not in row.takes:
            ignored.append(flag)
        elif not flag.value:
            errors.append(f"{flag.written} needs a value, such as {flag.written} {row.default}.")
        elif values.setdefault(flag.name, flag.value) != flag.value:
            errors.append(f"{said[flag.name].written} and {flag.written} contradict each other. Keep one.")
        said.setdefault(flag.name, flag)
    return Reading(without(text, flags), values, flags, tuple(ignored), tuple(errors))


def without(text: str, flags: tuple[Flag, ...]) -> str:
    """`text` with each flag and the space before it taken out; not a character of the rest changes."""
    kept, at = [], 0
    for flag in flags:
        kept.append(text[at : flag.start].rstrip())
        at = flag.end
    kept.append(text[at:] if any(kept) else text[at:].lstrip() if flags else text)
    return "".join(kept)


def render(values: Mapping[str, Any], task_type: TaskType) -> str:
    """The values that differ from their defaults as flags, in the table's order, for what this type takes."""
    said = []
    for row in PARAMETERS:
        value = values.get(row.name)
        if task_type not in row.takes or value in (None, "") or str(value) == str(row.default):
            continue
        by_choice = next((choice.flag for choice in row.choices if choice.flag and str(choice.value) == str(value)), "")
        if by_choice:
            said.append(by_choice)
        elif row.flags:
            said.append(f"{row.flags[0]} {value}")
    return " ".join(said)


def unread_by(text: str, version: str) -> list[Flag]:
    """The flags in `text` that this version, one of the specification's, does not read."""
    found = []
    for match in _WORD.finditer(text):
        word = match.group(1).lower()
        if word in BOUND and version in VERSIONS and version not in BOUND[word]:
            operands = _OPERANDS.match(text, match.end())
            end = operands.end() if operands else match.end()
            found.append(Flag(word, text[match.start() : end], "", match.start(), end))
    return found


def readers_of(flag: Flag) -> str:
    """Which versions read a flag of `unread_by`, in words."""
    versions = [f"version {version}" if version[0].isdigit() else "Niji 6" for version in VERSIONS]
    readers = [name for name, version in zip(versions, VERSIONS, strict=True) if version in BOUND[flag.name]]
    return f"does nothing in this version. {_only(readers)}"


def why_ignored(flag: Flag) -> str:
    """Who reads this flag, in words."""
    readers = [kind.label for kind in TaskType if kind in BY_NAME[flag.name].takes]
    return f"does nothing here. {_only(readers)}"


def _only(readers: Sequence[str]) -> str:
    who = readers[0] if len(readers) == 1 else f"{', '.join(readers[:-1])} and {readers[-1]}"
    return f"Only {who} {'reads' if len(readers) == 1 else 'read'} it."
