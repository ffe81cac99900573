"""What happens after the first set-up, in a browser, as a person does it: signing in at Meta,
publishing and rolling back, breaking and mending."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from journey import Person, partners, travelling
from playwright.async_api import expect

from browser import browsing
from dragoman.cli.emulated import Emulated
from dragoman.emulators.kit.walk import Step, filled

pytestmark = pytest.mark.full  # a browser, the program and five partners

META = "cloud-api"
LOGIN = Step("login", "save", {"redirect_uris": "{callback_url}"})


async def test_signing_in_at_meta(tmp_path: Path) -> None:
    async with (
        partners(tmp_path) as world,
        browsing() as browser,
        travelling(browser, world.settings.base_url, "oauth") as person,
    ):
        page = person.console
        known = await half_way_at_meta(world, person)
        await expect(page.get_by_text("is not authorized at WhatsApp Cloud API")).to_be_visible()

        # with a slash too many at its end Meta does not even open its dialog, and we know why
        slashed = Step("login", "save", {"redirect_uris": "{callback_url}/"})
        await person.walks(META, [slashed], known)
        await page.get_by_role("button", name="Authorize").click()
        await expect(page.get_by_role("heading", name="URL Blocked")).to_be_visible()
        await person.looks()
        await page.get_by_text("Compare it with what stands at").click()
        await page.get_by_label("As it stands there").fill(known["callback_url"] + "/")
        await page.get_by_role("button", name="Compare").click()
        await expect(page.get_by_text("has one more slash at its end than ours")).to_be_visible()
        await person.shoots("compared")
        await person.walks(META, [LOGIN], known)
        await page.get_by_label("As it stands there").fill(known["callback_url"])
        await page.get_by_role("button", name="Compare").click()
        await expect(page.get_by_text("is ours, letter by letter")).to_be_visible()

        # whoever changes their mind at Meta is told so, back in the console
        await page.get_by_role("button", name="Authorize").click()
        await person.shoots("login at Meta")
        await page.get_by_role("button", name="Cancel").click()
        await expect(page.get_by_label("Messaging Partner")).to_be_visible()
        await expect(page.get_by_role("alert")).to_contain_text("You chose Cancel at Meta")
        await person.shoots("cancelled")

        await page.get_by_role("button", name="Authorize").click()
        await page.get_by_role("button", name="Continue").click()
        await expect(page.get_by_role("status").first).to_contain_text("is authorized at WhatsApp")
        await expect(page).to_have_url(re.compile("configurations$"))  # told once
        until = page.get_by_text(re.compile(r"good until \d{4}-\d\d-\d\d, 59 days more"))
        await expect(until.first).to_be_visible()
        await person.shoots("authorized")

        await person.enables()
        await person.subscribes()
        await person.publishes()
        await person.opens_the_phone(line_of(world, META))
        await person.hears("hello", "Welcome to the tea")
        await person.sees_it_work()
        mark = person.step("Credentials").locator(".mark")
        await expect(mark).to_have_text("●")
        await person.shoots("seen working")


async def test_publishing_and_rolling_back(tmp_path: Path) -> None:
    async with (
        partners(tmp_path) as world,
        browsing() as browser,
        travelling(browser, world.settings.base_url, "publish") as person,
    ):
        page = person.console
        await person.makes_an_app("Tea", "script")
        await set_up(world, person, "gupshup")
        await person.opens_the_phone(line_of(world, "gupshup"))
        await writes(person, 'print("Green tea today.");')
        await expect(page.locator("#state")).to_contain_text("Not published")
        await person.publishes()
        await person.hears("hello", "Green tea today.")

        await writes(person, 'print("Black tea today.");')
        await expect(page.locator("#state")).to_contain_text("In development: Gupshup, saved")
        await person.hears("hello", "Green tea today.")  # contacts notice nothing yet
        await page.get_by_role("link", name="Publish…").click()
        diff = page.locator(".diff, .differences, main").first
        await expect(diff).to_contain_text('print("Green tea today.");')
        await expect(diff).to_contain_text('print("Black tea today.");')
        await page.get_by_label("Note for the history").fill("No green left")
        await person.shoots("difference")
        await page.get_by_role("button", name="Publish").click()
        await expect(page.get_by_text("Nothing waiting.")).to_be_visible()
        await person.hears("hello", "Black tea today.")

        await page.get_by_role("link", name="Versions").click()
        await expect(page.locator(".versions > li")).to_have_count(2)
        await expect(page.locator(".versions > li").first).to_contain_text("No green left")
        await person.shoots("history")
        await page.locator(".versions > li").last.get_by_role("link", name="Roll back").click()
        await person.shoots("roll back")
        await page.get_by_role("button", name="Roll back to version 1").click()
        await expect(page.get_by_text("Nothing waiting.")).to_be_visible()
        await person.hears("hello", "Green tea today.")
        await page.goto(person.app + "/versions")
        await expect(page.locator(".versions > li")).to_have_count(3)
        await person.shoots("rolled back")


async def test_breaking_and_mending(tmp_path: Path) -> None:
    async with (
        partners(tmp_path) as world,
        browsing() as browser,
        travelling(browser, world.settings.base_url, "mend") as person,
    ):
        page = person.console
        await person.makes_an_app("Tea")
        known = await set_up(world, person, META)
        await person.subscribes()
        await person.publishes()
        phone = await page.context.new_page()
        console, person.partner = person.partner, phone
        await person.opens_the_phone(line_of(world, META))
        await person.hears("hello", "Welcome to the tea")
        await person.sees_it_work()

        person.partner = console
        await person.walks(META, [Step("token", "revoke")], known)
        person.partner = phone
        await person.says("teas")
        broken = person.step("Credentials")
        await expect(broken.locator(".mark")).to_have_text("■")  # the list is live
        await expect(page.locator(".step.bad")).to_have_count(1)
        await expect(broken).to_contain_text("The access token was made invalid")
        await expect(broken).to_contain_text("Waiting meanwhile: 1")
        await person.shoots("broken")
        await broken.get_by_role("link", name="See the request").click()
        await expect(page.get_by_role("heading", name="Step by step")).to_be_visible()
        call = page.locator("li.step.call").first
        await call.locator("summary").filter(has_text="Raw").click()
        await expect(call.locator("pre").first).to_contain_text("•")
        await expect(call).to_contain_text("190")
        assert known["token"] not in await page.content()
        await person.shoots("request")

        # mended by what the page says: a new token, pasted, saved, published
        person.partner = console
        await person.walks(META, [Step("token", "generate")], known)
        await person.looks()
        field = page.locator(f'[id="{META}.token-field"]')
        await field.get_by_text("Change").click()
        await field.locator("input[type=password]").fill(known["token"])
        await person.saves()
        await person.publishes()
        person.partner = phone
        theirs = phone.locator(".message.theirs").filter(has_text="Four teas today")
        await expect(theirs).to_have_count(1)  # it waited, and left by itself
        await person.hears("order", "Nothing is in your order yet")
        await person.sees_it_work()
        await expect(person.step("Credentials").locator(".mark")).to_have_text("●")
        await person.shoots("mended")


async def set_up(world: Emulated, person: Person, partner: str) -> dict[str, str]:
    """Both sides of a channel, as the first journeys do it; saved and not published."""
    emulator = world.emulators[partner]
    await person.partner.goto(f"{person.address}{emulator.config.prefix}/console")
    known = {"api": emulator.base_url}
    await person.walks(partner, emulator.WALK.give, known)
    await person.fills_in(partner, filled(emulator.WALK.fields, known))
    await person.saves()
    known |= await person.copies(partner)
    await person.walks(partner, emulator.WALK.take, known)
    return known


async def writes(person: Person, script: str) -> None:
    """Into the editor of the agent page, in place of what stands there; and saves it."""
    page = person.console
    await page.goto(person.app + "/agent")
    await page.locator(".code-editor").click()
    await page.keyboard.press("Control+a")
    await page.keyboard.insert_text(script)
    await expect(page.locator("#result")).to_contain_text("tea today")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved in development").first).to_be_visible()


async def half_way_at_meta(world: Emulated, person: Person) -> dict[str, str]:
    """A channel that is to be authorized by signing in; what was copied."""
    emulator = world.emulators[META]
    await person.makes_an_app("Tea")
    await person.partner.goto(f"{person.address}{emulator.config.prefix}/console")
    known = {"api": emulator.base_url}
    await person.walks(META, [Step("app", "show"), Step("account")], known)
    fields = {**emulator.WALK.fields, "authorization": "temporary"}
    del fields["token"]
    await person.fills_in(META, filled(fields, known))
    await person.console.get_by_role("button", name="Save").click()
    await expect(person.console.get_by_text("Saved in development").first).to_be_visible()
    known |= await person.copies(META)
    await person.walks(META, emulator.WALK.take[1:], known)
    return known


def line_of(world: Emulated, partner: str) -> str:
    return str(next(iter(world.emulators[partner].lines.values())).key)
