"""How much there is and what waits, counted."""

from __future__ import annotations

import msgspec

from dragoman.store.drivers import Tx


class Counts(msgspec.Struct, frozen=True):
    """bytes: of the database, without what it writes ahead. waiting: messages to be sent. held:
    numbers whose sending waits. files, files_bytes: kept ones; files_waiting: still to be
    fetched."""

    schema: str
    bytes: int
    waiting: int
    held: int
    doubts: int
    parked: int
    files: int
    files_bytes: int
    files_waiting: int


def counts(tx: Tx, *, sqlite: bool) -> Counts:
    size = (
        "SELECT page_count*page_size FROM pragma_page_count(),pragma_page_size()"
        if sqlite
        else "SELECT pg_database_size(current_database())"
    )
    kept, kept_bytes = tx.run(
        "SELECT count(*),coalesce(sum(size),0) FROM media WHERE blob IS NOT NULL"
    )[0]

    def one(sql: str) -> int:
        return int(tx.run(sql)[0][0])

    return Counts(
        schema=str(tx.run("SELECT version_num FROM alembic_version")[0][0]),
        bytes=one(size),
        waiting=one("SELECT count(*) FROM outbox WHERE state<>1"),
        held=one("SELECT count(*) FROM number WHERE hold_since>0 AND hold IS NOT NULL"),
        doubts=one("SELECT count(*) FROM message WHERE doubt=1"),
        parked=one("SELECT count(*) FROM message WHERE answer=3"),
        files=int(kept),
        files_bytes=int(kept_bytes),
        files_waiting=one("SELECT count(*) FROM media WHERE due_at IS NOT NULL AND state=0"),
    )
