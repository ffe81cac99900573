"""A wrong address of the partner, told by a 404 of whoever answers there: the answers wait, and go
when it is mended."""

from __future__ import annotations

from pathlib import Path

import pytest
from five import FIVE, five

from dragoman.agents.contract import Turn

pytestmark = pytest.mark.full  # whole ways, several processes or emulators

# Of Meta only its own words are trusted, so a strange 404 is a doubt there.
NAMES = [name for name in FIVE if name != "cloud-api"]


async def echo(turn: Turn) -> None:
    turn.reply(turn.text)


@pytest.mark.skipif(not NAMES, reason="There is no partner with an address of its own here")
async def test_what_was_answered_meanwhile_arrives_when_it_is_mended(tmp_path: Path) -> None:
    async with five(tmp_path, echo) as world:
        for name in NAMES:
            await world.use(name)
            before = len(world.bubbles(name))
            values = world.emulated._app.draft.config.channel.values[name]
            mended = {"base_url": values["base_url"]}
            address = world.emulated.settings.url_for("nobody")
            await world.command("channel.set", values={"base_url": address})
            await world.command("app.publish")
            await world.says(name, "hello")

            async def held() -> bool:
                return bool(await world.rows("SELECT 1 FROM number WHERE hold LIKE '%nobody_th%'"))

            await world.until(held)
            assert len(world.bubbles(name)) == before
            await world.command("channel.set", values=mended)
            await world.command("app.publish")
            await world.quiet()
            said = [bubble["body"]["text"]["body"] for bubble in world.bubbles(name)[before:]]
            assert said == ["hello"], name
            assert not await held()
