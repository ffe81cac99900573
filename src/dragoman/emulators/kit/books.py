"""What an emulator remembers: one SQLite file, so that a restarted demo goes on where it was.

Without a folder the same tables live in memory. Writes go to the operating system, not to the
disk: an emulator must survive its process, not a power cut.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sent (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL,
  record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS received (id TEXT PRIMARY KEY, number TEXT NOT NULL,
  person TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS spoken (number TEXT NOT NULL, person TEXT NOT NULL, at INTEGER NOT NULL,
  free_until INTEGER NOT NULL, PRIMARY KEY (number, person));
CREATE TABLE IF NOT EXISTS timeline (id INTEGER PRIMARY KEY, due INTEGER NOT NULL,
  attempts INTEGER NOT NULL, item TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS media (id TEXT PRIMARY KEY, number TEXT NOT NULL, mime TEXT NOT NULL,
  filename TEXT, sha256 TEXT NOT NULL, until INTEGER NOT NULL, data BLOB NOT NULL);
"""
_LAYOUT = 2
TABLES = ("kv", "sent", "received", "spoken", "timeline", "media")


Record = dict[str, Any]
"""An accepted send. The kit reads `id` (the partner's message id), `number`, `person`
(`person_key`), `contact` (a HandsetContact as builtins), `body` (what the business sent), `at` and
`real_at` (milliseconds), `reports` (`{"status", "at"}`); `shown` is what the phone shows. All else
is the partner's own."""


class Books:
    """`folder` None keeps everything in memory; else the file is `{name}.db` in it. A file of an
    earlier layout is begun anew: it remembers nothing that must outlive an upgrade."""

    def __init__(self, folder: Path | None, name: str) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        path = ":memory:" if folder is None else str(folder / f"{name}.db")
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=OFF")
        if self.db.execute("PRAGMA user_version").fetchone()[0] != _LAYOUT:
            for table in TABLES:
                self.db.execute(f"DROP TABLE IF EXISTS {table}")
            self.db.execute(f"PRAGMA user_version={_LAYOUT}")
        self.db.executescript(_TABLES)

    def close(self) -> None:
        self.db.close()

    def clear(self) -> None:
        for table in TABLES:
            self.db.execute(f"DELETE FROM {table}")

    def get(self, key: str) -> Any:
        row = self.db.execute("SELECT value FROM kv WHERE key=?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, key: str, value: Any) -> None:
        self.db.execute("INSERT OR REPLACE INTO kv VALUES (?,?)", (key, json.dumps(value)))

    # what the business sent

    def keep_sent(self, record: Record) -> int:
        """The place of the record among all accepted sends, from 1."""
        row = self.db.execute(
            "INSERT INTO sent (id, record) VALUES (?,?)", (record["id"], json.dumps(record))
        )
        return int(row.lastrowid or 0)

    def sent(self, message_id: str) -> Record | None:
        row = self.db.execute("SELECT record FROM sent WHERE id=?", (message_id,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def amend_sent(self, record: Record) -> None:
        self.db.execute("UPDATE sent SET record=? WHERE id=?", (json.dumps(record), record["id"]))

    def all_sent(self, after: int = 0) -> list[Record]:
        rows = self.db.execute("SELECT seq, record FROM sent WHERE seq>? ORDER BY seq", (after,))
        return [{"order": seq, **json.loads(record)} for seq, record in rows]

    # what people sent

    def keep_received(
        self, message_id: str, number: str, person: str, at: int, free_until: int
    ) -> None:
        """A person's message: its id, and the window it opens (business time)."""
        self.db.execute(
            "INSERT OR REPLACE INTO received VALUES (?,?,?,?)", (message_id, number, person, at)
        )
        self.db.execute(
            "INSERT INTO spoken VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET "
            "at=max(at, excluded.at), free_until=max(free_until, excluded.free_until)",
            (number, person, at, free_until),
        )

    def received(self, message_id: str, number: str) -> tuple[str, int] | None:
        """Who sent it, and when."""
        row = self.db.execute(
            "SELECT person, at FROM received WHERE id=? AND number=?", (message_id, number)
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def spoken(self, number: str, person: str) -> tuple[int, int]:
        """When the person last wrote, and until when the free entry point lasts; 0 for never."""
        row = self.db.execute(
            "SELECT at, free_until FROM spoken WHERE number=? AND person=?", (number, person)
        ).fetchone()
        return (0, 0) if row is None else (row[0], row[1])

    # what is still to happen

    def keep_item(self, due: int, item: dict[str, Any]) -> int:
        row = self.db.execute(
            "INSERT INTO timeline (due, attempts, item) VALUES (?,0,?)", (due, json.dumps(item))
        )
        return int(row.lastrowid or 0)

    def put_off(self, item_id: int, due: int, attempts: int) -> None:
        self.db.execute(
            "UPDATE timeline SET due=?, attempts=? WHERE id=?", (due, attempts, item_id)
        )

    def drop_item(self, item_id: int) -> None:
        self.db.execute("DELETE FROM timeline WHERE id=?", (item_id,))

    def items(self) -> list[tuple[int, int, int, dict[str, Any]]]:
        rows = self.db.execute("SELECT id, due, attempts, item FROM timeline ORDER BY due, id")
        return [(row[0], row[1], row[2], json.loads(row[3])) for row in rows]
