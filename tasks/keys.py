"""Which key looks after a task: the one it was sent with, else what its owner has now."""

from collections.abc import Iterable, Iterator, Mapping

from django.db.models import Q

from accounts.models import ApiKey
from tasks.models import Task

# In queries over tasks: the two ways to the key that looks after a task.
WAYS = ("api_key__", "user__api_key__")


def watched_by(conditions: Mapping[str, object]) -> Q:
    """Tasks whose key (the one they are bound to, else their owner's) fits all `conditions`, fields of ApiKey."""
    bound, own = (Q(**{f"{way}{name}": value for name, value in conditions.items()}) for way in WAYS)
    return bound | (Q(api_key__isnull=True) & own)


def watching_keys(tasks: Iterable[Task]) -> Iterator[tuple[Task, ApiKey]]:
    """Each task with its key, without those that have none: two queries at most."""
    tasks = list(tasks)
    bound = ApiKey.objects.in_bulk({task.api_key_id for task in tasks if task.api_key_id})
    lost = {task.user_id for task in tasks if task.api_key_id not in bound}
    own = {key.user_id: key for key in ApiKey.objects.filter(user_id__in=lost)} if lost else {}
    for task in tasks:
        key = bound.get(task.api_key_id) or own.get(task.user_id) if task.api_key_id else own.get(task.user_id)
        if key:
            yield task, key
