"""`manage.py rebuild_usage`: count every day of the reports anew from the ledger."""

from typing import Any

from django.core.management.base import BaseCommand

from usage.rollup import rebuild_all


class Command(BaseCommand):
    help = "Count every day of the usage reports anew from the ledger."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{rebuild_all()} days counted.")
