"""Who and what the measurements need in the tables: signed-in people, their keys, running tasks."""

import secrets
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.middleware.csrf import CSRF_ALLOWED_CHARS, CSRF_SECRET_LENGTH
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts.models import ApiKey, User
from tasks.models import Status, Task

MOST_ROWS = 500


def person(name: str) -> User:
    """A person with a key; the same one for the same name."""
    user, new = User.objects.get_or_create(email=f"{name}@example.com", defaults={"name": name.title()})
    if new:
        key = ApiKey(user=user)
        key.set_key(f"bench-{name}-{secrets.token_hex(8)}")
        key.save()
    return user


def sign_in(user: User) -> str:
    """A kept sign-in on a loaded page; returns the Cookie header's value."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    UserSession.objects.create(
        user=user, session_key=session.session_key, ip="127.0.0.1", user_agent="bench", last_seen_at=timezone.now()
    )
    token = get_random_string(CSRF_SECRET_LENGTH, CSRF_ALLOWED_CHARS)
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={token}"


def running_tasks(
    user: User, count: int, *, due: datetime | None = None, looks: int = 3, named: str = ""
) -> list[Task]:
    """`count` tasks the provider knows as `bench0`, `bench1`, ...; `due` is when to look next (default: far off)."""
    now = timezone.now()
    key = ApiKey.objects.get(user=user)
    tasks = [
        Task(
            user=user,
            api_key=key,
            key_fingerprint=key.fingerprint,
            task_type="mj_txt2img",
            prompt=f"paper boats on a canal at dawn, number {number}",
            parameters={"speed": "fast", "aspect_ratio": "16:9", "version": "7"},
            status=Status.RUNNING,
            provider_task_id=named or provider_id(user, number),
            sent_at=now - timedelta(seconds=90),
            accepted_at=now - timedelta(seconds=89),
            confirmed_at=now - timedelta(seconds=60),
            looked_at=now - timedelta(seconds=40),
            looks=looks,
            next_look_at=due or now + timedelta(days=1),
        )
        for number in range(count)
    ]
    Task.objects.bulk_create(tasks, batch_size=MOST_ROWS)
    return tasks


def provider_id(user: User, number: int) -> str:
    return f"bench{user.pk}x{number}"
