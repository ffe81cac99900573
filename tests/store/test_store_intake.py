"""Intake: once, in order, with the right person, the right window and the right due time."""

from __future__ import annotations

import asyncio

import pytest
from storehouse import (
    APP,
    ASHA,
    ASHA_ID,
    BEN,
    BEN_ID,
    DAY,
    NOW,
    NUMBER,
    OTHER_APP,
    SECOND,
    THEIRS,
    House,
    person,
)

from dragoman.domain.identity import Person
from dragoman.store.intake import Arrived, digest
from dragoman.store.rows import NewEvent, NewRejected

NONE = Arrived(0, 0, 0)


# --- once ----------------------------------------------------------------------------------------


async def test_the_same_message_again_is_nothing_new(house: House) -> None:
    assert await house.arrive(house.message(key="a")) == Arrived(1, 0, 0)
    assert await house.arrive(house.message(key="a")) == NONE
    assert await house.rows("SELECT count(*) FROM message") == [(1,)]
    assert await house.rows("SELECT in_seq FROM conversation") == [(1,)]


async def test_the_same_message_in_another_batch_is_not_kept_twice(house: House) -> None:
    await house.arrive(house.message(key="a"), house.message(key="b"))
    later = await house.arrive(
        house.message("new", key="c"), house.message(key="b"), house.message(key="a")
    )
    assert later == Arrived(1, 0, 0)
    assert await house.rows("SELECT seq,external_id FROM message ORDER BY seq") == [
        (1, "wamid.a"), (2, "wamid.b"), (3, "wamid.c"),
    ]  # fmt: skip


async def test_equals_within_one_post_count_once(house: House) -> None:
    first, again = house.message(key="a"), house.message(key="a")
    assert await house.arrive(first, again) == Arrived(1, 0, 0)
    assert await house.rows("SELECT id FROM message") == [(first.id,)]


async def test_concurrent_posts_of_one_message_are_one_message(house: House) -> None:
    posts = [house.arrive(house.message(key=f"k{i % 5}")) for i in range(100)]
    arrived = await asyncio.gather(*posts)
    assert sum(a.messages for a in arrived) == 5
    assert await house.rows("SELECT count(*),max(seq) FROM message") == [(5, 5)]


async def test_seven_days_later_it_is_still_the_same(house: House) -> None:
    await house.arrive(house.message(key="a"))
    house.now += 7 * DAY
    assert await house.arrive(house.message(key="a")) == NONE


async def test_after_a_restart_it_is_still_the_same(url: str) -> None:
    async with House(url).open() as house:
        await house.arrive(house.message(key="a"))
    async with House(url).open() as house:
        assert await house.arrive(house.message(key="a")) == NONE


async def test_two_apps_remember_apart(house: House) -> None:
    await house.arrive(house.message(key="a"))
    theirs = house.message(key="a", number_id=THEIRS)
    assert await house.arrive(theirs, app_id=OTHER_APP) == Arrived(1, 0, 0)


async def test_reports_and_events_are_counted_once_too(house: House) -> None:
    for expected in (Arrived(0, 1, 1), NONE):
        event = NewEvent(house.ids.new(), digest("e"), "template", NUMBER, NOW, "{}")
        assert await house.arrive(house.report("wamid.x", key="r"), event) == expected


async def test_a_rejected_item_is_kept_beside_its_neighbours(house: House) -> None:
    bad = NewRejected(house.ids.new(), "entry[0]", '{"id":"x"}', '{"raw":"רע"}')
    assert await house.arrive(house.message(), bad) == Arrived(1, 0, 0)
    assert await house.rows("SELECT path,reason,raw FROM rejected") == [
        ("entry[0]", '{"id":"x"}', '{"raw":"רע"}')
    ]


