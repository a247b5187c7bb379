"""`manage.py run_portal` (make run): the whole site on this machine, with a demo person, until Ctrl-C."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

DEMO = "demo@example.com"
PASSWORD_FILE = "demo-password"  # noqa: S105 - a file name
GRACE_SECONDS = 30.0


def wait_for(url: str, process: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    """Return when `url` answers; raises CommandError when the process ends or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CommandError(f"{process.args!r} ended with {process.returncode} before it answered.")
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - our own address
        except (URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise CommandError(f"{url} did not answer within {seconds:.0f} s.")


def refuse_taken(port: int, *names: str) -> None:
    """Raises CommandError when another program listens on this port: said before anything is started."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            others = " ".join(name.format(port + 10) for name in names)
            raise CommandError(f"Port {port} is taken. Choose another one: {others} make run")


class Command(BaseCommand):
    help = "Start web, workers and (unless KIE_API_URL names another provider) the sandbox."

    def handle(self, *args: Any, **options: Any) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        # A signal ends the wait below through the same door as Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self.start()
            self.watch()
        except KeyboardInterrupt:
            self.stdout.write("\nStopping …")
        finally:
            self.stop()

    def start(self) -> None:
        environment = dict(os.environ)
        refuse_taken(settings.PORT, "PORT={}")
        call_command("prepare", verbosity=0)
        own_sandbox = settings.KIE_API_URL == settings.SANDBOX_URL
        if own_sandbox:
            # Callbacks work on loopback, unless somebody asked for polling only by an empty PUBLIC_URL.
            environment.setdefault("PUBLIC_URL", f"http://127.0.0.1:{settings.PORT}")
            # Nothing is paid for here: a newcomer may look at the admin's pages without a second factor.
            environment.setdefault("STAFF_FACTOR_REQUIRED", "0")
            self.start_sandbox(environment)
        password = self.demo_person(environment if own_sandbox else {})
        web = self.spawn([sys.executable, "manage.py", "serve"], environment)
        self.spawn([sys.executable, "manage.py", "workers"], environment)
        wait_for(f"http://127.0.0.1:{settings.PORT}/health/", web)
        provider = "the sandbox" if own_sandbox else settings.KIE_API_URL
        self.stdout.write(
            f"\n  MJ Portal    http://127.0.0.1:{settings.PORT}/\n"
            f"  Sign in      {DEMO}\n  Password     {password}\n  Provider     {provider}\n\n"
            "  Ctrl-C stops everything.\n"
        )
        self.stdout.flush()

    def start_sandbox(self, environment: Mapping[str, str]) -> None:
        # The provider's two addresses in .env name the sandbox's port too.
        names = ("SANDBOX_PORT={}", "KIE_API_URL=http://127.0.0.1:{}", "KIE_UPLOAD_URL=http://127.0.0.1:{}")
        refuse_taken(int(settings.SANDBOX_URL.rsplit(":", 1)[1]), *names)
        folder = str(settings.DATA_DIR / "sandbox")
        command = [
            sys.executable,
            "-m",
            "kie.sandbox",
            "--port",
            settings.SANDBOX_URL.rsplit(":", 1)[1],
            "--data-dir",
            folder,
        ]
        sandbox = self.spawn(command, {**environment, "SANDBOX_KEYS": f"{settings.SANDBOX_KEY}=1000"})
        wait_for(f"{settings.SANDBOX_URL}/_sandbox/state", sandbox)

    def demo_person(self, environment: Mapping[str, str]) -> str:
        """Create the demo person once, with a sandbox key where there is a sandbox; returns the password."""
        from accounts.models import User  # the apps are loaded only when the command runs

        path = Path(settings.DATA_DIR) / PASSWORD_FILE
        if User.objects.filter(email=DEMO).exists():
            return path.read_text().strip() if path.exists() else "(as you set it)"
        password = secrets.token_urlsafe(9)
        path.write_text(password + "\n")
        path.chmod(0o600)
        command = [sys.executable, "manage.py", "create_person", DEMO, "--admin", "--password-stdin"]
        lines = f"{password}\n"
        if environment:
            command.append("--key-stdin")
            lines += f"{settings.SANDBOX_KEY}\n"
        subprocess.run(command, input=lines.encode(), env=environment or None, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        return password

    def spawn(self, command: list[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        # Own sessions: Ctrl-C reaches only this process, which then ends the others in order.
        process = subprocess.Popen(command, env=dict(environment), start_new_session=True)  # noqa: S603
        self.processes.append(process)
        return process

    def watch(self) -> None:
        while True:
            for process in self.processes:
                if process.poll() is not None:
                    raise CommandError(f"{process.args!r} ended with {process.returncode}; stopping the rest.")
            time.sleep(0.5)

    def stop(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in self.processes:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
