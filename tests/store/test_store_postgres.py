"""What only a server with several writers can do to us."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from storehouse import ASHA, ASHA_ID, BEN, NUMBER, House, person

from dragoman.store import doubts
from dragoman.store.drivers import PostgresTx, connect
from dragoman.store.errors import Poisoned, StoreError, Unavailable
from dragoman.store.intake import Arrival, Arrived
from dragoman.store.migrate import upgrade
from dragoman.store.outgoing import FindDoubts
from dragoman.store.turns import TurnCommit

pytestmark = pytest.mark.full


async def test_two_writers_meet_the_same_new_person(postgres_url: str) -> None:
    """The loser of the race adopts the winner's contact, and what else it knew goes there."""
    upgrade(postgres_url)
    async with House(postgres_url, threads=1).open() as house:
        first, second = (connect(postgres_url, write=True) for _ in range(2))
        first.begin()
        Arrival.apply(first, [house.arrival(house.message("1", person(ASHA)))])
        done = threading.Event()

        def late() -> None:
            second.begin()
            both = house.message("2", person(ASHA, ASHA_ID, name="आशा"))
            Arrival.apply(second, [house.arrival(both)])
            second.commit()
            done.set()

        thread = threading.Thread(target=late)
        thread.start()
        assert not done.wait(0.05)  # it stands behind the first writer's identity
        first.commit()
        await asyncio.to_thread(thread.join, 10)
        assert done.is_set()
        first.close()
        second.close()
        winner = await house.one("SELECT contact_id FROM identity WHERE kind=1")
        assert await house.rows("SELECT DISTINCT contact_id FROM identity") == [winner]
        assert await house.rows("SELECT in_seq,contact_id FROM conversation") == [(2, *winner)]
        assert await house.rows("SELECT phone,bsuid,name FROM contact WHERE id=?", *winner) == [
            (ASHA, ASHA_ID, "आशा")
        ]
        await house.arrive(house.message("3", person(None, ASHA_ID)))
        assert await house.rows("SELECT in_seq,closed FROM conversation") == [(3, 0)]


async def test_arrivals_and_turns_at_once_lose_nothing(postgres_url: str) -> None:
    """Four writers, mixed groups: whoever is chosen as a deadlock's victim runs again."""
    async with House(postgres_url, threads=4).open() as house:
        people = [person(f"120255501{i:02d}") for i in range(12)]
        answered = 0
        total = 40 * len(people)

        async def write(start: int) -> None:
            for i in range(40):
                order = [people[(start + i * 5 + k) % 12] for k in range(3)]
                await house.arrive(*(house.message(f"{i}", who) for who in order))

        async def turn() -> None:
            nonlocal answered
            while answered < total:
                leases = house.told("turn") or await house.claim(8)
                units = [house.end(lease, "ok", owner=0, claim=frozenset()) for lease in leases]
                for unit, kept in zip(
                    units, await asyncio.gather(*map(house.store.submit, units)), strict=True
                ):
                    assert kept is True
                    answered += unit.to_seq - unit.from_seq + 1
                if not leases:
                    await asyncio.sleep(0.002)

        async with asyncio.timeout(60):
            await asyncio.gather(*(write(s) for s in (0, 3, 6, 9)), turn(), turn())
        assert answered == total
        found = await house.rows("SELECT count(*),max(in_seq-done_seq) FROM conversation")
        assert found == [(12, 0)]
        assert await house.rows("SELECT count(*) FROM message WHERE direction=0 AND answer<>1") == [
            (0,)
        ]


async def test_a_commit_of_many_turns_takes_every_size_of_group(postgres_url: str) -> None:
    async with House(postgres_url).open() as house:
        for size in (1, 15, 16, 17, 63, 64, 65, 130):
            people = [person(f"1202{size:03d}{i:04d}") for i in range(size)]
            await house.arrive(*(house.message(who=who) for who in people))
            leases = house.told("turn")
            assert len(leases) == size
            units = [house.end(lease, "a", "b") for lease in leases]
            kept = await house.store.do(lambda tx, u=units: TurnCommit.apply(tx, u))  # type: ignore[misc]
            assert list(kept) == [True] * size


