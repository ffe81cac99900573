"""The writer when things go wrong: poison, a full disk, a lock, too much work, a stop."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from storehouse import House, person

from dragoman.domain.sentences import Sentence, SentenceError, say, words
from dragoman.store.drivers import Tx
from dragoman.store.errors import Busy, Poisoned, StoreClosed, Unavailable
from dragoman.store.intake import Arrived

words({"test_refused": "Refused: {why}."})


class Note(msgspec.Struct, frozen=True):
    """A row of its own, or trouble. lane: as the unit's class says."""

    lane: ClassVar[str] = "work"
    id: int
    trouble: str = ""

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[Note]) -> Sequence[int]:
        for u in units:
            tx.wakes.append(("note", u.id))
            tx.run("INSERT INTO proof(app_id,step,at) VALUES (?,'note',1)", (u.id,))
            if u.trouble == "poison":
                tx.run("INSERT INTO proof(app_id,step,at) VALUES (?,NULL,1)", (u.id,))
            elif u.trouble == "refused":
                raise SentenceError(Sentence("test_refused", {"why": "नहीं"}))
        return [u.id for u in units]


class Gate(msgspec.Struct, frozen=True):
    """Holds the writer's thread until it is opened."""

    lane: ClassVar[str] = "work"
    reached: threading.Event
    opened: threading.Event

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[Gate]) -> Sequence[None]:
        for u in units:
            u.reached.set()
            assert u.opened.wait(20)
        return [None] * len(units)


async def shut(house: House) -> tuple[asyncio.Task[Any], threading.Event]:
    """The writer stands still until the event is set."""
    gate = Gate(threading.Event(), threading.Event())
    task = asyncio.create_task(house.store.submit(gate))
    await house.until(gate.reached.is_set)
    return task, gate.opened


async def notes(house: House) -> list[int]:
    return [int(r[0]) for r in await house.rows("SELECT app_id FROM proof ORDER BY app_id")]


@pytest.fixture
async def house(url: str) -> AsyncIterator[House]:
    """With one writer, on PostgreSQL too: while it stands still, nothing is written."""
    async with House(url, threads=1).open() as made:
        yield made


# --- groups and poison ---------------------------------------------------------------------------


async def test_a_poisonous_unit_is_set_aside_and_its_batch_goes_on(house: House) -> None:
    task, opened = await shut(house)
    units = [Note(i, "poison" if i == 5 else "refused" if i == 7 else "") for i in range(10)]
    waiting = [asyncio.create_task(house.store.submit(u)) for u in units]
    await house.until(lambda: house.store.waiting == 11)
    opened.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    await task
    assert [r for r in results if isinstance(r, int)] == [0, 1, 2, 3, 4, 6, 8, 9]
    assert isinstance(results[5], Poisoned)
    assert "null" in str(results[5]).lower()
    assert isinstance(results[7], SentenceError)
    assert results[7].sentence == Sentence("test_refused", {"why": "नहीं"})
    assert await notes(house) == [0, 1, 2, 3, 4, 6, 8, 9]
    assert sorted(house.told("note")) == [0, 1, 2, 3, 4, 6, 8, 9]  # no wake of what was undone


async def test_a_unit_that_refuses_says_its_own_sentence(house: House) -> None:
    with pytest.raises(SentenceError, match=r"^Refused: नहीं\.$"):
        await house.store.submit(Note(1, "refused"))
    assert await notes(house) == []


async def test_a_group_is_one_commit(url: str) -> None:
    commits: list[int] = []
    house = House(url, threads=1, observe=lambda n, seconds: commits.append(n))
    async with house.open():
        task, opened = await shut(house)
        waiting = [asyncio.create_task(house.store.submit(Note(i))) for i in range(40)]
        await house.until(lambda: house.store.waiting == 41)
        commits.clear()
        opened.set()
        assert await asyncio.gather(*waiting) == list(range(40))
        await task
    assert commits[:2] == [1, 40]


async def test_a_cancelled_wait_harms_nobody(house: House) -> None:
    task, opened = await shut(house)
    gone = asyncio.create_task(house.store.submit(Note(1)))
    stays = asyncio.create_task(house.store.submit(Note(2)))
    await house.until(lambda: house.store.waiting == 3)
    gone.cancel()
    opened.set()
    assert await stays == 2
    await task
    assert house.store.waiting == 0


async def test_what_was_submitted_is_written_before_a_stop(url: str) -> None:
    house = House(url, threads=1)
    async with house.open():
        task, opened = await shut(house)
        waiting = [asyncio.create_task(house.store.submit(Note(i))) for i in range(20)]
        await house.until(lambda: house.store.waiting == 21)
        opened.set()
    assert await asyncio.gather(*waiting) == list(range(20))
    await task
    with pytest.raises(StoreClosed):
        await house.store.submit(Note(99))
    async with House(url).open() as again:
        assert await notes(again) == list(range(20))


