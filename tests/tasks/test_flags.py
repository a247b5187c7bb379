"""Flags both ways, and text that is never altered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kie.parameters import PARAMETERS, Kind, TaskType, validate
from tasks.flags import KNOWN, find, read, readers_of, render, unread_by, without

IMAGE = TaskType.IMAGE
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).filter(lambda text: "-" not in text)
FLAGGED = [row for row in PARAMETERS if row.flags or any(choice.flag for choice in row.choices)]


@st.composite
def settings_of(draw: st.DrawFn) -> tuple[TaskType, dict[str, object]]:
    """A type and some values it takes, of the fields that flags can say."""
    task_type = draw(st.sampled_from(list(TaskType)))
    values: dict[str, object] = {}
    for row in FLAGGED:
        if task_type not in row.takes or not draw(st.booleans()):
            continue
        if row.kind is Kind.INTEGER:
            low, high = (row.minimum or 0) // row.step, (row.maximum or 0) // row.step
            values[row.name] = max(row.minimum or 0, draw(st.integers(low, high)) * row.step)
        else:
            values[row.name] = draw(st.sampled_from(row.choices)).value
    return task_type, values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a fox --ar 3:2 --s 250 --v 6.1 --c 10 --w 100",
            "aspect_ratio=3:2 stylization=250 version=6.1 variety=10 weirdness=100",
        ),
        ("a fox --aspect 1:2 --stylize 0 --chaos 5 --weird 3", "aspect_ratio=1:2 stylization=0 variety=5 weirdness=3"),
        ("--relax a fox", "speed=relaxed"),
        ("a fox --turbo", "speed=turbo"),
        ("a fox --niji 6", "version=niji6"),
        ("a fox --niji --ar 1:1", "version=niji6 aspect_ratio=1:1"),
        ("a fox \N{EM DASH}ar 16:9 \N{EN DASH}s 50", "aspect_ratio=16:9 stylization=50"),
        ("a fox --AR 16:9", "aspect_ratio=16:9"),
        ("a fox", ""),
        ("a fox--ar 16:9", ""),
        ("a fox -- ar 16:9", ""),
    ],
)
def test_flags_become_values(text: str, said: str) -> None:
    reading = read(text, IMAGE)
    assert reading.values == dict(pair.split("=") for pair in said.split())
    assert not reading.errors
    assert reading.prompt.startswith("a fox")


def test_unknown_flags_stay_in_the_prompt_and_are_passed_through() -> None:
    text = "a fox --no people, cars --ar 16:9 --seed 7 --sref 12 34 --sw 20 --oref https://a.example/b.png"
    reading = read(text, IMAGE)
    assert reading.prompt == "a fox --no people, cars --seed 7 --sref 12 34 --sw 20 --oref https://a.example/b.png"
    assert reading.values == {"aspect_ratio": "16:9"}


@pytest.mark.parametrize("text", ["a --ar 1:1 --ar 16:9", "a --fast --relax", "a --v 7 --niji 6"])
def test_a_contradiction_is_an_error(text: str) -> None:
    assert "contradict" in read(text, IMAGE).errors[0]


def test_the_same_said_twice_is_no_contradiction() -> None:
    assert not read("a --ar 1:1 --aspect 1:1", IMAGE).errors


@pytest.mark.parametrize("text", ["a fox --ar", "a fox --ar --s 250", "a fox --s"])
def test_a_missing_value_is_an_error(text: str) -> None:
    assert "needs a value" in read(text, IMAGE).errors[0]


def test_what_the_type_does_not_read_is_told_and_taken_out() -> None:
    reading = read("a fox --ow 300 --motion low", IMAGE)
    assert [flag.written for flag in reading.ignored] == ["--ow 300", "--motion low"]
    assert (reading.prompt, reading.values) == ("a fox", {})
    assert read("a fox --ow 300", TaskType.OMNI).values == {"ow": "300"}


@given(settings_of(), WORDS)
def test_rendered_flags_read_back_as_what_they_were(settings: tuple[TaskType, dict[str, object]], words: str) -> None:
    task_type, values = settings
    said = render(values, task_type)
    reading = read(f"{words} {said}", task_type)
    told = {row.name: str(row.default) for row in FLAGGED if row.name in values} | reading.values
    assert told == {name: str(value) for name, value in values.items()}
    assert not reading.errors
    assert not reading.ignored
    assert render(reading.values, task_type) == said
    assert reading.prompt.rstrip() == words.rstrip() or not words.strip()


PARTS = st.one_of(
    WORDS, st.sampled_from(sorted(f"--{word}" for word in KNOWN)), st.sampled_from(["16:9", "250", "--no", "--"])
)


@given(st.lists(PARTS))
def test_text_outside_flags_is_never_altered(parts: list[str]) -> None:
    text = " ".join(parts)
    flags = tuple(find(text))
    assert all(text[flag.start : flag.end] == flag.written for flag in flags)
    ends, starts = [0, *(flag.end for flag in flags)], [*(flag.start for flag in flags), len(text)]
    bare = "".join(text[end:start] for end, start in zip(ends, starts, strict=True))
    assert "".join(without(text, flags).split()) == "".join(bare.split())
    assert flags or without(text, flags) == text


@given(settings_of())
def test_what_flags_say_is_valid(settings: tuple[TaskType, dict[str, object]]) -> None:
    task_type, values = settings
    said = read(f"a fox {render(values, task_type)}", task_type)
    urls = ["https://example.com/a.png"] if task_type not in (IMAGE,) else []
    cleaned = validate({"task_type": task_type.value, "prompt": said.prompt, "file_urls": urls, **said.values})
    assert cleaned["prompt"] == "a fox"


@pytest.mark.parametrize(
    ("text", "version", "said"),
    [
        ("a fox --cref https://a.example/b.png --cw 50", "7", ["--cref https://a.example/b.png", "--cw 50"]),
        ("a fox --cref https://a.example/b.png", "6.1", []),
        ("a fox --ow 300 --oref https://a.example/b.png", "6", ["--ow 300", "--oref https://a.example/b.png"]),
        ("a fox --sref 12 34 https://a.example/b.png in snow", "5.2", ["--sref 12 34 https://a.example/b.png"]),
        ("a fox --sref random --no people", "niji6", []),
        ("a fox --cref https://a.example/b.png", "8", []),
    ],
)
def test_flags_that_a_version_does_not_read_are_told(text: str, version: str, said: list[str]) -> None:
    assert [flag.written for flag in unread_by(text, version)] == said


def test_a_flag_of_another_version_says_which_one_reads_it() -> None:
    [flag] = unread_by("a fox --cref https://a.example/b.png", "7")
    assert readers_of(flag).endswith("Only version 6.1, version 6 and Niji 6 read it.")


@given(st.lists(PARTS), st.sampled_from(["7", "6", "5.1", "niji6"]))
def test_what_a_version_does_not_read_is_found_where_it_stands(parts: list[str], version: str) -> None:
    text = " ".join(parts)
    assert all(text[flag.start : flag.end] == flag.written for flag in unread_by(text, version))
