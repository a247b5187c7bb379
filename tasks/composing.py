"""What the composer shows: the parameter table joined with the values chosen, and what each choice costs."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import ApiKey, User
from accounts.spaces import Space, key_for
from kie.parameters import BY_NAME, PROMPT_LIMIT, Parameter, TaskType, table
from tasks.flags import Flag, readers_of, render, why_ignored
from tasks.forms import ComposeForm
from tasks.models import Kind, SwitchedOff, Task
from tasks.pace import in_words, usual_seconds
from tasks.permutations import escape
from tasks.reading import Prompt, Whole
from tasks.references import Slot, slots
from usage import prices
from usage.budgets import Standing, tightest

ICONS = {
    TaskType.IMAGE: "photo",
    TaskType.FROM_IMAGE: "document-duplicate",
    TaskType.STYLE: "paint-brush",
    TaskType.OMNI: "user",
    TaskType.VIDEO: "play-circle",
    TaskType.VIDEO_HD: "film",
}
# What makes a text worth reading: a flag or a brace.
TELLING = re.compile(r"(?:^|\s)(?:--|\N{EM DASH}|\N{EN DASH})[A-Za-z]|\{")


@dataclass
class Control:
    """One field as drawn: its row of the table, the value, its choices and what is wrong with it."""

    row: Parameter
    value: Any
    choices: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    disabled: bool = False

    @property
    def takes(self) -> str:
        """The types that know this field, for the script that shows and hides."""
        return " ".join(sorted(self.row.takes))

    @property
    def default_share(self) -> float:
        """Where the default stands on the fader, 0 to 100."""
        low, high = self.row.minimum or 0, self.row.maximum or 100
        return 100 * (int(self.row.default or 0) - low) / (high - low)


@dataclass
class Composer:
    """Everything `tasks/_composer.html` draws."""

    form: ComposeForm
    controls: dict[str, Control]
    task_type: TaskType
    key: ApiKey | None
    cost: Decimal
    usual: str
    budget: Standing | None = None
    may_make: bool = True
    reading: "Reading | None" = None
    slots: list[Slot] = field(default_factory=list)
    is_open: bool = False

    @property
    def errors(self) -> list[str]:
        """Messages that belong to no field."""
        return [str(message) for message in self.form.non_field_errors()]

    @property
    def gist(self) -> list[tuple[str, str]]:
        """(name of the field, its value in a word), the line at rest."""
        chosen = self.controls
        words = [("aspect_ratio", str(chosen["aspect_ratio"].value)), ("version", f"v{chosen['version'].value}")]
        words.append(("speed", str(chosen["speed"].value).capitalize()))
        return [*words, ("stylization", f"s {chosen['stylization'].value}")]

    @property
    def icon(self) -> str:
        return ICONS[self.task_type]

    @property
    def prompt_limit(self) -> int:
        return PROMPT_LIMIT


def compose_for(user: User, space: Space, form: ComposeForm, *, is_open: bool = False) -> Composer:
    """The composer for this space with what the form holds."""
    shown = form.shown
    kind = str(shown.get("task_type") or TaskType.IMAGE)
    task_type = TaskType(kind) if kind in set(TaskType) else TaskType.IMAGE
    controls = {row.name: _control(row, shown, form, task_type) for row in table(settings.KIE_EXTRA_VERSIONS)}
    off = set(SwitchedOff.objects.filter(until__gt=timezone.now()).values_list("task_type", flat=True))
    listed = prices.today()
    for choice in controls["task_type"].choices:
        choice["icon"] = ICONS[TaskType(choice["value"])]
        choice["off"] = choice["value"] in off
        choice["credits"] = listed.estimate(Kind.GENERATE, {"task_type": choice["value"]})
    for choice in controls["speed"].choices:
        choice["credits"] = listed.estimate(Kind.GENERATE, {"speed": choice["value"]})
    values = {name: control.value for name, control in controls.items()}
    key, budget = key_for(space.user_id, space.team_id), tightest(space.user_id, space.team_id)
    # Said with the page, not a moment later, so that nothing moves when the script has read it again.
    reading = reading_for(form, key, budget) if TELLING.search(str(shown.get("prompt") or "")) else None
    is_list = reading is not None and reading.is_list
    return Composer(
        form=form,
        controls=controls,
        task_type=task_type,
        key=key,
        budget=budget,
        may_make=space.may_make,
        reading=reading,
        cost=reading.cost if reading and is_list else listed.estimate(Kind.GENERATE, _priced(values)),
        usual=in_words(*usual_seconds(task_type, str(values["speed"]))),
        slots=slots(user, shown.get("file_urls") or []),
        is_open=is_open or bool(set(form.errors) - {"prompt", "__all__"}),
    )


@dataclass
class Reading:
    """What is said of the text while it is typed, and what the script needs to follow it."""

    whole: Whole
    ticked: set[int]
    cost: Decimal
    left: Decimal | None
    budget_left: Decimal | None
    for_script: str
    mail_wanted: bool = False

    @property
    def rows(self) -> list[tuple[Prompt, bool]]:
        return [(prompt, prompt.index in self.ticked) for prompt in self.whole.prompts]

    @property
    def is_list(self) -> bool:
        return len(self.whole.prompts) > 1

    @property
    def notes(self) -> list[tuple[Flag, str, str]]:
        """(flag, why it does nothing, its place in the text for the script)."""
        idle = [(flag, why_ignored(flag)) for flag in self.whole.ignored]
        idle += [(flag, readers_of(flag)) for flag in self.whole.unread]
        return [(flag, why, "{},{}".format(*_place(self.whole.template, flag))) for flag, why in idle]


def reading_for(form: ComposeForm, key: ApiKey | None, budget: Standing | None = None) -> Reading:
    """The reading of what the form holds, for somebody with this key and this tightest budget."""
    whole = form.whole
    chosen = form.chosen
    cost = sum((prompt.cost for prompt in chosen), Decimal(0))
    is_sound = not whole.errors.keys() - {"prompt", "file_urls"}
    said = {flag.name: flag.value for flag in whole.flags if whole.task_type in BY_NAME[flag.name].takes}
    places = {flag.name: _place(whole.template, flag) for flag in whole.flags}
    told = {
        "values": said if is_sound else {},
        "places": places,
        "usual": {name: str(BY_NAME[name].default or "") for name in said},
        "count": len(chosen),
        "cost": f"{cost.normalize():f}",
        "isList": len(whole.prompts) > 1,
        "asText": render({name: value for name, value in form.shown.items() if name not in said}, whole.task_type),
    }
    balance = key.balance if key else None
    left = balance - cost if balance is not None else None
    budget_left = budget.limit - budget.used - cost if budget else None
    return Reading(whole, form.ticked, cost, left, budget_left, json.dumps(told), form.mail_wanted)


def _place(text: str, flag: Flag) -> tuple[int, int]:
    """Start and end as a browser counts them, in UTF-16 units."""
    start = len(text[: flag.start].encode("utf-16-le")) // 2
    return start, start + len(flag.written.encode("utf-16-le")) // 2


def shown_of(task: Task) -> dict[str, Any]:
    """A task's own values, to fill the composer with."""
    return {**task.parameters, "task_type": task.task_type, "prompt": escape(task.prompt)}


def _control(row: Parameter, shown: Mapping[str, Any], form: ComposeForm, task_type: TaskType) -> Control:
    value = shown.get(row.name)
    if value in (None, "", []):
        value = row.default if row.name != "prompt" else ""
    choices = [
        {"value": choice.value, "label": choice.label, "chosen": str(choice.value) == str(value)}
        for choice in row.choices
    ]
    errors = [str(message) for message in form.errors.get(row.name, [])] if form.is_bound else []
    return Control(row, value, choices, errors, disabled=task_type not in row.takes)


def _priced(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values fit for an estimate even while the form holds nonsense."""
    batch = str(values.get("video_batch_size"))
    allowed = {str(choice.value) for choice in BY_NAME["video_batch_size"].choices}
    return {**values, "video_batch_size": int(batch) if batch in allowed else 1}