async def test_a_body_that_says_nothing_new_is_not_stored_again(house: House) -> None:
    await house.arrive(house.message(key="a"), body=b"first")
    await house.arrive(house.message(key="a"), body=b"again")
    await house.arrive(house.message(key="b"), house.message(key="a"), body=b"more")
    found = [bytes(r[0]) for r in await house.rows("SELECT body FROM hook ORDER BY id")]
    assert found == [b"first", b"more"]


# --- in order ------------------------------------------------------------------------------------


@pytest.mark.parametrize("people", [1, 7])
async def test_arrival_order_has_no_gap_under_concurrency(url: str, people: int) -> None:
    async with House(url, threads=1 if url.startswith("sqlite") else 4).open() as house:
        callers = [person(f"120255501{i:02d}") for i in range(people)]
        posts = [
            house.arrive(
                *(house.message(who=callers[(i + k) % people]) for k in range(1 + i % 3)), owner=0
            )
            for i in range(200)
        ]
        arrived = await asyncio.gather(*posts)
        total = sum(a.messages for a in arrived)
        assert total == sum(1 + i % 3 for i in range(200))
        counts = await house.rows(
            """SELECT conversation_id,count(*),min(seq),max(seq),count(DISTINCT seq) FROM message
            GROUP BY conversation_id"""
        )
        assert len(counts) == people
        assert all(n == high == distinct and low == 1 for _, n, low, high, distinct in counts)
        in_seq = await house.rows("SELECT id,in_seq FROM conversation ORDER BY id")
        assert in_seq == sorted((c[0], c[1]) for c in counts)
        assert len(await house.rows("SELECT id FROM contact")) >= people
        assert await house.rows("SELECT count(*) FROM identity") == [(people,)]


async def test_messages_of_one_post_keep_its_order(house: House) -> None:
    items = [house.message(f"{i}", person(ASHA if i % 2 else BEN)) for i in range(20)]
    await house.arrive(*items)
    found = await house.rows("SELECT id FROM message ORDER BY conversation_id,seq")
    mine = [m.id for m in items if m.person == person(ASHA)]
    bens = [m.id for m in items if m.person == person(BEN)]
    ids = [r[0] for r in found]
    assert [i for i in ids if i in mine] == mine
    assert [i for i in ids if i in bens] == bens


async def test_a_conversation_for_each_number_unless_shared(house: House) -> None:
    await house.arrive(house.message(), house.message(number_id=SECOND))
    await house.arrive(
        house.message(who=person(BEN), shared=True),
        house.message(who=person(BEN), shared=True, number_id=SECOND),
    )
    found = await house.rows("SELECT number_id,in_seq FROM conversation ORDER BY number_id")
    assert found == [(0, 2), (NUMBER, 1), (SECOND, 1)]


# --- who -----------------------------------------------------------------------------------------


async def contacts(house: House) -> list[tuple[object, ...]]:
    return await house.rows("SELECT phone,bsuid,name FROM contact ORDER BY id")


async def test_a_phone_then_phone_and_bsuid_then_bsuid_is_one_contact(house: House) -> None:
    for who in (person(ASHA), person(ASHA, ASHA_ID, name="आशा"), person(None, ASHA_ID)):
        await house.arrive(house.message(who=who))
    assert await contacts(house) == [(ASHA, ASHA_ID, "आशा")]
    assert await house.rows("SELECT in_seq FROM conversation") == [(3,)]


async def test_what_an_event_does_not_say_stays_known(house: House) -> None:
    await house.arrive(house.message(who=person(ASHA, ASHA_ID, name="Asha", username="asha.r")))
    await house.arrive(house.message(who=person(ASHA, None, name="Asha Rao")))
    assert await house.rows("SELECT name,username,phone,bsuid FROM contact") == [
        ("Asha Rao", "asha.r", ASHA, ASHA_ID)
    ]


async def test_a_bsuid_alone_is_a_contact(house: House) -> None:
    lease = await house.lease(house.message(who=person(None, ASHA_ID)))
    assert lease.contact == person(None, ASHA_ID)
    (row,) = await house.answer(lease, "hi")
    assert row.recipient == person(None, ASHA_ID).bsuid


