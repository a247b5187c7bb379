"""Braces: the count is the product, escapes survive, plain text stays."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.permutations import TooDeep, TooMany, count_of, escape, parse, text_of, unfold

PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{},\\"), max_size=12)
OPTION = PLAIN.map(str.strip)


def texts(template: str) -> list[str]:
    return [text_of(pieces) for pieces in unfold(template)]


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("a {red, green} {fox, owl}", ["a red fox", "a red owl", "a green fox", "a green owl"]),
        ("{a, {b, c} d}", ["a", "b d", "c d"]),
        ("x --ar {1:1, 16:9}", ["x --ar 1:1", "x --ar 16:9"]),
        ("a {fox --s 50, owl --s 100}", ["a fox --s 50", "a owl --s 100"]),
        ("{red, } fox", ["red fox", " fox"]),
        (r"a \{b, c\}", ["a {b, c}"]),
        (r"{a\, b, c}", ["a, b", "c"]),
        (r"back\slash \\", [r"back\slash \\"]),
        ("{one}", ["{one}"]),
        ("{", ["{"]),
        ("} {a,b", ["} {a,b"]),
        ("", [""]),
        ("{{a, b}}", ["{a}", "{b}"]),
    ],
)
def test_it_unfolds(template: str, found: list[str]) -> None:
    assert texts(template) == found


def test_what_came_out_of_braces_is_marked() -> None:
    pieces = unfold("a {red, green} fox")[1]
    assert [(piece.text, piece.is_chosen) for piece in pieces] == [("a ", False), ("green", True), (" fox", False)]


def test_too_many_are_counted_without_being_made() -> None:
    with pytest.raises(TooMany) as raised:
        unfold("{a, b}" * 60)
    assert raised.value.count == 2**60
    assert len(unfold("{a, b, c, d, e, f, g, h, i, j}" * 2)) == 100


def test_nesting_has_an_end() -> None:
    with pytest.raises(TooDeep):
        unfold("{" * 200 + "a, b" + "}" * 200)


@given(st.lists(st.tuples(PLAIN, st.lists(OPTION, min_size=2, max_size=4)), max_size=3), PLAIN)
def test_the_count_is_the_product(groups: list[tuple[str, list[str]]], end: str) -> None:
    template = "".join(f"{text}{{{', '.join(options)}}}" for text, options in groups) + end
    found = texts(template)
    product = 1
    for _, options in groups:
        product *= len(options)
    assert len(found) == count_of(parse(template)) == product
    first = "".join(f"{text}{options[0]}" for text, options in groups) + end
    assert found[0] == first


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    plain = text.replace("\\", "/")
    escaped = "".join(f"\\{character}" if character in "{}," else character for character in plain)
    assert texts(escaped) == [plain]


@given(st.text("ab {},\\", max_size=12))
def test_escape_stands_for_exactly_the_text(text: str) -> None:
    assert texts(escape(text)) == [text]


def test_a_number_nobody_can_read_is_not_written_out() -> None:
    with pytest.raises(TooMany, match="more than a billion"):
        unfold("{a,b}" * 15_000)


def test_very_many_braces_are_read_in_one_go() -> None:
    """A row twice as long takes twice as long; it took four times as long."""
    assert _lines_run(400) < 2.1 * _lines_run(200)


def _lines_run(count: int) -> int:
    """Lines the reading of so many groups runs: a clock sees the collector and the neighbours too."""
    ran = 0

    def count_lines(frame: FrameType, event: str, _arg: object) -> Callable[..., Any]:
        nonlocal ran
        ran += event == "line"
        return count_lines

    before = sys.gettrace()
    sys.settrace(count_lines)
    try:
        parse("{" + "{a,b}" * count + ",c}")
    finally:
        sys.settrace(before)
    return ran


@given(PLAIN)
def test_text_without_braces_is_left_alone(text: str) -> None:
    assert texts(text) == [text]
