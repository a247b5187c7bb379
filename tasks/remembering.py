"""What the composer remembers of a person: the draft, presets under names, and earlier prompts."""

from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from accounts.roles import Right
from accounts.spaces import Space
from kie.parameters import BY_NAME
from tasks.models import Batch, Task
from tasks.permutations import escape
from tasks.remembered import Draft, Preset

NOT_IN_PRESETS = ("prompt", "file_urls")
MOST_PRESETS = 50
MOST_PROMPTS = 50
LONGEST_DRAFT = 8000


class NotKept(ValueError):
    """A preset can't be kept; the text is for the person."""


class TooManyPresets(NotKept):
    """There is no room for another name."""


class NotYours(NotKept):
    """The name is taken by a preset of somebody else."""


def save_draft(user_id: int, shown: dict[str, Any]) -> None:
    """Keep what the form shows. Too long a text is no draft worth keeping twice: the old one stays."""
    values = {name: _kept(value) for name, value in shown.items() if name in BY_NAME}
    if len(str(values.get("prompt", ""))) <= LONGEST_DRAFT:
        Draft.objects.update_or_create(user_id=user_id, defaults={"values": values, "saved_at": timezone.now()})


def _kept(value: Any) -> Any:
    """What a form shows, without the one character that PostgreSQL keeps in no text."""
    if isinstance(value, list | tuple):
        return [_kept(each) for each in value]
    return value.replace("\0", "") if isinstance(value, str) else value


def presets_in(space: Space) -> "QuerySet[Preset]":
    """What can be chosen here: the person's own presets, or the team's."""
    return Preset.objects.filter(space.holds)


def save_preset(space: Space, name: str, shown: dict[str, Any]) -> Preset:
    """Keep the settings under `name`, in a team for all of it; an equal name is replaced.

    Raises TooManyPresets, and NotYours where the equal one is another's and the person may not delete it.
    """
    values = {key: _kept(value) for key, value in shown.items() if key in BY_NAME and key not in NOT_IN_PRESETS}
    known = presets_in(space)
    found = known.filter(name=name).first()
    if found is None:
        if known.count() >= MOST_PRESETS:
            raise TooManyPresets(f"{MOST_PRESETS} presets are kept at most. Delete one first.")
        found = Preset(user_id=space.user_id, team_id=space.team_id, name=name)
    elif not may_change(space, found):
        raise NotYours("Somebody else keeps a preset of that name for the team. Choose another one.")
    found.values = values
    found.save()
    return found


def may_change(space: Space, preset: Preset) -> bool:
    """Whether the person may replace or delete it: their own, or any of the team, who looks after its people."""
    return space.may(Right.MAKE if preset.user_id == space.user_id else Right.PEOPLE)


def make_default(preset: Preset) -> None:
    """Start with this one from now on; pressed again, with none."""
    with transaction.atomic():
        was = preset.is_default
        Preset.objects.filter(Space(preset.user_id, preset.team_id).holds).update(is_default=False)
        Preset.objects.filter(pk=preset.pk).update(is_default=not was)


def starting_values(space: Space) -> dict[str, Any]:
    """What an untouched composer holds: the draft, else the default preset, else the settings of the last picture."""
    draft = Draft.objects.filter(user_id=space.user_id).first()
    if draft:
        return dict(draft.values)
    preset = presets_in(space).filter(is_default=True).first()
    if preset:
        return dict(preset.values)
    last = Task.objects.filter(user_id=space.user_id, task_type="mj_txt2img").order_by("-created_at").first()
    return {**last.parameters, "task_type": last.task_type} if last else {}


def earlier_prompts(user_id: int, words: str = "") -> list[str]:
    """The person's prompts as typed, each once, the latest first; those that contain every word."""
    alone = Task.objects.filter(user_id=user_id, batch=None).exclude(expansion="")
    templates = Batch.objects.filter(user_id=user_id)
    for word in words.split()[:8]:
        alone, templates = alone.filter(expansion__icontains=word), templates.filter(template__icontains=word)
    latest = alone.values_list("expansion").annotate(at=Max("created_at")).order_by("-at")[:MOST_PROMPTS]
    lists = templates.values_list("template").annotate(at=Max("created_at")).order_by("-at")[:MOST_PROMPTS]
    # A task knows its text without the escapes: what stood for itself must go on to do so.
    typed = [*((escape(text), at) for text, at in latest), *lists]
    typed.sort(key=lambda each: each[1], reverse=True)
    return list(dict.fromkeys(text for text, _ in typed))[:MOST_PROMPTS]
