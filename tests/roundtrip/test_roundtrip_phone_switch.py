"""*Switch* on the phone: what it publishes, in whose name, and what a refusal leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from five import FIVE, Five, five

from dragoman.cli.emulated import STREAM_ID
from dragoman.emulators.kit.walk import filled, walked

pytestmark = pytest.mark.full  # the program and its partners

SHOP = Path(__file__).parents[2] / "examples" / "tea_shop.py"


async def press(world: Any, to: str, **headers: str) -> tuple[int, Any]:
    """*Switch*, as the page sends it."""
    address = world.settings.base_url.rstrip("/")
    label = world.emulators[to].partner
    given = {"X-Dragoman-Phone": "1", **headers}
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{address}/phone/switch", json={"partner": label}, headers=given) as answer,
    ):
        return answer.status, await answer.json()


async def audited(running: Five) -> list[tuple[Any, ...]]:
    return await running.rows("SELECT who,what FROM audit ORDER BY id")


def another(world: Any) -> str:
    return next(name for name in world.emulators if name != world.partner)


async def test_a_switch_is_recorded_as_who_pressed_it(tmp_path: Path) -> None:
    async with five(tmp_path, SHOP) as running:
        world = running.emulated
        before, first, second = await audited(running), world.partner, another(world)
        here = world.settings.base_url.rstrip("/")
        assert (await press(world, second, Origin=here))[0] == 201
        since = (await audited(running))[len(before) :]
        assert since == [("guest", "app.save"), ("guest", "app.publish")]
        assert world.partner == second
        assert (await press(world, first))[0] == 201  # no browser
        assert {who for who, _ in (await audited(running))[len(before) + 2 :]} == {"test phone"}
        assert world.partner == first


async def test_nothing_else_goes_live_with_a_switch(tmp_path: Path) -> None:
    async with five(tmp_path, SHOP) as running:
        world = running.emulated
        await running.command("app.set", fallback="Not looked at.", session_minutes=7)
        draft, live = (world._app.draft.config, world._app.published.config)
        status, told = await press(world, another(world))
        assert status == 400
        assert (
            "Sentence when the agent fails, Silence that ends a session, in minutes"
            in (told["detail"])
        )
        assert "Publish page in the console" in told["detail"]
        assert (world._app.draft.config, world._app.published.config) == (draft, live)
        async with aiohttp.ClientSession() as client:
            page = f"{world.settings.base_url.rstrip('/')}/apps/{STREAM_ID}/publish"
            assert "Not looked at." in await (await client.get(page)).text()


async def test_the_partner_alone_may_wait(tmp_path: Path) -> None:
    async with five(tmp_path, SHOP) as running:
        world = running.emulated
        second = another(world)
        await running.command("channel.set", partner=second)
        assert (await press(world, second))[0] == 201
        assert world.partner == second


async def test_a_refused_switch_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """Another app is live with the number, set up by hand: its account is not to be had."""
    async with five(tmp_path, SHOP) as running:
        world = running.emulated
        name = another(world)
        await by_hand(running, name)
        before, saved = world._app.draft.config, await audited(running)
        status, _ = await press(world, name)
        assert status == 400
        assert world._app.draft.config == before and await audited(running) == saved
        await running.app.command("channel.enable", {"name": "Tea", "on": False})
        await running.app.command("app.publish", {"name": "Tea"})
        saved = await audited(running)
        status, told = await press(world, name)
        assert (status, "is already used by the app Tea" in told["detail"]) == (400, True)
        assert world._app.draft.config == before and await audited(running) == saved


async def by_hand(running: Five, name: str) -> None:
    """An app that is live on an account, whose values a person copied."""
    world, command = running.emulated, running.app.command
    emulator = world.emulators[name]
    made = {"name": "Tea", "example": "tea_shop", "stream_id": "st-tea"}
    await command("app.create", made)
    told = await walked(emulator, emulator.WALK.give, {"api": emulator.base_url})
    values = filled(emulator.WALK.fields, told)
    await command("channel.set", {"name": "Tea", "partner": name, "values": values})
    await command("channel.enable", {"name": "Tea"})
    await command("app.publish", {"name": "Tea"})


@pytest.mark.parametrize("name", FIVE)
async def test_an_account_knows_an_app_that_was_set_up_by_hand(tmp_path: Path, name: str) -> None:
    async with five(tmp_path, SHOP) as running, aiohttp.ClientSession() as client:
        world = running.emulated
        # Three of the partners have one number, which answers for one app.
        await running.use("cloud-api" if name == "infobip" else "infobip")
        await by_hand(running, name)
        owners = {one.partner: one.owner for one in world.accounts()}
        tea = running.app.apps.by_stream["st-tea"]
        assert owners.pop(name) is tea
        assert {*owners.values()} == {world._app}
        page = world.settings.base_url.rstrip("/") + "/apps/st-tea/channels/whatsapp/configurations"
        assert "With this app." in await (await client.get(page)).text()
        await world._walk_again(name, world.emulators[name])
        assert running.app.apps.by_stream["st-tea"].draft.config == tea.draft.config
