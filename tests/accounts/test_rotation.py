"""New encryption keys: everything stored moves to the newest, in as many runs as it takes."""

import io
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from accounts.models import ApiKey, AuditHead, User
from mjportal.encryption import Secret

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def people(db: None, settings: Any) -> list[User]:
    """Five people whose keys, and one second factor, are under the old key."""
    settings.ENCRYPTION_KEYS = [OLD]
    AuditHead.objects.all().delete()
    made = []
    for number in range(5):
        user = User.objects.create_user(f"person{number}@example.com")
        key = ApiKey(user=user, webhook_secret=f"hook-{number}")
        key.set_key(f"a-key-of-person-{number}")
        key.save()
        made.append(user)
    secret = Secret.seal("JBSWY3DPEHPK3PXP").token
    Authenticator.objects.create(user=made[0], type=Authenticator.Type.TOTP, data={"secret": secret})
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    return made


def rotate(*arguments: str) -> str:
    out = io.StringIO()
    call_command("rotate_keys", *arguments, stdout=out)
    return out.getvalue()


def opened() -> list[tuple[str, str]]:
    return [(key.secret.reveal(), key.webhook_secret.reveal()) for key in ApiKey.objects.order_by("user__email")]


def test_every_secret_moves_and_opens_without_the_old_key(people: list[User], settings: Any) -> None:
    with pytest.raises(CommandError, match="Keep the older keys"):
        rotate("--verify")
    assert rotate().startswith("11 re-encrypted, 0 under an older key, 0 can't")
    rotate("--verify")
    settings.ENCRYPTION_KEYS = [NEW]
    assert opened() == [(f"a-key-of-person-{number}", f"hook-{number}") for number in range(5)]
    assert Secret(Authenticator.objects.get().data["secret"]).reveal() == "JBSWY3DPEHPK3PXP"


def test_an_interrupted_run_is_taken_up_where_it_stopped(people: list[User], settings: Any) -> None:
    half = ApiKey.objects.filter(user__in=people[:2])
    for key in half:
        ApiKey.objects.filter(pk=key.pk).update(secret=key.secret.rotated())
    assert rotate().startswith("9 re-encrypted")
    assert rotate().startswith("0 re-encrypted")


def test_a_secret_nobody_can_open_is_counted_and_left_alone(people: list[User]) -> None:
    stranger = Fernet(Fernet.generate_key()).encrypt(b"lost").decode()
    ApiKey.objects.filter(user=people[0]).update(secret=Secret(stranger))
    with pytest.raises(CommandError, match="Keep the older keys"):
        rotate()
    assert ApiKey.objects.get(user=people[0]).secret.token == stranger
