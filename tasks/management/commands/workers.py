"""`manage.py workers`: every background process, supervised."""

import os
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from mjportal.management.commands.prepare import is_migrated
from tasks.models import Lease
from tasks.schedules import CLUSTER
from tasks.supervisor import STUCK_AFTER, Supervisor


class Command(BaseCommand):
    help = "Run the job and sync clusters and keep them alive; SIGTERM ends them after their running jobs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--is-alive", action="store_true", help="only say whether a syncer leads; for health checks"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["is_alive"]:
            if not Lease.objects.filter(name=CLUSTER, beat_at__gt=timezone.now() - STUCK_AFTER).exists():
                raise CommandError("No syncer has led for a while.")
            return
        while not is_migrated():
            self.stdout.write("Waiting for the database to be migrated.")
            time.sleep(1)
        Supervisor(settings.DATA_DIR / "run" / f"stop-{os.getpid()}").run()
