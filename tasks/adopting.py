"""Earlier work, brought here by the provider's numbers: its record is read with the key, its files are saved.

Nothing is bought and nothing is sent but the question. Such a task runs like any other from the moment it was accepted.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiKey, User
from accounts.services import next_revisions
from accounts.spaces import key_for
from kie.answers import is_task_id
from kie.parameters import TaskType, read_back
from kie.reports import Report
from tasks.lifecycle import NoKey, chain_of
from tasks.models import CLIP_TYPES, Kind, Status, Task
from usage import ledger

MOST = 50
IN_DOUBT = (Status.SUBMITTING, Status.UNCONFIRMED)
SHORTEST = 6
_SEPARATORS = re.compile(r"[\s,;]+")
_CLIP = re.compile(r"\.(?:mp4|webm|mov)(?:$|[?#])", re.IGNORECASE)


class LentKey(Exception):
    """The key that pays here is somebody else's."""


class StillOpen(Exception):
    """A task of the account is on its way or without confirmation."""


def numbers_in(text: str) -> list[str]:
    """The provider's numbers in what was pasted, each once."""
    return list(dict.fromkeys(each for each in _SEPARATORS.split(text) if len(each) >= SHORTEST and is_task_id(each)))


def adopt(user: User, team_id: UUID | None, numbers: Sequence[str]) -> tuple[list[Task], int]:
    """Have each of these tasks looked up. Returns (the new ones, how many the person has here already).

    Raises NoKey; LentKey, for what was made with a key is its owner's to bring; and StillOpen while one of the
    account's tasks is in doubt: the number may be that task's, and as an import it could never heal it.
    """
    key = key_for(user.pk, team_id)
    if key is None:
        raise NoKey
    if key.user_id != user.pk:
        raise LentKey
    doubtful = Task.objects.filter(key_fingerprint=key.fingerprint, status__in=IN_DOUBT)
    if doubtful.exists():
        raise StillOpen
    numbers = numbers[:MOST]
    # What a callback named and no record has proved yet: as an import it would keep the paid task from its number.
    hinted = Q(provider_task_id="", hinted_task_id__in=numbers)
    of_account = Task.objects.filter(key_fingerprint=key.fingerprint)
    claimed = set(of_account.filter(hinted).values_list("hinted_task_id", flat=True))
    free = (number for number in numbers if number not in claimed)
    made = [task for number in free if (task := _adopt(user, team_id, key, number, key.fingerprint))]
    here = of_account.visible_to(user).filter(hinted | Q(provider_task_id__in=numbers))
    # What could not be found the last time is looked for again.
    here.filter(kind=Kind.IMPORT, status=Status.FAILED).update(next_look_at=timezone.now())
    return made, here.count() - len(made)


def bring_in(task: Task, number: str) -> Task | None:
    """The provider took `task` twice, as `number` too: make it a task beside it. None when it is here already.

    Nothing is asked of the account: the callback's token, or the answer to the request, has said whose it is.
    """
    return _adopt(task.user, task.team_id, task.api_key, number, task.key_fingerprint)


def _adopt(user: User, team_id: UUID | None, key: ApiKey | None, number: str, account: str) -> Task | None:
    now = timezone.now()
    task = Task(
        user=user,
        team_id=team_id,
        api_key=key,
        key_fingerprint=account,
        kind=Kind.IMPORT,
        status=Status.RUNNING,
        provider_task_id=number,
        created_at=now,
        accepted_at=now,
        next_look_at=now,
    )
    try:
        with transaction.atomic():
            task.save(force_insert=True)
            # It was paid for elsewhere: the chain is there, as every task has one, and sums up to nothing.
            ledger.reserve(chain_of(task), Decimal(0))
            Task.objects.filter(pk=task.pk).update(**next_revisions(user.pk, team_id))
    except IntegrityError:
        # One task per account and number: it is here.
        return None
    return task


def describe(task: Task, report: Report) -> None:
    """Fill an imported task from its finished record: what it is, its prompt and its parameters."""
    is_clip = any(_CLIP.search(url) for url in report.urls)
    known = report.task_type if report.task_type in set(TaskType) else ""
    if is_clip != (known in CLIP_TYPES):
        known = ""
    task_type = TaskType(known or (TaskType.VIDEO if is_clip else TaskType.IMAGE))
    values = read_back(report.asked, task_type)
    if is_clip:
        values["video_batch_size"] = len(report.urls)
    del values["task_type"]
    prompt = str(values.pop("prompt", ""))
    # A single picture is what an upscale brings.
    kind = Kind.UPSCALE if len(report.urls) == 1 and not is_clip else Kind.GENERATE
    task.kind, task.task_type, task.prompt, task.parameters = kind, task_type.value, prompt, values
    task.save(update_fields=["kind", "task_type", "prompt", "parameters"])
