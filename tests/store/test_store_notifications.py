"""Notifications as rows: a table of their own until claimed, one message each, whatever happens."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from storehouse import (
    APP,
    ASHA,
    BEN,
    DAY,
    NOW,
    NUMBER,
    OTHER_APP,
    SECOND,
    THEIRS,
    House,
    person,
    text_of,
    texts,
)

from dragoman.domain.identity import Phone
from dragoman.store import doubts
from dragoman.store import notifications as rows
from dragoman.store.errors import Poisoned
from dragoman.store.notifications import Accept, Accepted, Drop, NewRecipient, Queue, Reach
from dragoman.store.outgoing import LeaveDoubts
from dragoman.store.queries import notified
from dragoman.store.rows import Claimed

SAO_PAULO, SAO_PAULO_OLD = "5511987654321", "551187654321"
WHY = '{"id":"notify_stopped"}'


def asked(house: House, *phones: str, **more: Any) -> Accept:
    """A request to write to these people; number: which of ours writes."""
    number = more.pop("number", NUMBER)
    recipients = tuple(NewRecipient(number, p, json.dumps({"phoneNumber": p})) for p in phones)
    plain: dict[str, Any] = {
        "app_id": APP,
        "id": house.ids.new(),
        "at": house.now,
        "client_id": "cs-tests",
        "config_version": 3,
        "kind": "text",
        "body": "{}",
        "expires": house.now + DAY,
        "recipients": recipients,
    }
    return Accept(**{**plain, **more})


async def accept(house: House, *phones: str, **more: Any) -> int:
    done: Accepted = await house.store.submit(asked(house, *phones, **more))
    return done.id


def queue(house: House, job: int, n: int, phone: str, **more: Any) -> Queue:
    """The message of a recipient, which says who it is for."""
    meta = json.dumps({"notification": job, "n": n})
    text = more.pop("text", f"to {phone}")
    message = {"priority": rows.PRIORITY, "meta": meta, **more.pop("message", {})}
    number = more.pop("number", NUMBER)
    made = house.outgoing(text, number, **message)
    return Queue(APP, job, n, person(phone), made, house.now, **more)


async def one(house: House, phone: str = BEN, **more: Any) -> Claimed:
    """A notification to somebody, claimed and on its way."""
    job = await accept(house, phone)
    assert await house.store.submit(queue(house, job, 0, phone, **more)) is True
    (row,) = await house.ready()
    return row


async def states(house: House) -> list[int]:
    found = await house.rows("SELECT state FROM recipient ORDER BY notification_id,n")
    return [int(r[0]) for r in found]


async def waiting(house: House, number: int = NUMBER) -> list[tuple[int, int]]:
    found = await house.store.read(lambda tx: rows.waiting(tx, APP, number, 100))
    return [(w.notification_id, w.n) for w in found]


# --- taken in ------------------------------------------------------------------------------------


async def test_a_request_is_one_commit_and_wakes(house: House) -> None:
    job = await accept(house, ASHA, BEN)
    assert house.told("notify") == [APP]
    found = await house.store.read(lambda tx: notified.job(tx, APP, job))
    assert found is not None
    assert (found.at, found.client_id, found.config_version, found.recipients) == (
        NOW, "cs-tests", 3, 2,
    )  # fmt: skip
    assert await house.rows("SELECT n,phone,state,expires FROM recipient ORDER BY n") == [
        (0, ASHA, 0, NOW + DAY), (1, BEN, 0, NOW + DAY),
    ]  # fmt: skip
    assert await house.rows("SELECT 1 FROM outbox") == []
    assert await house.store.read(lambda tx: notified.job(tx, OTHER_APP, job)) is None


async def test_who_cannot_be_written_to_has_ended_from_the_beginning(house: House) -> None:
    bad = NewRecipient(0, "", '{"phoneNumber":"x"}', WHY)
    job = await accept(house, recipients=(bad,))
    assert await waiting(house) == []
    assert await house.store.read(rows.numbers) == []
    (end,) = await house.store.read(lambda tx: notified.ends(tx, APP, job))
    assert (end.state, end.error, end.ended, end.message_id) == (Reach.FAILED, WHY, NOW, 0)


async def test_a_thousand_recipients(house: House) -> None:
    people = [f"1202555{i:04}" for i in range(1000)]
    job = await accept(house, *people)
    assert await house.one("SELECT count(*),min(n),max(n) FROM recipient") == (1000, 0, 999)
    assert (await waiting(house))[:3] == [(job, 0), (job, 1), (job, 2)]


async def test_a_token_that_names_itself_brings_one_job(house: House) -> None:
    token, body, other = b"t" * 16, b"b" * 32, b"o" * 32
    first = await accept(house, ASHA, token=token, fingerprint=body)
    house.now += 1000
    again: Accepted = await house.store.submit(asked(house, ASHA, token=token, fingerprint=body))
    assert again == Accepted(first, NOW)
    changed: Accepted = await house.store.submit(asked(house, BEN, token=token, fingerprint=other))
    assert changed.replayed is True
    assert await house.one("SELECT count(*) FROM notification") == (1,)
    assert await house.one("SELECT count(*) FROM recipient") == (1,)
    units = [asked(house, BEN, token=b"n" * 16, fingerprint=body) for _ in range(8)]
    together = await asyncio.gather(*map(house.store.submit, units))
    assert len({done.id for done in together}) == 1
    assert await house.one("SELECT count(*) FROM notification") == (2,)


# --- waiting -------------------------------------------------------------------------------------


async def test_numbers_wait_apart_and_first_come_is_first_served(house: House) -> None:
    first = await accept(house, ASHA, BEN)
    second = await accept(house, ASHA)
    other = await accept(house, BEN, number=SECOND)
    theirs = await accept(house, BEN, app_id=OTHER_APP, number=THEIRS)
    pairs = await house.store.read(rows.numbers)
    assert pairs == [(APP, NUMBER), (APP, SECOND), (OTHER_APP, THEIRS)]
    assert await waiting(house) == [(first, 0), (first, 1), (second, 0)]
    assert await waiting(house, SECOND) == [(other, 0)]
    assert theirs not in {job for job, _ in await waiting(house)}


async def test_the_number_that_somebody_wrote_to_last(house: House) -> None:
    await house.arrive(house.message(who=person(ASHA), number_id=NUMBER), owner=0)
    later = {"number_id": SECOND, "window_until": NOW + 2 * DAY}
    await house.arrive(house.message(who=person(ASHA), **later), owner=0)
    await house.arrive(house.message(who=person(SAO_PAULO)), owner=0)
    phones = [Phone(ASHA), Phone(BEN), Phone(SAO_PAULO_OLD)]

    async def found(*listed: int) -> dict[str, int]:
        numbers = frozenset(listed)
        return await house.store.read(lambda tx: notified.last_written_to(tx, APP, phones, numbers))

    assert await found(NUMBER, SECOND) == {ASHA: SECOND, SAO_PAULO_OLD: NUMBER}
    assert await found(NUMBER) == {ASHA: NUMBER, SAO_PAULO_OLD: NUMBER}
    assert await found(THEIRS) == {}


# --- into the lane -------------------------------------------------------------------------------


async def test_a_recipient_gets_one_message_however_often_it_is_asked_for(house: House) -> None:
    job = await accept(house, BEN)
    units = [queue(house, job, 0, BEN) for _ in range(6)]
    won = await asyncio.gather(*map(house.store.submit, units))
    assert sum(won) == 1
    assert await house.store.submit(queue(house, job, 0, BEN)) is False
    assert await house.store.submit(Drop(APP, job, 0, WHY, NOW)) is False
    message_id = units[won.index(True)].message.id
    assert await house.rows("SELECT id,direction,seq,rank,turn_id FROM message") == [
        (message_id, 1, 1, 0, 0)
    ]
    assert await house.rows("SELECT message_id,priority,state FROM outbox") == [(message_id, 1, 0)]
    assert house.told("lane") == [(APP, NUMBER)]
    assert await states(house) == [Reach.QUEUED]
    assert await waiting(house) == []


async def test_an_answer_overtakes_who_still_waits(house: House) -> None:
    lease = await house.lease(house.message(who=person(BEN)))
    job = await accept(house, BEN)  # asked for first
    (answer,) = await house.answer(lease, "the answer")
    await house.store.submit(queue(house, job, 0, BEN, text="the notification"))
    assert await house.ready() == []  # its place in the lane is behind
    (behind,) = await house.settle(answer)
    assert text_of(behind) == "the notification"
    assert behind.notifies and not answer.notifies


async def test_answers_to_others_are_claimed_first(house: House) -> None:
    for i in range(3):
        phone = f"1202555{i:04}"
        job = await accept(house, phone)
        await house.store.submit(queue(house, job, 0, phone, text=f"notification {i}"))
    lease = await house.lease(house.message(who=person(BEN)))
    await house.store.submit(house.end(lease, "the answer", claim=frozenset()))
    claimed = await house.ready(limit=1) + await house.ready(limit=10)
    assert texts(claimed)[0] == "the answer"
    assert sorted(texts(claimed[1:])) == [f"notification {i}" for i in range(3)]


async def test_two_requests_to_one_person_in_one_commit(house: House) -> None:
    first, second = await accept(house, BEN), await accept(house, BEN)
    units = [queue(house, first, 0, BEN, text="1"), queue(house, second, 0, BEN, text="2")]
    assert await asyncio.gather(*map(house.store.submit, units)) == [True, True]
    assert await house.rows("SELECT seq FROM message ORDER BY seq") == [(1,), (2,)]
    assert await house.one("SELECT count(*),max(out_seq) FROM conversation") == (1, 2)
    assert await house.one("SELECT count(*) FROM contact") == (1,)


async def test_a_stranger_becomes_a_contact_and_their_answer_finds_the_conversation(
    house: House,
) -> None:
    row = await one(house, BEN)
    assert (row.phone, row.window_until, row.contact_id) != (None, 0, 0)
    await house.settle(row)
    lease = await house.lease(house.message("yes", who=person(BEN, name="Ben")))
    assert (lease.conversation_id, lease.contact.name) == (row.conversation_id, "Ben")
    assert (lease.from_seq, lease.to_seq) == (1, 1)


async def test_a_known_contact_keeps_its_own_spelling(house: House) -> None:
    await house.arrive(house.message(who=person(SAO_PAULO, name="Lúcia")), owner=0)
    row = await one(house, SAO_PAULO_OLD)
    assert row.phone == SAO_PAULO
    assert await house.rows("SELECT name,phone FROM contact") == [("Lúcia", SAO_PAULO)]


@pytest.mark.parametrize("begun_apart", [False, True])
async def test_shared_sessions_are_shared(house: House, begun_apart: bool) -> None:
    message = house.message(who=person(BEN), shared=not begun_apart)
    lease = await house.lease(message)
    await house.answer(lease)
    job = await accept(house, BEN)
    await house.store.submit(queue(house, job, 0, BEN, shared=True))
    assert await house.rows("SELECT id,number_id FROM conversation") == [
        (lease.conversation_id, NUMBER if begun_apart else 0)
    ]
    assert await house.rows("SELECT number_id,conversation_id FROM outbox") == [
        (NUMBER, lease.conversation_id)
    ]


async def test_what_it_offers_in_plain_text_is_remembered(house: House) -> None:
    await one(house, BEN, choices='[{"kind":"x"}]')
    assert await house.one("SELECT choices FROM conversation") == ('[{"kind":"x"}]',)


async def test_what_the_partner_cannot_carry_fails_at_once(house: House) -> None:
    job = await accept(house, BEN)
    error = '{"code":"unsupported","sentence":{"id":"x"}}'
    await house.store.submit(queue(house, job, 0, BEN, message={"error": error}))
    assert await house.rows("SELECT 1 FROM outbox") == []
    assert [w[2] for w in house.told("status")] == ["failed"]
    (end,) = await house.store.read(lambda tx: notified.ends(tx, APP, job))
    assert (end.state, end.rank, end.message_error) == (Reach.QUEUED, 4, error)


async def test_a_poisonous_message_is_poisonous_alone(house: House) -> None:
    job = await accept(house, ASHA, BEN)
    taken = house.ids.new()
    await one(house, "12025550199", message={"id": taken})
    units = [queue(house, job, 0, ASHA, message={"id": taken}), queue(house, job, 1, BEN)]
    results = await asyncio.gather(*map(house.store.submit, units), return_exceptions=True)
    assert isinstance(results[0], Poisoned)
    assert results[1] is True
    assert await waiting(house) == [(job, 0)]
    assert await house.store.submit(Drop(APP, job, 0, WHY, NOW + 5)) is True
    (end, _) = await house.store.read(lambda tx: notified.ends(tx, APP, job))
    assert (end.state, end.error, end.ended) == (Reach.FAILED, WHY, NOW + 5)


# --- how it went ---------------------------------------------------------------------------------


async def test_how_each_ended(house: House) -> None:
    row = await one(house, BEN)
    ((job,),) = await house.rows("SELECT id FROM notification")

    async def now() -> tuple[Any, ...]:
        (end,) = await house.store.read(lambda tx: notified.ends(tx, APP, job))
        assert end.message_id == row.message_id
        return end.rank, end.doubt, end.box

    assert await now() == (1, 0, 1)
    assert await house.store.read(rows.under_way) == {NUMBER: 1}
    await house.settle(row)
    assert await now() == (2, 0, None)
    assert await house.store.read(rows.under_way) == {}
    await house.arrive(house.report(f"wamid.out{row.message_id}", "failed"))
    assert await now() == (4, 0, None)


async def test_a_doubt_keeps_its_recipient_through_being_sent_again(house: House) -> None:
    row = await one(house, BEN)
    ((job,),) = await house.rows("SELECT id FROM notification")
    await house.settle(row, "in doubt", not_before=NOW + 10)
    assert await house.store.read(rows.under_way) == {}  # nothing waits behind a doubt
    house.now += 20
    await house.store.submit(LeaveDoubts(house.now))
    (end,) = await house.store.read(lambda tx: notified.ends(tx, APP, job))
    assert (end.doubt, end.box, end.message_id) == (1, None, row.message_id)
    again = await house.store.do(
        lambda tx: doubts.settle(tx, house.ids, row.message_id, False, "tests", house.now)
    )
    (end,) = await house.store.read(lambda tx: notified.ends(tx, APP, job))
    assert (end.message_id, end.doubt, end.box) == (again, 0, 0)
    assert await house.store.read(lambda tx: notified.recipient_message(tx, APP, job, 0)) == again


# --- what a script may know ----------------------------------------------------------------------


async def test_what_is_known_of_somebody(house: House) -> None:
    lease = await house.lease(house.message(who=person(SAO_PAULO, name="Lúcia")))
    await house.answer(lease, context='{"cups":2}')
    phone = Phone(SAO_PAULO_OLD)
    told = await house.store.read(lambda tx: notified.talk(tx, APP, NUMBER, phone, False))
    assert (told.person.name, told.person.phone) == ("Lúcia", Phone(SAO_PAULO))
    assert (told.context, told.window) == ('{"cups":2}', (NOW + DAY, "message", 0))
    elsewhere = await house.store.read(lambda tx: notified.talk(tx, APP, SECOND, phone, True))
    assert (elsewhere.context, elsewhere.window) == ("{}", None)
    stranger = await house.store.read(lambda tx: notified.talk(tx, APP, NUMBER, Phone(BEN), False))
    assert (stranger.person, stranger.context) == (person(BEN), "{}")
    assert await house.one("SELECT count(*) FROM contact") == (1,)
