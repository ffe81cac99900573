"""The store: one durable truth, a writer in front of it, readers beside it.

`Store` is what a server opens. A CLI command that runs beside a server opens `reader` alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import msgspec

from . import migrate
from .drivers import SqliteTx, Tx, connect, translate
from .leases import VoidLeases
from .outgoing import FindDoubts
from .writer import Unit, Writer

T = TypeVar("T")

CHECKPOINT_PAGES = 4_000  # 16 MB of 4 KB pages: when a passive checkpoint is worth its reads
CHECKPOINT_EVERY_S = 0.5
TRUNCATE_PAGES = 64_000  # 256 MB: past this the log is cut, at the price of one short stop


class Do(msgspec.Struct, frozen=True):
    """Anything rare, as a function of the transaction. It runs with the group, or alone when the
    group fails, so it must be safe to run twice. Result: what the function returns."""

    lane: ClassVar[str] = "work"
    work: Callable[[Tx], Any]

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[Do]) -> Sequence[Any]:
        return [u.work(tx) for u in units]


class DoSoon(Do, frozen=True):
    """The same for a request that waits for it: no room, or no commit in time, is Busy."""

    lane: ClassVar[str] = "intake"


class Store:
    """url: `sqlite:///path` or `postgresql://…`. `owner`: this process's epoch."""

    def __init__(
        self,
        url: str,
        *,
        owner: int,
        threads: int | None = None,
        limit: int = 20_000,
        batch: int = 256,
        wait_s: float = 3.0,
        readers: int = 2,
        observe: Callable[[int, float], None] | None = None,
        wake: Callable[[str, list[Any]], None] | None = None,
    ) -> None:
        self.url = url
        self.owner = owner
        self.is_sqlite = url.startswith("sqlite:")
        self._readers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._reader_count = readers
        self._checkpointer: Checkpointer | None = None
        self._writer = Writer(
            url,
            threads=threads or (1 if self.is_sqlite else 2),
            limit=limit,
            batch=batch if self.is_sqlite else min(batch, 64),
            wait_s=wait_s,
            observe=observe,
            wake=wake,
        )

    @property
    def waiting(self) -> int:
        """Units that wait for the writer."""
        return self._writer.waiting

    async def open(
        self, *, name: str, now: int, lane_until: int, silent_ms: int = 60_000
    ) -> tuple[int, int]:
        """Migrate, start the writer, take over from the last process (PostgreSQL: from those that
        said nothing for `silent_ms`). Returns how many conversations were leased by dead owners
        and how many sends are in doubt."""
        await asyncio.to_thread(migrate.upgrade, self.url)
        self._writer.start()
        for _ in range(self._reader_count):
            self._readers.put(connect(self.url, write=False))
        if self.is_sqlite:
            self._checkpointer = Checkpointer(self.url)
            self._checkpointer.start()
        await self.submit(Do(lambda tx: _register(tx, self.owner, name, now)))
        voided = await self.submit(VoidLeases(now, expired_only=not self.is_sqlite))
        doubts = await self.submit(
            FindDoubts(self.owner, now, lane_until, not self.is_sqlite, silent_ms)
        )
        return voided, doubts

    async def submit(self, unit: Unit) -> Any:
        """Write a unit; done when it is durable. See `Writer.submit` for the errors."""
        return await self._writer.submit(unit)

    async def do(self, work: Callable[[Tx], T]) -> T:
        """Write something rare."""
        result: T = await self._writer.submit(Do(work))
        return result

    async def do_soon(self, work: Callable[[Tx], T]) -> T:
        """Write something rare while a partner's request waits. Raises Busy, as intake does."""
        result: T = await self._writer.submit(DoSoon(work))
        return result

    async def read(self, work: Callable[[Tx], T]) -> T:
        """Run a query on a reader, off the event loop. Raises Unavailable when the database does
        not answer; the next read tries a new connection then."""
        return await asyncio.to_thread(self.read_now, work)

    def read_now(self, work: Callable[[Tx], T]) -> T:
        tx = self._readers.get()
        try:
            return work(tx)
        except Exception as error:
            away = translate(error)
            if away is None:
                raise
            if away.sentence.id == "store_gone":
                with contextlib.suppress(Exception):
                    tx.close()
                with contextlib.suppress(Exception):  # still away: the closed one says so again
                    tx = connect(self.url, write=False)
            raise away from error
        finally:
            self._readers.put(tx)

    async def beat(self, now: int) -> None:
        """Say that this process lives (PostgreSQL: others judge its rows by it)."""
        await self.do(
            lambda tx: tx.run("UPDATE process SET seen_at=? WHERE id=?", (now, self.owner))
        )

    async def close(self) -> None:
        with contextlib.suppress(Exception):
            await self.do(lambda tx: tx.run("DELETE FROM process WHERE id=?", (self.owner,)))
        await self._writer.close()
        if self._checkpointer is not None:
            await asyncio.to_thread(self._checkpointer.stop)
        for _ in range(self._reader_count):
            with contextlib.suppress(queue.Empty):
                self._readers.get(timeout=5).close()
        self._reader_count = 0


def _register(tx: Tx, owner: int, name: str, now: int) -> None:
    if tx.dialect == "sqlite":
        tx.run("DELETE FROM process")
    tx.run(
        """INSERT INTO process(id,name,started,seen_at) VALUES (?,?,?,?)
        ON CONFLICT(id) DO NOTHING""",
        (owner, name, now, now),
    )


class Checkpointer:
    """Moves the write-ahead log into the database, off the commit path.

    Passive checkpoints wait for nobody and stop no writer; they let the log grow while readers are
    busy, so past `TRUNCATE_PAGES` one truncating checkpoint cuts it.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpointer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        tx = connect(self._url, write=True)
        assert isinstance(tx, SqliteTx)
        wal = Path(self._url.removeprefix("sqlite:///") + "-wal")
        try:
            while not self._stop.wait(CHECKPOINT_EVERY_S):
                with contextlib.suppress(Exception):
                    pages = wal.stat().st_size // 4096
                    if pages > TRUNCATE_PAGES:
                        tx.run("PRAGMA wal_checkpoint(TRUNCATE)")
                    elif pages > CHECKPOINT_PAGES:
                        tx.run("PRAGMA wal_checkpoint(PASSIVE)")
            with contextlib.suppress(Exception):
                tx.run("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            tx.close()


def reader(url: str) -> Tx:
    """A connection that reads, for a command beside a running server (or without one). Raises
    StoreError when there is no database, no table in it, or a newer schema."""
    from .errors import StoreError

    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        raise StoreError("schema_missing", {"url": migrate.public(url)})
    tx = connect(url, write=False)
    try:
        version = tx.run("SELECT version_num FROM alembic_version")[0][0]
        migrate.check(url, version)
    except StoreError:
        tx.close()
        raise
    except Exception as error:
        tx.close()
        raise StoreError("schema_missing", {"url": migrate.public(url)}) from error
    return tx
