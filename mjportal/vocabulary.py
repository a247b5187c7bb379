"""The provider's words in ours, for rooms that do not speak to it: derived from its one table in `kie`."""

from kie.parameters import BY_NAME, TaskType

TYPES = {kind.value: kind.label for kind in TaskType}
SPEEDS = tuple(choice.value for choice in BY_NAME["speed"].choices)
