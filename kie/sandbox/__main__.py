"""`python -m kie.sandbox`: the provider on this machine, until SIGTERM or Ctrl-C."""

import argparse
import os
import signal
import threading
from pathlib import Path
from types import FrameType

from kie.sandbox.sandbox import Sandbox
from kie.sandbox.settings import parse_life

OPENING_BALANCE = "1000"


def keys(given: list[str], environment: str) -> dict[str, str]:
    """Key to opening balance, from `KEY`, `KEY=BALANCE` and `key=balance,key2=balance`."""
    found = {}
    for text in (*environment.split(","), *given):
        key, _, balance = text.strip().rpartition("=") if "=" in text else (text.strip(), "", OPENING_BALANCE)
        if key:
            found[key] = balance
    return found


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kie.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--data-dir", type=Path, default=None, help="keeps balances, tasks and files")
    parser.add_argument("--key", action="append", default=[], metavar="KEY[=BALANCE]", help="may be repeated")
    parser.add_argument("--life", type=parse_life, default=parse_life("10-20"), help="seconds, a range or manual")
    parser.add_argument("--art", choices=("full", "plain"), default="full")
    parser.add_argument("--long-edge", type=int, default=1456, help="pixels of the longer side")
    parser.add_argument("--no-callbacks", action="store_true")
    parser.add_argument("--status-errors", action="store_true", help="errors on their HTTP status, not on 200")
    return parser


def main() -> None:
    options = arguments().parse_args()
    sandbox = Sandbox(
        options.host,
        options.port,
        options.data_dir,
        life=options.life,
        art=options.art,
        long_edge=options.long_edge,
        callbacks=not options.no_callbacks,
        errors="status" if options.status_errors else "body",
    )
    for key, balance in keys(options.key, os.environ.get("SANDBOX_KEYS", "")).items():
        sandbox.world.bank.ensure(key, balance)
    asked_to_stop = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        asked_to_stop.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with sandbox:
        print(f"kie sandbox ready at {sandbox.url}", flush=True)
        asked_to_stop.wait()


if __name__ == "__main__":
    main()
