"""Each partner from an empty form to a delivered answer, in a browser, as a person does it."""

from __future__ import annotations

from pathlib import Path

import pytest
from journey import partners, travelling
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
    async with (
        partners(home) as world,
        browsing() as browser,
        travelling(browser, world.settings.base_url, name) as person,
    ):
        emulator = world.emulators[name]
        walk = emulator.WALK
        await person.makes_an_app("Tea")
        await person.shoots("empty form")
        await person.partner.goto(f"{person.address}{emulator.config.prefix}/console")
        known = {"api": emulator.base_url}
        await person.walks(name, walk.give, known)
        await person.fills_in(name, filled(walk.fields, known))
        await person.saves()
        await person.shoots("saved")
        known |= await person.copies(name)
        await person.walks(name, walk.take, known)
        await person.shoots("partner", person.partner)
        if name == "cloud-api":  # Meta's account is subscribed to the Meta app by a call of ours
            await person.subscribes()
        await person.publishes()

        await person.opens_the_phone(next(iter(emulator.lines.values())).key)
        await person.hears("hello", "Welcome to the tea")
        await person.shoots("phone", person.partner)
        await person.sees_it_work()
        await person.shoots("seen working")
