"""Two results beside each other: what they are called, where they are, and what differs."""

from dataclasses import dataclass

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.text import Truncator

from gallery.models import Result
from gallery.wording import in_words, type_name

MADE_FROM = {"upscale": "Upscale", "vary": "Variation", "extend": "Extension"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of the table: what both have and where they are not the same."""

    label: str
    left: str
    right: str


def name_of(result: Result) -> str:
    """What the result is in its family: `Result 3`, `Upscale`, `Variation 2`."""
    made = MADE_FROM.get(result.task.kind)
    if made and result.task.expected_results == 1:
        return made
    return f"{made or 'Result'} {result.position + 1}"


def names_of(left: Result, right: Result) -> tuple[str, str]:
    """What the two are called beside each other; of the same name each is told by the words it came from as well."""
    names = name_of(left), name_of(right)
    if names[0] != names[1] or left.task_id == right.task_id:
        return names
    said = [Truncator(each.task.prompt).words(4, truncate=" …") for each in (left, right)]
    if said[0] == said[1]:
        said = [f"{timezone.localtime(each.task.created_at):%-d %b %H:%M:%S}" for each in (left, right)]
        return f"{names[0]}, {said[0]}", f"{names[1]}, {said[1]}"
    return f"{names[0]} of “{said[0]}”", f"{names[1]} of “{said[1]}”"


def differences(left: Result, right: Result) -> list[Difference]:
    """The lines in which the two are not the same, in the order in which people ask."""
    ours, theirs = _facts(left), _facts(right)
    return [
        Difference(label, ours.get(label, "none"), theirs.get(label, "none"))
        for label in dict.fromkeys([*ours, *theirs])
        if ours.get(label) != theirs.get(label)
    ]


def _facts(result: Result) -> dict[str, str]:
    task = result.task
    cost = f"{task.cost.normalize():f}" if task.cost else "free"
    return {
        "Prompt": task.prompt,
        "Cost": cost if task.expected_results == 1 or not task.cost else f"{cost} for {task.expected_results}",
        "Size": f"{result.width} \N{MULTIPLICATION SIGN} {result.height}",
        "Type": type_name(task.task_type),
        "Result": f"from {task.parent_position + 1}" if task.parent_position is not None else str(result.position + 1),
        **dict(in_words(task.parameters)),
        "File": filesizeformat(result.size),
    }
