"""Every partner that there is, in the running product: a person writes, the agent answers.

    python every_partner.py HOME        one line a partner

Run with the tree that is tried first on the path (PYTHONPATH).
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from five import FIVE, five

from dragoman.agents.contract import Turn


async def echo(turn: Turn) -> None:
    turn.reply(f"You said: {turn.text}")


async def main(home: Path) -> None:
    async with five(home, echo) as world:
        for name in FIVE:
            await world.use(name)
            await world.says(name, f"hello {name}")
            await world.quiet()
            (bubble,) = world.bubbles(name)
            sys.stdout.write(f"{name}: {bubble['body']['text']['body']}, {bubble['status']}\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
