"""Make the README's pictures of the console: `python tests/console/picture.py` writes
docs/pictures/console-*.png."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "roundtrip")]

from five import STREAM_ID, five  # noqa: E402

from browser import browsing  # noqa: E402

PICTURES = HERE.parents[1] / "docs" / "pictures"
SHOP = HERE.parents[1] / "examples" / "tea_shop.py"
APP = f"/apps/{STREAM_ID}"


async def pictures(folder: Path = PICTURES) -> None:
    with tempfile.TemporaryDirectory() as home:
        async with five(Path(home), SHOP) as world, browsing() as browser:
            await world.use("gupshup")
            for said in ("hello", "teas", "order"):
                await world.says("gupshup", said)
                await world.quiet()
            address = world.emulated.settings.base_url
            page = await browser.new_page(
                viewport={"width": 1440, "height": 900}, color_scheme="light", timezone_id="UTC"
            )
            await page.goto(address + "/")  # the reader's time zone is known from here on
            made = await world.app.command(
                "app.create", {"who": "guest", "name": "Tea script", "example": "tea_shop"}
            )
            views = {
                "configurations": APP + "/channels/whatsapp/configurations",
                "log": APP + "/channels/whatsapp/log",
                "agent": f"/apps/{made['stream_id']}/agent",
            }
            for name, path in views.items():
                await page.goto(address + path)
                await page.wait_for_timeout(500)
                await page.screenshot(path=folder / f"console-{name}.png")
            await page.goto(address + views["log"])
            await page.locator(".messages a.words").first.click()
            await page.wait_for_timeout(500)
            await page.screenshot(path=folder / "console-message.png")


if __name__ == "__main__":
    asyncio.run(pictures())
