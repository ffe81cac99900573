"""The outbox: one row a lane, in order, and every way a call may end."""

from __future__ import annotations

from storehouse import (
    APP,
    BEN,
    DAY,
    NOW,
    NUMBER,
    SECOND,
    House,
    person,
    texts,
)

from dragoman.domain.identity import Phone
from dragoman.store.outgoing import FindDoubts, Hold, LeaveDoubts, Unclaim, Waiting

ERROR = '{"code":"unavailable","sentence":{"id":"x"}}'


async def outbox(house: House) -> list[tuple[object, ...]]:
    return await house.rows("SELECT seq,state FROM outbox ORDER BY number_id,seq")


async def ranks(house: House) -> list[int]:
    found = await house.rows("SELECT rank FROM message WHERE direction=1 ORDER BY seq")
    return [int(r[0]) for r in found]


async def test_a_lane_sends_one_at_a_time_in_order(house: House) -> None:
    rows = await house.answer(await house.lease(), "1", "2", "3")
    sent = []
    while rows:
        (row,) = rows
        sent += texts(rows)
        assert await house.ready() == []  # nothing overtakes
        rows = await house.settle(row)
    assert sent == ["1", "2", "3"]
    assert await outbox(house) == []
    assert await ranks(house) == [2, 2, 2]


async def test_a_claimed_row_carries_all_that_a_call_needs(house: House) -> None:
    who = person(name="Asha", identity_hash="h4sh")
    lease = await house.lease(house.message(who=who))
    said = house.outgoing("हाँ", meta='{"reply_to":"w"}')
    (row,) = await house.answer(lease, said)
    assert (row.app_id, row.number_id, row.seq, row.message_id) == (APP, NUMBER, 1, said.id)
    assert (row.attempt, row.created, row.spent, row.expires) == (1, NOW, 0, NOW + DAY)
    assert (row.partner, row.number_key) == ("cloud-api", f"1065403522429{NUMBER}")
    assert (row.kind, row.content, row.meta) == (said.kind, said.content, said.meta)
    assert (row.recipient, row.identity_hash) == (Phone("12025550142"), "h4sh")
    assert row.window_until == NOW + DAY


async def test_a_shared_conversation_has_a_lane_for_each_number(house: House) -> None:
    lease = await house.lease(
        house.message(shared=True), house.message(shared=True, number_id=SECOND)
    )
    said = (house.outgoing("a1"), house.outgoing("a2"), house.outgoing("b1", SECOND))
    rows = {r.number_id: r for r in await house.answer(lease, *said)}
    assert texts([rows[NUMBER], rows[SECOND]]) == ["a1", "b1"]
    await house.settle(rows[NUMBER], "in doubt", not_before=NOW + 30_000)
    assert await house.settle(rows[SECOND]) == []  # done; the other lane holds itself only
    assert await outbox(house) == [(1, 2), (2, 0)]


async def test_rows_of_two_conversations_are_claimed_together(house: House) -> None:
    for who in (person(), person(BEN)):
        lease = await house.lease(house.message(who=who))
        await house.answer(lease, "1", "2", claim=frozenset())
    assert texts(await house.ready()) == ["1", "1"]
    assert await house.ready() == []


async def test_unclaimed_rows_are_told_and_counted(house: House) -> None:
    await house.answer(await house.lease(), "1", claim=frozenset())
    assert house.told("lane") == [(APP, NUMBER)]
    assert [tuple(r) for r in await house.store.submit(Waiting())] == [(APP, NUMBER, 0)]
    assert len(await house.ready(limit=0)) == 0
    assert texts(await house.ready()) == ["1"]
    assert await ranks(house) == [1]


async def test_a_row_given_back_is_as_if_never_claimed(house: House) -> None:
    row = await house.sending()
    await house.store.submit(Unclaim(row, NOW))
    assert await house.rows("SELECT state,attempt,owner FROM outbox") == [(0, 0, None)]
    assert await house.rows("SELECT count(*) FROM attempt") == [(0,)]
    (again,) = await house.ready()
    assert (again.message_id, again.attempt) == (row.message_id, 1)


# --- how a call may end --------------------------------------------------------------------------


async def test_sent(house: House) -> None:
    row = await house.sending()
    await house.settle(row, external_id="wamid.1", call='{"url":"u"}', answer='{"status":200}')
    assert await house.rows("SELECT rank,external_id FROM message WHERE direction=1") == [
        (2, "wamid.1")
    ]
    assert await house.rows("SELECT external_id,message_id,rank FROM delivery") == [
        ("wamid.1", row.message_id, 2)
    ]
    assert await house.rows("SELECT n,ended,outcome,call,answer,error FROM attempt") == [
        (1, NOW, "sent", '{"url":"u"}', '{"status":200}', None)
    ]
    assert house.told("status") == [(APP, row.message_id, "accepted", NOW)]