async def test_two_known_contacts_turn_out_to_be_one(house: House) -> None:
    old = await house.lease(house.message("by phone", person(ASHA)))
    young = await house.lease(house.message("by id", person(None, ASHA_ID)))
    await house.answer(old)
    await house.answer(young)
    both = await house.lease(house.message("both", person(ASHA, ASHA_ID)))
    assert both.conversation_id == old.conversation_id
    assert both.contact == person(ASHA, ASHA_ID)
    found = await house.rows("SELECT id,closed FROM conversation ORDER BY id")
    assert found == [(old.conversation_id, 0), (young.conversation_id, 1)]
    younger = await house.one("SELECT merged_into FROM contact WHERE id=?", young.contact_id)
    assert younger == (old.contact_id,)
    again = await house.claim()  # whoever answers to either is the older contact from now on
    assert again == []
    await house.answer(both)
    last = await house.lease(house.message("by id again", person(None, ASHA_ID)))
    assert last.conversation_id == old.conversation_id


async def test_what_waits_in_the_younger_conversation_is_still_answered(house: House) -> None:
    await house.arrive(house.message("by phone", person(ASHA)), owner=0)
    await house.arrive(house.message("by id", person(None, ASHA_ID)), owner=0)
    await house.arrive(house.message("both", person(ASHA, ASHA_ID)), owner=0)
    leases = await house.claim()
    said = sorted(tuple(m.seq for m in lease.messages) for lease in leases)
    assert said == [(1,), (1, 2)]
    for lease in leases:
        assert len(await house.answer(lease, "ok")) == 1


async def test_they_turn_out_to_be_one_within_a_single_post(house: House) -> None:
    arrived = await house.arrive(
        house.message("1", person(ASHA)),
        house.message("2", person(None, ASHA_ID)),
        house.message("3", person(ASHA, ASHA_ID)),
    )
    assert arrived == Arrived(3, 0, 0)
    leases = house.told("turn")
    assert sorted(len(lease.messages) for lease in leases) == [1, 2]
    for lease in leases:
        await house.answer(lease, "ok")


async def test_the_later_window_of_two_contacts_counts(house: House) -> None:
    await house.arrive(house.message(who=person(ASHA), number_id=SECOND))
    house.now += 3_600_000
    await house.arrive(house.message(who=person(None, ASHA_ID), number_id=SECOND))
    await house.arrive(house.message(who=person(ASHA, ASHA_ID)))
    older = await house.one("SELECT min(id) FROM contact")
    found = await house.rows(
        "SELECT number_id,until FROM win WHERE contact_id=? ORDER BY number_id", *older
    )
    assert found == [(NUMBER, NOW + 3_600_000 + DAY), (SECOND, NOW + 3_600_000 + DAY)]


async def test_a_changed_number_is_the_same_contact(house: House) -> None:
    await house.arrive(house.message(who=person(ASHA, ASHA_ID)), owner=0)
    notice = house.message(
        "changed", person(ASHA), kind="number_changed", why='{"id":"silent_kind"}',
        new_identity=person(BEN, BEN_ID),
    )  # fmt: skip
    await house.arrive(notice, owner=0)
    await house.arrive(house.message("from the new phone", person(BEN)), owner=0)
    (lease,) = await house.claim()
    assert await house.rows("SELECT count(*) FROM contact") == [(1,)]
    assert lease.contact == person(BEN, BEN_ID)
    assert [m.seq for m in lease.messages] == [1, 3]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5511987654321", "551187654321"),
        ("5215512345678", "525512345678"),
        ("5491123456789", "541123456789"),
    ],
)
async def test_one_subscriber_in_two_spellings_is_one_contact(
    house: House, one: str, other: str
) -> None:
    await house.arrive(house.message(who=person(one)), house.message(who=person(other)))
    await house.arrive(house.message(who=person(other)), house.message(who=person(one)))
    assert await house.rows("SELECT count(*) FROM contact") == [(1,)]
    found = await house.rows("SELECT value FROM identity ORDER BY value")
    assert found == sorted([(one,), (other,)])  # side by side, never rewritten


