"""What the test phone remembers between starts, in one SQLite file of its own.

Three tables: people, bubbles (one row a message, its whole value as JSON) and the bytes of media
that passed through. It is a demo's memory, not the platform's store: losing its last second in a
power cut is acceptable, so nothing here waits for the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from .shapes import Bubble, HandsetContact

_TABLES = """
CREATE TABLE IF NOT EXISTS person (id TEXT PRIMARY KEY, seq INTEGER, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS bubble (
  line TEXT, id TEXT, contact TEXT NOT NULL, seq INTEGER NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (line, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS media (
  line TEXT, id TEXT, mime TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (line, id));
"""


class Keep:
    """Opens (and creates) the file; `path` None keeps everything in memory."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        # The phone's routes and the emulator share one event loop; uploads may come from a thread.
        self._db = sqlite3.connect(
            str(path) if path else ":memory:", isolation_level=None, check_same_thread=False
        )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        self._db.close()

    def people(self) -> list[HandsetContact]:
        rows = self._db.execute("SELECT data FROM person ORDER BY seq").fetchall()
        return [msgspec.json.decode(row[0], type=HandsetContact) for row in rows]

    def keep_person(self, person: HandsetContact, seq: int) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO person VALUES (?, ?, ?)",
            (person.id, seq, msgspec.json.encode(person)),
        )

    def bubbles(self) -> Iterator[tuple[str, str, int, Bubble]]:
        """Every `(line, contact, seq, bubble)` in the order in which they appeared."""
        rows = self._db.execute("SELECT line, contact, seq, data FROM bubble ORDER BY seq")
        for line, contact, seq, data in rows:
            yield line, contact, seq, msgspec.json.decode(data, type=Bubble)

    def keep_bubble(self, line: str, contact: str, bubble: Bubble) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO bubble VALUES (?, ?, ?, ?, ?)",
            (line, bubble.id, contact, bubble.seq, msgspec.json.encode(bubble)),
        )

    def drop_bubble(self, line: str, bubble_id: str) -> None:
        self._db.execute("DELETE FROM bubble WHERE line = ? AND id = ?", (line, bubble_id))

    def keep_media(self, line: str, media_id: str, mime: str, data: bytes) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO media VALUES (?, ?, ?, ?)", (line, media_id, mime, data)
        )

    def media(self, line: str, media_id: str) -> tuple[bytes, str] | None:
        row = self._db.execute(
            "SELECT data, mime FROM media WHERE line = ? AND id = ?", (line, media_id)
        ).fetchone()
        return (row[0], row[1]) if row else None
