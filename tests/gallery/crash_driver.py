"""Save a result and SIGKILL the worker before its n-th step, for every n; then recover as a new worker would.

A step is a database statement or a change of the file system (Python's audit events name them). A process of its own,
`python -m tests.gallery.crash_driver FILE_URL`, so that it may fork without threads around. With `replacing` behind it
the file takes the place of one that is saved already, of an address only a callback had named. Prints a line per n:
{"n", "killed", "state", "kept": names under the media folder, "sha256": of the row, "whole": hash of the original}.
"""

import json
import os
import shutil
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests import environment

URL = sys.argv[1]
REPLACING = sys.argv[2:] == ["replacing"]
os.environ.update({"KIE_API_URL": URL, "KIE_UPLOAD_URL": URL, "DJANGO_SETTINGS_MODULE": "mjportal.settings"})
DATA = Path(os.environ["DATA_DIR"])
BASE = DATA / "base.sqlite3"
MEDIA = DATA / "media"
BASE_MEDIA = DATA / "base-media"
CHANGES = frozenset({"os.rename", "os.mkdir", "os.link", "os.remove", "os.chmod", "shutil.rmtree", "subprocess.Popen"})
MOST = 80
__all__ = ["environment"]


class Killer:
    """Ends this process before its n-th step, once armed."""

    def __init__(self) -> None:
        self.left = 0
        sys.addaudithook(self.on_event)

    def on_event(self, event: str, arguments: Any) -> None:
        if self.left and event in CHANGES:
            self.step()

    def on_statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.step()
        return execute(sql, params, many, context)

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def point_at(path: Path) -> None:
    from django.db import connections

    connections.close_all()
    connections.databases["default"]["NAME"] = str(path)
    connections["default"].settings_dict["NAME"] = str(path)


def prepare() -> str:
    from accounts.models import User
    from gallery import jobs, services
    from gallery.models import Result
    from tests.gallery.conftest import new_task

    user = User.objects.create_user("owner@example.com")
    task = new_task(user)
    result = Result.objects.create(task=task, user=user, position=0, source_url=URL, verified=not REPLACING)
    if REPLACING:
        jobs.save_result(str(result.pk))
        services.add_results(task.pk, (user.pk, None), [f"{URL}?confirmed"], "image")
    MEDIA.mkdir(exist_ok=True)
    MEDIA.rename(BASE_MEDIA)
    return str(result.pk)


def run(pk: str, killer: Killer, n: int) -> None:
    from django.db import connection

    from gallery import jobs

    with connection.execute_wrapper(killer.on_statement):
        killer.left = n
        jobs.save_result(pk)


def recover(pk: str) -> dict[str, Any]:
    """What a fresh worker does with what it finds, once the lease has run out."""
    from django.utils import timezone

    from gallery import files, jobs
    from gallery.models import Result

    past = timezone.now() - timedelta(seconds=1)
    Result.objects.filter(pk=pk, next_try_at__isnull=False).update(lease_until=past, next_try_at=past)
    jobs.sweep(timezone.now())
    jobs.save_result(pk)
    jobs.sweep(timezone.now())
    result = Result.objects.get(pk=pk)
    original = MEDIA / files.original_name(result.sha256, "jpg")
    names = sorted(str(path.relative_to(MEDIA)) for path in MEDIA.rglob("*") if path.is_file())
    left = sorted(path.name for path in (MEDIA / "tmp").iterdir())
    whole = files.sha256_of(original) if original.exists() else ""
    state = result.state if result.verified else "doubted"
    return {"state": state, "kept": names, "left": left, "sha256": result.sha256, "whole": whole}


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    point_at(BASE)
    call_command("migrate", verbosity=0)
    pk = prepare()
    killer = Killer()
    for n in range(1, MOST):
        point_at(DATA / f"crash-{n}.sqlite3")
        shutil.copy(BASE, DATA / f"crash-{n}.sqlite3")
        shutil.rmtree(MEDIA, ignore_errors=True)
        shutil.copytree(BASE_MEDIA, MEDIA)
        child = os.fork()
        if child == 0:
            run(pk, killer, n)
            os._exit(0)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        sys.stdout.write(json.dumps({"n": n, "killed": killed, **recover(pk)}) + "\n")
        sys.stdout.flush()
        if not killed:
            break


if __name__ == "__main__":
    main()
