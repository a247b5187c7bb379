"""`manage.py create_person EMAIL`: make an account from the command line, with or without an API key."""

import secrets
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accounts.models import User
from accounts.services import connect_key, vouch_for_address
from kie.errors import KeyRefused, KieError


class Command(BaseCommand):
    help = "Create a person. With --key-stdin on somebody who exists, replace the API key."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="")
        parser.add_argument("--admin", action="store_true")
        parser.add_argument("--password-stdin", action="store_true", help="first line of standard input")
        parser.add_argument("--key-stdin", action="store_true", help="next line of standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email} is no e-mail address.") from None
        password = self._line("password") if options["password_stdin"] else ""
        key = self._line("key") if options["key_stdin"] else ""
        user = User.objects.filter(email=email).first()
        if user and not key:
            raise CommandError(f"{email} exists already.")
        is_new = user is None
        if user is None:
            chosen = password or secrets.token_urlsafe(12)
            role = {"is_staff": True, "is_superuser": True} if options["admin"] else {}
            user = User.objects.create_user(email, chosen, name=options["name"], **role)
            vouch_for_address(user)
            self.stdout.write(f"Created {email}.")
            if not password:
                self.stdout.write(f"Password: {chosen}")
        if key:
            self._connect(user, key, is_new)

    def _connect(self, user: User, key: str, is_new: bool) -> None:
        try:
            api_key = connect_key(user, key)
        except KeyRefused as error:
            if is_new:
                user.delete()
            raise CommandError(f"The provider refused the key, so nothing was stored: {error.message}") from None
        except KieError as error:
            connect_key(user, key, check=False)
            self.stderr.write(f"The key is stored unchecked, the provider could not be asked: {error.message}")
        except ValueError as error:
            if is_new:
                user.delete()
            raise CommandError(str(error)) from None
        else:
            self.stdout.write(f"API key {api_key}, {api_key.balance} credits.")

    @staticmethod
    def _line(what: str) -> str:
        line = sys.stdin.readline().strip("\r\n")
        if not line:
            raise CommandError(f"Expected the {what} on standard input.")
        return line
