"""Which key looks after a task, and which may pay for it.

A task is looked after with the account it was sent with, whoever's row holds that key now: wiped and connected again
it is another row. Else with the one it is bound to, what its team was lent, or what its author has: a later key may be
of the same account, and then it sees the task too.
"""

from collections.abc import Iterable, Iterator

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import ApiKey
from tasks.models import Task

# For subqueries over keys, whose outer rows are tasks.
BOUND, SAME_ACCOUNT = Q(pk=OuterRef("api_key_id")), Q(fingerprint=OuterRef("key_fingerprint"))
LENT, OWN = Q(lent_to=OuterRef("team_id")), Q(user_id=OuterRef("user_id"))


def watched_by(**conditions: object) -> Q:
    """Tasks that some key looks after which fits all `conditions`, fields of ApiKey (of the task: an OuterRef)."""
    return Q(Exists(ApiKey.objects.filter(BOUND | SAME_ACCOUNT | LENT | OWN, **conditions)))


def paid_by(**conditions: object) -> Q:
    """Unsent tasks for which the key that would pay now fits `conditions`, if they may leave by themselves.

    What a lent key was to pay does not go over to its author's own account unless the author says so.
    """
    keys = ApiKey.objects.filter(**conditions)
    was_own = Q(team=None) | Q(api_key__user_id=F("user_id"))
    own = was_own & Exists(keys.filter(OWN)) | Q(Exists(keys.filter(OWN & SAME_ACCOUNT)))
    return Q(Exists(keys.filter(LENT))) | Q(team__key=None) & own


def moves_the_bill(task: Task, key: ApiKey) -> bool:
    """Whether paying with `key` charges the author's own account for what a key lent to their team was to pay."""
    if task.team_id is None or key.user_id != task.user_id or key.fingerprint == task.key_fingerprint:
        return False
    return not ((task.api_key and task.api_key.user_id == task.user_id) or key.lent_to.filter(pk=task.team_id).exists())


def may_pay(task: Task) -> "QuerySet[ApiKey]":
    """The task's key as long as it may pay: not stopped, and its author's own or lent to its team; else nothing."""
    whose = Q(user_id=task.user_id)
    if task.team_id:
        whose |= Q(lent_to=task.team_id)
    return ApiKey.objects.filter(whose, tasks=task, disabled_at=None)


def watching_keys(tasks: Iterable[Task]) -> Iterator[tuple[Task, ApiKey]]:
    """Each task with its key, without those that have none: four queries at most."""
    tasks = list(tasks)
    bound = ApiKey.objects.in_bulk({task.api_key_id for task in tasks if task.api_key_id})
    moved = [task for task in tasks if not _is_of_account(bound.get(task.api_key_id), task)]
    same = ApiKey.objects.filter(fingerprint__in={task.key_fingerprint for task in moved}) if moved else ()
    account = {key.fingerprint: key for key in same}
    lost = [task for task in moved if task.api_key_id not in bound and task.key_fingerprint not in account]
    teams = {task.team_id for task in lost if task.team_id}
    lent = ApiKey.objects.filter(lent_to__in=teams).annotate(team_id=F("lent_to")) if teams else ()
    by_team = {key.team_id: key for key in lent}
    authors = ApiKey.objects.filter(user_id__in={task.user_id for task in lost}) if lost else ()
    own = {key.user_id: key for key in authors}
    for task in tasks:
        mine = bound.get(task.api_key_id)
        if not _is_of_account(mine, task):
            mine = account.get(task.key_fingerprint) or mine or by_team.get(task.team_id) or own.get(task.user_id)
        if mine:
            yield task, mine


def _is_of_account(key: ApiKey | None, task: Task) -> bool:
    return key is not None and key.fingerprint == task.key_fingerprint
