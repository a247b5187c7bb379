"""What survives a restart: one small SQLite file of JSON documents, or nothing when there is no directory."""

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

Document = tuple[str, str, dict[str, Any]]  # collection, key, content


class Store:
    """Write-through journal behind the dictionaries in memory, which stay the truth while running."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS documents (number INTEGER PRIMARY KEY, collection TEXT NOT NULL,"
                " key TEXT NOT NULL, content TEXT NOT NULL, UNIQUE (collection, key))"
            )

    def save(self, *documents: Document) -> None:
        """All of them or none: a charge and its task are never apart, even after a kill."""
        if self._database is None:
            return
        rows = [(collection, key, json.dumps(content, default=str)) for collection, key, content in documents]
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(
                "INSERT INTO documents (collection, key, content) VALUES (?, ?, ?)"
                " ON CONFLICT (collection, key) DO UPDATE SET content = excluded.content",
                rows,
            )
            self._database.execute("COMMIT")

    def load(self, collection: str) -> list[dict[str, Any]]:
        """The collection's documents in the order in which they were first saved."""
        if self._database is None:
            return []
        with self._lock:
            rows = self._database.execute(
                "SELECT content FROM documents WHERE collection = ? ORDER BY number", (collection,)
            ).fetchall()
        return [json.loads(content) for (content,) in rows]

    def clear(self) -> None:
        if self._database is not None:
            with self._lock:
                self._database.execute("DELETE FROM documents")

    def close(self) -> None:
        if self._database is not None:
            with self._lock:
                self._database.close()
                self._database = None
