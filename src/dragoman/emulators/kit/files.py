"""Files that people send and businesses upload, in the books, each for as long as it lives."""

from __future__ import annotations

import hashlib
import secrets

import msgspec

from dragoman.domain.clock import Clock

from .books import Books

_DAY = 24 * 3_600_000


class Stored(msgspec.Struct, frozen=True):
    id: str
    number: str
    mime: str
    filename: str | None
    sha256: str  # hex
    data: bytes


class Files:
    """Ids are UUID-like unless `new_id` is overridden. Lives are business time."""

    def __init__(self, books: Books, clock: Clock) -> None:
        self._books = books
        self._clock = clock

    def new_id(self) -> str:
        raw = secrets.token_hex(16)
        return f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"

    def keep(
        self, number: str, data: bytes, mime: str, filename: str | None, *, days: int = 7
    ) -> str:
        """Keep a file of a number for so many days; gives its id."""
        media_id = self.new_id()
        until = self._clock.now() + days * _DAY
        digest = hashlib.sha256(data).hexdigest()
        row = (media_id, number, mime, filename, digest, until, data)
        self._books.db.execute("INSERT INTO media VALUES (?,?,?,?,?,?,?)", row)
        return media_id

    def load(self, media_id: str, number: str = "") -> Stored | None:
        """None when it is unknown, deleted, too old, or (with `number`) another number's."""
        row = self._books.db.execute(
            "SELECT id, number, mime, filename, sha256, data, until FROM media WHERE id=?",
            (media_id,),
        ).fetchone()
        if row is None or row[6] < self._clock.now() or number not in ("", row[1]):
            return None
        return Stored(*row[:6])

    def known(self, media_id: str, number: str) -> bool:
        row = self._books.db.execute(
            "SELECT number, until FROM media WHERE id=?", (media_id,)
        ).fetchone()
        return row is not None and row[0] == number and row[1] >= self._clock.now()

    def delete(self, media_id: str) -> None:
        self._books.db.execute("DELETE FROM media WHERE id=?", (media_id,))
