"""What pages do while they are used, in a real browser: with a keyboard, on a narrow window."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from desk import OWNER, desk
from furnished import furnish, pages
from looking import opened
from playwright.async_api import expect
from test_console_channel import FORM, GUPSHUP, save, tea
from test_console_messages import both

from browser import browsing
from dragoman.console.render import _html_of
from dragoman.domain.sentences import Sentence

pytestmark = pytest.mark.full  # a browser and a program for each test


async def test_numbers_are_looked_at_as_they_are_typed(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.person("owner", OWNER)
        await tea(d, "owner")
        async with browsing() as browser, opened(browser, d, 1280, "light") as context:
            page = await context.new_page()
            await page.goto(FORM + "?partner=infobip")
            field = page.locator('[id="infobip.numbers-field"]')
            for number in ("+1 202 555 0100", "+1 202 555 0101", "12025550100"):
                await field.locator(".chip.new input").focus()
                await page.keyboard.type(number)
                await page.keyboard.press("Enter")
            told = field.locator("[aria-live]")
            await expect(told).to_contain_text("'12025550100' is there twice; leave one out.")
            described = await field.locator(".chip.new input").get_attribute("aria-describedby")
            assert "infobip.numbers-told" in str(described).split()
            await field.get_by_role("button", name="12025550100").press("Enter")  # its ×
            await expect(told).not_to_contain_text("twice")
            await expect(field.get_by_role("button", name="Put back 12025550100")).to_be_focused()


async def test_the_second_of_two_people_chooses_without_a_script_too(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.person("owner", OWNER)
        await tea(d, "owner")
        await save(d, GUPSHUP)
        async with browsing() as browser, opened(browser, d, 390, "dark", script=False) as context:
            page = await context.new_page()
            await page.goto(FORM)
            await save(d, {**GUPSHUP, "gupshup.waba_id": "2000193111"})
            await page.fill('[id="gupshup.waba_id"]', "2000193222")
            await page.get_by_role("button", name="Save").click()
            await expect(page.get_by_role("alert")).to_contain_text("saved this form meanwhile")
            await page.get_by_label("Take what was saved meanwhile: 2000193111").check()
            await page.get_by_role("button", name="Save").click()
            await expect(page.get_by_text("Saved in development. Contacts")).to_be_visible()
        draft = d.app.apps.by_stream["st-tea"].draft
        assert draft.settings["gupshup"].waba_id == "2000193111"


async def test_filters_are_folded_on_a_narrow_window_and_say_which_are_used(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as d:
        await d.person("owner", OWNER)
        await tea(d, "owner")
        log = FORM.replace("configurations", "log") + "?status=failed&q=tea"
        for width, script in ((360, False), (1440, True)):
            async with (
                browsing() as browser,
                opened(browser, d, width, "light", script=script) as context,
            ):
                page = await context.new_page()
                for address, used in ((log, "words, status"), ("/settings/audit?what=app", "What")):
                    await page.goto(address)
                    line = page.locator(".folded > summary")
                    field = page.locator(".filters select").first
                    if width > 759:
                        await expect(line).to_be_hidden()
                    else:
                        await expect(line).to_have_text("Filters: " + used)
                        await expect(field).to_be_hidden()
                        await line.press("Enter")
                    await expect(field).to_be_visible()


async def test_every_page_of_an_app_says_where_it_is_by_one_rule(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        values = await furnish(d)
        await d.as_role("owner")
        for address in (await pages(d, values)).values():
            html = (await d.get(address)).html
            found = re.search(r'<nav class="crumbs"[^>]*>(.*?)</nav>', html, re.S)
            if not address.startswith("/apps/") and found is None:
                continue
            assert found is not None, address
            steps = re.split(r" › (?=<)", found[1])
            top = ("/settings/people", "People") if "settings" in address else ("/", "Apps")
            assert steps[0] == '<a href="{}">{}</a>'.format(*top), address
            assert all(step.startswith("<a ") for step in steps[:-1]), address
            assert steps[-1].startswith('<bdi aria-current="page">'), address


async def test_what_is_typed_as_it_is_stands_out_in_a_sentence(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await tea(d)
        await d.get("/")  # pages bring their sentences with the first one that is asked for
        told = _html_of(Sentence("row_held", {"reason": "Run `a <b>` in `c`: a ` stays."}), "en")
        assert told == ("Sending waits: Run <code>a &lt;b&gt;</code> in <code>c</code>: a ` stays.")
        assert "<bdi>" in _html_of(Sentence("row_held", {"reason": "`x`"}), "ar")


async def test_the_times_of_a_conversation_run_down(tmp_path: Path) -> None:
    async with both(tmp_path, "owner") as b:
        await b.desk.person("owner", OWNER)
        await b.named("hello", "Asha")
        async with browsing() as browser, opened(browser, b.desk, 1280, "light") as context:
            page = await context.new_page()
            await page.goto("/messages/" + await b.last(0))
            await page.get_by_role("link", name="Conversation").click()
            window, session = (page.locator("[data-left]").nth(n) for n in range(2))
            await expect(window).to_have_text("23 h 59 min")
            first = await session.inner_text()
            assert re.fullmatch(r"14 min \d+ s|15 min", first)
            await expect(session).not_to_have_text(first)
            await session.evaluate(
                "one => { one.dataset.left = 2500; one.replaceWith(one.cloneNode(true)); }"
            )
            await expect(session).to_have_text(re.compile("^[012] s"))
            # what is over is read again, and here it is not over yet
            await expect(session).to_have_text(re.compile(r"14 min \d+ s"), timeout=8000)


_FOCUSED = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const box = at.getBoundingClientRect();
  const ring = (one) => {
    const style = one && getComputedStyle(one);
    return style && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  };
  // a part of a row or of a chip is ringed as the whole; a hidden radio at its words
  const seen = [at, at.nextElementSibling, at.parentElement, at.closest(".row")].some(ring);
  const there = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return [at.tagName + " " + (at.id || at.textContent.trim().slice(0, 30)), seen && there];
}"""


@pytest.mark.parametrize("width", [360, 1440])
async def test_whoever_has_no_mouse_sees_where_they_are(tmp_path: Path, width: int) -> None:
    async with desk(tmp_path) as d:
        await d.person("owner", OWNER)
        values = await furnish(d)
        await d.sign_in()
        wrong: dict[str, list[str]] = {}
        async with browsing() as browser, opened(browser, d, width, "light") as context:
            page = await context.new_page()
            for address in (await pages(d, values)).values():
                await page.goto(address)
                for _ in range(60):
                    await page.keyboard.press("Tab")
                    found = await page.evaluate(_FOCUSED)
                    if found is None:
                        break
                    if not found[1] and not await page.locator(".code-editor:focus").count():
                        wrong.setdefault(address, []).append(found[0])
        assert wrong == {}
