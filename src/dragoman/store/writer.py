"""The writer: everything that is written goes through its queue and is committed in groups.

One thread for SQLite, a few for PostgreSQL. While one group is being synced to disk, the next one
gathers: under load a commit serves many units, alone it serves one. A group that fails is rolled
back and run one by one; a unit that fails alone is set aside with its error, the rest go on.

A unit is durable when its future is done. Caches may change then, never before.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

from dragoman.domain.sentences import SentenceError

from .drivers import Tx, connect, tangled, translate
from .errors import Busy, Poisoned, StoreClosed, Unavailable


class Unit(Protocol):
    """One thing to write, all or nothing. `lane` decides whose room in the queue it takes.

    `apply` gets every unit of its class in the group at once, so that it can write them together;
    it returns one result per unit, in order.
    """

    lane: ClassVar[str]  # "intake" waits for room; "work" has reserved room

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[Any]) -> Sequence[Any]: ...


class _Job:
    __slots__ = ("error", "future", "result", "unit")

    def __init__(self, unit: Unit, future: asyncio.Future[Any]) -> None:
        self.unit = unit
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None


_STOP = object()
TANGLED_TRIES = 10  # of a transaction that a deadlock ended; the other side of it went through

# Under load a commit waits a moment for company: a statement costs about the same for eight units
# as for one, and while the thread sleeps the event loop keeps the interpreter's lock.
GATHER_AT = 4  # units in the last commit from which on it waits
GATHER_S = 0.001
_LEAST_WAIT_S = 0.5  # for a commit, where `wait_s` says not to wait for room at all


class Writer:
    """Group commit over `threads` connections.

    limit: units of the intake lane that may wait; batch: units a commit; wait_s: how long `submit`
    waits for room before Busy. `observe(batch_size, seconds)` is called for every commit, in the
    thread; `wake(kind, values)` after it, in the loop, with what the units said others should know.
    """

    def __init__(
        self,
        url: str,
        *,
        threads: int = 1,
        limit: int = 20_000,
        batch: int = 256,
        wait_s: float = 3.0,
        observe: Callable[[int, float], None] | None = None,
        wake: Callable[[str, list[Any]], None] | None = None,
    ) -> None:
        self._url = url
        self._threads = threads
        self._limit = limit
        self._batch = batch
        self._wait_s = wait_s
        self._observe = observe
        self._wake = wake
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._waiting = 0
        self._room: asyncio.Condition | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: list[threading.Thread] = []
        self._closed = False
        self._last = 0  # units in the last commit
        self._patience_s = max(wait_s, _LEAST_WAIT_S)
        self._impatient: deque[tuple[float, asyncio.Future[Any]]] = deque()  # of the intake lane
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        return self._waiting

    def start(self) -> None:
        """Open the connections and start the threads, on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Condition()
        transactions = [self._connect() for _ in range(self._threads)]
        for i, tx in enumerate(transactions):
            thread = threading.Thread(target=self._run, args=(tx,), name=f"writer-{i}", daemon=True)
            thread.start()
            self._running.append(thread)

    async def submit(self, unit: Unit) -> Any:
        """Write a unit and return its result once it is durable.

        Raises Busy (the intake lane alone: no room, or no commit, for the whole wait; it may still
        be written later), Unavailable (nothing written, come again), Poisoned (this unit cannot be
        written) or the unit's own SentenceError.
        """
        if unit.lane == "intake" and self._waiting >= self._limit:
            await self._wait_for_room()
        if self._closed:
            raise StoreClosed("store_closed")
        assert self._loop is not None
        job = _Job(unit, self._loop.create_future())
        self._waiting += 1
        self._queue.put(job)
        if unit.lane == "intake":
            self._impatient.append((self._loop.time() + self._patience_s, job.future))
            if self._timer is None:
                self._timer = self._loop.call_later(self._patience_s, self._lose_patience)
        return await job.future

    def _lose_patience(self) -> None:
        """End the waits that have been too long. One timer serves all of them, as they end in the
        order in which they began; one for each was a twentieth of a webhook's time."""
        assert self._loop is not None
        now = self._loop.time()
        while self._impatient and (self._impatient[0][1].done() or self._impatient[0][0] <= now):
            _, future = self._impatient.popleft()
            if not future.done():
                future.set_exception(Busy("store_slow", {"seconds": self._wait_s}))
        self._timer = None
        if self._impatient:
            self._timer = self._loop.call_at(self._impatient[0][0], self._lose_patience)

    async def _wait_for_room(self) -> None:
        assert self._room is not None
        try:
            async with asyncio.timeout(self._wait_s), self._room:
                await self._room.wait_for(lambda: self._waiting < self._limit)
        except TimeoutError:
            raise Busy("store_busy", {"waiting": self._waiting}) from None

    async def close(self) -> None:
        """Write what was submitted, then stop."""
        self._closed = True
        for _ in self._running:
            self._queue.put(_STOP)
        for thread in self._running:
            await asyncio.to_thread(thread.join)
        self._running.clear()
        if self._timer is not None:
            self._timer.cancel()

    # --- in the thread ---------------------------------------------------------------------------

    def _run(self, tx: Any) -> None:
        while True:
            jobs, stop = self._gather()
            if jobs:
                tx = self._write(tx, jobs)
                wakes, tx.wakes = tx.wakes, []
                assert self._loop is not None
                with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits
                    self._loop.call_soon_threadsafe(self._resolve, jobs, wakes)
            if stop:
                tx.close()
                return

    def _gather(self) -> tuple[list[_Job], bool]:
        first = self._queue.get()
        if first is _STOP:
            return [], True
        jobs = [first]
        if self._last >= GATHER_AT:
            time.sleep(GATHER_S)
        try:
            while len(jobs) < self._batch:
                job = self._queue.get_nowait()
                if job is _STOP:
                    return jobs, True
                jobs.append(job)
        except queue.Empty:
            pass
        return jobs, False

    def _write(self, tx: Any, jobs: list[_Job]) -> Any:
        began = time.perf_counter()
        self._last = len(jobs)
        for part in _apart(tx, jobs):
            try:
                self._attempt(tx, part)
            except Exception as error:
                tx = self._recover(tx, part, error)
        if self._observe is not None:
            self._observe(len(jobs), time.perf_counter() - began)
        return tx

    def _attempt(self, tx: Any, jobs: Sequence[_Job]) -> None:
        """The transaction, again when another writer's made PostgreSQL choose it as the victim."""
        for left in range(TANGLED_TRIES, -1, -1):
            try:
                self._transaction(tx, jobs)
                return
            except Exception as error:
                if not left or not tangled(error):
                    raise

    def _transaction(self, tx: Any, jobs: Sequence[_Job]) -> None:
        groups: dict[type[Any], list[_Job]] = {}
        for job in jobs:
            groups.setdefault(type(job.unit), []).append(job)
        wakes_before = len(tx.wakes)
        try:
            tx.begin()
            for kind, members in groups.items():
                results = kind.apply(tx, [job.unit for job in members])
                for job, result in zip(members, results, strict=True):
                    job.result = result
            tx.commit()
        except BaseException:
            del tx.wakes[wakes_before:]
            with contextlib.suppress(Exception):
                tx.rollback()
            raise

    def _recover(self, tx: Any, jobs: list[_Job], error: Exception) -> Any:
        away = translate(error)
        if away is not None and away.sentence.id == "store_gone":
            tx = self._reconnect(tx)
        if away is not None or len(jobs) == 1:
            for job in jobs:
                job.result = None
                job.error = away or _own_error(error)
            return tx
        for job in jobs:  # one of them is poisonous: find it, write the others
            try:
                self._attempt(tx, [job])
            except Exception as alone:
                job.error = translate(alone) or _own_error(alone)
        return tx

    def _reconnect(self, tx: Any) -> Any:
        with contextlib.suppress(Exception):
            tx.close()
        try:
            return self._connect()
        except Unavailable:
            return tx

    def _connect(self) -> Any:
        return connect(self._url, write=True, busy_s=self._patience_s)

    # --- in the loop -----------------------------------------------------------------------------

    def _resolve(self, jobs: list[_Job], wakes: list[tuple[str, Any]]) -> None:
        was_full = self._waiting >= self._limit
        self._waiting -= len(jobs)
        for job in jobs:
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)
        while self._impatient and self._impatient[0][1].done():
            self._impatient.popleft()
        if wakes and self._wake is not None:
            by_kind: dict[str, list[Any]] = {}
            for kind, value in wakes:
                by_kind.setdefault(kind, []).append(value)
            for kind, values in by_kind.items():
                self._wake(kind, values)
        if was_full and self._room is not None:
            task = asyncio.ensure_future(self._tell_room())
            task.add_done_callback(lambda _: None)

    async def _tell_room(self) -> None:
        assert self._room is not None
        async with self._room:
            self._room.notify_all()


def _apart(tx: Any, jobs: list[_Job]) -> list[list[_Job]]:
    """The transactions of a group: one, where there is one writer. Several writers lock rows in one
    order within a kind of unit, but two kinds after each other would be two orders, and PostgreSQL
    takes a second to find the deadlock that comes of it."""
    if tx.dialect == "sqlite":
        return [jobs]
    kinds: dict[type[Any], list[_Job]] = {}
    for job in jobs:
        kinds.setdefault(type(job.unit), []).append(job)
    return list(kinds.values())


def _own_error(error: Exception) -> Exception:
    """What a unit that fails alone has to say: its own sentence, or that it is poisonous."""
    if isinstance(error, SentenceError):
        return error
    poisoned = Poisoned("unit_poisoned", {"detail": f"{type(error).__name__}: {error}"})
    poisoned.__cause__ = error
    return poisoned
