"""Every page with something on it, in a real browser: nothing that keeps anybody out, nothing that
jumps, nothing that must be scrolled sideways; and a picture of it, light and dark, wide and narrow.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from desk import desk
from furnished import Lived, lived_in, pages
from looking import SHOTS, Shifts, opened, settled, shoot
from playwright.async_api import Browser, BrowserContext, Page

from browser import browsing

pytestmark = pytest.mark.full  # a browser, the program and five partners

# One product and one browser for the whole file.
SHARED = pytest.mark.asyncio(loop_scope="module")
LOOKS = [(width, theme) for width in (1440, 360) for theme in ("light", "dark")]
LEAST = 40  # letters that a page has at least beside its frame
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text("utf-8")
_FOUND = """async () => {
  const rules = { "target-size": { enabled: true } };  // 24 px, or as much room around
  const found = await axe.run(document, { resultTypes: ["violations"], rules });
  return found.violations.filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | "));
}"""
_WIDER = "document.documentElement.scrollWidth - innerWidth"
_CONTENT = "(document.querySelector('main') || document.body).innerText.trim().length"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lived(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lived]:
    async with lived_in(tmp_path_factory.mktemp("lived")) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with browsing() as found:
        yield found


@SHARED
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("width", "theme"), LOOKS, ids=[f"{w} {t}" for w, t in LOOKS])
async def test_every_page_keeps_nobody_out(
    lived: Lived, browser: Browser, width: int, theme: str
) -> None:
    addresses = {**await pages(lived.desk, lived.values), **lived.more}
    wrong: dict[str, list[str]] = {}
    async with opened(browser, lived.desk, width, theme) as context:
        shifts = Shifts()
        await shifts.watch(context)
        page = await context.new_page()
        for name, address in addresses.items():
            if found := await _look(page, address):
                wrong[name] = found
            await shoot(page, f"pages/{name}-{width}-{theme}", whole=True)
    assert wrong == {}
    assert shifts.too_far == {}, shifts.too_far
    assert len(addresses) > 45


async def _look(page: Page, address: str) -> list[str]:
    errors: list[str] = []
    page.once("pageerror", lambda error: errors.append(str(error)))
    await page.goto(address, wait_until="load")
    await settled(page)
    await page.evaluate(AXE)
    found: list[str] = errors + await page.evaluate(_FOUND)
    if (over := await page.evaluate(_WIDER)) > 0:
        found.append(f"it is {over} px wider than the window")
    if await page.evaluate(_CONTENT) < LEAST:
        found.append("there is nothing on it")
    return found


@pytest.mark.parametrize(("width", "theme"), LOOKS, ids=[f"{w} {t}" for w, t in LOOKS])
async def test_the_door_keeps_nobody_out(tmp_path: Path, width: int, theme: str) -> None:
    async with desk(tmp_path) as d, browsing() as door:
        context: BrowserContext = await door.new_context(
            viewport={"width": width, "height": 800}, base_url=d.address,
            color_scheme="dark" if theme == "dark" else "light",
        )  # fmt: skip
        page = await context.new_page()
        assert await _look(page, "/setup") == []
        await shoot(page, f"pages/setup-{width}-{theme}", whole=True)
        await d.person("owner")
        for name in ("signin", "invitation"):
            assert await _look(page, f"/{name}") == []
            await shoot(page, f"pages/{name}-{width}-{theme}", whole=True)
        assert (SHOTS / "pages" / f"signin-{width}-{theme}.png").stat().st_size > 5_000
