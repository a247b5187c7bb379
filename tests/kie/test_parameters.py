"""The table's rules: what is cleaned, what is filled in, what is refused and in which words."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kie.parameters import (
    ASPECT_RATIOS,
    BY_NAME,
    PARAMETERS,
    VERSIONS,
    Kind,
    ParameterErrors,
    TaskType,
    parameters_of,
    validate,
    version_choices,
    wire_body,
)

FOX = "https://files.example/fox.png"
PICTURES = [kind for kind in TaskType if kind is not TaskType.IMAGE]


def values_for(task_type: TaskType, **more: object) -> dict[str, Any]:
    start: dict[str, Any] = {"task_type": task_type.value, "prompt": "a fox"}
    if task_type is not TaskType.IMAGE:
        start["file_urls"] = [FOX]
    return start | more


def complaints(values: dict[str, Any], **options: Any) -> dict[str, list[str]]:
    with pytest.raises(ParameterErrors) as caught:
        validate(values, **options)
    return caught.value.errors


def test_what_each_type_takes_is_the_specification() -> None:
    everywhere = ["task_type", "prompt", "aspect_ratio", "water_mark", "enable_translation"]
    look = ["version", "variety", "stylization", "weirdness"]
    expected = {
        TaskType.IMAGE: [*everywhere, *look, "speed"],
        TaskType.FROM_IMAGE: [*everywhere, *look, "speed", "file_urls"],
        TaskType.STYLE: [*everywhere, *look, "speed", "file_urls"],
        TaskType.OMNI: [*everywhere, *look, "file_urls", "ow"],
        TaskType.VIDEO: [*everywhere, "file_urls", "video_batch_size", "motion"],
        TaskType.VIDEO_HD: [*everywhere, "file_urls", "video_batch_size", "motion"],
    }
    for task_type, names in expected.items():
        assert {row.name for row in parameters_of(task_type)} == set(names), task_type


def test_every_row_can_be_explained_and_checked() -> None:
    assert len({row.wire for row in PARAMETERS}) == len(PARAMETERS)
    for row in PARAMETERS:
        assert row.label, row
        assert row.help.endswith("."), row
        assert row.required <= row.takes >= row.always, row
        assert bool(row.choices) == (row.kind is Kind.CHOICE), row
        assert (row.maximum is not None) == (row.kind is Kind.INTEGER), row
        assert set(row.counts) == (set(row.takes) if row.kind is Kind.URLS else set()), row


def test_ratios_run_from_tall_to_wide() -> None:
    shapes = [int(wide) / int(tall) for wide, _, tall in (ratio.partition(":") for ratio in ASPECT_RATIOS)]
    assert shapes == sorted(shapes)
    assert len(set(ASPECT_RATIOS)) == 11


@pytest.mark.parametrize("task_type", list(TaskType))
def test_what_nobody_chose_is_filled_in_only_where_silence_would_be_guessed_at(task_type: TaskType) -> None:
    filled = validate(values_for(task_type, speed="", motion=None, aspect_ratio=" ", file_url=""))
    names = filled.keys() - {"task_type", "prompt", "file_urls"}
    paced = task_type in (TaskType.IMAGE, TaskType.FROM_IMAGE, TaskType.STYLE)
    clips = {"motion", "video_batch_size"} if task_type.is_video else set()
    assert names == {"enable_translation"} | ({"speed"} if paced else set()) | clips
    assert filled["enable_translation"] is False


@pytest.mark.parametrize("task_type", list(TaskType))
def test_cleaning_twice_or_through_json_changes_nothing(task_type: TaskType) -> None:
    once = validate(values_for(task_type, aspect_ratio="16:9", enable_translation="on", water_mark=" me "))
    assert validate(once) == once
    assert validate(json.loads(json.dumps(once))) == once


@pytest.mark.parametrize(
    ("name", "value", "cleaned"),
    [
        ("prompt", "  a fox\r\n", "a fox"),
        ("prompt", "one\r\ntwo", "one\ntwo"),
        ("prompt", "x" * 2000, "x" * 2000),
        ("prompt", "🦊" * 2000, "🦊" * 2000),
        ("prompt", "a\r\n" * 1000, ("a\n" * 1000).strip()),
        ("speed", "turbo", "turbo"),
        ("version", 7, "7"),
        ("version", 6.1, "6.1"),
        ("version", "niji6", "niji6"),
        ("variety", "25", 25),
        ("variety", 0, 0),
        ("variety", 100, 100),
        ("stylization", 1, 1),
        ("stylization", " 1000 ", 1000),
        ("weirdness", "3000", 3000),
        ("enable_translation", "true", True),
        ("enable_translation", "false", False),
        ("water_mark", "x" * 64, "x" * 64),
    ],
)
def test_a_good_value_is_cleaned(name: str, value: object, cleaned: object) -> None:
    assert validate(values_for(TaskType.IMAGE, **{name: value}))[name] == cleaned


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("prompt", "", "Write a prompt"),
        ("prompt", " \r\n\t ", "Write a prompt"),
        ("prompt", "x" * 2001, "2,001 characters; at most 2,000"),
        ("prompt", "🦊" * 2001, "2,001"),
        ("prompt", "a\x00b", "cannot be sent"),
        ("prompt", "a\ud800b", "cannot be sent"),
        ("prompt", 5, "must be text"),
        ("speed", "Fast", "one of relaxed, fast, turbo"),
        ("speed", True, "one of relaxed"),
        ("aspect_ratio", "7:3", "one of 1:2"),
        ("version", "8.1", "one of 7, 6.1"),
        ("variety", 7, "from 0 to 100 in steps of 5"),
        ("variety", 105, "from 0 to 100"),
        ("variety", -5, "from 0 to 100"),
        ("variety", "-5", "from 0 to 100"),
        ("variety", 5.0, "whole number"),
        ("variety", True, "whole number"),
        ("variety", "5.0", "whole number"),
        ("variety", "\u0665", "whole number"),
        ("variety", "9" * 5000, "whole number"),
        ("stylization", 1001, "from 0 to 1,000."),
        ("weirdness", 3001, "from 0 to 3,000."),
        ("water_mark", "x" * 65, "at most 64"),
        ("enable_translation", "perhaps", "yes or no"),
        ("seed", 5, "no such parameter"),
        ("ow", 100, "Image takes no omni strength"),
        ("motion", "high", "Image takes no motion"),
        ("video_batch_size", 1, "Image takes no clips"),
        ("file_urls", [FOX], "Image takes no pictures"),
        ("file_url", FOX, "Image takes no pictures"),
    ],
)
def test_a_bad_value_is_refused_beside_its_field(name: str, value: object, words: str) -> None:
    said = complaints(values_for(TaskType.IMAGE, **{name: value}))
    field = "file_urls" if name == "file_url" else name
    assert list(said) == [field]
    assert words in said[field][0]


@pytest.mark.parametrize("empty", [None, "", "  ", [], False, ["", None]])
def test_an_empty_field_of_another_type_is_ignored(empty: object) -> None:
    assert validate(values_for(TaskType.IMAGE, ow=empty, motion=empty, file_urls=empty, video_batch_size=empty))


@pytest.mark.parametrize("task_type", [TaskType.OMNI, TaskType.VIDEO, TaskType.VIDEO_HD])
def test_speed_is_for_the_three_types_that_have_it(task_type: TaskType) -> None:
    assert "speed" in complaints(values_for(task_type, speed="fast"))


@pytest.mark.parametrize("name", ["version", "variety", "stylization", "weirdness"])
def test_the_look_is_not_for_videos(name: str) -> None:
    assert name in complaints(values_for(TaskType.VIDEO, **{name: "7" if name == "version" else 5}))


@pytest.mark.parametrize("task_type", PICTURES)
def test_the_number_of_pictures_is_checked(task_type: TaskType) -> None:
    most = 1 if task_type.is_video else 5
    assert len(validate(values_for(task_type, file_urls=[FOX] * most))["file_urls"]) == most
    assert "picture" in complaints(values_for(task_type, file_urls=[FOX] * (most + 1)))["file_urls"][0]
    assert complaints(values_for(task_type, file_urls=[]))["file_urls"] == ["Add a picture to start from."]


@pytest.mark.parametrize(
    "url",
    ["ftp://a/b", "a.png", "http://", "https://u:p@a/b", "https://a/b c", "https://a/" + "x" * 2048, "https://[a"],
)
def test_a_picture_must_be_an_address_a_stranger_could_open(url: str) -> None:
    assert "file_urls" in complaints(values_for(TaskType.OMNI, file_urls=[url]))


def test_the_older_single_address_is_understood_but_not_both() -> None:
    values = values_for(TaskType.OMNI, file_url=FOX) | {"file_urls": []}
    assert validate(values)["file_urls"] == [FOX]
    assert "not both" in complaints(values_for(TaskType.OMNI, file_url=FOX))["file_urls"][0]


@pytest.mark.parametrize(("strength", "good"), [(0, False), (1, True), (1000, True), (1001, False)])
def test_omni_strength_has_its_range(strength: int, good: bool) -> None:
    values = values_for(TaskType.OMNI, ow=strength)
    if good:
        assert validate(values)["ow"] == strength
    else:
        assert "ow" in complaints(values)


@pytest.mark.parametrize(("clips", "good"), [(1, True), ("2", True), (4, True), (3, False), (0, False), (True, False)])
def test_clips_are_one_two_or_four(clips: object, good: bool) -> None:
    values = values_for(TaskType.VIDEO, video_batch_size=clips)
    if good:
        assert validate(values)["video_batch_size"] == int(str(clips))
    else:
        assert "video_batch_size" in complaints(values)


@pytest.mark.parametrize("task_type", ["", None, "mj_other", "MJ_VIDEO", 5])
def test_without_a_known_type_nothing_else_is_looked_at(task_type: object) -> None:
    assert list(complaints({"task_type": task_type, "prompt": ""})) == ["task_type"]


def test_all_mistakes_are_told_at_once() -> None:
    said = complaints(values_for(TaskType.IMAGE, prompt="", variety=7, stylization=1001, aspect_ratio="9:9"))
    assert set(said) == {"prompt", "variety", "stylization", "aspect_ratio"}


def test_the_configuration_may_allow_more_versions() -> None:
    assert "version" in complaints(values_for(TaskType.IMAGE, version="niji7"))
    assert validate(values_for(TaskType.IMAGE, version="niji7"), extra_versions=iter(["niji7"]))["version"] == "niji7"
    choices = version_choices(["niji7", "7"])
    assert [choice.value for choice in choices] == [*VERSIONS, "niji7"]
    assert choices[-1].flag == "--niji 7"


ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.lists(st.text(max_size=5))


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from([*BY_NAME, "file_url", "odd"]), ODD), st.sampled_from(TaskType))
def test_any_values_end_as_a_sendable_body_or_as_words(values: dict[str, object], task_type: TaskType) -> None:
    try:
        cleaned = validate(values | {"task_type": task_type})
    except ParameterErrors as wrong:
        silent = [name for name, messages in wrong.errors.items() if not all(messages) or not messages]
    else:
        silent = []
        json.dumps(wire_body(cleaned), ensure_ascii=False).encode()
        assert validate(cleaned) == cleaned
    assert silent == []
