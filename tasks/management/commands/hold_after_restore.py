"""`manage.py hold_after_restore`: run once after restoring a backup, before the workers start."""

from typing import Any

from django.core.management.base import BaseCommand

from tasks import lifecycle
from tasks.models import HoldReason, Status, Task


class Command(BaseCommand):
    help = "Hold every unsent task: a restored backup cannot know what was sent since it was made."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{hold_unsent()} tasks are held; release them in the studio or the admin.")


def hold_unsent() -> int:
    """Hold every task that was not sent when the backup was made, until a person releases it. Returns how many."""
    held = Task.objects.filter(status=Status.HELD).update(hold_reason=HoldReason.RESTORED)
    # What carries a wire mark stays out: held and released it would be sent twice. The sweep makes it UNCONFIRMED.
    unsent = Task.objects.filter(status__in=(Status.QUEUED, Status.SUBMITTING), sent_at__isnull=True)
    return held + sum(lifecycle.hold(task, HoldReason.RESTORED) for task in unsent.iterator())
