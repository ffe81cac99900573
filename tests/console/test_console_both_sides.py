"""*Set up both sides for me*: one press fills the form and the emulated partner's console."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import aiohttp
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "partners"))

from desk import Desk, desk
from journey import SHOP, five, partners
from looking import shoot
from playwright.async_api import expect
from sixth_post import registered  # noqa: F401

from browser import browsing
from dragoman.cli.emulated import STREAM_ID, Emulated
from dragoman.emulators.app import EMULATORS

pytestmark = pytest.mark.full  # the program and five partners

FORM = "/apps/st-tea/channels/whatsapp/configurations"


def guest(world: Emulated, client: aiohttp.ClientSession) -> Desk:
    return Desk(world.app, world.settings.base_url, client)


def marks(html: str) -> dict[str, str]:
    """The checklist's marks by title."""
    one = r'<li class="step.*?class="mark"[^>]*>(.)<.*?<strong>(.*?)</strong>'
    return {title: mark for mark, title in re.findall(one, html, re.S)}


@pytest.mark.parametrize("name", list(EMULATORS))
async def test_one_press_and_the_checklist_goes_green(tmp_path: Path, name: str) -> None:
    await press_once(tmp_path, name)


@pytest.mark.usefixtures("registered")
async def test_a_sixth_partner_has_the_button_too(tmp_path: Path) -> None:
    await press_once(tmp_path, "pigeon")


async def press_once(tmp_path: Path, name: str) -> None:
    async with partners(tmp_path) as world, aiohttp.ClientSession() as client:
        d = guest(world, client)
        made = {"name": "Tea", "example": "tea_shop", "stream_id": "st-tea"}
        await world.app.command("app.create", made)
        seen = await d.get(FORM)
        assert "Set an emulated account up below" in seen.text
        told = world.emulators[name].WALK.fields.items()
        (field,) = (field for field, value in told if value == "{api}")
        address = world.emulators[name].base_url
        assert f'id="api-{name}-{field}"' in seen.html and address in seen.text
        done = await d.post(FORM + "/both", {"partner": name})
        assert (done.status, done.to) == (303, FORM + "?did=both")
        saved = await world.app.store.read(
            lambda tx: tx.run("SELECT DISTINCT who FROM audit WHERE what='app.save'")
        )
        assert saved == [("guest",)]
        seen = await d.get(done.to)
        assert "Both sides are set up and saved in development" in seen.text
        assert "With this app." in seen.text and 'href="/phone#line=' in seen.html
        assert "verified this URL" in seen.text or "console was given this URL" in seen.text
        await d.post(FORM + "/check")
        await world.app.command("app.publish", {"name": "Tea"})

        line = next(iter(world.emulators[name].lines.values()))
        assert line.title == "Tea"
        hello = {"type": "text", "text": {"body": "hello"}}
        await world.handsets.person_sends(line.key, "asha", hello, None)
        for _ in range(400):
            found = marks((await d.get(FORM + "/checklist")).html)
            if found["First delivery report"] == "●":
                break
            await asyncio.sleep(0.02)
        assert set(found.values()) <= {"●", "–"}, found
        assert "seen working" in (await d.get("/apps/st-tea")).text


async def test_an_account_that_another_app_lives_on_is_not_taken(tmp_path: Path) -> None:
    async with five(tmp_path, SHOP) as running, aiohttp.ClientSession() as client:
        world = running.emulated
        d = guest(world, client)
        made = {"name": "Tea", "example": "tea_shop", "stream_id": "st-tea"}
        await world.app.command("app.create", made)
        seen = await d.get(FORM)
        assert "Tea shop is live on it" in seen.text
        assert "Set up with Tea shop, which is not live on it: it moves here." in seen.text
        live = world.partner
        refused = await d.post(FORM + "/both", {"partner": live})
        assert refused.status == 422 and "is with the app Tea shop, which is live" in refused.text

        other = next(name for name in world.emulators if name != live)
        assert (await d.post(FORM + "/both", {"partner": other})).status == 303
        label = world.emulators[other].partner
        assert (world.others, label in world.answered) == ({label: "Tea"}, False)
        await world.app.command("app.publish", {"name": "Tea"})
        assert set(world.answered) == {label, world.current}
        assert world._owner(other) is world.app.apps.by_stream["st-tea"]
        with pytest.raises(Exception, match="is with the app Tea, which is live on it"):
            await world.to(world.emulators[other].partner)
        assert world.app.apps.by_stream[STREAM_ID].published.config.channel.partner == live  # type: ignore[union-attr]


