"""Switching the partner a hundred times under load loses and doubles nothing: answers in flight
finish on the old one."""

from __future__ import annotations

import asyncio
import collections
from pathlib import Path

import pytest
from five import FIVE, five

from dragoman.agents.contract import Turn

pytestmark = pytest.mark.full  # whole ways, several processes or emulators

TIMES, PEOPLE = 100, 8


async def echo(turn: Turn) -> None:
    turn.reply(turn.text)


@pytest.mark.full
async def test_a_hundred_switches_lose_and_double_nothing(tmp_path: Path) -> None:
    async with five(tmp_path, echo, rate_per_number=0) as world:
        people = [world.handsets.invent(f"Guest {n}").id for n in range(PEOPLE)]
        stop = asyncio.Event()
        written: collections.Counter[tuple[str, str]] = collections.Counter()

        async def person(contact: str, place: int) -> None:
            """Writes to every partner's number in turn, whoever the channel is with."""
            count = 0
            while not stop.is_set():
                name = FIVE[(count + place) % len(FIVE)]
                text = f"{contact}-{count}"
                await world.says(name, text, contact)
                written[name, text] += 1
                count += 1
                await asyncio.sleep(0.01)

        writing = [asyncio.create_task(person(c, n)) for n, c in enumerate(people)]
        for turn in range(TIMES):
            await world.use(FIVE[turn % len(FIVE)])
            await asyncio.sleep(0.02)
        stop.set()
        await asyncio.gather(*writing)
        await world.quiet()

        kept = await world.rows("SELECT count(*) FROM message WHERE direction=0")
        assert kept == [(len(written),)]
        answers = await world.rows(
            "SELECT answer,count(*) FROM message WHERE direction=0 GROUP BY 1"
        )
        handled = dict(answers).get(1, 0)
        assert set(dict(answers)) <= {1, 2}, answers  # answered, or kept with the reason
        assert handled > 0
        came: collections.Counter[tuple[str, str]] = collections.Counter()
        for name in FIVE:
            for contact in people:
                texts = [b["body"]["text"]["body"] for b in world.bubbles(name, contact)]
                came.update((name, text) for text in texts)
                numbers = [int(text.rsplit("-", 1)[1]) for text in texts]
                assert numbers == sorted(numbers), (name, contact, texts)
        assert max(came.values()) == 1, "doubled"
        assert set(came) <= set(written)
        states = await world.rows("SELECT rank,count(*) FROM message WHERE direction=1 GROUP BY 1")
        assert len(came) == handled, ("lost", len(came), handled, states)
        assert sum(n for _, n in states) == handled
        assert await world.rows("SELECT count(*) FROM message WHERE doubt>0") == [(0,)]
