"""`manage.py prepare`: bring database, cache table and static files to what this version needs. Safe to repeat."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

STAMP = "prepared"


def is_migrated() -> bool:
    """Whether every migration of this version is applied."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def static_fingerprint() -> str:
    """A name for the static sources as they are: paths, sizes and times."""
    digest = hashlib.sha256()
    for folder in settings.STATICFILES_DIRS:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                digest.update(f"{path}{path.stat().st_size}{path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()


@contextmanager
def alone() -> Iterator[None]:
    """Several processes may start at once on one machine: they build the static files one after another."""
    root = Path(settings.STATIC_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with (root.parent / f".{root.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Command(BaseCommand):
    help = "Migrate, create the cache table, build the font and collect static files where something changed."

    def handle(self, *args: Any, **options: Any) -> None:
        if not is_migrated():
            call_command("migrate", interactive=False, verbosity=options["verbosity"])
        call_command("createcachetable", verbosity=0)
        with alone():
            self.build_static()

    def build_static(self) -> None:
        stamp = Path(settings.STATIC_ROOT) / STAMP
        call_command("build_font", verbosity=0)
        call_command("build_pictures", verbosity=0)
        wanted = static_fingerprint()
        if not stamp.exists() or stamp.read_text() != wanted:
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
            stamp.write_text(wanted)
