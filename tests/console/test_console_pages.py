"""What holds of every page: little script, no style or handler of its own; and a sign-in that ends
in the middle of a form."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from desk import OWNER, PASSWORD, Desk, desk
from furnished import furnish, pages, routes
from looking import opened

from browser import browsing

pytestmark = pytest.mark.full  # a program for each test

SOURCE = Path(__file__).parents[2] / "src" / "dragoman"
UI, CONSOLE = SOURCE / "ui" / "templates", SOURCE / "console" / "templates"
SCRIPT_KB = 60
EDITORS = {
    "/apps/{app}/agent": 200,
    "/components": 200,
}  # pages with a code editor, and what they may have


async def test_a_page_has_little_script(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        values = await furnish(d)
        limits = {r.address: EDITORS.get(r.path, SCRIPT_KB) for r in await routes(d, values)}
        await d.as_role("owner")
        for address in (await pages(d, values)).values():
            html = (await d.get(address)).html
            sources = re.findall(r'<script[^>]* src="([^"]+)"', html)
            if not html.startswith("<!doctype"):  # a part of a page, put into one
                assert "<script" not in html, address
                continue
            assert "<script>" not in html and sources, address
            files = [(await d.get(source)).html.encode() for source in sources]
            size = sum(len(gzip.compress(file, 9)) for file in files)
            assert size <= limits[address] * 1024, f"{address}: {size} bytes of {sources}"


@pytest.mark.parametrize("file", ["parts", "strips", "bubble"])
def test_every_component_is_on_the_page_of_components(file: str) -> None:
    """Each macro is called there, or by another macro of its file."""
    sample = (CONSOLE / "components.html").read_text("utf-8")
    (found,) = [f for f in (UI / f"{file}.html", CONSOLE / f"{file}.html") if f.exists()]
    text = found.read_text("utf-8")
    macros = re.findall(r"{%-? macro (\w+)\(", text)
    assert macros
    missing = [
        name for name in macros
        if not re.search(rf"(call )?\b{name}\(", sample)
        and len(re.findall(rf"\b{name}\(", text)) < 2
    ]  # fmt: skip
    assert missing == []


async def test_no_page_has_style_or_handlers_of_its_own(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        values = await furnish(d)
        await d.as_role("owner")
        for address in (await pages(d, values)).values():
            html = (await d.get(address)).html
            assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", html) == [], address


async def test_a_sign_in_that_ended_in_a_form_is_asked_for_in_place(tmp_path: Path) -> None:
    async with desk(tmp_path) as d, browsing() as browser:
        await d.person("owner", OWNER)
        async with opened(browser, d, 1440, "light") as context:
            page = await context.new_page()
            await page.goto("/apps/new")
            await page.fill("#name", "Tea shop")
            await page.check("input[value=script]")
            await _end_sign_ins(d)
            await page.click("text=Make the app")
            dialog = page.get_by_role("dialog", name="Sign in again")
            await dialog.wait_for()
            assert await page.input_value("#again-email") == OWNER
            await page.fill("#again-password", "wrong password")
            await page.keyboard.press("Enter")
            await dialog.get_by_text("do not belong together").wait_for()
            assert await page.input_value("#name") == "Tea shop"  # still there behind it
            await page.fill("#again-password", PASSWORD)
            await page.keyboard.press("Enter")
            await page.wait_for_url("**/apps/st-*/**")
        (app,) = d.app.apps.by_id.values()
        assert (app.name, app.draft.config.agent.kind) == ("Tea shop", "script")


async def test_whoever_does_not_sign_in_again_keeps_what_was_typed(tmp_path: Path) -> None:
    async with desk(tmp_path) as d, browsing() as browser:
        await d.person("owner", OWNER)
        async with opened(browser, d, 360, "dark") as context:
            page = await context.new_page()
            await page.goto("/apps/new")
            await page.fill("#name", "Tea shop")
            await _end_sign_ins(d)
            await page.click("text=Make the app")
            await page.get_by_role("dialog", name="Sign in again").wait_for()
            await page.keyboard.press("Escape")
            assert await page.get_by_role("dialog").count() == 0
            assert await page.input_value("#name") == "Tea shop"
            assert page.url.endswith("/apps/new") and d.app.apps.by_id == {}
            await page.click("text=Make the app")
            await page.fill("#again-password", PASSWORD)
            await page.click("text=Sign in and send")
            await page.wait_for_url("**/apps/st-*/**")


async def test_without_a_script_the_sign_in_leads_back_to_the_form(tmp_path: Path) -> None:
    async with desk(tmp_path) as d, browsing() as browser:
        await d.person("owner", OWNER)
        async with opened(browser, d, 1440, "light", script=False) as context:
            page = await context.new_page()
            await page.goto("/apps/new")
            await page.fill("#name", "Tea shop")
            await _end_sign_ins(d)
            await page.click("text=Make the app")
            await page.fill("#email", OWNER)
            await page.fill("#password", PASSWORD)
            await page.click("button.lead")
            await page.wait_for_url("**/apps/new")


async def test_a_form_after_the_sign_in_ended_is_answered_401_with_the_way_back(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as d:
        await d.person("owner", OWNER)
        form = {"name": "X", "agent": "script"}
        here = {"Referer": d.address + "/apps/new?x=1"}
        told = await d.post("/apps/new", form, **here)
        assert told.status == 401 and 'name="next" value="/apps/new?x=1"' in told.html
        for elsewhere in ("https://evil.example/apps", "", d.address + "//evil.example/"):
            told = await d.post("/apps/new", form, Referer=elsewhere)
            assert 'name="next" value="/"' in told.html, elsewhere
        again = await d.get("/signin/again")
        assert again.status == 401 and "Your sign-in is over." in again.text
        await d.sign_in()
        assert (await d.get("/signin/again")).status == 204


async def _end_sign_ins(d: Desk) -> None:
    await d.app.store.do(lambda tx: tx.run("DELETE FROM signin"))


async def test_an_invitations_link_brings_its_code(tmp_path: Path) -> None:
    async with desk(tmp_path) as d, browsing() as browser:
        page = await browser.new_page()
        await page.goto(f"{d.address}/invitation#A1B2-C3D4-E5F6-0789")
        assert await page.input_value("#code") == "A1B2-C3D4-E5F6-0789"
        assert "#" not in page.url
