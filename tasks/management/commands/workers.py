"""`manage.py workers`: every background process, supervised."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from tasks.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run the job and sync clusters and keep them alive; SIGTERM ends them after their running jobs."

    def handle(self, *args: Any, **options: Any) -> None:
        Supervisor(settings.DATA_DIR / "run" / f"stop-{os.getpid()}").run()
