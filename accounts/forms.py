"""Forms of the doors: the first admin, and the API key."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from accounts.firstrun import is_code
from accounts.models import User
from accounts.services import KEY_LENGTHS


class FirstRunForm(forms.Form):
    code = forms.CharField(
        label="Setup code", max_length=64, help_text="It is in the server's log and in its data folder."
    )
    email = forms.EmailField(label="E-mail address", widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    name = forms.CharField(label="Your name", max_length=80, required=False)
    password = forms.CharField(
        label="Password",
        strip=False,
        help_text="At least ten characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if not is_code(code):
            raise forms.ValidationError("This is not the code. Look into the server's log.")
        return code

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.cleaned_data.get("email", "")))
        return password


class JoinForm(forms.Form):
    """Somebody who was invited and has no account here yet; the address is the invitation's."""

    name = forms.CharField(label="Your name", max_length=80)
    password = forms.CharField(
        label="Password",
        strip=False,
        help_text="At least ten characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(name=self.cleaned_data.get("name", "")))
        return password


class KeyForm(forms.Form):
    """The key is never shown again, not even after a slip."""

    api_key = forms.CharField(
        label="API key",
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    webhook_key = forms.CharField(
        label="Webhook key (optional)",
        required=False,
        max_length=200,
        help_text="With it, callbacks are believed only when the provider has signed them.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    forget_webhook_key = forms.BooleanField(label="Forget the webhook key", required=False)

    def __init__(self, *args: Any, has_key: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.has_key = has_key

    def clean_api_key(self) -> str:
        key = str(self.cleaned_data["api_key"]).strip()
        if not key and self.has_key:
            return ""
        if not key:
            raise forms.ValidationError("Paste the key from your account at the provider.")
        if len(key) not in KEY_LENGTHS or not key.isascii() or not key.isprintable() or " " in key:
            raise forms.ValidationError("This does not look like a key: no spaces, 8 to 200 plain characters.")
        return key
