"""Where allauth asks this site how it wants things done."""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from accounts import audit
from accounts.services import give_to_owner
from mjportal.encryption import Secret

TAKEN_OVER = (
    "This account was made by invitation, and now you have proved that its address is yours. In case somebody else made"
    " it, its password, second factors and other sign-ins have ended. Set up new ones; look through its key and links."
)


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up only where the operator opened it."""

    def is_reauthentication_required(self, *, app: str, **options: Any) -> bool:
        """Whoever has just signed in is not asked for the password again at the next door."""
        return bool(super().is_reauthentication_required(app=app, **options)) and not self._signed_in_lately()

    def _signed_in_lately(self) -> bool:
        records = get_authentication_records(self.request, self.request.user)
        return any(time.time() - record["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT for record in records)

    def post_login(self, request: HttpRequest, user: Any, **options: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **options)
        audit.note("signed in", actor=user, target=user.email, request=request)
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        super().authentication_failed(request, **credentials)
        tried = credentials.get("email") or credentials.get("username") or ""
        audit.note("sign-in refused", actor="nobody", target=str(tried), request=request)

    def send_notification_mail(self, template_prefix: str, user: Any, *args: Any, **options: Any) -> None:
        """The library says here what changed in an account: address, password, factors. All of it is in the trail."""
        event = template_prefix.rsplit("/", 1)[-1].replace("_", " ")
        audit.note(event, actor=user, target=user.email, request=self.request)
        super().send_notification_mail(template_prefix, user, *args, **options)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)


class HouseAdapter(DefaultSocialAccountAdapter):
    """Sign-in through the house's identity provider: for people who have an account, unless the operator opened it."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return bool(settings.OIDC_SIGNUP or settings.SIGNUP_OPEN)

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """The first time somebody comes by an address that only an invitation had told, the account becomes theirs."""
        # The library fills this when it found the account by its address, and by no identity connected before.
        address, user = sociallogin._did_authenticate_by_email, sociallogin.user
        is_signing_in = sociallogin.state.get("process", AuthProcess.LOGIN) == AuthProcess.LOGIN
        if address and is_signing_in and user.is_address_told:
            give_to_owner(user, address, request)
            messages.warning(request, TAKEN_OVER)

    def on_authentication_error(self, request: HttpRequest, provider: Any, **options: Any) -> None:
        audit.note("sign-in refused", actor="nobody", target=f"through {provider}", request=request)


class FactorAdapter(DefaultMFAAdapter):
    """Second-factor secrets are encrypted with the same keys as API keys."""

    def encrypt(self, text: str) -> str:
        return Secret.seal(text).token

    def decrypt(self, encrypted_text: str) -> str:
        return Secret(encrypted_text).reveal()
