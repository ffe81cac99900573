"""Reports climb the ladder in any order, find their message, and end doubts."""

from __future__ import annotations

import itertools

import pytest
from storehouse import APP, ASHA, BEN, DAY, NOW, NUMBER, SECOND, House, person, texts

from dragoman.domain.identity import Person
from dragoman.store import doubts
from dragoman.store.errors import StoreError
from dragoman.store.outgoing import FindDoubts, LeaveDoubts
from dragoman.store.rows import Claimed

FAILED = '{"code":"not_on_whatsapp"}'


async def standing(house: House, message_id: int) -> tuple[object, ...]:
    return await house.one("SELECT rank,doubt,external_id FROM message WHERE id=?", message_id)


async def doubting(house: House, who: Person | None = None) -> Claimed:
    row = await house.sending(who=who)
    await house.settle(row, "in doubt", not_before=house.now + 30_000)
    return row


# --- the ladder ----------------------------------------------------------------------------------


async def test_every_order_of_reports_and_answer_ends_the_same(house: House) -> None:
    steps = ("answer", "sent", "delivered", "read")
    for n, order in enumerate(itertools.permutations(steps)):
        row = await house.sending(who=person(f"120255501{n:02d}"))
        for step in order:
            if step == "answer":
                await house.settle(row, external_id=f"w{n}")
            else:
                await house.arrive(house.report(f"w{n}", step))
        assert await standing(house, row.message_id) == (6, 0, f"w{n}")
        found = await house.rows(
            "SELECT status FROM report WHERE message_id=? ORDER BY status", row.message_id
        )
        assert found == [("delivered",), ("read",), ("sent",)]


async def test_reports_in_one_post_climb_too(house: House) -> None:
    row = await house.sending()
    await house.settle(row, external_id="w")
    await house.arrive(*(house.report("w", s) for s in ("read", "sent", "delivered")))
    assert await standing(house, row.message_id) == (6, 0, "w")
    assert await house.rows("SELECT count(*) FROM report") == [(3,)]


async def test_a_report_before_the_answer_waits_there(house: House) -> None:
    row = await house.sending()
    await house.arrive(house.report("w", "delivered"))
    assert await house.rows("SELECT message_id,rank FROM delivery") == [(None, 5)]
    assert await house.rows("SELECT message_id FROM report") == [(0,)]
    await house.settle(row, external_id="w")
    assert await standing(house, row.message_id) == (5, 0, "w")
    assert await house.rows("SELECT message_id FROM report") == [(row.message_id,)]


async def test_failed_and_then_a_late_sent_stays_failed(house: House) -> None:
    row = await house.sending()
    await house.settle(row, external_id="w")
    await house.arrive(house.report("w", "failed", error=FAILED))
    await house.arrive(house.report("w", "sent"))
    assert await house.rows("SELECT rank,error FROM message WHERE id=?", row.message_id) == [
        (4, FAILED)
    ]


async def test_the_same_id_on_another_number_is_another_message(house: House) -> None:
    row = await house.sending()
    await house.settle(row, external_id="w")
    await house.arrive(house.report("w", "read", number_id=SECOND))
    assert await standing(house, row.message_id) == (2, 0, "w")


async def test_a_report_of_nobody_is_kept(house: House) -> None:
    await house.arrive(house.report("stranger", "read"))
    assert await house.rows("SELECT external_id,message_id,status FROM report") == [
        ("stranger", 0, "read")
    ]


# --- the window ----------------------------------------------------------------------------------


async def test_a_closed_window_is_closed_here_too(house: House) -> None:
    row = await house.sending()
    await house.settle(row, external_id="w")
    closing = house.report("w", "failed", error=FAILED, window_closed=True, at=NOW + 5)
    await house.arrive(closing)
    assert await house.rows("SELECT until FROM win") == [(NOW + 5,)]


async def test_what_the_contact_wrote_since_counts(house: House) -> None:
    row = await house.sending()
    await house.settle(row, external_id="w")
    house.now += 3_600_000
    await house.arrive(house.message("later"))
    await house.arrive(house.report("w", "failed", error=FAILED, window_closed=True, at=NOW + 5))
    assert await house.rows("SELECT until FROM win") == [(NOW + 3_600_000 + DAY,)]


# --- doubt ---------------------------------------------------------------------------------------


async def test_the_echo_of_our_reference_ends_a_doubt(house: House) -> None:
    (row,) = await house.answer(await house.lease(), "1", "2")
    await house.settle(row, "in doubt", not_before=NOW + 30_000)
    await house.arrive(house.report("w", "delivered", reference=row.message_id))
    assert await standing(house, row.message_id) == (5, 2, "w")
    assert await house.rows("SELECT outcome FROM attempt WHERE ended>0") == [("arrived",)]
    assert house.told("lane") == [(APP, NUMBER)]
    assert texts(await house.ready()) == ["2"]


