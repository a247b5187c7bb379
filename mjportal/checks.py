"""System checks: what must hold before the site may start."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from mjportal.encryption import Secret, Undecipherable, keyring


@register(Tags.security)
def encryption_keys_are_keys(**options: Any) -> list[CheckMessage]:
    """ENCRYPTION_KEYS must hold Fernet keys."""
    try:
        keyring()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="mjportal.E001")]
    return []


@register(Tags.database)
def stored_secrets_open(databases: Any = None, **options: Any) -> list[CheckMessage]:
    """The configured keys must open what is stored; runs where the database is asked for (start-up, migrate)."""
    try:
        tables = connection.introspection.table_names()
        if "accounts_apikey" not in tables:
            return []
        with connection.cursor() as cursor:
            cursor.execute("SELECT secret FROM accounts_apikey WHERE secret <> '' ORDER BY created_at LIMIT 1")
            row = cursor.fetchone()
        if row:
            Secret(row[0]).reveal()
    except Undecipherable:
        hint = "Put the key it was written with back into ENCRYPTION_KEYS, then run `manage.py rotate_keys`."
        return [Error("ENCRYPTION_KEYS does not open the stored API keys.", hint=hint, id="mjportal.E002")]
    except (DatabaseError, ImproperlyConfigured):
        return []
    return []


@register()
def jobs_are_not_redelivered_while_they_run(**options: Any) -> list[CheckMessage]:
    """django-q2 hands a job out again after `retry` seconds: that must be well above its `timeout`."""
    return [
        Error(f"Q_CLUSTER {name}: retry must be above twice the timeout.", id="mjportal.E003")
        for name, cluster in _clusters()
        if cluster["retry"] <= 2 * cluster["timeout"]
    ]


def _clusters() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "work", settings.Q_CLUSTER
    others: dict[str, dict[str, Any]] = settings.Q_CLUSTER["ALT_CLUSTERS"]  # type: ignore[assignment]
    yield from others.items()
