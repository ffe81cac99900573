"""What a browser sees of a page: pictures of it, and how far its content jumped while it came."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page

# Outside git. A test writes over the picture of the run before.
SHOTS = Path(os.environ.get("DRAGOMAN_SHOTS") or Path(__file__).parents[2] / ".shots")
MOST_SHIFT = 0.02

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


async def settled(page: Page) -> None:
    """Fonts are there, and everything is painted twice."""
    await page.evaluate(
        "document.fonts.ready.then(() => new Promise((done) => "
        "requestAnimationFrame(() => requestAnimationFrame(done))))"
    )


async def shoot(page: Page, name: str, *, whole: bool = False) -> None:
    """A picture `name`.png, of the window or of the whole page."""
    place = SHOTS / f"{name}.png"
    place.parent.mkdir(parents=True, exist_ok=True)
    await settled(page)
    await page.screenshot(path=place, full_page=whole, animations="disabled")