async def test_an_echo_before_the_doubt_is_known_prevents_it(house: House) -> None:
    (row,) = await house.answer(await house.lease(), "1", "2")
    await house.arrive(house.report("w", "sent", reference=row.message_id))
    await house.settle(row, "in doubt", not_before=NOW + 30_000)
    assert await standing(house, row.message_id) == (3, 2, "w")
    assert texts(await house.ready()) == ["2"]


async def test_an_echo_of_another_number_s_message_is_not_believed(house: House) -> None:
    row = await doubting(house)
    await house.arrive(house.report("w", "delivered", reference=row.message_id, number_id=SECOND))
    assert await standing(house, row.message_id) == (1, 1, None)


async def test_a_report_ends_the_one_open_doubt_of_its_pair(house: House) -> None:
    row = await doubting(house)
    await house.arrive(house.report("w", "delivered", recipient=person(ASHA)))
    assert await standing(house, row.message_id) == (5, 4, "w")


async def test_of_two_open_doubts_none_is_guessed(house: House) -> None:
    (row,) = await house.answer(await house.lease(), "1", "2")
    await house.settle(row, "in doubt", not_before=NOW)
    await house.store.submit(LeaveDoubts(NOW))
    (second,) = await house.ready()
    await house.settle(second, "in doubt", not_before=NOW)
    await house.arrive(house.report("w", "delivered", recipient=person(ASHA)))
    assert await house.rows("SELECT doubt FROM message WHERE direction=1") == [(1,), (1,)]


async def test_another_contact_s_report_ends_no_doubt(house: House) -> None:
    row = await doubting(house)
    await house.arrive(house.message(who=person(BEN)))
    await house.arrive(house.report("w", "delivered", recipient=person(BEN)))
    assert await standing(house, row.message_id) == (1, 1, None)


async def test_a_doubt_found_at_the_start_but_echoed_is_none(house: House) -> None:
    row = await house.sending()
    await house.arrive(house.report("w", "sent", reference=row.message_id))
    await house.store.submit(FindDoubts(99, NOW, NOW + 30_000))
    assert await standing(house, row.message_id) == (3, 2, "w")
    assert await house.rows("SELECT count(*) FROM outbox") == [(0,)]
    assert await house.rows("SELECT outcome FROM attempt") == [("arrived",)]


async def test_doubts_are_listed_oldest_first(house: House) -> None:
    first = await doubting(house)
    house.now += 600_000
    second = await doubting(house, person(BEN, name="Ben"))
    listed = await house.store.read(lambda tx: doubts.listed(tx, house.now))
    assert [(r[0], r[2], r[3], r[6], r[5]) for r in listed] == [
        (APP, first.message_id, NOW, ASHA, None),
        (APP, second.message_id, NOW + 600_000, BEN, "Ben"),
    ]
    early = await house.store.read(lambda tx: doubts.listed(tx, house.now - 1))
    assert [r[2] for r in early] == [first.message_id]


async def settle(house: House, message_id: int, arrived: bool) -> int | None:
    return await house.store.do(
        lambda tx: doubts.settle(tx, house.ids, message_id, arrived, "रवि", house.now)
    )


async def test_a_person_says_that_it_arrived(house: House) -> None:
    row = await doubting(house)
    assert await settle(house, row.message_id, True) is None
    assert await standing(house, row.message_id) == (2, 2, None)
    assert await house.rows("SELECT who,what,target,after FROM audit") == [
        ("रवि", "doubt.settle", str(row.message_id), "arrived")
    ]
    # Its report may still come, and finds it by the echo.
    await house.arrive(house.report("w", "read", reference=row.message_id))
    assert await standing(house, row.message_id) == (6, 2, "w")


async def test_a_person_has_it_sent_again(house: House) -> None:
    row = await doubting(house)
    new_id = await settle(house, row.message_id, False)
    assert house.told("lane")[-1] == (APP, NUMBER)
    (again,) = await house.ready()
    assert (again.message_id, again.content, again.seq) == (new_id, row.content, 2)
    assert await house.rows(
        "SELECT id,doubt,retry_of FROM message WHERE direction=1 ORDER BY seq"
    ) == [(row.message_id, 3, 0), (new_id, 0, row.message_id)]
    assert await house.rows("SELECT after FROM audit") == [("sent again",)]


async def test_only_a_doubt_can_be_settled(house: House) -> None:
    row = await house.sending()
    for message_id in (row.message_id, 12345):
        with pytest.raises(StoreError, match="No message in doubt has this id"):
            await settle(house, message_id, True)
    assert await house.rows("SELECT count(*) FROM audit") == [(0,)]
