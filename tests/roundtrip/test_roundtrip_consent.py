"""Opt-in: what was found is kept until the partner says otherwise, and only a person who writes
again is recorded again."""

from __future__ import annotations

from pathlib import Path

import pytest
from five import ASHA, FIVE, Five, five

from dragoman.agents.contract import Turn

pytestmark = [
    pytest.mark.full,  # an emulated partner over real HTTP
    pytest.mark.skipif("netcore" not in FIVE, reason="Netcore is not here"),
]


async def echo(turn: Turn) -> None:
    turn.reply(turn.text)


async def hows(world: Five) -> list[str]:
    return [row[0] for row in await world.rows("SELECT how FROM consent")]


async def test_who_withdrew_is_not_recorded_again_before_they_write(tmp_path: Path) -> None:
    async with five(tmp_path, echo) as world:
        await world.use("netcore")
        await world.says("netcore", "one")
        await world.quiet()
        assert await hows(world) == ["wrote first"]
        account = world.at("netcore").account  # type: ignore[attr-defined]
        number = world.line("netcore").number
        assert account.consent(number, ASHA) is not None
        account.set_consent(number, ASHA, None)  # they withdrew it there
        await world.says("netcore", "two")
        await world.quiet()
        assert await hows(world) == ["refused"]
        failed = "SELECT count(*) FROM message WHERE direction=1 AND error LIKE '%not_opted_in%'"
        assert await world.rows(failed) == [(1,)]

        world.emulated.clock.move(2_000)  # Netcore tells the time in whole seconds
        await world.says("netcore", "three")  # they wrote since
        await world.quiet()
        assert await hows(world) == ["wrote first"]
        said = [bubble["body"]["text"]["body"] for bubble in world.bubbles("netcore")]
        assert said == ["one", "three"]
