"""`manage.py rotate_keys`: put every stored secret under the newest encryption key. May be interrupted and repeated."""

from collections.abc import Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Model

from mjportal.encryption import EncryptedField, Secret, Undecipherable

FACTOR_SECRETS = ("secret", "seed")


def encrypted_columns() -> Iterator[tuple[type[Model], str]]:
    """Every model with an encrypted field, and the field's name."""
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, EncryptedField):
                yield model, field.name


class Command(BaseCommand):
    help = "Re-encrypt every secret with the first of ENCRYPTION_KEYS; --verify only counts what is left."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--verify", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        self.old = self.moved = self.lost = 0
        for model, name in encrypted_columns():
            for row in model._default_manager.exclude(**{name: ""}).iterator(chunk_size=200):
                self._column(row, name, options["verify"])
        for factor in Authenticator.objects.iterator(chunk_size=200):
            self._factor(factor, options["verify"])
        self.stdout.write(f"{self.moved} re-encrypted, {self.old} under an older key, {self.lost} can't be opened.")
        if self.lost or (options["verify"] and self.old):
            raise CommandError("Keep the older keys in ENCRYPTION_KEYS for now.")

    def _column(self, row: Model, name: str, only_look: bool) -> None:
        secret: Secret = getattr(row, name)
        fresh = self._rotated(secret, only_look)
        if fresh:
            # Only if nobody changed it meanwhile: a newer value is under the newest key already.
            type(row)._default_manager.filter(pk=row.pk, **{name: secret}).update(**{name: fresh})

    def _factor(self, factor: Authenticator, only_look: bool) -> None:
        data = dict(factor.data)
        for name in FACTOR_SECRETS:
            fresh = self._rotated(Secret(data.get(name, "")), only_look)
            if fresh:
                data[name] = fresh.token
        if data != factor.data:
            Authenticator.objects.filter(pk=factor.pk, data=factor.data).update(data=data)

    def _rotated(self, secret: Secret, only_look: bool) -> Secret | None:
        if secret.is_current():
            return None
        try:
            fresh = secret.rotated()
        except Undecipherable:
            self.lost += 1
            return None
        if only_look:
            self.old += 1
            return None
        self.moved += 1
        return fresh
