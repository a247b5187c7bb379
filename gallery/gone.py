"""What was deleted for good and could be brought back by a record that is read only later."""

from typing import ClassVar
from uuid import UUID

from django.db import models


class Gone(models.Model):
    """A place of a task whose result was deleted for good before the record confirmed it: it does not come back."""

    task = models.ForeignKey("tasks.Task", on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField()

    objects: ClassVar[models.Manager["Gone"]] = models.Manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "position"], name="once_gone")]

    def __str__(self) -> str:
        return f"{self.position + 1} of {self.task_id}"


def places_gone(task_id: UUID) -> set[int]:
    """Where nothing of this task is wanted any more."""
    return set(Gone.objects.filter(task_id=task_id).values_list("position", flat=True))