async def test_without_emulators_there_is_no_such_thing(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        made = {"name": "Tea", "example": "tea_shop", "stream_id": "st-tea"}
        await d.app.command("app.create", made)
        await d.as_role("builder")
        assert "Emulated accounts" not in (await d.get(FORM)).text
        assert (await d.post(FORM + "/both", {"partner": "gupshup"})).status == 404


async def test_after_a_new_address_each_account_stays_with_its_app(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with five(tmp_path, SHOP) as running:
        world, command = running.emulated, running.app.command
        await command("app.create", {"name": "Tea", "source": "print(1)", "stream_id": "st-tea"})
        await world.set_up_for("tests", "st-tea", "gupshup")
        await command("app.publish", {"name": "Tea"})
        emulator = world.emulators["gupshup"]

        async def moved() -> None:
            emulator.books.put("walked", {**emulator.books.get("walked"), "api": "http://old"})
            values = {"base_url": "http://127.0.0.1:1/emulated/gupshup"}
            await command("channel.set", {"name": "Tea", "partner": "gupshup", "values": values})
            await command("app.publish", {"name": "Tea"})

        await moved()
        await world._walk_again("gupshup", emulator)
        tea = running.app.apps.by_stream["st-tea"]
        assert world._owner("gupshup") is tea and tea.published is not None
        assert tea.published.settings["gupshup"].base_url == emulator.base_url
        assert tea.published.config == tea.draft.config

        await moved()
        await command("app.set", {"name": "Tea", "source": "print(2)"})
        await world._walk_again("gupshup", emulator)
        tea = running.app.apps.by_stream["st-tea"]
        assert tea.draft.settings["gupshup"].base_url == emulator.base_url
        assert tea.published is not None and tea.published.config != tea.draft.config
        assert "Tea has changes that wait: publish it" in capsys.readouterr().out


async def test_an_emulated_console_says_what_a_set_up_by_hand_needs(tmp_path: Path) -> None:
    async with partners(tmp_path) as world, aiohttp.ClientSession() as client:
        for name, emulator in world.emulators.items():
            address = world.settings.base_url.rstrip("/") + world.app.emulated_consoles[name]
            html = await (await client.get(address)).text()
            copied = re.findall(r'<div class="copied"><output[^>]*>([^<]*)</output>', html)
            assert copied.count(emulator.base_url) == 1, name
            if "Account password" in html:
                assert f"Of this emulated account: {emulator.config.password}" in html


async def test_the_accounts_are_folded_on_a_narrow_window(tmp_path: Path) -> None:
    async with partners(tmp_path) as world, browsing() as browser:
        made = {"name": "Tea", "example": "tea_shop", "stream_id": "st-tea"}
        await world.app.command("app.create", made)
        page = await browser.new_page(viewport={"width": 360, "height": 740})
        await page.goto(world.settings.base_url.rstrip("/") + FORM)
        press = page.get_by_role("button", name="Set up both sides for me").first
        await expect(press).to_be_hidden()
        box = await page.get_by_label("Messaging Partner").bounding_box()
        assert box is not None and box["y"] < 740
        await shoot(page, "accounts-folded-360")
        await page.locator("summary", has_text="Emulated accounts").click()
        await expect(press).to_be_visible()
        await shoot(page, "accounts-360", whole=True)
        await page.set_viewport_size({"width": 1440, "height": 900})
        await page.reload()
        await expect(press).to_be_visible()
        await expect(page.locator("summary", has_text="Emulated accounts")).to_be_hidden()
        await expect(page.get_by_role("heading", name="Emulated accounts")).to_have_count(1)
        await shoot(page, "accounts-1440")
