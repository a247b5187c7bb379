"""What was deleted for good, so that no record that is read later brings it back."""

from typing import ClassVar
from uuid import UUID

from django.db import models


class Gone(models.Model):
    """A place of a task whose result was deleted for good."""

    task = models.ForeignKey("tasks.Task", on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField()

    objects: ClassVar[models.Manager["Gone"]] = models.Manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "position"], name="once_gone")]

    def __str__(self) -> str:
        return f"{self.position + 1} of {self.task_id}"


def remember_gone(task_id: UUID, position: int) -> None:
    """Call it in the transaction that deletes the result."""
    Gone.objects.bulk_create([Gone(task_id=task_id, position=position)], ignore_conflicts=True)


def places_gone(task_id: UUID) -> set[int]:
    """Where nothing of this task is wanted any more."""
    return set(Gone.objects.filter(task_id=task_id).values_list("position", flat=True))
