"""The record of requests: who, what, answer, duration; on disk, bounded, and never a secret.

Rows are written a batch at a time: after half a second at most if requests go on, when somebody
asks for them, when the server ends. Only a killed server may lose the last of its record (never of
its state).
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_BATCH = 200
_LATEST = 0.5  # real seconds
_KEPT = 200_000  # rows; older ones go, their counts stay
COLUMNS = (
    "time",
    "who",
    "method",
    "path",
    "type",
    "apiVersion",
    "status",
    "code",
    "fault",
    "milliseconds",
)


class Record:
    """Requests, oldest first, and counters of all there ever were."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the record at `path`; without one it lives in memory alone."""
        self._database = sqlite3.connect(path or ":memory:", check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=OFF")
        columns = ", ".join(COLUMNS)
        self._database.execute(
            f"CREATE TABLE IF NOT EXISTS requests (id INTEGER PRIMARY KEY, {columns})"
        )
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS counts (type TEXT, method TEXT, status INTEGER, n INTEGER,"
            " milliseconds REAL, PRIMARY KEY (type, method, status)) WITHOUT ROWID"
        )
        self._database.commit()
        self._waiting: list[Json] = []
        self._written = time.monotonic()

    def add(self, request: Json) -> None:
        """Add a request, by the names of COLUMNS."""
        self._waiting.append(request)
        late = time.monotonic() - self._written > _LATEST
        if late or len(self._waiting) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        rows, self._waiting = self._waiting, []
        self._written = time.monotonic()
        if not rows:
            return
        marks = ", ".join("?" for _ in COLUMNS)
        with self._database:
            self._database.executemany(
                f"INSERT INTO requests ({', '.join(COLUMNS)}) VALUES ({marks})",  # noqa: S608
                [tuple(row.get(name) for name in COLUMNS) for row in rows],
            )
            self._database.executemany(
                "INSERT INTO counts VALUES (?, ?, ?, 1, ?) ON CONFLICT (type, method, status)"
                " DO UPDATE SET n = n + 1, milliseconds = milliseconds + excluded.milliseconds",
                [(r["type"] or "", r["method"], r["status"], r["milliseconds"]) for r in rows],
            )
            self._database.execute(
                "DELETE FROM requests WHERE id <= (SELECT max(id) FROM requests) - ?", (_KEPT,)
            )

    def find(self, query: dict[str, str], last: int = 1000) -> list[Json]:
        """Give the newest `last` requests that fit, oldest first.

        `query` compares columns; `path` and `type` may be any part, whatever the letter case, and
        `since` is the earliest time.
        """
        self.flush()
        terms, values = [], []
        for name, value in query.items():
            if name in ("path", "type"):
                terms.append(f"instr(lower({name}), ?) > 0")
                values.append(value.lower())
            elif name == "since":
                terms.append("time >= ?")
                values.append(value)
            elif name in COLUMNS:
                terms.append(f"CAST({name} AS TEXT) = ?")
                values.append(value)
        where = f"WHERE {' AND '.join(terms)}" if terms else ""
        rows = self._database.execute(
            f"SELECT {', '.join(COLUMNS)} FROM requests {where} ORDER BY id DESC LIMIT ?",  # noqa: S608
            (*values, last),
        ).fetchall()
        return [dict(zip(COLUMNS, row, strict=True)) for row in reversed(rows)]

    def counts(self) -> list[Json]:
        """Give how many calls there were for each resource type, method and status."""
        self.flush()
        rows = self._database.execute(
            "SELECT type, method, status, n, milliseconds FROM counts ORDER BY type, method, status"
        )
        return [
            {
                "type": kind,
                "method": method,
                "status": status,
                "count": count,
                "milliseconds": round(total / count, 3),
            }
            for kind, method, status, count, total in rows
        ]

    def clear(self) -> None:
        """Forget all of it."""
        self._waiting = []
        with self._database:
            self._database.execute("DELETE FROM requests")
            self._database.execute("DELETE FROM counts")

    def close(self) -> None:
        """Write what waits, and close."""
        self.flush()
        self._database.close()
