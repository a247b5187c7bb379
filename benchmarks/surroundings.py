"""A site of its own for the measurement: temporary data, SQLite, fresh secrets; nothing of the real one is touched."""

import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

NOWHERE = "http://127.0.0.1:9"


def prepare(folder: Path) -> None:
    """Point the environment at `folder`, load Django and make the tables."""
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "mjportal.settings",
            "SECRET_KEY": secrets.token_urlsafe(32),
            "ENCRYPTION_KEYS": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "DEBUG": "0",
            "PUBLIC_URL": "",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "DATA_DIR": str(folder),
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "STORAGE_URL": "",
            "EMAIL_URL": "memory:",
            "KIE_API_URL": NOWHERE,
            "KIE_UPLOAD_URL": NOWHERE,
            "SYNC_CONCURRENCY": "64",
            "LOG_LEVEL": "ERROR",
        }
    )
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)


def leave() -> None:
    from django.db import connections

    connections.close_all()
