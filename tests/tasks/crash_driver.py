"""Run a job and SIGKILL it before its n-th database statement, for every n; then recover as a new worker would.

A process of its own, `python -m tests.tasks.crash_driver submit|follow PROVIDER_URL KEY`, so that it may fork without
threads around. Prints one JSON line per n: {"n", "killed", "prompt", "status"}.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests import environment

JOB, URL, KEY = sys.argv[1:4]
os.environ.update({"KIE_API_URL": URL, "KIE_UPLOAD_URL": URL, "DJANGO_SETTINGS_MODULE": "mjportal.settings"})
ROOT = environment.ROOT
BASE = ROOT / "base.sqlite3"
MOST = 60


def point_at(path: Path) -> None:
    from django.db import connections

    connections.close_all()
    connections.databases["default"]["NAME"] = str(path)
    connections["default"].settings_dict["NAME"] = str(path)


def in_child(work: Callable[[], None]) -> bool:
    """Run `work` in a fork; whether it was killed."""
    pid = os.fork()
    if pid == 0:
        work()
        sys.stdout.flush()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


class Killer:
    """Counts statements and ends the process before the n-th."""

    def __init__(self, n: int) -> None:
        self.left = n

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.left -= 1
        if self.left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)


def prepare(n: int) -> str:
    """One queued (or, to follow, finished at the provider) task named after n; returns its id."""
    from accounts.models import ApiKey, User
    from tasks import jobs, lifecycle
    from tests.desk import new_nonce, validate

    user = User.objects.create_user("alice@example.com")
    key = ApiKey(user=user)
    key.set_key(KEY)
    key.save()
    values = validate({"task_type": "mj_txt2img", "prompt": f"{JOB} {n}", "speed": "fast"})
    task, _ = lifecycle.create(user, values, nonce=new_nonce())
    if JOB == "follow":
        jobs.submit_task(str(task.pk))
        task.refresh_from_db()
        finish(task.provider_task_id)
        due(str(task.pk))
    return str(task.pk)


def finish(provider_task_id: str) -> None:
    import requests

    requests.post(f"{URL}/_sandbox/finish", json={"task_id": provider_task_id}, timeout=10).raise_for_status()


def due(pk: str) -> None:
    from django.utils import timezone

    from tasks.models import Task

    Task.objects.filter(pk=pk).update(next_look_at=timezone.now() - timedelta(seconds=1))


def run(pk: str, n: int) -> None:
    from django.db import connection

    from tasks import jobs
    from tasks.syncing import sync_due_tasks

    with connection.execute_wrapper(Killer(n)):
        if JOB == "submit":
            jobs.submit_task(pk)
        else:
            sync_due_tasks()


def recover(pk: str, n: int, killed: bool) -> None:
    """What a fresh set of workers does with what it finds, ten minutes later."""
    from django.utils import timezone

    from tasks import jobs
    from tasks.models import Task
    from tasks.sweep import sweep
    from tasks.syncing import sync_due_tasks

    sweep(timezone.now() + timedelta(minutes=10))
    Task.objects.filter(pk=pk).update(next_send_at=timezone.now())
    jobs.submit_task(pk)
    if JOB == "follow":
        due(pk)
        sync_due_tasks()
    task = Task.objects.get(pk=pk)
    entries = sorted(task.ledger.values_list("kind", flat=True))
    line = {"n": n, "killed": killed, "prompt": task.prompt, "status": task.status}
    print(json.dumps({**line, "results": task.results.count(), "ledger": entries}))


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    point_at(BASE)
    call_command("migrate", verbosity=0)
    call_command("createcachetable")
    for n in range(1, MOST):
        path = ROOT / f"crash-{n}.sqlite3"
        point_at(path)
        shutil.copy(BASE, path)
        pk = prepare(n)
        point_at(path)
        killed = in_child(lambda n=n, pk=pk: run(pk, n))  # type: ignore[misc]
        in_child(lambda n=n, pk=pk, killed=killed: recover(pk, n, killed))  # type: ignore[misc]
        if not killed:
            return
    raise SystemExit("the job never came to its end")


if __name__ == "__main__":
    main()
