"""Files of messages as rows: expected by intake, fetched, kept for a while, gone.

`due_at` is when something must happen to a row: the next try of one that waits, the end of one that
is kept. Claiming a row moves it on, so a process that dies with it loses nothing but time.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dragoman.domain.status import FileState

from .drivers import Row, Rows, Tx

_EXPECT = Rows("INSERT INTO media(app_id,id,number_id,at,due_at) VALUES {rows}", "bbbbb")
_CLAIM = {
    "sqlite": """UPDATE media SET tries=tries+1, due_at=? WHERE (app_id,id) IN
      (SELECT app_id,id FROM media WHERE due_at<=? AND due_at IS NOT NULL AND state=0
       ORDER BY due_at LIMIT ?) RETURNING app_id,id""",
    "postgresql": """UPDATE media SET tries=tries+1, due_at=? WHERE (app_id,id) IN
      (SELECT app_id,id FROM media WHERE due_at<=?::bigint AND due_at IS NOT NULL AND state=0
       ORDER BY due_at LIMIT ?::int FOR UPDATE SKIP LOCKED) RETURNING app_id,id""",
}
_WANTED = Rows(
    """WITH batch(app_id,id) AS (VALUES {rows})
    SELECT f.app_id,f.id,f.at,f.tries,n.partner,n.key,m.kind,m.content
    FROM batch b CROSS JOIN media f
    JOIN message m ON m.app_id=f.app_id AND m.id=f.id
    JOIN number n ON n.id=f.number_id
    WHERE f.app_id=b.app_id AND f.id=b.id""",
    "bb",
)
_LIVING = Rows(
    """WITH batch(app_id,blob) AS (VALUES {rows})
    SELECT f.blob FROM batch b JOIN media f ON f.app_id=b.app_id AND f.blob=b.blob""",
    "bt",
)


class Wanted(msgspec.Struct, frozen=True):
    """A file to fetch, with the message it came in."""

    app_id: int
    id: int
    at: int
    tries: int  # this one counted
    partner: str
    number_key: str
    kind: str
    content: str


class FileRow(msgspec.Struct, frozen=True):
    """A file as it stands. `why`: JSON of a sentence."""

    app_id: int
    id: int
    number_id: int
    at: int
    due_at: int | None
    state: int
    tries: int
    mime: str
    filename: str | None
    size: int
    sha256: str
    blob: str | None
    why: str | None
    ended: int


_ROW = ",".join(FileRow.__struct_fields__)


def expect(tx: Tx, rows: Sequence[Row]) -> None:
    """Files that came in: app, message, number, now, due. Wakes: `media`."""
    tx.many(_EXPECT, rows)
    tx.wakes.append(("media", len(rows)))


def claim(tx: Tx, now: int, until: int, n: int) -> list[Wanted]:
    """Take up to `n` files that are due; they are due again at `until` unless their end is kept."""
    rows = tx.run(_CLAIM[tx.dialect], (until, now, n))
    return (
        [Wanted(*r) for r in tx.many(_WANTED, sorted((r[0], r[1]) for r in rows))] if rows else []
    )


def again(tx: Tx, now: int, ids: Sequence[tuple[int, int]] | None = None) -> None:
    """What waits is due now: these, or all of it."""
    if ids is None:
        tx.run("UPDATE media SET due_at=? WHERE state=0 AND due_at>?", (now, now))
    for app_id, id in ids or ():
        tx.run("UPDATE media SET due_at=? WHERE app_id=? AND id=? AND state=0", (now, app_id, id))


def later(tx: Tx, wanted: Wanted, why: str, due_at: int) -> None:
    """It could not be had this time."""
    tx.run(
        "UPDATE media SET why=?, due_at=? WHERE app_id=? AND id=? AND state=0",
        (why, due_at, wanted.app_id, wanted.id),
    )


def keep(tx: Tx, row: FileRow) -> bool:
    """A file that was fetched. False when another process was first."""
    return bool(
        tx.run(
            """UPDATE media SET state=1, mime=?, filename=?, size=?, sha256=?, blob=?, why=NULL,
              ended=?, due_at=? WHERE app_id=? AND id=? AND state=0 RETURNING id""",
            (row.mime, row.filename, row.size, row.sha256, row.blob, row.ended, row.due_at,
             row.app_id, row.id),
        )
    )  # fmt: skip


def end(tx: Tx, wanted: Wanted, state: FileState, why: str, now: int) -> None:
    """It will not be had any more."""
    tx.run(
        """UPDATE media SET state=?, why=?, ended=?, due_at=NULL
        WHERE app_id=? AND id=? AND state=0""",
        (int(state), why, now, wanted.app_id, wanted.id),
    )


def add(tx: Tx, row: FileRow) -> int:
    """A file that an agent made. The same one made again lives on under its first id: returned."""
    rows = tx.run(
        """SELECT id FROM media WHERE app_id=? AND blob=? AND number_id=0 AND state=1 AND mime=?
        AND coalesce(filename,'')=?""",
        (row.app_id, row.blob, row.mime, row.filename or ""),
    )
    if rows:
        tx.run(
            "UPDATE media SET due_at=? WHERE app_id=? AND id=?",
            (row.due_at, row.app_id, rows[0][0]),
        )
        return int(rows[0][0])
    fields = FileRow.__struct_fields__
    marks = ",".join("?" * len(fields))
    tx.run(f"INSERT INTO media({_ROW}) VALUES ({marks})", tuple(getattr(row, f) for f in fields))
    return row.id


def find(tx: Tx, app_id: int, id: int) -> FileRow | None:
    rows = tx.run(f"SELECT {_ROW} FROM media WHERE app_id=? AND id=?", (app_id, id))
    return FileRow(*rows[0]) if rows else None


def due(tx: Tx, now: int) -> frozenset[FileState]:
    """What is due: files that wait to be fetched, files that are kept and expire."""
    rows = tx.run("SELECT DISTINCT state FROM media WHERE due_at<=? AND due_at IS NOT NULL", (now,))
    return frozenset(FileState(r[0]) for r in rows)


def waiting(tx: Tx) -> int:
    """How many files are still to be fetched."""
    rows = tx.run("SELECT count(*) FROM media WHERE due_at IS NOT NULL AND state=0")
    return int(rows[0][0])


def expire(tx: Tx, now: int, why: str) -> list[tuple[int, str]]:
    """End what was kept for its time. Gives (app, blob key) of each. What an agent made leaves no
    row behind."""
    rows = tx.run(
        """SELECT app_id,id,number_id,blob FROM media WHERE due_at<=? AND due_at IS NOT NULL
        AND state=1 ORDER BY due_at LIMIT 500""",
        (now,),
    )
    for app_id, id, number_id, _ in rows:
        if number_id:
            tx.run(
                """UPDATE media SET state=3, blob=NULL, why=?, ended=?, due_at=NULL
                WHERE app_id=? AND id=?""",
                (why, now, app_id, id),
            )
        else:
            tx.run("DELETE FROM media WHERE app_id=? AND id=?", (app_id, id))
    return sorted({(r[0], r[3]) for r in rows if r[3]})


def living(tx: Tx, blobs: Sequence[tuple[int, str]]) -> set[str]:
    """Which of these (app, blob key) are still kept for somebody."""
    return {r[0] for r in tx.many(_LIVING, blobs)} if blobs else set()


# --- what was left with a partner ----------------------------------------------------------------


def uploaded(tx: Tx, key: tuple[int, int, str, str], now: int) -> str | None:
    """The partner's id of a file, while it lives. key: app, number, sha256 in hex, type."""
    rows = tx.run(
        """SELECT external_id FROM upload WHERE app_id=? AND number_id=? AND sha256=? AND mime=?
        AND until>?""",
        (*key, now),
    )
    return str(rows[0][0]) if rows else None


def keep_upload(tx: Tx, key: tuple[int, int, str, str], external_id: str, until: int) -> None:
    tx.run(
        """INSERT INTO upload(app_id,number_id,sha256,mime,external_id,until) VALUES (?,?,?,?,?,?)
        ON CONFLICT(app_id,number_id,sha256,mime) DO UPDATE SET external_id=excluded.external_id,
          until=excluded.until""",
        (*key, external_id, until),
    )


def prune_uploads(tx: Tx, now: int) -> None:
    tx.run("DELETE FROM upload WHERE until<=?", (now,))
