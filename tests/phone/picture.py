"""Make the README's pictures: `python tests/phone/picture.py` writes docs/pictures/*.png."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from tea_chat import AT, TEA, Switches, TeaLine, have_chat, serving  # noqa: E402

from browser import browsing  # noqa: E402
from dragoman.domain.clock import FixedClock  # noqa: E402
from dragoman.emulators.phone import Handsets  # noqa: E402

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


async def phone(path: Path = PICTURES / "phone.png") -> None:
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


async def switching(path: Path = PICTURES / "switch.png") -> None:
    """The whole demo: a chat at one partner, and another partner's number before the switch."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "roundtrip"))
    from five import five

    shop = Path(__file__).parents[2] / "examples" / "tea_shop.py"
    with tempfile.TemporaryDirectory() as folder:
        async with five(Path(folder), shop) as world, browsing() as browser:
            for name in ("cloud-api", "gupshup"):
                await world.use(name)
                for said in ("hello", "teas"):
                    await world.says(name, said)
                    await world.quiet()
            page = await browser.new_page(
                viewport={"width": 1480, "height": 900}, color_scheme="dark", timezone_id="UTC"
            )
            await page.goto(world.emulated.settings.base_url + "/phone")
            await page.wait_for_selector("#choose-line option", state="attached")
            await page.select_option("#choose-line", world.line("karix").key)
            await page.wait_for_timeout(300)
            await page.click("#switch button")
            await page.wait_for_selector("#switch", state="hidden")
            await page.fill("#message", "hello")
            await page.keyboard.press("Enter")
            await page.wait_for_selector(".taps")
            await world.quiet()
            await page.select_option("#choose-line", world.line("gupshup").key)
            await page.wait_for_timeout(600)
            await page.screenshot(path=path)


if __name__ == "__main__":
    os.environ["CI"] = "1"  # without a browser this fails, it does not skip
    asyncio.run(phone())
    asyncio.run(switching())
