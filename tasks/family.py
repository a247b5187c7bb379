"""The family tree of a task: what it came from, what came of it, and what each branch cost."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from accounts.spaces import Space
from gallery.models import Result
from tasks.models import Status, Task

# Generations and tasks shown at most: a tree that is larger is cut, not slow.
DEEPEST = 8
MOST = 80
FREE = (Status.FAILED, Status.CANCELLED)


@dataclass
class Node:
    """One task of the tree. `credits` is its own cost, `total` with everything below; `state` when it is not done."""

    id: UUID
    name: str
    thumb: str
    credits: Decimal
    state: str
    is_here: bool
    children: list["Node"] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return self.credits + sum((child.total for child in self.children), Decimal(0))


def tree_of(task: Task) -> Node:
    """The tree around `task`, from its eldest ancestor down: a query per generation."""
    mine = Task.objects.filter(Space(task.user_id, task.team_id).holds)
    root = task
    for _ in range(DEEPEST):
        parent = mine.filter(pk=root.parent_id).first() if root.parent_id else None
        if parent is None:
            break
        root = parent
    nodes = {root.pk: _node(root, task)}
    youngest = [root.pk]
    for _ in range(DEEPEST):
        found = list(mine.filter(parent_id__in=youngest).order_by("created_at")[: MOST - len(nodes)])
        for each in found:
            nodes[each.pk] = _node(each, task)
            nodes[each.parent_id or root.pk].children.append(nodes[each.pk])
        youngest = [each.pk for each in found]
        if not youngest:
            break
    _show(nodes, Result.objects.in_space(Space(task.user_id, task.team_id)))
    return nodes[root.pk]


def _node(task: Task, here: Task) -> Node:
    cost = Decimal(0) if task.status in FREE else task.cost
    of = f" of result {task.parent_position + 1}" if task.parent_id and task.parent_position is not None else ""
    state = "" if task.status == Status.SUCCEEDED else task.get_status_display().lower()
    return Node(task.pk, f"{task.kind_label}{of}", "", cost, state, task.pk == here.pk)


def _show(nodes: dict[UUID, Node], results: "QuerySet[Result]") -> None:
    saved: Iterable[tuple[UUID, UUID]] = (
        results.filter(task_id__in=nodes, state=Result.State.SAVED)
        .order_by("task_id", "-position")
        .values_list("task_id", "pk")
    )
    for task_id, pk in saved:
        nodes[task_id].thumb = f"/media/{pk}/320"
