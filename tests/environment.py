"""The environment of a test run, set before Django's settings load (see addopts in pyproject.toml)."""

import os
import secrets
import tempfile
from base64 import urlsafe_b64encode
from pathlib import Path

ROOT = Path(tempfile.mkdtemp(prefix="mj-portal-tests-"))
os.environ.update(
    {
        "SECRET_KEY": secrets.token_urlsafe(32),
        "ENCRYPTION_KEYS": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "DEBUG": "0",
        "PUBLIC_URL": "",
        "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
        "DATA_DIR": str(ROOT),
        "DATABASE_URL": os.environ.get("TEST_DATABASE_URL", ""),
        "REDIS_URL": "",
        "STORAGE_URL": "",
        "EMAIL_URL": "memory:",
        "KIE_API_URL": "http://127.0.0.1:9",
        "KIE_UPLOAD_URL": "http://127.0.0.1:9",
        "SIGNUP_OPEN": "0",
        "STAFF_FACTOR_REQUIRED": "0",
        "ALERT_WEBHOOK_URL": "",
        "SYNC_FIRST_SECONDS": "10",
        "SYNC_INTERVAL_SECONDS": "30",
        "LOG_LEVEL": "WARNING",
    }
)
