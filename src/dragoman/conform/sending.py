"""Checks of what happens to a send: each way in which a call can end."""

from __future__ import annotations

from typing import Any

from dragoman.domain.clock import id_text
from dragoman.domain.status import Doubt, Status
from dragoman.emulators.kit import filled
from dragoman.emulators.phone.handsets import HandsetContact

from .bench import Bench, Sending, expect
from .product import CALL_S

SETTLED = (Doubt.SETTLED_ARRIVED, Doubt.SETTLED_INFERRED)


async def _arrived_once(bench: Bench, person: HandsetContact, text: str) -> Sending:
    """That a text is with the partner exactly once, delivered, and in no doubt."""
    expect(f"how often the partner has {text!r}", 1, bench.texts(person).count(text))
    found = [one for one in await bench.sent(person) if one.text == text]
    expect("messages with this text", 1, len(found))
    expect("its status", Status.DELIVERED, found[0].status)
    expect("an open doubt about it", False, found[0].doubt is Doubt.OPEN)
    return found[0]


async def _lane_goes_on(bench: Bench, person: HandsetContact) -> None:
    """That what comes after reaches the person all the same."""
    await bench.asks(person, "after that")
    await _arrived_once(bench, person, "after that")


async def slow(bench: Bench) -> None:
    person = await bench.met()
    with bench.fault("slow", value=int(CALL_S * 100), count=1):
        await bench.asks(person, "slow")
    found = await _arrived_once(bench, person, "slow")
    expect("calls", 1, found.attempts)
    expect("its doubt", Doubt.NONE, found.doubt)


async def timeout(bench: Bench) -> None:
    person = await bench.met()
    after_the_timeout = int(CALL_S * 1250)
    with (
        bench.fault("timeout_after_accept", value=60_000, count=1),
        bench.fault("late_status", value=after_the_timeout),
    ):
        await bench.says(person, "timeout")

        async def in_doubt() -> bool:
            found = await bench.sent(person)
            return bool(found) and found[-1].text == "timeout" and found[-1].doubt is Doubt.OPEN

        await bench.product.until(in_doubt, "the message to be in doubt")
    await bench.quiet()
    found = await _arrived_once(bench, person, "timeout")
    expect("calls", 1, found.attempts)
    expect("that a report settled it", True, found.doubt in SETTLED)
    await _lane_goes_on(bench, person)


async def torn_answer(bench: Bench) -> None:
    person = await bench.met()
    with bench.fault("torn_body", count=1) as fault:
        before = fault.done
        await bench.asks(person, "torn")
        expect("answers torn by the emulator", 1, fault.done - before)
    found = await _arrived_once(bench, person, "torn")
    expect("calls", 1, found.attempts)


async def error_500(bench: Bench) -> None:
    person = await bench.met()
    with bench.fault("error_500", count=1):
        await bench.asks(person, "five hundred")
    found = await bench.last(person)
    expect("its doubt", Doubt.OPEN, found.doubt)
    expect("calls", 1, found.attempts)
    expect("how often the partner has it", 0, bench.texts(person).count("five hundred"))
    await _lane_goes_on(bench, person)
    await _settled_by_hand(bench, person, found)
    expect("how often the partner has it", 1, bench.texts(person).count("five hundred"))


async def _settled_by_hand(bench: Bench, person: HandsetContact, doubtful: Sending) -> None:
    """A person has looked it up at the partner: it did not arrive."""
    order = {"id": f"out-{id_text(doubtful.id)}", "arrived": False}
    await bench.product.command("doubt.settle", **order)
    await bench.quiet()


async def error_503(bench: Bench) -> None:
    person = await bench.met()
    with bench.fault("error_503", count=1):
        await bench.asks(person, "five hundred and three")
    found = await bench.last(person)
    if found.doubt is Doubt.OPEN:
        expect("calls of a message in doubt", 1, found.attempts)
        await _settled_by_hand(bench, person, found)
        taken = bench.texts(person).count("five hundred and three")
        expect("how often the partner has it", 1, taken)
    else:
        await _arrived_once(bench, person, "five hundred and three")
    await _lane_goes_on(bench, person)


async def rate_429(bench: Bench) -> None:
    person = await bench.met()
    with bench.fault("rate_429", count=2) as fault:
        before = fault.done
        await bench.says(person, "too many")
        await bench.says(person, "and after it")

        async def refused_twice() -> bool:
            bench.product.emulated.clock.move(2_000)  # nobody wants to wait out the pauses
            return bool(fault.done - before == 2)

        await bench.product.until(refused_twice, "two refusals")

    async def gone() -> bool:
        bench.product.emulated.clock.move(2_000)
        return len(bench.texts(person)) >= 3

    await bench.product.until(gone, "both messages to be taken")
    await bench.quiet()
    await _arrived_once(bench, person, "too many")
    expect("the order at the partner", ["hello", "too many", "and after it"], bench.texts(person))


async def refused(bench: Bench) -> None:
    fields = {
        name: f"http://127.0.0.1:{bench.product.closed_port}"
        for name, template in bench.emulator.WALK.fields.items()
        if template == "{api}"
    }
    person = await bench.met()
    try:
        await bench.product.change(partner=bench.name, values=fields)
        await bench.says(person, "refused")

        async def tried() -> bool:
            found = await bench.sent(person)
            return bool(found) and found[-1].text == "refused" and found[-1].attempts >= 2

        await bench.product.until(tried, "two calls that found nobody")
        found = await bench.last(person)
        expect("its doubt while nobody answers", Doubt.NONE, found.doubt)
        expect("that it has not failed", True, found.status < Status.ACCEPTED)
    finally:
        back = filled(dict.fromkeys(fields, "{api}"), {"api": bench.emulator.base_url})
        await bench.product.change(partner=bench.name, values=back)
    bench.product.emulated.clock.move(60_000)
    await bench.quiet()
    found = await _arrived_once(bench, person, "refused")
    expect("its doubt", Doubt.NONE, found.doubt)


async def not_reachable(bench: Bench) -> None:
    person = await bench.met()
    rules: Any = bench.emulator.rules
    rules.not_on_whatsapp.append(person.phone)
    try:
        await bench.asks(person, "nobody there")
    finally:
        rules.not_on_whatsapp.remove(person.phone)
    found = await bench.last(person)
    expect("its status", Status.FAILED, found.status)
    expect("its doubt", Doubt.NONE, found.doubt)
    expect("that it says why", True, bool((found.error or {}).get("sentence")))
    await _lane_goes_on(bench, person)


async def in_order(bench: Bench) -> None:
    person = await bench.met()
    with bench.fault("storm", value=12, count=1), bench.fault("drop_webhook", value=3):
        await bench.asks(person, "storm 0")
    wanted = [f"storm {n}" for n in range(13)]
    heard = [text for kind, text in await bench.received(person) if text.startswith("storm")]
    expect("what was kept", sorted(wanted), sorted(heard))
    expect("the answers, in the order in which the messages came", heard, bench.texts(person)[1:])
