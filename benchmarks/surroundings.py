"""A site of its own for the measurement: temporary data and database, fresh secrets; the real one is not touched."""

import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit

NOWHERE = "http://127.0.0.1:9"
_made: list[tuple[str, str]] = []


def own_database(server: str) -> str:
    """Make a database on a PostgreSQL server (the address of one of its databases), dropped in `leave`."""
    name = f"mj_portal_bench_{secrets.token_hex(4)}"
    _tell(server, f'CREATE DATABASE "{name}"')
    _made.append((server, name))
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def prepare(folder: Path, server: str = "") -> None:
    """Point the environment at `folder` and its SQLite file, or a database of its own on `server`; make the tables."""
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "mjportal.settings",
            "SECRET_KEY": secrets.token_urlsafe(32),
            "ENCRYPTION_KEYS": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "DEBUG": "0",
            "PUBLIC_URL": "",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "DATA_DIR": str(folder),
            "DATABASE_URL": own_database(server) if server else "",
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
    for server, name in _made:
        _tell(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _tell(server: str, statement: LiteralString) -> None:
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)
