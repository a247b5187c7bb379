"""Keys planted here must be found nowhere: not in tables, logs, pages, mails, jobs or exceptions."""

import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from kie.sandbox import Sandbox
from tasks import jobs, lifecycle
from tasks.models import Status, Task
from tasks.sweep import sweep
from tests.desk import Desk

KEY = "canary-key-7f3a9c1e5b2d8046"
WEBHOOK_KEY = "canary-hook-90ab12cd34ef5678"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def desk(db: None, provider: Sandbox) -> Desk:
    """A person whose keys are the canaries, typed into the site's own form."""
    user = User.objects.create_superuser("alice@example.com", "a long pass phrase", name="Alice")
    return Desk(provider, user, key=KEY, webhook_key=WEBHOOK_KEY)


def every_stored_value() -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            for row in cursor.fetchall():
                for value in row:
                    text = (
                        bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)
                    )
                    yield table, text


def live_through_everything(desk: Desk, client: Client) -> list[str]:
    """Success, failure, refusals, lost answers, callbacks; returns every page a person or admin saw."""
    client.post("/account/key/", {"api_key": KEY, "webhook_key": WEBHOOK_KEY})
    done = desk.finished("a finished one")
    for fault in ("code:401", "code:402", "code:500", "html_403", "lose_answer", "code:422", "code:429"):
        desk.send(desk.queue(f"a fox [[fault:{fault}]]"))
    running = Task.objects.filter(status=Status.RUNNING).first() or desk.running("still running")
    client.post(f"/callbacks/{running.callback_token}/", b"{}", content_type="application/json")
    desk.sandbox.fault("html_500", on="report", times=1)
    desk.look(running)
    jobs.read_balance(str(desk.api_key.pk))
    sweep(timezone.now() + timedelta(hours=2))
    addresses = ["/", "/account/", "/account/key/", f"/tasks/{done.pk}/", "/gallery/"]
    addresses += [
        f"/admin/{name}/" for name in ("accounts/apikey", "tasks/task", "callbacks/delivery", "gallery/result")
    ]
    addresses += [f"/admin/accounts/apikey/{desk.api_key.pk}/change/", f"/admin/tasks/task/{done.pk}/change/"]
    return [client.get(address).content.decode() for address in addresses]


def test_the_keys_are_nowhere_in_clear(desk: Desk, client: Client, caplog: Any, capfd: Any) -> None:
    caplog.set_level(logging.DEBUG)
    client.force_login(desk.user, BACKEND)
    pages = live_through_everything(desk, client)
    said = {
        "a page": "".join(pages),
        "the log": caplog.text,
        "what was printed": "".join(capfd.readouterr()),
        "a mail": "".join(f"{message.subject}{message.body}" for message in mail.outbox),
    }
    for secret in (KEY, WEBHOOK_KEY):
        assert [table for table, text in every_stored_value() if secret in text] == []
        assert [where for where, text in said.items() if secret in text] == []
    assert any(re.search(r"•••• 8046", page) for page in pages)


def test_an_error_on_the_way_shows_no_key_in_its_traceback(desk: Desk, settings: Any, caplog: Any) -> None:
    settings.KIE_API_URL = "not an address"
    try:
        jobs.submit_task(str(desk.queue().pk))
    except Exception as error:
        logging.getLogger(__name__).error("%r", error, exc_info=error)
    told = "".join(logging.Formatter().format(record) for record in caplog.records)
    assert KEY not in told


def test_the_keys_are_not_in_a_dump(desk: Desk, capsys: Any) -> None:
    call_command("dumpdata", "accounts", "tasks")
    assert KEY not in capsys.readouterr().out


def test_the_job_queue_holds_primary_keys_only(desk: Desk) -> None:
    from django_q.models import OrmQ

    task = desk.queue()
    lifecycle.release(task)
    assert [job for job in OrmQ.objects.all() if KEY in str(job.task())] == []
