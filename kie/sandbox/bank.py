"""Accounts with balances, and the append-only ledger that tests use as their oracle."""

import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from kie.sandbox.clock import Clock
from kie.sandbox.settings import Settings
from kie.sandbox.store import Document, Store

Credits = Decimal | int | float | str


@dataclass
class Account:
    """One provider account; several keys may share it (`keys`), as they do at the provider."""

    name: str
    number: int
    balance: Decimal
    opening: Decimal
    webhook_key: str = ""
    keys: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class LedgerEntry:
    """One movement. `credits` is signed: a charge is negative or zero. `at` in seconds since 1970."""

    number: int
    kind: str  # opening, charge, refund, debit, grant
    key: str
    task_id: str
    credits: Decimal
    at: float
    balance: Decimal


class Bank:
    """All money of the sandbox. Callers hold `lock` over a check and the movement that follows from it."""

    def __init__(self, lock: threading.RLock, clock: Clock, store: Store, settings: Settings) -> None:
        self.lock, self._clock, self._store, self._settings = lock, clock, store, settings
        self._by_key: dict[str, Account] = {}
        self._accepted: dict[str, deque[float]] = {}
        self.ledger: list[LedgerEntry] = []
        for saved in store.load("accounts"):
            money = {name: Decimal(saved[name]) for name in ("balance", "opening")}
            account = Account(**(saved | money))
            self._by_key |= dict.fromkeys(account.keys, account)
        for saved in store.load("ledger"):
            money = {name: Decimal(saved[name]) for name in ("credits", "balance")}
            self.ledger.append(LedgerEntry(**(saved | money)))

    def ensure(self, key: str, balance: Credits, webhook_key: str = "") -> Account:
        """Open the account unless the key is known already; a known one keeps its balance."""
        with self.lock:
            known = self._by_key.get(key)
            return known or self.add(key, balance, webhook_key)

    def add(self, key: str, balance: Credits, webhook_key: str = "", same_as: str = "") -> Account:
        """Open an account, set a known one to this balance, or give the account of `same_as` another key."""
        with self.lock:
            if same_as:
                account = self._by_key[same_as]
                account.keys.append(key)
                self._by_key[key] = account
                self._store.save(("accounts", account.name, asdict(account)))
                return account
            account = self._by_key.get(key) or Account(
                key, 100000 + len(self.accounts()), Decimal(0), Decimal(0), keys=[key]
            )
            kind = "grant" if key in self._by_key else "opening"
            account.opening, account.webhook_key = Decimal(str(balance)), webhook_key
            self._by_key[key] = account
            self._store.save(*self.move(key, kind, account.opening - account.balance))
            return account

    def find(self, key: str) -> Account | None:
        return self._by_key.get(key)

    def accounts(self) -> list[Account]:
        return list({account.name: account for account in self._by_key.values()}.values())

    def move(self, key: str, kind: str, credits: Credits, task_id: str = "") -> list[Document]:
        """Book one movement and return the documents to save together with whatever caused it."""
        with self.lock:
            account = self._by_key[key]
            amount = Decimal(str(credits))
            account.balance += amount
            entry = LedgerEntry(len(self.ledger) + 1, kind, key, task_id, amount, self._clock.now(), account.balance)
            self.ledger.append(entry)
            return [("accounts", account.name, asdict(account)), ("ledger", str(entry.number), asdict(entry))]

    def window_is_full(self, key: str) -> bool:
        """Whether one more new task would break the limit of the account, all its keys together."""
        recent = self._accepted.setdefault(self._by_key[key].name, deque())
        start = self._clock.now() - self._settings.rate_window
        while recent and recent[0] <= start:
            recent.popleft()
        return 0 < self._settings.rate_limit <= len(recent)

    def count_new_task(self, key: str) -> None:
        self._accepted.setdefault(self._by_key[key].name, deque()).append(self._clock.now())

    def reset(self) -> None:
        """Back to the opening balances with an empty ledger."""
        with self.lock:
            self.ledger.clear()
            self._accepted.clear()
            for account in self.accounts():
                account.balance = Decimal(0)
                self._store.save(*self.move(account.name, "opening", account.opening))


def number(amount: Decimal) -> int | float:
    """The amount as the provider prints it: an integer where it is one, else a decimal number."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def entry_json(entry: LedgerEntry) -> dict[str, Any]:
    return asdict(entry) | {"credits": number(entry.credits), "balance": number(entry.balance)}
