"""Files that people send and businesses upload, in the books, each for as long as it lives."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

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


def links_here(body: Any, kinds: Collection[str]) -> list[tuple[str, str]]:
    """The links to this machine in a Cloud-shaped body, each with the kind of file that it is for:
    one of `kinds`. Links to other machines count as fetched."""
    found: list[tuple[str, str]] = []

    def walk(value: Any, kind: str) -> None:
        if isinstance(value, dict):
            link = value.get("link")
            if kind in kinds and isinstance(link, str) and _here(link):
                found.append((kind, link))
            for key, inner in value.items():
                walk(inner, key)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, kind)

    walk(body, "")
    return found


def _here(link: str) -> bool:
    try:
        host = urlsplit(link).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