async def test_the_partner_s_spelling_is_kept_beside_ours(house: House) -> None:
    row = await house.sending(who=person("5511987654321"))
    await house.settle(row, alias="551187654321")
    assert await house.rows("SELECT phone FROM contact") == [("5511987654321",)]
    assert await house.rows("SELECT value FROM identity ORDER BY value") == [
        ("551187654321",), ("5511987654321",),
    ]  # fmt: skip


async def test_failed_frees_the_lane(house: House) -> None:
    (row,) = await house.answer(await house.lease(), "1", "2")
    assert texts(await house.settle(row, "failed", error=ERROR)) == ["2"]
    assert await ranks(house) == [4, 1]
    assert await house.rows("SELECT error FROM message WHERE id=?", row.message_id) == [(ERROR,)]
    assert ("status", (APP, row.message_id, "failed", NOW)) in [
        ("status", s) for s in house.told("status")
    ]


async def test_a_retry_keeps_its_place_and_counts_its_time(house: House) -> None:
    (row,) = await house.answer(await house.lease(), "1", "2")
    assert await house.settle(row, "retry", not_before=NOW + 50, spent=50, error=ERROR) == []
    assert await house.ready() == []
    house.now += 50
    (again,) = await house.ready()
    assert (again.message_id, again.attempt, again.spent) == (row.message_id, 2, 50)
    assert texts(await house.settle(again)) == ["2"]
    assert await house.rows(
        "SELECT n,outcome FROM attempt WHERE message_id=? ORDER BY n", row.message_id
    ) == [(1, "retry"), (2, "sent")]


async def test_doubt_holds_the_lane_for_a_while_and_stays_on_the_message(house: House) -> None:
    (row,) = await house.answer(await house.lease(), "1", "2")
    assert await house.settle(row, "in doubt", not_before=NOW + 30_000, error=ERROR) == []
    assert await outbox(house) == [(1, 2), (2, 0)]
    assert await house.ready() == []
    assert await house.store.submit(LeaveDoubts(NOW + 29_999)) == []
    assert await house.store.submit(LeaveDoubts(NOW + 30_000)) == [(APP, NUMBER)]
    assert texts(await house.ready()) == ["2"]
    assert await house.rows("SELECT doubt,doubt_since FROM message WHERE id=?", row.message_id) == [
        (1, NOW)
    ]


async def test_the_next_row_is_left_when_nobody_may_send(house: House) -> None:
    (row,) = await house.answer(await house.lease(), "1", "2")
    assert await house.settle(row, owner=0) == []
    assert await outbox(house) == [(2, 0)]


async def test_rows_found_sending_at_a_start_are_in_doubt(url: str) -> None:
    async with House(url, owner=1).open() as house:
        (row,) = await house.answer(await house.lease(), "1", "2")
    async with House(url, owner=2).open() as house:
        if house.store.is_sqlite:
            assert house.found == (0, 1)
        else:  # its process has signed off, so nobody sends it
            assert house.found[1] == 1
        assert await outbox(house) == [(1, 2), (2, 0)]
        assert await house.rows("SELECT outcome FROM attempt") == [("in doubt",)]
        assert await house.rows("SELECT doubt FROM message WHERE id=?", row.message_id) == [(1,)]


async def test_what_a_living_process_sends_is_not_in_doubt(house: House) -> None:
    await house.sending()
    assert await house.store.submit(FindDoubts(house.owner, NOW, NOW + 1)) == 0
    assert await house.store.submit(FindDoubts(99, NOW, NOW + 1, dead_only=True)) == 0
    assert await house.store.submit(FindDoubts(99, NOW + 60_001, NOW + 1, dead_only=True)) == 1


async def test_a_hold_is_kept_on_the_number(house: House) -> None:
    await house.store.submit(Hold(APP, NUMBER, NOW, NOW + 5_000, ERROR, 2))
    assert await house.rows(
        "SELECT id,hold_since,hold_until,hold,hold_tries FROM number WHERE app_id=? ORDER BY id",
        APP,
    ) == [(NUMBER, NOW, NOW + 5_000, ERROR, 2), (SECOND, 0, 0, None, 0)]
    await house.store.submit(Hold(APP, NUMBER, 0, 0, None, 0))
    assert await house.rows("SELECT hold_since,hold FROM number WHERE id=?", NUMBER) == [(0, None)]
