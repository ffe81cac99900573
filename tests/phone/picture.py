"""Make the README's picture: `python tests/phone/picture.py` writes docs/pictures/phone.png."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from tea_chat import AT, TEA, Switches, TeaLine, have_chat, serving  # noqa: E402

from browser import browsing  # noqa: E402
from dragoman.domain.clock import FixedClock  # noqa: E402
from dragoman.emulators.phone import Handsets  # noqa: E402

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "phone.png"


async def picture(path: Path = PICTURE) -> None:
    handsets, line = Handsets(FixedClock(AT)), TeaLine()
    handsets.controls = {"clock": handsets.clock}
    handsets.faults = {TeaLine.partner: Switches()}
    await have_chat(handsets, line, whole=False)
    handsets.set_typing(TEA, "asha", handsets.clock.now() + 60_000)
    path.parent.mkdir(parents=True, exist_ok=True)
    async with serving(handsets) as address, browsing() as browser:
        page = await browser.new_page(
            viewport={"width": 1480, "height": 1040}, color_scheme="light", timezone_id="UTC"
        )
        await page.goto(address + "/phone")
        await page.wait_for_selector(".media img")
        await page.locator("#wire summary").nth(1).click()
        await page.wait_for_timeout(300)
        await page.screenshot(path=path)
    handsets.close()


if __name__ == "__main__":
    os.environ["CI"] = "1"  # without a browser this fails, it does not skip
    asyncio.run(picture())
