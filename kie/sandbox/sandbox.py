"""The sandbox as an object: started and steered from tests, or by the command line."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kie.sandbox.answers import Request
from kie.sandbox.bank import Account, Credits, LedgerEntry
from kie.sandbox.callbacks import Sent
from kie.sandbox.faults import Fault, fault_named
from kie.sandbox.server import Server
from kie.sandbox.settings import Settings
from kie.sandbox.tasks import Task
from kie.sandbox.world import World


class Sandbox:
    """A provider on this machine. Keyword arguments beyond the first three are those of `Settings`.

    `port` 0 takes a free one; `url` is the address of every endpoint, files included.
    """

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, data_dir: str | Path | None = None, **settings: Any
    ) -> None:
        chosen = Settings()
        chosen.change(**settings)
        self.settings = chosen
        self._server = Server((host, port), World(chosen, Path(data_dir) if data_dir else None))
        self.world = self._server.world
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="sandbox-server", daemon=True
        )

    def start(self) -> Self:
        self.world.start()
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends open connections and the background threads; what a data directory holds stays."""
        self.world.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.close_all()
        self._server.server_close()
        self.world.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def add_account(self, key: str, balance: Credits = 100, webhook_key: str = "", same_as: str = "") -> Account:
        """Open an account (or set the balance of a known key); `same_as` gives that account one more key."""
        return self.world.bank.add(key, balance, webhook_key, same_as)

    @property
    def requests(self) -> list[Request]:
        """A copy of the log, oldest first, without the control calls."""
        return self.world.requests.all()

    def sent(self, path: str) -> list[Request]:
        """The requests whose path ends with this, such as `mj/generate`."""
        return [request for request in self.requests if request.path.endswith(path)]

    @property
    def ledger(self) -> list[LedgerEntry]:
        return list(self.world.bank.ledger)

    def charges(self, key: str) -> list[LedgerEntry]:
        """The entries of accepted tasks of this key, one each; `credits` is negative, or 0 when free."""
        return [entry for entry in self.ledger if entry.key == key and entry.kind == "charge"]

    def balance(self, key: str) -> Credits:
        account = self.world.bank.find(key)
        return account.balance if account else 0

    @property
    def tasks(self) -> dict[str, Task]:
        """By task id, in the order of acceptance; settled up to now."""
        tasks = dict(self.world.tasks.all)
        for task in tasks.values():
            self.world.tasks.settle(task)
        return tasks

    @property
    def callbacks(self) -> list[Sent]:
        """Every attempt to call back, with the answer it got."""
        return list(self.world.bell.sent)

    def finish(self, task_id: str) -> None:
        self.world.tasks.finish(task_id)

    def fail(self, task_id: str, message: str = "", code: int | str = 500, flag: int = 3) -> None:
        self.world.tasks.fail(task_id, message, code, flag)

    def advance(self, days: float = 0.0, hours: float = 0.0, minutes: float = 0.0, seconds: float = 0.0) -> None:
        """Move the sandbox's clock forward; what became due happens at once in the background."""
        self.world.advance(days * 86400 + hours * 3600 + minutes * 60 + seconds)

    def debit(self, key: str, credits: Credits) -> None:
        """A movement no task explains, as when the account is used elsewhere."""
        self.world.store.save(*self.world.bank.move(key, "debit", -abs(float(credits))))

    def fault(self, name: str, on: str | None = None, times: int | None = None, **options: Any) -> Fault:
        """Plan trouble; names, places and usual counts are in docs/sandbox.md. `times=0`: until reset."""
        return self.world.faults.plan(fault_named(name, on, times, **options))

    def change(self, **settings: Any) -> None:
        self.settings.change(**settings)

    def send_callback(self, task_id: str, variant: str = "", url: str = "", body: Any = None) -> Sent:
        """Call back now and wait for the answer. Variants: duplicate, forged_signature, stale_signature,
        unsigned, altered_body; `body` (JSON or bytes) replaces the true one, `url` the address."""
        return self.world.bell.send(self.world.tasks.all[task_id], variant, url, body)

    def wait_for(self, happened: Callable[[], bool], timeout: float = 10.0) -> bool:
        """Until something in the background has happened; whether it did within the seconds given."""
        end = time.monotonic() + timeout
        while not happened() and time.monotonic() < end:
            self.world.stopping.wait(0.005)
        return happened()

    def reset(self) -> None:
        self.world.reset()
