"""Reports that are fetched instead of awaited: where no webhook is set for them, a channel that
fetches them still learns that its message was delivered; and each is kept once."""

from __future__ import annotations

import sys
from pathlib import Path

import aiohttp
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "console"))

from desk import Desk
from five import FIVE, STREAM_ID, Five, five

from dragoman.agents.contract import Turn
from dragoman.domain.clock import id_text
from dragoman.emulators.kit.console import press

pytestmark = [
    pytest.mark.full,  # an emulated partner over real HTTP
    pytest.mark.skipif("infobip" not in FIVE, reason="Infobip is not here"),
]


async def echo(turn: Turn) -> None:
    turn.reply(turn.text)


async def no_report_urls(world: Five) -> None:
    """As a person would empty the two fields."""
    await press(world.at("infobip"), "sender_1", "save", {"delivery_url": "", "seen_url": ""})


async def fetching(world: Five, on: bool) -> None:
    await world.app.command(
        "channel.set",
        {"name": STREAM_ID, "partner": "infobip", "values": {"pull_reports": on}},
    )
    await world.app.command("app.publish", {"name": STREAM_ID})


async def test_a_report_is_fetched_and_kept_once(tmp_path: Path) -> None:
    async with five(tmp_path, echo, pull_every_s=0.1) as world:
        await world.use("infobip")
        await no_report_urls(world)
        await fetching(world, True)
        await world.says("infobip", "hello")
        delivered = "SELECT count(*) FROM message WHERE direction=1 AND rank>=5"
        await world.until(lambda: _is(world, delivered, 1))
        reports = await world.rows("SELECT status,count(*) FROM report GROUP BY 1")
        assert dict(reports).get("delivered") == 1
        await world.app.pulling.look()
        assert await world.rows("SELECT status,count(*) FROM report GROUP BY 1") == reports


async def _is(world: Five, sql: str, count: int) -> bool:
    return await world.rows(sql) == [(count,)]


async def test_nothing_is_fetched_unless_the_channel_says_so(tmp_path: Path) -> None:
    async with five(tmp_path, echo, pull_every_s=0.1) as world:
        await world.use("infobip")
        await no_report_urls(world)
        await world.says("infobip", "hello")
        await world.quiet()
        await world.app.pulling.look()
        assert await world.rows("SELECT count(*) FROM report") == [(0,)]


async def test_what_was_fetched_waits_for_the_database(tmp_path: Path) -> None:
    """The partner would not tell it again."""
    async with five(tmp_path, echo, pull_every_s=3_000) as world:
        await world.use("infobip")
        await no_report_urls(world)
        await fetching(world, True)
        await world.says("infobip", "hello")
        await world.quiet()
        tries = []
        keep = world.app.intake.pulled

        async def failing_once(*args: object) -> None:
            tries.append(1)
            if len(tries) == 1:
                from dragoman.store.errors import Unavailable

                raise Unavailable("database_locked", {"detail": "a test"})
            await keep(*args)  # type: ignore[arg-type]

        world.app.pulling._intake.pulled = failing_once  # type: ignore[method-assign]
        await world.app.pulling.look()
        assert len(tries) == 2
        assert await _is(world, "SELECT count(*) FROM report WHERE status='delivered'", 1)


async def test_what_was_fetched_stands_in_the_log_and_on_the_message_page(tmp_path: Path) -> None:
    async with (
        five(tmp_path, echo, pull_every_s=0.1) as world,
        aiohttp.ClientSession() as client,
    ):
        d = Desk(world.app, world.emulated.settings.base_url, client)
        await world.use("infobip")
        await no_report_urls(world)
        await fetching(world, True)
        await world.says("infobip", "hello")
        delivered = "SELECT count(*) FROM report WHERE status='delivered'"
        await world.until(lambda: _is(world, delivered, 1))
        tea = f"/apps/{STREAM_ID}/channels/whatsapp"
        assert "delivered" in (await d.get(tea + "/log?status=delivered")).text
        sent = await world.rows("SELECT id FROM message WHERE direction=1")
        page = await d.get(f"/messages/out-{id_text(sent[0][0])}")
        assert "It reached" in page.text and "○ delivered" in page.text

        fetched = await world.rows("SELECT id FROM hook WHERE note='fetched' ORDER BY id LIMIT 1")
        told = await d.get(f"/messages/hook-{id_text(fetched[0][0])}")
        assert "Reports that were fetched" in told.text and "which we asked for" in told.text
        # nobody called, so nothing is proved by it
        await world.app.store.do(lambda tx: tx.run("DELETE FROM hook WHERE note<>'fetched'"))
        steps = await d.get(tea + "/configurations/checklist")
        assert "● Webhook reached us" not in steps.text
        assert "● First delivery report" in steps.text
