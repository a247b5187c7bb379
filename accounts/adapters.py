"""Where allauth asks this site how it wants things done."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest

from mjportal.encryption import Secret


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up only where the operator opened it."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)


class FactorAdapter(DefaultMFAAdapter):
    """Second-factor secrets are encrypted with the same keys as API keys."""

    def encrypt(self, text: str) -> str:
        return Secret.seal(text).token

    def decrypt(self, encrypted_text: str) -> str:
        return Secret(encrypted_text).reveal()
