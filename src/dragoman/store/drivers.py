"""Two databases behind one narrow surface: run a statement, or one statement over many rows.

Statements are written once, with `?` for values; `Rows` repeats its row pattern so that a whole
batch is one step of the database. (A step per row hands the interpreter lock back and forth with
the event loop, and under load each hand-over can cost a whole switch interval.)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from .errors import StoreError, Unavailable

Row = tuple[Any, ...]

CHUNK = 64  # rows a statement; measured: twice as many cost more per row on PostgreSQL


class Rows:
    """A statement over many rows. `{rows}` in the text becomes `(?,?),(?,?),…`.

    types: one letter a column, for the casts that PostgreSQL needs where it cannot infer:
    b bigint, t text, x bytea, j text holding JSON.
    """

    _CAST = {"b": "bigint", "t": "text", "x": "bytea", "j": "text"}  # noqa: RUF012

    def __init__(self, text: str, types: str) -> None:
        self.text = text
        self.width = len(types)
        self.types = types
        self._sqlite: dict[int, str] = {}
        self._postgres: dict[int, str] = {}

    def sqlite(self, n: int) -> str:
        text = self._sqlite.get(n)
        if text is None:
            one = "(" + ",".join("?" * self.width) + ")"
            text = self._sqlite[n] = self.text.replace("{rows}", ",".join([one] * n))
        return text

    def postgres(self, n: int) -> str:
        text = self._postgres.get(n)
        if text is None:
            first = "(" + ",".join(f"%s::{self._CAST[t]}" for t in self.types) + ")"
            one = "(" + ",".join(["%s"] * self.width) + ")"
            rows = ",".join([first] + [one] * (n - 1))
            text = self.text.replace("?", "%s").replace("{rows}", rows)
            self._postgres[n] = text
        return text


def _chunks(rows: Sequence[Row]) -> Iterable[Sequence[Row]]:
    """Few statements for any number of rows, and few texts for all numbers: 64, 32 and 16 rows,
    then the rest in one. Each text is prepared once for a connection."""
    at, left = 0, len(rows)
    for size in (CHUNK, CHUNK // 2, CHUNK // 4):
        while left > size:
            yield rows[at : at + size]
            at, left = at + size, left - size
    if left:
        yield rows[at:] if at else rows


class Tx(Protocol):
    """An open transaction, or a connection that reads."""

    dialect: str
    for_update: str  # ends a SELECT whose rows nobody else may change before the commit
    wakes: list[tuple[str, Any]]  # told to others once the transaction is durable

    def run(self, sql: str, params: Sequence[Any] = ()) -> list[Row]: ...

    def many(self, statement: Rows, rows: Sequence[Row], tail: Sequence[Any] = ()) -> list[Row]:
        """The statement over all rows, in chunks; `tail`: values after the rows in the text."""
        ...


class SqliteTx:
    dialect = "sqlite"
    for_update = ""  # there is one writer

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.wakes: list[tuple[str, Any]] = []

    def run(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        return self.connection.execute(sql, params).fetchall()

    def many(self, statement: Rows, rows: Sequence[Row], tail: Sequence[Any] = ()) -> list[Row]:
        out: list[Row] = []
        execute = self.connection.execute
        for chunk in _chunks(rows):
            flat = [value for row in chunk for value in row]
            flat.extend(tail)
            out += execute(statement.sqlite(len(chunk)), flat).fetchall()
        return out

    def begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def close(self) -> None:
        self.connection.close()


class PostgresTx:
    dialect = "postgresql"
    for_update = " FOR UPDATE"

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._texts: dict[str, str] = {}
        self.wakes: list[tuple[str, Any]] = []

    def run(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        text = self._texts.get(sql)
        if text is None:
            text = self._texts[sql] = sql.replace("?", "%s")
        cursor = self.connection.execute(text, params)
        return cursor.fetchall() if cursor.description else []

    def many(self, statement: Rows, rows: Sequence[Row], tail: Sequence[Any] = ()) -> list[Row]:
        out: list[Row] = []
        for chunk in _chunks(rows):
            flat = [value for row in chunk for value in row]
            flat.extend(tail)
            cursor = self.connection.execute(statement.postgres(len(chunk)), flat)
            if cursor.description:
                out += cursor.fetchall()
        return out

    def begin(self) -> None:
        self.connection.execute("BEGIN")

    def commit(self) -> None:
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        self.connection.execute("ROLLBACK")

    def close(self) -> None:
        self.connection.close()


def connect(url: str, *, write: bool, busy_s: float = 5.0) -> SqliteTx | PostgresTx:
    """A connection of our own settings. Raises Unavailable when there is no database to reach.
    busy_s: how long SQLite waits for another program that has locked the file."""
    if url.startswith("sqlite:///"):
        return _connect_sqlite(url.removeprefix("sqlite:///"), write, busy_s)
    if url.startswith(("postgresql://", "postgres://")):
        return _connect_postgres(url)
    raise StoreError("database_url_wrong", {"url": url.split("@")[-1]})


def _connect_sqlite(path: str, write: bool, busy_s: float) -> SqliteTx:
    try:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=busy_s,
            cached_statements=4096,
        )  # fmt: skip
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute(f"PRAGMA cache_size={-65536 if write else -16384}")  # KiB
        connection.execute("PRAGMA mmap_size=268435456")
        if write:  # the checkpointer does it, off the commit path
            connection.execute("PRAGMA wal_autocheckpoint=0")
        else:
            connection.execute("PRAGMA query_only=ON")
    except sqlite3.Error as error:
        raise Unavailable("store_gone", {"detail": f"{path}: {error}"}) from error
    return SqliteTx(connection)


def _connect_postgres(url: str) -> PostgresTx:
    import psycopg

    try:
        connection = psycopg.connect(url, autocommit=True, prepare_threshold=3, connect_timeout=5)
    except psycopg.Error as error:
        raise Unavailable("store_gone", {"detail": str(error).strip()}) from error
    connection.prepared_max = 2000
    return PostgresTx(connection)


def tangled(error: Exception) -> bool:
    """Whether two writers stood in each other's way (PostgreSQL): nothing was written and nothing
    is wrong, so the same transaction is simply run again."""
    return getattr(error, "sqlstate", None) in ("40P01", "40001")


def translate(error: Exception) -> Unavailable | None:
    """The driver's word for *nothing was written, come again*; None for an error of the unit."""
    text = str(error).strip()
    if isinstance(error, sqlite3.OperationalError | sqlite3.DatabaseError):
        low = text.lower()
        if "full" in low or "disk i/o" in low or "readonly" in low or "unable to open" in low:
            return Unavailable("store_full", {"detail": text})
        if "locked" in low or "busy" in low:
            return Unavailable("store_locked", {"detail": text})
        return None
    name = type(error).__module__
    if name.startswith("psycopg"):
        import psycopg

        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return Unavailable("store_gone", {"detail": text})
    return None
