"""Two accounts of one channel: one that is switched off keeps its messages and sends nothing, one
that may not write first is left out of notifications; the other goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from five import FIVE, STREAM_ID, Five, five

from dragoman.agents.contract import Turn
from dragoman.emulators.kit.console import press
from notifying import Api, asking

pytestmark = [
    pytest.mark.full,  # an emulated partner over real HTTP
    pytest.mark.skipif("infobip" not in FIVE, reason="Infobip is not here"),
]

ASHA, BEN = "12025550142", "12025550143"
KEYWORD = "tea.shop"  # the emulated account's second number is shared: people write this first


async def echo(turn: Turn) -> None:
    turn.reply(turn.text)


class Two:
    """A channel whose second number belongs to the account *north*."""

    def __init__(self, world: Five) -> None:
        self.world = world
        self.first, self.north = world.at("infobip").lines.values()

    async def switch(self, **switches: bool) -> None:
        values = {f"accounts.north.{name}": on for name, on in switches.items()}
        await self.world.command("channel.set", partner="infobip", values=values)
        await self.world.command("app.publish")

    async def says(self, line: Any, text: str, contact: str = "asha") -> None:
        words = f"{KEYWORD} {text}" if line is self.north else text
        body = {"type": "text", "text": {"body": words}}
        await self.world.handsets.person_sends(line.key, contact, body, None)

    def heard(self, line: Any, contact: str = "asha") -> list[str]:
        """What came from this number."""
        chat = self.world.handsets._chats.get((line.key, contact), [])
        return [bubble.body["text"]["body"] for bubble in chat if not bubble.mine]


@asynccontextmanager
async def two(home: Path, act: Any = echo) -> AsyncIterator[Two]:
    async with five(home, act) as world:
        await world.use("infobip")
        emulator = world.at("infobip")
        here = world.emulated._known("infobip", world.emulated._app)
        urls = ("inbound_url", "delivery_url", "seen_url")
        await press(emulator, "sender_2", "save", dict.fromkeys(urls, here["webhook_url"]))
        made = Two(world)
        north = {
            "numbers": [f"+{made.north.number}"],
            "base_url": here["api"],
            "username": emulator.config.username,
            "password": emulator.config.password,
        }
        await world.command(
            "channel.set",
            partner="infobip",
            values={"keyword": KEYWORD, "accounts": {"north": north}},
            switches={"proactive": True, "typing": False, "read_receipts": False},
        )
        await made.switch()
        yield made


async def test_an_account_that_is_off_keeps_and_never_answers_later(tmp_path: Path) -> None:
    async with two(tmp_path) as t:
        await t.says(t.north, "one")
        await t.world.quiet()
        await t.switch(enabled=False)
        await t.says(t.north, "two")
        await t.says(t.first, "here")
        await t.world.quiet()
        assert (t.heard(t.north), t.heard(t.first)) == (["one"], ["here"])
        whys = "SELECT why FROM message WHERE direction=0 AND why IS NOT NULL"
        [(why,)] = await t.world.rows(whys)
        assert json.loads(why) == {"id": "number_off", "args": {"number": t.north.number}}
        await t.switch(enabled=True)
        await t.says(t.north, "three")
        await t.world.quiet()
        assert t.heard(t.north) == ["one", "three"]


async def test_what_is_queued_waits_for_its_account(tmp_path: Path) -> None:
    going = asyncio.Event()

    async def slow(turn: Turn) -> None:
        await going.wait()
        turn.reply(turn.text)

    async with two(tmp_path, slow) as t:
        await t.says(t.north, "soon")
        taken = "SELECT count(*) FROM conversation WHERE lease_owner IS NOT NULL"
        await t.world.until(lambda: _is(t.world, taken, 1))
        await t.switch(enabled=False)
        going.set()
        held = "SELECT count(*) FROM number WHERE hold LIKE '%account_off%'"
        await t.world.until(lambda: _is(t.world, held, 1))
        assert t.heard(t.north) == []
        await t.switch(enabled=True)
        await t.world.until(lambda: t.heard(t.north) == ["soon"])
        await t.world.quiet()


async def _is(world: Five, sql: str, count: int) -> bool:
    return await world.rows(sql) == [(count,)]


@asynccontextmanager
async def api(t: Two) -> AsyncIterator[Api]:
    """A program of the business, which asks for notifications."""
    async with aiohttp.ClientSession() as client:
        made = Api(cast(Any, t.world), t.world.emulated.settings.url_for("").rstrip("/"), client)
        made.token = (await made.make())["authorization"].removeprefix("Bearer ")
        yield made


async def sent(t: Two, program: Api, *phones: str) -> None:
    job = asking("text", "news", *phones)
    status, told = await program.ask("POST", "notifyV2", job, stream=STREAM_ID)
    assert status == 200, told
    await t.world.until(lambda: _is(t.world, "SELECT count(*) FROM recipient WHERE state=0", 0))
    await t.world.quiet()


async def test_notifications_leave_out_an_account_that_may_not(tmp_path: Path) -> None:
    async with two(tmp_path) as t, api(t) as program:
        await t.says(t.first, "a")
        await t.world.quiet()
        await t.says(t.north, "b")  # written to last, so this number would write
        await t.world.quiet()
        await sent(t, program, ASHA)
        assert (t.heard(t.first), t.heard(t.north)) == (["a"], ["b", "news"])
        await t.switch(proactive=False)
        await sent(t, program, ASHA)
        assert (t.heard(t.first), t.heard(t.north)) == (["a", "news"], ["b", "news"])
        await t.switch(proactive=True, enabled=False)
        await sent(t, program, ASHA)
        assert (t.heard(t.first), t.heard(t.north)) == (["a", "news", "news"], ["b", "news"])


async def test_no_account_that_may_is_a_refusal(tmp_path: Path) -> None:
    async with two(tmp_path) as t, api(t) as program:
        alone = {"numbers": [], "username": "", "password": "", "base_url": ""}
        await t.world.command("channel.set", partner="infobip", values=alone)
        await t.switch(proactive=False)
        job = asking("text", "news", ASHA)
        status, told = await program.ask("POST", "notifyV2", job, stream=STREAM_ID)
        assert status == 403
        assert "switched off for every number" in told["errors"][0]["msg"]


async def test_who_still_waits_stops_or_waits_with_the_account(tmp_path: Path) -> None:
    """Switched off between the request and its turn."""
    async with two(tmp_path) as t, api(t) as program:
        await t.says(t.north, "b")
        await t.world.quiet()
        broadcast = t.world.app.broadcast
        await broadcast.stop()
        job = asking("text", "news", ASHA)
        assert (await program.ask("POST", "notifyV2", job, stream=STREAM_ID))[0] == 200
        await t.switch(enabled=False)
        assert await broadcast.look() == 0
        assert await _is(t.world, "SELECT count(*) FROM recipient WHERE state=0", 1)
        await t.switch(enabled=True, proactive=False)
        assert await broadcast.look() == 1
        [(error,)] = await t.world.rows("SELECT error FROM recipient")
        assert json.loads(error)["id"] == "notify_stopped"
        assert t.heard(t.north) == ["b"]
        broadcast.start()
