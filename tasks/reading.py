"""What the composer's text means: the prompts it unfolds to, their values, what they cost and what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings

from kie import parameters
from kie.parameters import BY_NAME, ParameterErrors, TaskType, validate
from tasks import flags, permutations
from tasks.flags import Flag
from tasks.models import Kind
from usage.prices import PriceList


@dataclass(frozen=True)
class Prompt:
    """One prompt as it would be sent. `values` is what `lifecycle.create` takes, empty when there are errors."""

    index: int
    pieces: tuple[permutations.Piece, ...]
    values: dict[str, Any]
    cost: Decimal
    errors: dict[str, list[str]]

    @property
    def text(self) -> str:
        return permutations.text_of(self.pieces)


@dataclass
class Whole:
    """All prompts of the composer's text; `flags` are those of the text as typed, outside of braces."""

    template: str
    task_type: TaskType
    prompts: list[Prompt] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    errors: dict[str, list[str]] = field(default_factory=dict)
    version: str = ""

    @property
    def unread(self) -> list[Flag]:
        """Flags that the type may take and the version does not read."""
        names = {flag.start for flag in self.ignored}
        return [flag for flag in flags.unread_by(self.template, self.version) if flag.start not in names]

    @property
    def ignored(self) -> list[Flag]:
        return [flag for flag in self.flags if self.task_type not in BY_NAME[flag.name].takes]

    @property
    def flag_errors(self) -> list[str]:
        """What is wrong because of flags or braces: worth saying while the person still types."""
        names = {flag.name for flag in self.flags} - {"prompt"}
        return [message for name in ("template", *sorted(names)) for message in self.errors.get(name, [])]


def read(shown: Mapping[str, Any], prices: PriceList) -> Whole:
    """Unfold, take the flags, validate. `shown` is what the form holds; a flag wins over the control of its field."""
    template = str(shown.get("prompt") or "").replace("\r\n", "\n")
    kind = str(shown.get("task_type") or "").strip()
    if kind not in set(TaskType):
        return Whole(template, TaskType.IMAGE, errors={"task_type": ["Choose what to make."]})
    whole = Whole(template, TaskType(kind))
    whole.flags = [flag for flag in flags.find(template) if "{" not in flag.value]
    if whole.task_type in BY_NAME["version"].takes:
        said = [flag.value for flag in whole.flags if flag.name == "version"]
        whole.version = str(said[-1] if said else shown.get("version") or BY_NAME["version"].default)
    try:
        unfolded = permutations.unfold(template)
    except (permutations.TooMany, permutations.TooDeep) as error:
        whole.errors = {"template": [str(error)]}
        return whole
    whole.prompts = [_prompt(index, pieces, whole.task_type, shown, prices) for index, pieces in enumerate(unfolded)]
    for prompt in whole.prompts:
        for name, messages in prompt.errors.items():
            known = whole.errors.setdefault(name, [])
            known += [message for message in messages if message not in known]
    return whole


def _prompt(
    index: int,
    pieces: tuple[permutations.Piece, ...],
    task_type: TaskType,
    shown: Mapping[str, Any],
    prices: PriceList,
) -> Prompt:
    said = flags.read(permutations.text_of(pieces), task_type)
    given = {**shown, **said.values, "prompt": said.prompt}
    given = {name: value for name, value in given.items() if not _is_idle(name, value, task_type)}
    errors: dict[str, list[str]] = {"template": list(said.errors)} if said.errors else {}
    values: dict[str, Any] = {}
    try:
        values = validate(given, settings.KIE_EXTRA_VERSIONS)
    except ParameterErrors as wrong:
        errors |= wrong.errors
    cost = prices.estimate(Kind.GENERATE, values) if values else Decimal(0)
    return Prompt(index, pieces, values, cost, errors)


def _is_idle(name: str, value: Any, task_type: TaskType) -> bool:
    """Whether a control of another type was left as it stood: without script the whole form is sent."""
    row = BY_NAME.get(name)
    if row is None or task_type in row.takes:
        return False
    return row.kind != parameters.Kind.URLS and str(value) == str(row.default)
