"""`manage.py serve`: the web process, a production server on $PORT."""

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand


def granian_command(application: str, port: int) -> list[str]:
    """The web server for a WSGI application given as `module:name`; the benchmarks start their peers with it too."""
    arguments = {
        "--interface": "wsgi",
        "--host": settings.HOST,
        "--port": str(port),
        "--workers": str(settings.WEB_WORKERS),
        "--blocking-threads": str(settings.WEB_THREADS),
        # Below errors it only has its own opinion of how many threads fit this machine.
        "--log-level": "error",
    }
    flat = [part for pair in arguments.items() for part in pair]
    return [str(Path(sys.executable).with_name("granian")), *flat, "--respawn-failed-workers", application]


class Command(BaseCommand):
    help = "Prepare database and static files, then become the web server."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("prepare", verbosity=0)
        command = granian_command("mjportal.wsgi:application", settings.PORT)
        os.execv(command[0], command)  # noqa: S606
