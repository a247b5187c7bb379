"""What changed on a board since a revision: a handful of statements by hand.

The same through the ORM costs four times as much (docs/performance.md, A4), and with twenty people rendering at once
this is what the site spends its time on. The rows are still the models' own (`tasks.rawrows`).
"""

import zlib
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import prefetch_related_objects
from django.utils import timezone

from accounts.spaces import Space, key_for
from gallery.models import Result
from tasks.batches import under_way
from tasks.cards import Card, card_of
from tasks.models import Status, Task
from tasks.permutations import MOST as MOST_PROMPTS
from tasks.rawrows import fetch
from usage.budgets import tightest

POLL_PATH = "/tasks/changes/"
POLL_SECONDS = 2
IDLE_POLL_SECONDS = 15
# A whole batch may change at once (it was paused), and a card that is left out would stay stale until a reload.
MOST_CHANGED = 2 * MOST_PROMPTS

_FIGURES = """
 (SELECT COUNT(*) FROM tasks_task t WHERE {t} AND t.status IN ('QUEUED', 'SUBMITTING', 'RUNNING')),
 (SELECT COUNT(*) FROM tasks_task t WHERE {t} AND t.status = 'FAILED'),
 (SELECT COUNT(*) FROM tasks_task t WHERE {t} AND t.status IN ('HELD', 'UNCONFIRMED')),
 (SELECT COUNT(*) FROM gallery_result r WHERE {r} AND r.state = 'saving'),
 (SELECT COUNT(*) FROM gallery_result r WHERE {r} AND r.state = 'lost'),
 (SELECT COUNT(*) FROM tasks_task t WHERE {t} AND t.batch_id IS NOT NULL
  AND t.status IN ('QUEUED', 'SUBMITTING', 'RUNNING', 'HELD', 'UNCONFIRMED')),
 k.checked_at, k.refused_at"""
_STANDING = f"""SELECT u.board_revision,
 {_FIGURES.format(t="t.user_id = u.id AND t.team_id IS NULL", r="r.user_id = u.id AND r.team_id IS NULL")}
 FROM accounts_user u LEFT JOIN accounts_apikey k ON k.user_id = u.id WHERE u.id = %s"""  # noqa: S608 - constants
_TEAM_STANDING = f"""SELECT w.board_revision, {_FIGURES.format(t="t.team_id = w.id", r="r.team_id = w.id")}
 FROM accounts_team w LEFT JOIN accounts_apikey k
 ON k.id = w.key_id OR (w.key_id IS NULL AND k.user_id = %s) WHERE w.id = %s"""  # noqa: S608 - constants
# What a card shows. Every further column costs a converter for each row; one that is forgotten costs a query.
CARD = (
    *("id", "user_id", "team_id", "kind", "task_type", "prompt", "parameters", "parent_id", "parent_position", "cost"),
    *("status", "hold_reason", "failure_class", "message"),
    *("created_at", "next_send_at", "sent_at", "finished_at", "empty_looks"),
)
_CARD = ", ".join(CARD)
_TASKS = f"""SELECT {_CARD} FROM tasks_task WHERE id IN (
 SELECT id FROM tasks_task WHERE user_id = %s AND team_id IS NULL AND revision > %s
 UNION SELECT task_id FROM gallery_result WHERE user_id = %s AND team_id IS NULL AND revision > %s)
 ORDER BY created_at LIMIT %s"""  # noqa: S608 - a constant
_TEAM_TASKS = f"""SELECT {_CARD} FROM tasks_task WHERE id IN (
 SELECT id FROM tasks_task WHERE team_id = %s AND team_revision > %s
 UNION SELECT task_id FROM gallery_result WHERE team_id = %s AND team_revision > %s)
 ORDER BY created_at LIMIT %s"""  # noqa: S608 - a constant
_RESULTS = "SELECT * FROM gallery_result WHERE task_id IN ({}) ORDER BY position"
_CHILDREN = "SELECT parent_id, kind, task_type FROM tasks_task WHERE parent_id IN ({})"


