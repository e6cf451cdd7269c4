"""The durable state: shelves of JSON documents in memory, written through to SQLite.

A request changes shelves, then `commit` writes all it changed in one transaction before it is
answered: a killed server loses nothing it acknowledged. WAL with synchronous=NORMAL survives a
killed process; a lost machine may lose the last moments, which a rehearsal can bear.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class Shelf:
    """Documents by key. Documents are values: replace them, never change one in place."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._docs: dict[str, Json] = {}
        self._before: dict[str, Json | None] = {}

    def get(self, key: str) -> Json | None:
        """Give a document, or None."""
        return self._docs.get(key)

    def put(self, key: str, doc: Json) -> None:
        """Add or replace a document."""
        self._before.setdefault(key, self._docs.get(key))
        self._set(key, doc)

    def drop(self, key: str) -> None:
        """Remove a document if it is there."""
        if key in self._docs:
            self._before.setdefault(key, self._docs[key])
            self._set(key, None)

    def items(self) -> list[tuple[str, Json]]:
        """Give all documents with their keys, in the order they were added."""
        return list(self._docs.items())

    def __len__(self) -> int:
        return len(self._docs)

    def _set(self, key: str, doc: Json | None) -> None:
        """Change memory alone; indexes hang here so that a rollback mends them too."""
        if doc is None:
            self._docs.pop(key, None)
        else:
            self._docs[key] = doc

    def load(self, key: str, doc: Json) -> None:
        """Take a document that is already on disk."""
        self._set(key, doc)

    def changed(self) -> Iterator[tuple[str, Json | None]]:
        """Give each key touched since the last commit, with its document or None."""
        for key in self._before:
            yield key, self._docs.get(key)

    def settle(self) -> None:
        """Forget what was before: it is on disk now."""
        self._before.clear()

    def undo(self) -> None:
        """Go back to what the last commit left."""
        for key, doc in self._before.items():
            self._set(key, doc)
        self._before.clear()

    def wipe(self) -> None:
        """Remove every document."""
        for key in list(self._docs):
            self.drop(key)


class Tally(Shelf):
    """A shelf of counts, which stand though the request that was counted is refused."""

    def undo(self) -> None:
        """Keep what was counted; the next commit writes it."""


class Store:
    """The shelves and the database under them. Callers hold one lock around a whole request."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the database at `path`; without one the state lives in memory alone."""
        self._database = sqlite3.connect(path or ":memory:", check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS docs (shelf TEXT, key TEXT, doc TEXT, seq INTEGER,"
            " PRIMARY KEY (shelf, key)) WITHOUT ROWID"
        )
        self._database.commit()
        (highest,) = self._database.execute("SELECT max(seq) FROM docs").fetchone()
        self._seq: int = highest or 0
        self._shelves: list[Shelf] = []

    def add(self, shelf: Shelf) -> None:
        """Fill a shelf from disk and keep it from now on."""
        rows = self._database.execute(
            "SELECT key, doc FROM docs WHERE shelf = ? ORDER BY seq", (shelf.name,)
        )
        for key, doc in rows:
            shelf.load(key, json.loads(doc))
        self._shelves.append(shelf)

    def commit(self) -> None:
        """Write every change in one transaction."""
        puts: list[tuple[str, str, str, int]] = []
        drops: list[tuple[str, str]] = []
        for shelf in self._shelves:
            for key, doc in shelf.changed():
                if doc is None:
                    drops.append((shelf.name, key))
                else:
                    self._seq += 1
                    puts.append((shelf.name, key, json.dumps(doc), self._seq))
        if not puts and not drops:
            return
        with self._database:
            self._database.executemany("DELETE FROM docs WHERE shelf = ? AND key = ?", drops)
            # The first seq is kept, so that lists come back in the order things were made.
            self._database.executemany(
                "INSERT INTO docs VALUES (?, ?, ?, ?)"
                " ON CONFLICT (shelf, key) DO UPDATE SET doc = excluded.doc",
                puts,
            )
        for shelf in self._shelves:
            shelf.settle()

    def rollback(self) -> None:
        """Drop every change since the last commit."""
        for shelf in self._shelves:
            shelf.undo()

    def close(self) -> None:
        """Close the database."""
        self._database.close()
