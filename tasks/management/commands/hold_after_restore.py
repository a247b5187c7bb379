"""`manage.py hold_after_restore`: run once after restoring a backup, before the workers start."""

from typing import Any

from django.core.management.base import BaseCommand

from tasks.lifecycle import hold_after_restore


class Command(BaseCommand):
    help = "Hold every task that was not sent when the backup was made, until a person releases it."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{hold_after_restore()} tasks are held; release them in the studio or the admin.")