async def _cut(url: str) -> None:
    """End every other connection to this database, as a restart of the server does."""

    def cut() -> None:
        tx: Any = connect(url, write=True)
        tx.run(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname=current_database() AND pid<>pg_backend_pid()"""
        )
        tx.close()

    await asyncio.to_thread(cut)


async def test_a_restarted_database_is_found_again(postgres_url: str) -> None:
    async with House(postgres_url, threads=2).open() as house:
        await house.arrive(house.message(key="a"))
        await _cut(postgres_url)
        lost = 0
        for _ in range(20):  # each connection notices once, readers and writers
            try:
                await house.arrive(house.message(key="b"))
                await house.rows("SELECT 1")
            except Unavailable as away:
                assert away.sentence.id == "store_gone"
                lost += 1
        assert 0 < lost <= 4
        assert await house.rows("SELECT count(*) FROM message") == [(2,)]


async def test_what_postgres_cannot_hold_is_poison_and_nothing_else_is(postgres_url: str) -> None:
    async with House(postgres_url, threads=1).open() as house:
        bad = house.message(who=person(BEN), external_id="a\0b")
        posts = [house.arrive(house.message()), house.arrive(bad), house.arrive(house.message())]
        one, two, three = await asyncio.gather(*posts, return_exceptions=True)
        assert (one, three) == (Arrived(1, 0, 0), Arrived(1, 0, 0))
        assert isinstance(two, Poisoned)


async def test_two_processes_share_the_work(postgres_url: str) -> None:
    async with House(postgres_url, owner=1).open() as a, House(postgres_url, owner=2).open() as b:
        for i in range(20):
            await a.arrive(a.message(who=person(f"120255501{i:02d}")), owner=0)
        mine, theirs = await asyncio.gather(a.claim(10), b.claim(10))
        ids = [lease.conversation_id for lease in (*mine, *theirs)]
        assert len(ids) == len(set(ids)) == 20
        row = (await a.answer(mine[0], "from a"))[0]
        assert row.number_id == NUMBER
        found = await b.store.submit(FindDoubts(2, b.now, b.now + 1, dead_only=True))
        assert found == 0  # its sender lives


async def meet(url: str, first: Callable[[Any], Any], second: Callable[[Any], Any]) -> list[Any]:
    """Two transactions at once: `second` begins after `first` has written, stands behind it, and
    goes on when it commits. What each gave, or its StoreError."""
    one, two = (connect(url, write=True) for _ in range(2))
    given: list[Any] = [None, None]
    done = threading.Event()

    def late() -> None:
        two.begin()
        try:
            given[1] = second(two)
            two.commit()
        except StoreError as error:
            given[1] = error
            two.rollback()
        done.set()

    one.begin()
    given[0] = first(one)
    thread = threading.Thread(target=late)
    thread.start()
    assert not done.wait(0.1)
    one.commit()
    await asyncio.to_thread(thread.join, 10)
    assert done.is_set()
    for tx in (one, two):
        assert isinstance(tx, PostgresTx)
        tx.close()
    return given


@pytest.mark.parametrize("echo_first", [True, False])
async def test_an_echo_and_its_doubt_at_once_leave_no_doubt(
    postgres_url: str, echo_first: bool
) -> None:
    """Intake takes a report while the doubt about its message is written by another connection."""
    async with House(postgres_url, threads=1).open() as house:
        row = await house.sending()
        echo = house.arrival(house.report("w", "read", reference=row.message_id))
        both: list[Callable[[Any], Any]] = [
            lambda tx: Arrival.apply(tx, [echo]),
            lambda tx: FindDoubts.apply(tx, [FindDoubts(99, house.now, house.now + 30_000)]),
        ]
        await meet(postgres_url, *(both if echo_first else both[::-1]))
        found = "SELECT rank,doubt,external_id FROM message WHERE id=?"
        assert await house.rows(found, row.message_id) == [(6, 2, "w")]
        assert await house.rows("SELECT outcome FROM attempt") == [("arrived",)]
        assert await house.rows("SELECT count(*) FROM outbox") == [(0,)]


async def test_a_report_while_a_person_has_it_sent_again_sends_nothing_twice(
    postgres_url: str,
) -> None:
    async with House(postgres_url, threads=1).open() as house:
        row = await house.sending()
        await house.store.submit(FindDoubts(99, house.now, house.now + 30_000))
        echo = house.arrival(house.report("w", "sent", reference=row.message_id))
        _, refused = await meet(
            postgres_url,
            lambda tx: Arrival.apply(tx, [echo]),
            lambda tx: doubts.settle(tx, house.ids, row.message_id, False, "रवि", house.now),
        )
        assert isinstance(refused, StoreError)
        assert refused.sentence.id == "doubt_ended"
        assert await house.rows("SELECT count(*) FROM message WHERE direction=1") == [(1,)]
        assert await house.rows("SELECT count(*) FROM outbox") == [(0,)]


async def test_a_report_while_a_person_takes_it_arrived_back_leaves_no_doubt(
    postgres_url: str,
) -> None:
    async with House(postgres_url, threads=1).open() as house:
        row = await house.sending()
        await house.store.submit(FindDoubts(99, house.now, house.now + 30_000))
        await house.store.do(
            lambda tx: doubts.settle(tx, house.ids, row.message_id, True, "रवि", house.now)
        )
        echo = house.arrival(house.report("w", "read", reference=row.message_id))
        _, refused = await meet(
            postgres_url,
            lambda tx: Arrival.apply(tx, [echo]),
            lambda tx: doubts.reopen(tx, house.ids, row.message_id, "रवि", house.now),
        )
        assert isinstance(refused, StoreError)
        assert refused.sentence.id == "doubt_stays_ended"
        found = "SELECT rank,doubt,external_id FROM message WHERE id=?"
        assert await house.rows(found, row.message_id) == [(6, 2, "w")]
