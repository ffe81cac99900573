"""Checks of reports: the ladder, and a report that comes before its send is known."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence

from dragoman.domain.sentences import words
from dragoman.domain.status import Status
from dragoman.emulators.kit import Item, Record
from dragoman.emulators.phone.handsets import HandsetContact
from dragoman.partners.contract import Outcome

from .bench import Bench, expect

words(
    {
        "conform_reports_nothing": "{partner} reports nothing of such a message.",
        "conform_refuses_at_once": "{partner} refuses such a message at once, so nothing is "
        "reported of it.",
    }
)
FAR_MS = 3_600_000


async def status_before_send(bench: Bench) -> None:
    person = await bench.met()
    with bench.fault("status_first", count=1) as fault:
        before = fault.done
        await bench.asks(person, "reported before it was answered")
        if fault.done == before:
            raise bench.absent("conform_reports_nothing")
    found = await bench.last(person)
    expect("its status", Status.DELIVERED, found.status)
    expect("calls", 1, found.attempts)
    await _nothing_unclaimed(bench, bench.taken(person)[-1])


async def _nothing_unclaimed(bench: Bench, record: Record) -> None:
    rows = await bench.product.rows(
        "SELECT count(*) FROM report WHERE message_id=0 AND external_id=?", record["id"]
    )
    expect("reports that have not found their message", [(0,)], rows)


async def reorder(bench: Bench) -> None:
    person = await bench.met()
    with bench.fault("reorder", value=20):
        await bench.asks(person, "out of order")
    expect("its status", Status.DELIVERED, (await bench.last(person)).status)


async def ladder(bench: Bench) -> None:
    for turn, order in enumerate(itertools.permutations(await _steps(bench))):
        person, record = await _unreported(bench, f"ladder {turn}")
        for status in order:
            await _tell(bench, bench.report(copy.deepcopy(record), status))
        await bench.quiet()
        found = await bench.last(person)
        expect(f"the status after {', '.join(order)}", _highest(order), found.status)
        await _nothing_unclaimed(bench, record)


async def ladder_failed(bench: Bench) -> None:
    for first in ("failed", "delivered"):
        person, failed = await _fails_later(bench)
        record = bench.taken(person)[-1]
        delivered = bench.report(copy.deepcopy(record), "delivered")
        for item in (failed, delivered) if first == "failed" else (delivered, failed):
            await _tell(bench, item)
        await bench.quiet()
        found = await bench.last(person)
        expect(f"the status with {first} first", Status.DELIVERED, found.status)


async def _steps(bench: Bench) -> Sequence[str]:
    """Which statuses the partner reports of a text."""
    record = bench.taken(await bench.met())[-1]
    return [s for s in bench.emulator.statuses(record) if s != "played"]


def _highest(words: Sequence[str]) -> Status:
    return max(Status[word.upper()] for word in words)


async def _unreported(bench: Bench, text: str) -> tuple[HandsetContact, Record]:
    """Somebody who got a message of which nothing is reported."""
    person, delays = await bench.met(), bench.emulator.config.delays
    sent, delivered = delays.sent_ms, delays.delivered_ms
    delays.sent_ms = delays.delivered_ms = FAR_MS
    try:
        await bench.says(person, text)

        async def accepted() -> bool:
            found = await bench.sent(person)
            return found[-1].text == text and found[-1].status >= Status.ACCEPTED

        await bench.product.until(accepted, "the message to be taken")
    finally:
        delays.sent_ms, delays.delivered_ms = sent, delivered
        bench.emulator.timeline.clear()
    return person, bench.taken(person)[-1]


async def _fails_later(bench: Bench) -> tuple[HandsetContact, Item]:
    """Somebody who cannot be reached, and the report of it, which is not told. Raises Absent where
    the partner says so at once."""
    person, config = await bench.met(), bench.emulator.config
    rules, usual = bench.emulator.rules, config.delays.failed_ms
    rules.not_on_whatsapp.append(str(person.phone))
    config.delays.failed_ms = FAR_MS
    try:
        await bench.says(person, "to nobody")

        async def over() -> bool:
            found = await bench.sent(person)
            return found[-1].text == "to nobody" and found[-1].status >= Status.ACCEPTED

        await bench.product.until(over, "the message to be taken or refused")
        items = [item for _, _, _, item in bench.emulator.books.items()]
    finally:
        rules.not_on_whatsapp.remove(str(person.phone))
        config.delays.failed_ms = usual
        bench.emulator.timeline.clear()
    told = [item for item in items if item.get("tick") == "failed"]
    if not told:
        raise bench.absent("conform_refuses_at_once")
    return person, told[-1]


async def _tell(bench: Bench, item: Item) -> None:
    expect("the answer to a report", bench.answer(Outcome.KEPT), await bench.push(bench.post(item)))
