"""Braces in a prompt: `a {red, green} {fox, owl}` unfolds to four prompts.

A group is a pair of braces with a comma in it; groups may be nested. `\\{`, `\\}` and `\\,` stand for themselves.
Braces that make no group (`{`, `{one}`) are plain text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

MOST = 100
COUNTED = 1_000_000_000
DEEPEST = 12
_SPECIAL = tuple("{},")
_GROUPING = re.compile(r"[{},]")


class TooMany(ValueError):
    """More prompts than may be sent at once; `count` says how many it would be."""

    def __init__(self, count: int) -> None:
        self.count = count
        # Python writes no number of thousands of digits, and nobody reads one.
        many = f"{count:,}" if count < COUNTED else "more than a billion"
        super().__init__(f"This unfolds to {many} prompts; at most {MOST} can be sent at once.")


class TooDeep(ValueError):
    """Braces nested beyond sense."""


@dataclass(frozen=True)
class Group:
    """The options of one pair of braces, each a line of text and groups."""

    options: tuple["Line", ...]


Node = str | Group
Line = tuple[Node, ...]


@dataclass(frozen=True)
class Piece:
    """A stretch of an unfolded prompt; `is_chosen` when it came out of braces."""

    text: str
    is_chosen: bool


def unfold(template: str) -> list[tuple[Piece, ...]]:
    """Every prompt of the template, the first group changing slowest. Raises TooMany, TooDeep."""
    line = parse(template)
    count = count_of(line)
    if count > MOST:
        raise TooMany(count)
    return list(_lines(line, is_chosen=False))


def text_of(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def escape(text: str) -> str:
    """A template that stands for exactly this text, whatever braces it has."""
    try:
        stands_for_itself = "".join(node if isinstance(node, str) else "{" for node in parse(text)) == text
    except TooDeep:
        stands_for_itself = False
    return text if stands_for_itself else _GROUPING.sub(lambda found: f"\\{found.group()}", text)


def count_of(line: Line) -> int:
    """How many prompts it unfolds to, without unfolding it."""
    return prod(sum(count_of(option) for option in node.options) for node in line if isinstance(node, Group))


def parse(template: str) -> Line:
    """The template as text and groups, escapes resolved. Raises TooDeep."""
    return _parse(template, 0, len(template), _partners(template))


def _partners(text: str) -> dict[int, int]:
    """The closing brace of each opening one that begins a group."""
    partners: dict[int, int] = {}
    open_at: list[tuple[int, bool]] = []
    for at, character in _unescaped(text):
        if character == "{":
            open_at.append((at, False))
        elif character == "," and open_at:
            open_at[-1] = (open_at[-1][0], True)
        elif character == "}" and open_at:
            if len(open_at) > DEEPEST:
                raise TooDeep("The braces are nested too deeply.")
            start, has_comma = open_at.pop()
            if has_comma:
                partners[start] = at
    return partners


def _unescaped(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    while at < len(text):
        if text[at] == "\\" and text[at + 1 : at + 2] in _SPECIAL:
            at += 2
            continue
        yield at, text[at]
        at += 1


def _parse(text: str, start: int, end: int, partners: dict[int, int]) -> Line:
    nodes: list[Node] = []
    plain: list[str] = []
    at = start
    while at < end:
        if text[at] == "\\" and text[at + 1 : at + 2] in _SPECIAL:
            plain.append(text[at + 1])
            at += 2
        elif at in partners:
            nodes += ["".join(plain)] if plain else []
            plain = []
            nodes.append(Group(tuple(_options(text, at + 1, partners[at], partners))))
            at = partners[at] + 1
        else:
            plain.append(text[at])
            at += 1
    return (*nodes, "".join(plain)) if plain else tuple(nodes)


def _options(text: str, start: int, end: int, partners: dict[int, int]) -> Iterator[Line]:
    begin, inner_ends = start, start
    for offset, character in _unescaped(text[start:end]):
        at = start + offset
        if at < inner_ends:
            continue
        if at in partners:
            inner_ends = partners[at] + 1
        elif character == ",":
            yield _trimmed(text, begin, at, partners)
            begin = at + 1
    yield _trimmed(text, begin, end, partners)


def _trimmed(text: str, start: int, end: int, partners: dict[int, int]) -> Line:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return _parse(text, start, end, partners)


def _lines(line: Line, *, is_chosen: bool) -> Iterator[tuple[Piece, ...]]:
    parts: list[list[tuple[Piece, ...]]] = []
    for node in line:
        if isinstance(node, Group):
            parts.append([pieces for option in node.options for pieces in _lines(option, is_chosen=True)])
        else:
            parts.append([(Piece(node, is_chosen),)])
    for chosen in product(*parts):
        yield tuple(piece for pieces in chosen for piece in pieces)
