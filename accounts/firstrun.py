"""The first admin: made once, by whoever can read the server's log or its data folder."""

import hmac
import logging
import secrets
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from accounts.models import User
from accounts.services import vouch_for_address

logger = logging.getLogger(__name__)
_somebody_exists = False


def somebody_exists() -> bool:
    """Whether there is anybody yet. Asked of the table until the first yes, which is for good."""
    global _somebody_exists
    if not _somebody_exists or settings.TESTING:
        _somebody_exists = User.objects.exists()
    return _somebody_exists


def code_file() -> Path:
    return Path(settings.DATA_DIR) / "setup-code"


def setup_code() -> str:
    """The code that proves access to the server; written (mode 600) and logged when it is first asked for."""
    path = code_file()
    try:
        with path.open("x", encoding="ascii") as file:
            path.chmod(0o600)
            file.write(secrets.token_hex(4))
    except FileExistsError:
        pass
    else:
        logger.warning("setup code for the first admin: %s (also in %s)", path.read_text(), path)
    return path.read_text(encoding="ascii").strip()


def is_code(text: str) -> bool:
    return hmac.compare_digest(text.strip().lower().encode(), setup_code().encode())


def make_first_admin(email: str, name: str, password: str) -> User | None:
    """Create the first admin; None when somebody was faster. Two at once make one."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            # SQLite's IMMEDIATE transaction is alone by itself; here the table must be.
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE accounts_user IN EXCLUSIVE MODE")
        if User.objects.exists():
            return None
        user = User.objects.create_superuser(email, password, name=name)
        vouch_for_address(user)
    code_file().unlink(missing_ok=True)
    return user
