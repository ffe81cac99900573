"""What an agent itself costs: microseconds per `PythonAgent.answer`, scripts per second.

    python -m bench.agents

No engine, no store: the whole turn is measured by the other benches.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from dragoman.agents.contract import Turn, TurnMessage
from dragoman.agents.loader import PythonAgent
from dragoman.agents.script import ScriptAgent
from dragoman.domain.content import Inbound, ListReply, TextReceived
from dragoman.domain.identity import Person, Phone
from dragoman.domain.window import Window
from dragoman.sandbox.pool import Pool

EXAMPLES = Path(__file__).parents[1] / "examples"
CASES: dict[str, Inbound] = {
    "first rule (hello)": TextReceived("hello"),
    "a tap in the middle": ListReply("tea:assam", "Assam Gold"),
    "last rule (otherwise)": TextReceived("what is the weather like?"),
    "last rule, Devanagari": TextReceived("आज मौसम कैसा है?"),
}


def make_turn(content: Inbound) -> Turn:
    return Turn(
        app="bench",
        number="1",
        messages=[TurnMessage(1, 1, "wamid.1", 0, content)],
        contact=Person(phone=Phone("12025550142"), name="Mira"),
        context={},
        window=Window(1),
        now=0,
    )


async def time_python(rounds: int = 20_000) -> None:
    agent = PythonAgent(EXAMPLES / "tea_shop.py")
    for name, content in CASES.items():
        best = float("inf")
        for _ in range(3):
            turns = [make_turn(content) for _ in range(rounds)]
            start = time.perf_counter()
            for turn in turns:
                await agent.answer(turn)
            best = min(best, time.perf_counter() - start)
        print(f"python  {name:<24} {best / rounds * 1e6:6.1f} µs a turn")
    await agent.close()


async def time_scripts(workers: int, rounds: int = 250) -> None:
    pool = Pool(size=workers)
    agent = ScriptAgent(EXAMPLES / "tea_shop.js", pool=pool)

    async def one() -> None:
        for _ in range(rounds):
            await agent.answer(make_turn(CASES["first rule (hello)"]))

    await asyncio.gather(*(agent.answer(make_turn(TextReceived("hi"))) for _ in range(workers)))
    start = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(workers)))
    rate = workers * rounds / (time.perf_counter() - start)
    print(f"script  {workers} at once {'':<14} {rate:8.0f} tea shop turns a second")
    await pool.close()


async def time_start() -> None:
    pool = Pool(size=1)
    start = time.perf_counter()
    await pool.run("", {"context": {}})
    print(f"script  a cold sandbox {'':<9} {(time.perf_counter() - start) * 1000:8.0f} ms")
    await pool.close()


async def main() -> None:
    await time_python()
    await time_start()
    for workers in (1, 2, 4):
        await time_scripts(workers)


if __name__ == "__main__":
    asyncio.run(main())
