"""The verbs of accounts that other rooms call."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import ApiKey, StoppedKey, Team, User
from kie.client import Client
from mjportal.background import enqueue
from mjportal.encryption import Secret

READ_JOB = "tasks.jobs.read_balance"
KEY_LENGTHS = range(8, 201)


def next_revision(user_id: int) -> int:
    """Count up and return the person's board revision.

    Call it inside the transaction of the visible change: the row lock makes revisions commit in order, so a poll that
    has seen N has seen everything up to N.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_user SET board_revision = board_revision + 1 WHERE id = %s RETURNING board_revision",
            [user_id],
        )
        row = cursor.fetchone()
    return int(row[0])


def next_revisions(user_id: int, team_id: UUID | None) -> dict[str, int]:
    """The fields a visible change sets: `revision` on its author's board, and `team_revision` on the team's.

    The person's row is locked before the team's, always: two changes at once can't wait for each other in a ring.
    """
    revisions = {"revision": next_revision(user_id)}
    if team_id:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE accounts_team SET board_revision = board_revision + 1 WHERE id = %s RETURNING board_revision",
                [Team._meta.pk.get_db_prep_value(team_id, connection)],
            )
            row = cursor.fetchone()
        revisions["team_revision"] = int(row[0]) if row else 0
    return revisions


def vouch_for_address(user: User) -> None:
    """Whoever made this account, an admin or an inviter, knows whose address it is: it needs no mail to prove it.

    A second factor can be set up only with a proven address, and a new site often sends no mail yet.
    It may also be an inviter who made it in another's name: `User.is_address_told` remembers it, see `give_to_owner`.
    """
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})


def move_address(user: User) -> None:
    """An admin gave the person this address: it is vouched for, and no other opens the account any more."""
    with transaction.atomic():
        EmailAddress.objects.filter(user=user).delete()
        vouch_for_address(user)


def give_to_owner(user: User, address: str, request: HttpRequest) -> None:
    """Somebody has proved that `address` is theirs, of an account that was made when an invitation told it.

    Whoever made it may have been the inviter. Every way in that they left ends: password, sessions, factors, other
    addresses and other identities.
    """
    with transaction.atomic():
        user.email, user.is_address_told = address.lower(), False
        user.set_unusable_password()
        user.save(update_fields=["email", "is_address_told", "password"])
        Authenticator.objects.filter(user=user).delete()
        SocialAccount.objects.filter(user=user).delete()
        EmailAddress.objects.filter(user=user).exclude(email__iexact=address).delete()
        EmailAddress.objects.filter(user=user).update(verified=True, primary=True)
        for session in UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key or ""):
            session.end()
        audit.note("account given to its owner", actor=user, target=user.email, request=request)


def refresh_balance(api_key: ApiKey) -> Decimal:
    """Ask the provider for the balance, in credits, and note it. Raises the family of `kie.errors`, Undecipherable."""
    with Client(api_key.secret.reveal(), api_url=settings.KIE_API_URL, upload_url=settings.KIE_UPLOAD_URL) as client:
        balance = client.balance()
    now = timezone.now()
    ApiKey.objects.filter(pk=api_key.pk, fingerprint=api_key.fingerprint).update(
        balance=balance, checked_at=now, refused_at=None
    )
    api_key.balance, api_key.checked_at, api_key.refused_at = balance, now, None
    return balance


def mark_refused(api_key: ApiKey) -> None:
    """The provider said no to this key; nothing is sent with it until it is replaced or accepted again."""
    now = timezone.now()
    ApiKey.objects.filter(pk=api_key.pk, fingerprint=api_key.fingerprint).update(refused_at=now, checked_at=now)
    api_key.refused_at = api_key.checked_at = now


def connect_key(user: User, key: str, webhook_key: str | None = None, *, check: bool = True) -> ApiKey:
    """Check `key` against the balance call and store it, encrypted, as this person's only one.

    `webhook_key`: None keeps what is there, "" forgets it. Raises the family of `kie.errors`; then nothing is stored.
    """
    api_key = ApiKey.objects.filter(user=user).first() or ApiKey(user=user)
    if check:
        with Client(key, api_url=settings.KIE_API_URL, upload_url=settings.KIE_UPLOAD_URL) as client:
            api_key.balance = client.balance()
        api_key.checked_at = timezone.now()
    api_key.set_key(key)
    api_key.refused_at = api_key.wipe_at = None
    if webhook_key is not None:
        api_key.webhook_secret = Secret.seal(webhook_key)
    with transaction.atomic():
        api_key.save()
        audit.note("key connected", actor=user, target=str(api_key), checked=check)
        # The account's first reading: what leaves it from now on is told from here.
        enqueue(READ_JOB, api_key.pk)
    return api_key


def set_webhook_key(api_key: ApiKey, webhook_key: str) -> None:
    """Store or, when empty, forget the key that signs callbacks."""
    with transaction.atomic():
        ApiKey.objects.filter(pk=api_key.pk).update(webhook_secret=Secret.seal(webhook_key))
        action = "webhook key set" if webhook_key else "webhook key forgotten"
        audit.note(action, actor=api_key.user, target=str(api_key))


def stop_key(api_key: ApiKey) -> None:
    """Let nothing be sent with this provider account, by nobody who holds its key; what was sent is still followed."""
    named = {"fingerprint": api_key.fingerprint, "last_four": api_key.last_four}
    with transaction.atomic():
        stop, _ = StoppedKey.objects.get_or_create(named, fingerprint=api_key.fingerprint)
        ApiKey.objects.filter(fingerprint=stop.fingerprint).update(disabled_at=stop.stopped_at)


def let_key_work(fingerprint: str) -> None:
    """End what `stop_key` began."""
    with transaction.atomic():
        StoppedKey.objects.filter(fingerprint=fingerprint).delete()
        ApiKey.objects.filter(fingerprint=fingerprint, wipe_at=None).update(disabled_at=None)


def retire_key(user: User, wipe_at: datetime) -> bool:
    """Let nothing be sent with the person's key any more, lend it to nobody, and have it wiped by `wipe_at`."""
    with transaction.atomic():
        key = ApiKey.objects.filter(user=user).first()
        if key is None:
            return False
        ApiKey.objects.filter(pk=key.pk).update(disabled_at=timezone.now(), wipe_at=wipe_at)
        Team.objects.filter(key=key).update(key=None)
        audit.note("key retired", actor=user, target=str(key))
    return True


def delete_key(user: User) -> bool:
    """Wipe the person's key. Tasks under way stay, and are looked at again with the next key."""
    with transaction.atomic():
        known = ApiKey.objects.filter(user=user).first()
        if known is None:
            return False
        known.delete()
        audit.note("key deleted", actor=user, target=str(known))
    return True
