"""`manage.py workers`: every background process, supervised."""

import os
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from mjportal.management.commands.prepare import is_migrated
from tasks.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run the job and sync clusters and keep them alive; SIGTERM ends them after their running jobs."

    def handle(self, *args: Any, **options: Any) -> None:
        while not is_migrated():
            self.stdout.write("Waiting for the database to be migrated.")
            time.sleep(1)
        Supervisor(settings.DATA_DIR / "run" / f"stop-{os.getpid()}").run()