# --- too much ------------------------------------------------------------------------------------


async def test_intake_is_asked_to_come_again_and_work_never_is(url: str) -> None:
    house = House(url, threads=1, limit=4, wait_s=0.5)
    async with house.open():
        task, opened = await shut(house)
        held = [asyncio.create_task(house.arrive(house.message(key=f"k{i}"))) for i in range(4)]
        work = asyncio.create_task(house.store.submit(Note(1)))
        # The writer's one, three of the four posts, and the work, which needs no room.
        await house.until(lambda: house.store.waiting == 5)
        with pytest.raises(Busy) as busy:
            await house.arrive(house.message(key="late"))
        assert say(busy.value.sentence).startswith("More work waits for the database")
        # Those in the queue are not kept waiting for ever either; they may be written later.
        assert {type(r) for r in await asyncio.gather(*held, return_exceptions=True)} == {Busy}
        opened.set()
        assert await work == 1
        await task
        # The partner comes again: what was written meanwhile counts once.
        for key in ("k0", "k1", "k2", "k3", "late"):
            await house.arrive(house.message(key=key))
        assert await house.rows("SELECT count(*),max(seq) FROM message") == [(5, 5)]


async def test_room_is_given_as_soon_as_there_is_some(url: str) -> None:
    house = House(url, threads=1, limit=3, wait_s=10)
    async with house.open():
        task, opened = await shut(house)
        posts = [asyncio.create_task(house.arrive(house.message())) for _ in range(12)]
        await house.until(lambda: house.store.waiting == 3)
        opened.set()
        assert await asyncio.gather(*posts) == [Arrived(1, 0, 0)] * 12
        await task


# --- SQLite's own troubles -----------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


async def test_a_full_disk_is_unavailable_and_then_is_not(file: Path) -> None:
    async with House(f"sqlite:///{file}").open() as house:
        await house.arrive(house.message(key="before"))
        pages = await house.store.do(lambda tx: tx.run("PRAGMA page_count")[0][0])
        await house.store.do(lambda tx: tx.run(f"PRAGMA max_page_count={pages}"))
        big = b"x" * 200_000
        with pytest.raises(Unavailable, match="Free disk space"):
            await house.arrive(house.message(key="big"), body=big)
        assert await house.rows("SELECT count(*) FROM message") == [(1,)]
        await house.store.do(lambda tx: tx.run("PRAGMA max_page_count=1073741823"))
        assert await house.arrive(house.message(key="big"), body=big) == Arrived(1, 0, 0)
        assert await house.arrive(house.message(key="before")) == Arrived(0, 0, 0)


async def test_a_file_locked_by_another_program_is_unavailable_and_then_is_not(
    file: Path,
) -> None:
    async with House(f"sqlite:///{file}", wait_s=0.1).open() as house:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked by another program"):
            await house.store.submit(Note(1))
        with pytest.raises((Unavailable, Busy)):
            await house.arrive(house.message(key="a"))
        assert await house.rows("SELECT count(*) FROM message") == [(0,)]  # readers go on
        other.execute("ROLLBACK")
        other.close()
        await house.store.submit(Note(2))
        await house.arrive(house.message(key="a"))
        assert await house.rows("SELECT count(*) FROM message") == [(1,)]
        assert await notes(house) == [2]


async def test_every_commit_is_synced(file: Path) -> None:
    async with House(f"sqlite:///{file}").open() as house:
        settings = [
            await house.store.do(lambda tx, name=name: tx.run(f"PRAGMA {name}")[0][0])  # type: ignore[misc]
            for name in ("journal_mode", "synchronous")
        ]
        assert settings == ["wal", 2]


def as_it_lies(file: Path) -> Path:
    """A copy of the database as it is on the disk while the server runs."""
    copy = file.with_name("copy.db")
    copy.write_bytes(file.read_bytes())
    copy.with_name("copy.db-wal").write_bytes(file.with_name("store.db-wal").read_bytes())
    return copy


async def test_a_killed_writer_loses_nothing_that_was_answered(file: Path) -> None:
    async with House(f"sqlite:///{file}").open() as house:
        await house.arrive(house.message(key="a", who=person(name="आशा")))
        copy = as_it_lies(file)
    async with House(f"sqlite:///{copy}").open() as again:
        assert await again.rows("SELECT name FROM contact") == [("आशा",)]
        assert await again.arrive(again.message(key="a")) == Arrived(0, 0, 0)
