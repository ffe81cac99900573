"""What a browser sees of a page: pictures of it, and how far its content jumped while it came."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from desk import OWNER, PASSWORD, Desk
from playwright.async_api import Browser, BrowserContext, Page

# Outside git. A test writes over the picture of the run before.
SHOTS = Path(os.environ.get("DRAGOMAN_SHOTS") or Path(__file__).parents[2] / ".shots")
MOST_SHIFT = 0.02
TALLEST = 16_000  # px of a picture

_OBSERVE = """
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) {
    if (one.hadRecentInput) continue;
    const named = (node) => node && (node.id || node.className || node.nodeName);
    const moved = one.sources.map((source) => named(source.node));
    window.itShifted(location.pathname, performance.timeOrigin, one.value, moved.join(" "));
  }
}).observe({ type: "layout-shift", buffered: true });
"""


class Shifts:
    """How far each page that was opened in a context shifted; what a person's own click or key
    moves within half a second is no shift."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, float], float] = defaultdict(float)
        self._moved: dict[tuple[str, float], list[str]] = defaultdict(list)

    async def watch(self, context: BrowserContext) -> None:
        await context.expose_binding("itShifted", self._hear)
        await context.add_init_script(_OBSERVE)

    def _hear(self, _: Any, path: str, opened: float, value: float, moved: str) -> None:
        self._found[path, opened] += value
        self._moved[path, opened].append(moved)

    @property
    def too_far(self) -> dict[str, str]:
        """By the page's address: how far, and what moved."""
        return {
            key[0]: f"{value:.3f}: {'; '.join(self._moved[key])}"
            for key, value in self._found.items()
            if value > MOST_SHIFT
        }


@asynccontextmanager
async def opened(
    browser: Browser, d: Desk, width: int, theme: Any, *, script: bool = True
) -> AsyncIterator[BrowserContext]:
    """Windows in which an owner is signed in."""
    context = await browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=theme, base_url=d.address,
        java_script_enabled=script,
    )  # fmt: skip
    page = await context.new_page()
    await page.goto("/signin")
    await page.fill("#email", OWNER)
    await page.fill("#password", PASSWORD)
    await page.click("button.lead")
    await page.wait_for_url("**/")
    await page.close()
    yield context
    await context.close()


async def settled(page: Page) -> None:
    """Fonts are there, and everything is painted twice."""
    await page.evaluate(
        "document.fonts.ready.then(() => new Promise((done) => "
        "requestAnimationFrame(() => requestAnimationFrame(done))))"
    )


async def shoot(page: Page, name: str, *, whole: bool = False) -> None:
    """A picture `name`.png, of the window or of the whole page. The window grows to the page for
    it, so that what sticks to the window's edge stands where the page ends."""
    place = SHOTS / f"{name.replace(' ', '-')}.png"
    place.parent.mkdir(parents=True, exist_ok=True)
    size = page.viewport_size
    if whole and size is not None:
        tall = await page.evaluate("document.documentElement.scrollHeight")
        await page.set_viewport_size({**size, "height": max(size["height"], min(tall, TALLEST))})
    await settled(page)
    await page.screenshot(path=place, animations="disabled")
    if whole and size is not None:
        await page.set_viewport_size(size)
