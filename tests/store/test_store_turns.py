"""Leases with a fencing token, and the one commit of a turn."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from storehouse import (
    APP,
    BEN,
    DAY,
    NOW,
    NUMBER,
    OWNER,
    SECOND,
    House,
    person,
    texts,
)

from dragoman.store.errors import Poisoned
from dragoman.store.leases import Release, Renew, VoidLeases
from dragoman.store.turns import TurnCommit, TurnFailed


async def test_a_lease_carries_all_that_a_turn_needs(house: House) -> None:
    who = person(name="आशा", username="asha.r")
    items = (house.message("एक", who, meta='{"quoted":{"id":"x"}}'), house.message("दो", who))
    await house.arrive(*items, hook_id=99)
    (lease,) = house.told("turn")
    assert (lease.app_id, lease.number_id, lease.token, lease.tries) == (APP, NUMBER, 1, 1)
    assert (lease.from_seq, lease.to_seq, lease.context, lease.session_id) == (1, 2, "{}", 0)
    assert lease.contact == who
    assert lease.windows == {NUMBER: (NOW + DAY, "message", 0)}
    assert [(m.seq, m.id, m.content, m.external_id, m.at, m.hook_id, m.meta) for m in
            lease.messages] == [
        (i + 1, m.id, m.content, m.external_id, NOW, 99, m.meta) for i, m in enumerate(items)
    ]  # fmt: skip


async def test_one_lease_at_a_time_whose_token_rises(house: House) -> None:
    first = await house.lease()
    await house.arrive(house.message("2"))
    assert house.told("turn") == []
    assert await house.claim() == []
    assert await house.answer(first) == []
    (second,) = house.told("turn")  # more waited: leased again in the commit of the first
    assert (second.token, second.from_seq, second.to_seq, second.tries) == (2, 2, 2, 1)
    assert [m.seq for m in second.messages] == [2]


async def test_a_conversation_is_claimed_once(house: House) -> None:
    for i in range(5):
        await house.arrive(house.message(who=person(f"1202555010{i}")), owner=0)
    assert len(await house.claim(limit=3)) == 3
    assert len(await house.claim()) == 2
    assert await house.claim() == []


async def test_longest_due_first(house: House) -> None:
    for i in (2, 0, 1):
        await house.arrive(house.message(who=person(f"1202555010{i}"), due_in=i * 10), owner=0)
    house.now += 100
    one, two = [(await house.claim(limit=1))[0].contact.phone for _ in range(2)]
    assert one is not None and two is not None
    assert [one.digits, two.digits] == ["12025550100", "12025550101"]


async def test_a_stale_commit_writes_nothing(house: House) -> None:
    lease = await house.lease()
    await house.store.submit(VoidLeases(house.now, expired_only=False))
    (again,) = await house.claim()
    assert (again.token, again.tries) == (2, 2)
    assert await house.store.submit(house.end(lease, "stale", context='{"stale":1}')) is False
    assert await house.rows("SELECT count(*) FROM message WHERE direction=1") == [(0,)]
    assert await house.rows("SELECT count(*) FROM turn") == [(0,)]
    assert texts(await house.answer(again, "fresh")) == ["fresh"]
    assert await house.store.submit(house.end(lease, "stale")) is False
    assert await house.rows("SELECT context,done_seq FROM conversation") == [("{}", 1)]


async def test_a_stale_commit_in_the_same_group_writes_nothing(house: House) -> None:
    lease = await house.lease()
    await house.store.submit(VoidLeases(house.now, expired_only=False))
    (again,) = await house.claim()
    stale = house.end(lease, "stale", context='{"stale":1}')
    fresh = house.end(again, "fresh", context='{"fresh":1}')
    for order in ([stale, fresh],):
        kept = await house.store.do(lambda tx, units=order: TurnCommit.apply(tx, units))  # type: ignore[misc]
        assert list(kept) == [False, True]
    assert await house.rows("SELECT context FROM conversation") == [('{"fresh":1}',)]
    said = await house.rows("SELECT content,seq FROM message WHERE direction=1")
    assert [(json.loads(c)["text"], s) for c, s in said] == [("fresh", 1)]


async def test_a_commit_counts_once(house: House) -> None:
    lease = await house.lease()
    unit = house.end(lease, "once")
    assert await house.store.submit(unit) is True
    assert await house.store.submit(unit) is False
    assert await house.rows("SELECT count(*) FROM outbox") == [(1,)]


async def test_a_turn_commits_everything_or_nothing(house: House) -> None:
    lease = await house.lease()
    good = house.outgoing("good")
    twice = house.outgoing("the same id again", id=good.id)
    with pytest.raises(Poisoned):
        await house.store.submit(house.end(lease, good, twice, context='{"a":1}'))
    assert await house.rows("SELECT context,done_seq,out_seq,lease_token FROM conversation") == [
        ("{}", 0, 0, 1)
    ]
    for table in ("outbox", "turn", "attempt"):
        assert await house.rows(f"SELECT count(*) FROM {table}") == [(0,)]
    assert await house.rows("SELECT answer FROM message") == [(0,)]
    assert house.told("send") == []
    assert texts(await house.answer(lease, "good")) == ["good"]


async def test_what_a_turn_leaves_behind(house: House) -> None:
    lease = await house.lease(house.message("1"), house.message("2"))
    said = (house.outgoing("एक", meta='{"reply_to":"w"}'), house.outgoing("two", SECOND))
    unit = house.end(
        lease, *said, context='{"n":1}', notes='[{"id":"x"}]', context_change='{"n":1}',
        session_id=5, config_version=3,
    )  # fmt: skip
    assert await house.store.submit(unit) is True
    sent = house.told("send")
    assert sorted(texts(sent)) == ["two", "एक"]  # a lane for each number
    assert await house.rows(
        """SELECT context,done_seq,out_seq,tries,lease_owner,due_at,session_id,session_last
        FROM conversation"""
    ) == [('{"n":1}', 2, 2, 0, None, None, 5, NOW)]
    assert await house.rows("SELECT seq,answer,turn_id FROM message WHERE direction=0") == [
        (1, 1, unit.turn_id), (2, 1, unit.turn_id),
    ]  # fmt: skip
    assert await house.rows(
        """SELECT from_seq,to_seq,config_version,attempt,outcome,notes,context,flushes FROM turn"""
    ) == [(1, 2, 3, 1, "answered", '[{"id":"x"}]', '{"n":1}', 0)]
    assert await house.rows(
        "SELECT seq,number_id,kind,rank,meta,turn_id FROM message WHERE direction=1 ORDER BY seq"
    ) == [
        (1, NUMBER, "text", 1, '{"reply_to":"w"}', unit.turn_id),
        (2, SECOND, "text", 1, None, unit.turn_id),
    ]
    assert await house.rows("SELECT message_id,n,ended,outcome FROM attempt ORDER BY 1") == [
        (said[0].id, 1, 0, ""), (said[1].id, 1, 0, ""),
    ]  # fmt: skip


async def test_a_refused_message_is_kept_as_failed_and_not_queued(house: House) -> None:
    lease = await house.lease()
    refused = house.outgoing("no", error='{"code":"too_long","sentence":{"id":"x"}}')
    rows = await house.answer(lease, "before", refused, "after")
    assert texts(rows) == ["before"]
    assert texts(await house.settle(rows[0])) == ["after"]
    assert await house.rows("SELECT rank FROM message WHERE direction=1 ORDER BY seq") == [
        (2,), (4,), (1,),
    ]  # fmt: skip


async def test_a_flush_commits_and_keeps_the_lease(house: House) -> None:
    lease = await house.lease()
    turn = house.ids.new()
    rows = await house.answer(
        lease, "part", final=False, flushes=1, turn_id=turn, outcome="open", context='{"n":1}'
    )
    assert texts(rows) == ["part"]
    assert await house.rows(
        "SELECT context,done_seq,open_turn,open_to,lease_owner FROM conversation"
    ) == [('{"n":1}', 0, turn, 1, OWNER)]
    await house.arrive(house.message("meanwhile"))
    with pytest.raises(Poisoned):  # unique by (turn, ordinal)
        await house.store.submit(
            house.end(lease, "part", final=False, flushes=1, turn_id=turn, outcome="open")
        )
    more = await house.answer(lease, "rest", flushes=1, turn_id=turn, context='{"n":2}')
    assert more == []  # the lane is still sending the first part
    assert texts(await house.settle(rows[0])) == ["rest"]
    assert await house.rows("SELECT outcome,flushes FROM turn") == [("answered", 1)]
    (next_lease,) = house.told("turn")
    assert (next_lease.context, next_lease.open_turn) == ('{"n":2}', 0)


async def test_an_open_turn_is_seen_by_whoever_leases_next(house: House) -> None:
    lease = await house.lease()
    turn = house.ids.new()
    await house.answer(lease, "part", final=False, flushes=1, turn_id=turn, outcome="open")
    await house.arrive(house.message("meanwhile"))
    await house.store.submit(VoidLeases(house.now, expired_only=False))
    (again,) = await house.claim()
    assert (again.open_turn, again.open_to, again.from_seq, again.to_seq) == (turn, 1, 1, 2)
    await house.store.submit(
        house.end(again, "sorry", turn_id=turn, to_seq=1, outcome="interrupted")
    )
    (rest,) = house.told("turn")
    assert ([m.seq for m in rest.messages], rest.open_turn) == ([2], 0)


async def test_a_crashed_attempt_gives_the_lease_back(house: House) -> None:
    lease = await house.lease()
    failed = TurnFailed(
        APP, lease.conversation_id, lease.token, 1, 1, house.ids.new(), 1, 1, NOW, NOW, "[]",
        NOW + 500,
    )  # fmt: skip
    assert await house.store.submit(failed) is True
    assert house.told("due") == [NOW + 500]
    assert await house.store.submit(failed) is False
    assert await house.claim() == []
    await house.arrive(house.message("2"))  # a new message does not cut the pause short
    assert house.told("turn") == []
    house.now += 500
    (again,) = await house.claim()
    # It keeps to the message it crashed on: the new one must not be parked with it.
    assert (again.tries, again.token, len(again.messages), again.to_seq) == (2, 2, 1, 1)
    await house.answer(again)
    assert await house.rows("SELECT outcome,attempt,to_seq FROM turn") == [("answered", 2, 1)]
    (behind,) = house.told("turn") or await house.claim()
    assert (behind.tries, behind.from_seq, behind.to_seq) == (1, 2, 2)


async def test_a_lease_given_back_untried_does_not_count(house: House) -> None:
    lease = await house.lease()
    release = Release(APP, lease.conversation_id, lease.token, NOW, keep_tries=False)
    await house.store.submit(release)
    await house.store.submit(release)  # of nobody any more: nothing happens
    (again,) = await house.claim()
    assert again.tries == 1


async def test_debounce_holds_for_what_came_during_a_turn(house: House) -> None:
    lease = await house.lease()
    await house.arrive(house.message("2", due_in=800))
    await house.answer(lease, due_in=800)
    assert house.told("turn") == []
    assert house.told("due")[-1:] == [NOW + 800]
    house.now += 800
    assert [len(c.messages) for c in await house.claim()] == [1]


async def test_leases_of_another_owner_are_void_when_a_server_starts(url: str) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("PostgreSQL judges by time")
    async with House(url, owner=1).open() as house:
        await house.lease()
    async with House(url, owner=2).open() as house:
        assert house.found == (1, 0)
        (again,) = await house.claim()
        assert (again.tries, again.token) == (2, 2)


async def test_only_leases_whose_time_is_over_are_void(house: House) -> None:
    lease = await house.lease()
    await house.lease(house.message(who=person(BEN)))
    assert await house.store.submit(VoidLeases(NOW, expired_only=True)) == 0
    await house.store.do(
        lambda tx: tx.run(
            "UPDATE conversation SET lease_until=1 WHERE id=?", (lease.conversation_id,)
        )
    )
    assert await house.store.submit(VoidLeases(NOW, expired_only=True)) == 1
    (again,) = await house.claim()
    assert again.conversation_id == lease.conversation_id


async def test_renewing_keeps_a_lease(house: House) -> None:
    await house.lease()
    await house.store.do(lambda tx: tx.run("UPDATE conversation SET lease_until=1"))
    await house.store.submit(Renew(OWNER, 60_000))
    assert await house.store.submit(VoidLeases(NOW, expired_only=True)) == 0


async def test_a_group_of_turns_is_written_together(house: House) -> None:
    people = [person(f"120255501{i:02d}") for i in range(70)]
    await house.arrive(*(house.message(f"{i}", who) for i, who in enumerate(people)))
    leases = house.told("turn")
    assert len(leases) == 70
    units = [house.end(lease, f"to {i}", f"and {i}") for i, lease in enumerate(leases)]

    def work(tx: Any) -> list[bool]:
        return list(TurnCommit.apply(tx, units))

    assert await house.store.do(work) == [True] * 70
    heads = house.told("send")
    assert len({r.conversation_id for r in heads}) == len(heads) == 70
    assert {msgspec.json.decode(r.content)["text"].split()[0] for r in heads} == {"to"}