class Standing(NamedTuple):
    """A person's board in figures; the last two as the database writes them, only to be compared."""

    revision: int
    running: int
    failed: int
    waiting: int
    saving: int
    lost: int
    batched: int
    checked_at: Any
    refused_at: Any

    @property
    def figures(self) -> str:
        """A short name of all that a board shows beside its cards: while it stays, none of that is sent again."""
        return f"{zlib.crc32(repr(self[1:]).encode()):x}"

    def poll(self, space: Space, *, is_board: bool) -> dict[str, Any]:
        """What the poll element needs: where to go on, and how soon."""
        every = POLL_SECONDS if self.running or self.saving else IDLE_POLL_SECONDS
        team = f"&team={space.team_id.hex}" if space.team_id else ""
        url = f"{POLL_PATH}?after={self.revision}{team}{f'&board={self.figures}' if is_board else ''}"
        return {"revision": self.revision, "every": every, "poll_url": url}


def standing_of(space: Space) -> Standing:
    with connection.cursor() as cursor:
        if space.team_id:
            cursor.execute(_TEAM_STANDING, [space.user_id, _stored(space.team_id)])
        else:
            cursor.execute(_STANDING, [space.user_id])
        return Standing(*cursor.fetchone())


def context_since(space: Space, since: int, board: str | None) -> dict[str, Any]:
    """What `tasks/_changes.html` shows: the cards changed after `since`, and what else did.

    `board` is the figures that the page shows, None on a page without a board.
    """
    # Before the cards: what changes between the two statements comes again with the next poll, never not at all.
    standing = standing_of(space)
    poll = standing.poll(space, is_board=board is not None)
    context: dict[str, Any] = {**poll, "space": space, "cards": cards_since(space, since)}
    is_told = board == standing.figures
    context["files_line"] = None if is_told else (standing.saving, standing.lost)
    if board is not None and not is_told:
        context |= {"counts": standing, "key": key_for(space.user_id, space.team_id)}
        context["budget"] = tightest(space.user_id, space.team_id)
        context["batches"] = under_way(space) if standing.batched else []
    return context


def cards_since(space: Space, since: int) -> list[Card]:
    """The cards of the space that changed after revision `since`, or whose files did, oldest first."""
    if space.team_id:
        team = _stored(space.team_id)
        tasks = fetch(Task, CARD, _TEAM_TASKS, [team, since, team, since, MOST_CHANGED])
        prefetch_related_objects(tasks, "user")
    else:
        tasks = fetch(Task, CARD, _TASKS, [space.user_id, since, space.user_id, since, MOST_CHANGED])
    if kin := [task for task in tasks if task.parent_id]:
        prefetch_related_objects(kin, "parent")
    results, children = _what_came_of([task for task in tasks if task.status == Status.SUCCEEDED])
    now = timezone.now()
    return [card_of(task, now, results.get(task.pk, []), children.get(task.pk, [])) for task in tasks]


def _what_came_of(tasks: list[Task]) -> tuple[dict[UUID, list[Result]], dict[UUID, list[Task]]]:
    """Results and follow-ups by task: only a success has any."""
    results: dict[UUID, list[Result]] = {}
    children: dict[UUID, list[Task]] = {}
    if not tasks:
        return results, children
    for result in Result.objects.raw(*_among(_RESULTS, tasks)):
        results.setdefault(result.task_id, []).append(result)
    with connection.cursor() as cursor:
        cursor.execute(*_among(_CHILDREN, tasks))
        for parent, kind, task_type in cursor.fetchall():
            children.setdefault(UUID(str(parent)), []).append(Task(kind=kind, task_type=task_type))
    return results, children


def _among(sql: str, tasks: list[Task]) -> tuple[str, list[Any]]:
    ids = [_stored(task.pk) for task in tasks]
    return sql.format(", ".join(["%s"] * len(ids))), ids


def _stored(pk: UUID) -> Any:
    """A UUID as this database keeps it."""
    return Task._meta.pk.get_db_prep_value(pk, connection)
