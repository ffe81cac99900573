"""A person in a browser who sets a partner up: copies out of its console, types into the form,
pastes into the console. What is copied and where it goes is the emulator's own walk, as data."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from five import answering, five, free_port
from looking import Shifts, shoot
from playwright.async_api import Browser, Locator, Page, expect

from dragoman.cli.emulated import Emulated
from dragoman.emulators.kit.walk import Step, filled
from dragoman.settings import load
from world import QUICK

expect.set_options(timeout=15_000)  # two of these run beside each other
SHOP = Path(__file__).parents[2] / "examples" / "tea_shop.py"


class Person:
    """One page for the console, one for the partner's, as two tabs."""

    def __init__(self, address: str, console: Page, partner: Page, name: str) -> None:
        self.address, self.console, self.partner = address, console, partner
        self.name = name  # of the journey, for its pictures
        self.app = ""  # the address of the app's pages
        self._shots = 0

    async def shoots(self, what: str, page: Page | None = None) -> None:
        self._shots += 1
        await shoot(page or self.console, f"journeys/{self.name}-{self._shots:02}-{what}")

    async def makes_an_app(self, name: str, agent: str = "") -> None:
        await self.console.goto(self.address + "/")
        link = self.console.get_by_role("link", name="New app")
        first = self.console.get_by_role("link", name="Make the first one")
        await (link if await link.count() else first).click()
        await self.console.get_by_label("Name", exact=True).fill(name)
        if agent:
            await self.console.locator(f'[name="agent"][value="{agent}"]').check()
        await self.console.get_by_role("button", name="Make the app").click()
        await expect(self.console.get_by_label("Messaging Partner")).to_be_visible()
        self.app = self.console.url.partition("/channels")[0]

    async def walks(self, at: str, steps: Sequence[Step], known: dict[str, str]) -> None:
        """Through panels of the partner's console; what they show is added to `known`."""
        for step in steps:
            panel = self.partner.locator(f"#{step.panel}")
            for name, value in step.values.items():
                await self._sets(panel, name, filled(value, known))
            if step.button:
                said = panel.locator(".said")  # of the press before, perhaps
                await said.evaluate("one => { one.textContent = ''; }")
                await panel.locator(f'button[value="{step.button}"]').click()
                await expect(said).not_to_be_empty()
            for shown in await panel.locator("output[id]").all():
                control = str(await shown.get_attribute("id")).removeprefix(step.panel + "-")
                known[control] = (await shown.inner_text()).strip()

    async def _sets(self, panel: Locator, name: str, value: Any) -> None:
        control = panel.locator(f'[name="{name}"]').first
        kind = await control.get_attribute("type")
        if kind == "checkbox":
            await control.set_checked(bool(value))
        elif kind == "radio":
            await panel.locator(f'[name="{name}"][value="{value}"]').check()
        elif await control.evaluate("one => one.tagName") == "SELECT":
            await control.select_option(str(value))
        else:
            await control.fill(str(value))

    async def fills_in(self, partner: str, fields: Mapping[str, Any]) -> None:
        """The form, field by field; what is rarely needed is unfolded first."""
        await self.console.get_by_label("Messaging Partner").select_option(partner)
        part = self.console.locator(f'[data-part="{partner}"]')
        for name, value in fields.items():
            place = part.locator(f'[id="{partner}.{name}-field"]')
            if not await place.is_visible():
                await part.get_by_text("Rarely needed").click()
            await self._types(part, f"{partner}.{name}", value)

    async def _types(self, part: Locator, id: str, value: Any) -> None:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                await part.locator(f'[data-more="{id}"]').click()
                one = part.locator(f'[id="{id}-field"] .member').last
                await one.locator("input").first.fill(key)
                for name, text in inner.items():
                    await one.locator(f'[name$=".{name}"]').fill(text)
        elif isinstance(value, list):
            for text in value:
                await part.locator(f'[id="{id}-field"] .chip.new input').fill(text)
                await part.locator(f'[id="{id}-field"] .chip.new input').press("Enter")
        else:
            await self._sets(part, id, value)

    async def enables(self) -> None:
        await self.looks()
        await self.saves()

    async def saves(self) -> None:
        await self.console.get_by_label("Yes", exact=True).check()
        await self.console.get_by_role("button", name="Save").click()
        await expect(self.console.get_by_text("Saved in development. Contacts")).to_be_visible()

    async def subscribes(self) -> None:
        """Lets the account's events come to the partner's app, as the checklist asks for."""
        await self.step("Credentials").get_by_role("button", name="Check now").click()
        await self.console.get_by_role("button", name="Subscribe it now").click()

    async def copies(self, partner: str) -> dict[str, str]:
        """What of ours is there to copy."""
        found = {}
        for one in await self.console.locator(f'output[id^="{partner}-"]').all():
            name = str(await one.get_attribute("id")).removeprefix(partner + "-")
            found[name] = (await one.inner_text()).strip()
        return found

    async def publishes(self) -> None:
        await self.console.goto(self.app)
        await self.console.get_by_role("link", name="Publish…").click()
        await self.shoots("publish")
        await self.console.get_by_role("button", name="Publish").click()
        await expect(self.console.get_by_text("Nothing waiting.")).to_be_visible()

    async def looks(self) -> None:
        await self.console.goto(self.app + "/channels/whatsapp/configurations")

    async def opens_the_phone(self, line: str) -> None:
        await self.partner.goto(self.address + "/phone")
        await self.partner.locator("#choose-line").select_option(line)

    async def hears(self, said: str, answer: str) -> None:
        """Says something on the phone, and waits for one more bubble with this answer."""
        theirs = self.partner.locator(".message.theirs").filter(has_text=answer)
        before = await theirs.count()
        await self.says(said)
        await expect(theirs).to_have_count(before + 1)

    async def says(self, words: str) -> None:
        await self.partner.locator("#message").fill(words)
        await self.partner.keyboard.press("Enter")

    async def sees_it_work(self) -> None:
        """Everything that a message proves is seen, and nothing is broken."""
        await self.looks()
        for step in ("Webhook reached us", "Enabled and published", "First message in",
                     "First answer accepted", "First delivery report"):  # fmt: skip
            mark = self.step(step).locator(".mark")
            await expect(mark).to_have_text("●", timeout=15_000)
        await expect(self.console.locator(".step.bad")).to_have_count(0)

    def step(self, name: str) -> Locator:
        """A step of the checklist."""
        return self.console.locator(".step").filter(has_text=name)


@contextlib.asynccontextmanager
async def travelling(browser: Browser, address: str, name: str) -> AsyncIterator[Person]:
    """A person with both tabs; nothing on their way may jump."""
    shifts = Shifts()
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    await shifts.watch(context)
    yield Person(address, await context.new_page(), await context.new_page(), name)
    assert shifts.too_far == {}, shifts.too_far
    await context.close()


@contextlib.asynccontextmanager
async def partners(home: Path, **settings: Any) -> AsyncIterator[Emulated]:
    """The program and every emulated partner on one address; nothing is set up."""
    port = free_port()
    flags = {**QUICK, "port": port, "egress_allow": (f"127.0.0.1:{port}",), **settings}
    world = Emulated(load(home / "home", flags), SHOP, "Tea shop")
    async with answering(world):
        for emulator in world.emulators.values():
            await emulator.start()
        yield world


__all__ = ["SHOP", "Person", "five", "partners"]
