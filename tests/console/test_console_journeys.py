"""Each partner from an empty form to a delivered answer, in a browser, as a person does it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "partners"))

from journey import Person, partners
from playwright.async_api import expect
from sixth_post import registered  # noqa: F401

from browser import browsing
from dragoman.emulators.app import EMULATORS
from dragoman.emulators.kit.walk import filled
from dragoman.partners.registry import PARTNERS

pytestmark = pytest.mark.full  # a browser, the program and five partners


@pytest.mark.parametrize("name", [n for n in PARTNERS if n in EMULATORS])
async def test_from_an_empty_form_to_a_delivered_answer(tmp_path: Path, name: str) -> None:
    await journey(tmp_path, name)


@pytest.mark.usefixtures("registered")
async def test_a_sixth_partner_adds_nothing_to_the_console(tmp_path: Path) -> None:
    await journey(tmp_path, "pigeon")


async def journey(home: Path, name: str) -> None:
    async with partners(home) as world, browsing() as browser:
        address, emulator = world.settings.base_url, world.emulators[name]
        context = await browser.new_context(viewport={"width": 1280, "height": 900})
        person = Person(address, await context.new_page(), await context.new_page())
        walk = emulator.WALK
        await person.makes_an_app("Tea")
        await person.partner.goto(f"{address}{emulator.config.prefix}/console")
        known = {"api": emulator.base_url}
        await person.walks(name, walk.give, known)
        await person.fills_in(name, filled(walk.fields, known))
        await person.saves()
        known |= await person.copies(name)
        await person.walks(name, walk.take, known)
        if name == "cloud-api":  # Meta's account is subscribed to the Meta app by a call of ours
            await person.step("Credentials").get_by_role("button", name="Check now").click()
            await person.console.get_by_role("button", name="Subscribe it now").click()
        await person.publishes()

        phone = person.partner
        await phone.goto(address + "/phone")
        line = next(iter(emulator.lines.values()))
        await phone.locator("#choose-line").select_option(line.key)
        await phone.locator("#message").fill("hello")
        await phone.keyboard.press("Enter")
        await expect(phone.locator(".message.theirs").first).to_contain_text("Welcome to the tea")

        await person.looks()
        for step in ("Webhook reached us", "Enabled and published", "First message in",
                     "First answer accepted", "First delivery report"):  # fmt: skip
            mark = person.step(step).locator(".mark")
            await expect(mark).to_have_text("●", timeout=15_000)
        await expect(person.console.locator(".step.bad")).to_have_count(0)
