"""Checks of what comes more than once: at once, in another body, after a restart."""

from __future__ import annotations

import asyncio
import copy
import json
from urllib.parse import urlencode

from dragoman.emulators.kit import Item, Post
from dragoman.emulators.phone.handsets import HandsetContact
from dragoman.partners.contract import Outcome

from .bench import Bench, expect
from .bodies import FORM, told

TIMES = 8


async def duplicate(bench: Bench) -> None:
    person, other = await bench.met(), await bench.met()
    item = bench.text(person, "twice")
    await _all_taken(bench, [bench.post(item)] * TIMES)
    await _all_taken(bench, [_in_other_letters(bench, item)] * 2)
    await bench.quiet()
    if not bench.alone(item):
        beside = bench.text(other, "beside it")
        await _all_taken(bench, [bench.post(item, beside), bench.post(beside, item)])
        await bench.quiet()
        await _once(bench, other, "beside it")
    await _once(bench, person, "twice")


async def _all_taken(bench: Bench, posts: list[Post]) -> None:
    answers = await asyncio.gather(*(bench.push(post) for post in posts))
    expect("the answers", {bench.answer(Outcome.KEPT)}, set(answers))


def _in_other_letters(bench: Bench, item: Item) -> Post:
    """The same values, written otherwise."""
    usual = bench.post(item)
    value = told(usual)
    if usual.content_type.startswith(FORM):
        body = urlencode(list(reversed(value.items()))).encode()
    else:
        body = json.dumps(value, indent=2, sort_keys=True).encode()
    return bench.signed(item, body)


async def _once(bench: Bench, person: HandsetContact, text: str) -> None:
    heard = [said for _, said in await bench.received(person)]
    expect(f"messages kept that say {text!r}", 1, heard.count(text))
    expect(f"answers to {text!r}", 1, bench.texts(person).count(text))


async def duplicate_report(bench: Bench) -> None:
    record = bench.taken(await bench.met())[-1]
    status = bench.emulator.statuses(record)[-1]
    # `read` was not reported yet: nobody has looked
    post = bench.post(bench.report(copy.deepcopy(record), status))
    await _all_taken(bench, [post] * TIMES)
    rows = await bench.product.rows(
        "SELECT count(*) FROM report WHERE external_id=? AND status=?", record["id"], status
    )
    expect(f"reports of {status}", [(1,)], rows)


async def duplicate_restart(bench: Bench) -> None:
    person = await bench.met()
    item = bench.text(person, "before and after")
    post = bench.post(item)
    await _all_taken(bench, [post])
    await bench.quiet()
    await bench.restart()
    await _all_taken(bench, [post])
    await bench.quiet()
    await _once(bench, person, "before and after")
    await bench.asks(person, "a new one")
    await _once(bench, person, "a new one")
