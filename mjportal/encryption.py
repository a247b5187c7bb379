"""Secrets at rest: an encrypted model field, a secret type that never prints itself, and re-encryption.

Keys come from `settings.ENCRYPTION_KEYS` (Fernet, url-safe base64, newest first) and are separate from SECRET_KEY, so
that rotating one never locks the other's data away. Format of a column: one Fernet token, ASCII text, "" for none.
"""

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


class Undecipherable(Exception):
    """A stored secret was written with a key that is no longer in ENCRYPTION_KEYS."""


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("ENCRYPTION_KEYS is empty: without it no API key can be stored or read.")
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured("ENCRYPTION_KEYS holds something that is no Fernet key.") from error


def keyring() -> MultiFernet:
    """Return the ring of the configured keys; raises ImproperlyConfigured when there is none."""
    return _ring(tuple(settings.ENCRYPTION_KEYS))


class Secret:
    """A stored secret, still encrypted. `reveal()` decrypts; nothing else ever shows it."""

    __slots__ = ("token",)

    def __init__(self, token: str) -> None:
        self.token = token

    @classmethod
    def seal(cls, text: str) -> "Secret":
        """Encrypt `text` with the newest key; the empty text stays empty."""
        return cls(keyring().encrypt(text.encode()).decode() if text else "")

    def reveal(self) -> str:
        """Return the clear text; raises Undecipherable when no configured key fits."""
        if not self.token:
            return ""
        try:
            return keyring().decrypt(self.token.encode()).decode()
        except InvalidToken:
            raise Undecipherable("no key in ENCRYPTION_KEYS opens this secret") from None

    def is_current(self) -> bool:
        """Whether the newest key alone opens it, that is, whether rotation is done with it."""
        if not self.token:
            return True
        try:
            Fernet(settings.ENCRYPTION_KEYS[0]).decrypt(self.token.encode())
        except InvalidToken:
            return False
        return True

    def rotated(self) -> "Secret":
        """Return the same secret under the newest key; raises Undecipherable."""
        return Secret.seal(self.reveal())

    def __bool__(self) -> bool:
        return bool(self.token)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.token == other.token

    def __hash__(self) -> int:
        return hash(self.token)

    def __repr__(self) -> str:
        return "Secret(•)" if self.token else "Secret()"

    __str__ = __repr__


class EncryptedField(models.TextField):  # type: ignore[type-arg]
    """A text column whose Python value is a Secret; assigning a plain string encrypts it on save."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Secret:
        return Secret(value or "")

    def to_python(self, value: Any) -> Secret:
        return value if isinstance(value, Secret) else Secret.seal(str(value or ""))

    def get_prep_value(self, value: Any) -> str:
        return self.to_python(value).token

    def value_to_string(self, obj: models.Model) -> str:
        # A fixture carries the ciphertext: the clear text must not leave through dumpdata.
        return self.get_prep_value(self.value_from_object(obj))

    def pre_save(self, model_instance: models.Model, add: bool) -> Secret:
        secret = self.to_python(getattr(model_instance, self.attname))
        setattr(model_instance, self.attname, secret)
        return secret