async def test_a_landline_is_not_taken_for_a_mobile(house: House) -> None:
    await house.arrive(
        house.message(who=person("551132345678")), house.message(who=person("5511932345678"))
    )
    assert await house.rows("SELECT count(*) FROM contact") == [(2,)]


# --- windows -------------------------------------------------------------------------------------


async def test_the_later_end_of_a_window_wins_in_any_order(house: House) -> None:
    for until in (NOW + 5, NOW + 9, NOW + 7):
        await house.arrive(house.message(window_until=until))
    assert await house.rows("SELECT until,opener FROM win") == [(NOW + 9, "message")]


async def test_a_free_entry_point_is_kept_beside_the_window(house: House) -> None:
    await house.arrive(
        house.message(window_until=NOW + 9, window_opener="free_entry", window_free=NOW + 99)
    )
    await house.arrive(house.message(window_until=NOW + 20))
    assert await house.rows("SELECT until,opener,free_until FROM win") == [
        (NOW + 20, "message", NOW + 99)
    ]


async def test_a_call_opens_the_window_of_its_pair(house: House) -> None:
    call = NewEvent(
        house.ids.new(), digest("c"), "call", NUMBER, NOW, "{}", person(ASHA), NOW + DAY
    )
    await house.arrive(call)
    contact = await house.one("SELECT id FROM contact")
    assert await house.rows("SELECT number_id,contact_id,until,opener FROM win") == [
        (NUMBER, *contact, NOW + DAY, "call")
    ]


# --- due -----------------------------------------------------------------------------------------


async def test_what_will_not_be_answered_sets_no_due_time(house: House) -> None:
    why = '{"id":"channel_disabled"}'
    await house.arrive(house.message(why=why), owner=0)
    assert await house.rows("SELECT due_at,in_seq FROM conversation") == [(None, 1)]
    assert await house.rows("SELECT answer,why FROM message") == [(2, why)]
    assert await house.claim() == []
    await house.arrive(house.message("answer me"), owner=0)
    (lease,) = await house.claim()
    assert [m.seq for m in lease.messages] == [2]
    assert (lease.from_seq, lease.to_seq) == (1, 2)  # the turn moves past the first


async def test_debounce_waits_from_the_first_message(house: House) -> None:
    await house.arrive(house.message("1", due_in=800))
    assert house.told("turn") == []
    assert house.told("due") == [NOW + 800]
    house.now += 500
    await house.arrive(house.message("2", due_in=800))
    assert await house.rows("SELECT due_at FROM conversation") == [(NOW + 800,)]
    house.now = NOW + 799
    assert await house.claim() == []
    house.now = NOW + 800
    (lease,) = await house.claim()
    assert [m.seq for m in lease.messages] == [1, 2]


async def test_a_message_behind_a_running_turn_is_not_due_before_its_end(house: House) -> None:
    await house.lease(house.message("1"))
    await house.arrive(house.message("2"))
    assert house.told("turn") == []
    assert await house.claim() == []


async def test_nobody_is_mixed_up_between_apps(house: House) -> None:
    await house.arrive(house.message(who=person(ASHA)))
    await house.arrive(house.message(who=person(ASHA), number_id=THEIRS), app_id=OTHER_APP)
    found = await house.rows("SELECT app_id,count(*) FROM contact GROUP BY app_id ORDER BY app_id")
    assert found == [(APP, 1), (OTHER_APP, 1)]
    assert {lease.app_id for lease in house.told("turn")} == {APP, OTHER_APP}


async def test_a_group_message_of_nobody_known_is_kept(house: House) -> None:
    assert Person() == person(None)
    await house.arrive(house.message(why='{"id":"group_message"}', window_until=0))
    assert await house.rows("SELECT count(*) FROM win") == [(0,)]
