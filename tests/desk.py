"""A person at work against the sandbox: queue, send, let finish, look. Shared by the tests of several rooms."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, User
from kie.parameters import validate
from kie.sandbox import Sandbox
from tasks import jobs, lifecycle
from tasks.models import Task
from tasks.syncing import sync_due_tasks

__all__ = ["KEY", "Desk", "boss", "desk", "fresh", "new_nonce", "provider", "validate"]

KEY = "desk-sandbox-key-0001"


def new_nonce() -> UUID:
    """The nonce of one more form."""
    return uuid4()


class Desk:
    """`key` is in clear text, known to the sandbox with a balance; the task life of the sandbox is manual."""

    def __init__(
        self, sandbox: Sandbox, user: User, key: str = KEY, balance: float = 1000, webhook_key: str = ""
    ) -> None:
        self.sandbox, self.user, self.key = sandbox, user, key
        sandbox.add_account(key, balance, webhook_key)
        self.api_key = ApiKey(user=user, webhook_secret=webhook_key, balance=balance, checked_at=timezone.now())
        self.api_key.set_key(key)
        self.api_key.save()

    def queue(self, prompt: str = "paper boats at dawn", **values: Any) -> Task:
        """A queued task of this person."""
        return self.queue_values({"task_type": "mj_txt2img", "prompt": prompt, "speed": "fast", **values})

    def queue_values(self, values: Mapping[str, Any]) -> Task:
        task, _ = lifecycle.create(self.user, validate(values), nonce=new_nonce())
        return task

    def send(self, task: Task) -> Task:
        """Run the submit job once."""
        jobs.submit_task(str(task.pk))
        return fresh(task)

    def claim(self, task: Task, ago: timedelta) -> None:
        """Have a worker take the task so long ago, when it was due."""
        at = timezone.now() - ago
        Task.objects.filter(pk=task.pk).update(next_send_at=at)
        assert lifecycle.claim(task, at)

    def running(self, prompt: str = "paper boats at dawn", **values: Any) -> Task:
        return self.send(self.queue(prompt, **values))

    def look(self, task: Task, now: datetime | None = None) -> Task:
        """Make the task due and run one pass."""
        Task.objects.filter(pk=task.pk).update(next_look_at=timezone.now() - timedelta(seconds=1))
        sync_due_tasks(now)
        return fresh(task)

    def finished(self, prompt: str = "paper boats at dawn", **values: Any) -> Task:
        task = self.running(prompt, **values)
        self.sandbox.finish(task.provider_task_id)
        return self.look(task)

    def charges(self) -> int:
        """How many paid tasks the sandbox has taken from this key."""
        return len(self.sandbox.charges(self.key))


def fresh(task: Task) -> Task:
    return Task.objects.select_related("user", "api_key").get(pk=task.pk)


@pytest.fixture
def provider(settings: Any) -> Iterator[Sandbox]:
    """A sandbox whose tasks run until a test says otherwise, and where the site looks for the provider."""
    with Sandbox(life=None, art="plain", callbacks=False, rate_limit=0) as sandbox:
        settings.KIE_API_URL = settings.KIE_UPLOAD_URL = sandbox.url
        yield sandbox


@pytest.fixture
def desk(db: None, provider: Sandbox) -> Desk:
    """Alice at her desk, with 1,000 credits."""
    return Desk(provider, User.objects.create_user("alice@example.com", name="Alice"))


@pytest.fixture
def boss(db: None) -> Client:
    """The browser of an admin, boss@example.com."""
    client = Client()
    client.force_login(User.objects.create_superuser("boss@example.com", "a long pass phrase"))
    return client
