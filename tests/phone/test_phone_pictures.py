"""Every kind that a business can send is drawn: one picture each, in a real browser.

The pictures are written to .test/pictures, to be looked at.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page
from tea_chat import AT, TEA, TeaLine, serving, tea_picture, text

from browser import browsing
from dragoman.domain.clock import FixedClock
from dragoman.emulators.phone import Handsets
from dragoman.emulators.phone.voice import MIME, silence

BODIES = Path(__file__).parents[1] / "fixtures" / "phone"
PICTURES = Path(__file__).parents[2] / ".test" / "pictures"
INBOUND = {
    "interactive.button_reply",
    "interactive.list_reply",
    "interactive.nfm_reply",
    "interactive.call_permission_reply",
    "button",
    "order",
}
HELD = {
    "1479537139650973": (tea_picture(), "image/png"),
    "2762702990552401": (tea_picture(), "image/png"),
    "798882015472548": (tea_picture(), "image/png"),
    "700001": (tea_picture(), "image/png"),
    "1013859600285441": (silence(), MIME),
    "1376223850470843": (b"%PDF-1.4", "application/pdf"),
}


def kind_of(body: dict[str, Any]) -> str:
    kind = str(body["type"])
    return f"interactive.{body['interactive']['type']}" if kind == "interactive" else kind


def bodies() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(BODIES.glob("*.json"))}


async def opened(page: Page, address: str) -> None:
    await page.goto(f"{address}/phone")
    await page.wait_for_selector(".message")


@pytest.mark.full
async def test_every_outbound_kind_is_drawn_and_pictured() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    handsets, line = Handsets(FixedClock(AT)), TeaLine()
    line.files.update(HELD)
    handsets.connect(line)
    walked: set[str] = set()
    wrong: list[str] = []
    async with serving(handsets) as address, browsing() as browser:
        page = await browser.new_page(viewport={"width": 1440, "height": 1300})
        page.on("pageerror", lambda error: wrong.append(str(error)))
        handsets.receive(TEA, "asha", "wamid.first", text("first"), AT)
        await opened(page, address)
        for count, (name, body) in enumerate(bodies().items()):
            if body["type"] == "reaction":
                target = body["reaction"]["message_id"]
                handsets.receive(TEA, "asha", target, text(f"target of {name}"), AT + count)
            handsets.receive(TEA, "asha", f"wamid.{name}", body, AT + count)
            shown = page.locator(f'.message[data-id="wamid.{name}"]')
            if body["type"] == "reaction":
                shown = page.locator(f'.message[data-id="{body["reaction"]["message_id"]}"]')
            await shown.wait_for()
            await page.wait_for_timeout(60)
            if await shown.locator(".unknown").count() or not await shown.inner_text():
                wrong.append(name)
            await shown.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
            walked.add(kind_of(body))
        drawn = await page.evaluate(
            "import('/phone/static/draw.js').then(module => Object.keys(module.DRAWN))"
        )
    assert wrong == []
    assert set(drawn) - INBOUND == walked, "a kind without a fixture, or without a drawing"
    handsets.close()


@pytest.mark.full
async def test_an_unknown_kind_is_a_labelled_card_with_its_json() -> None:
    handsets, line = Handsets(FixedClock(AT)), TeaLine()
    handsets.connect(line)
    strange = {
        "hologram": {"type": "hologram", "hologram": {"beam": "<b>blue</b>"}},
        "inner": {"type": "interactive", "interactive": {"type": "wheel", "spin": 3}},
        "misshapen": {"type": "interactive", "interactive": {"type": "button", "action": 7}},
        "proto": {"type": "constructor", "constructor": {}},
    }
    for name, body in strange.items():
        handsets.receive(TEA, "asha", f"wamid.{name}", body, AT)
    async with serving(handsets) as address, browsing() as browser:
        page = await browser.new_page()
        await opened(page, address)
        for name, body in strange.items():
            card = page.locator(f'.message[data-id="wamid.{name}"] .unknown')
            words = await card.inner_text()
            assert kind_of(body) in words
            shown = json.loads(words[re.search(r"\n\s*\{", words).start() :])  # type: ignore[union-attr]
            assert shown == body
            await card.screenshot(path=PICTURES / f"unknown_{name}.png")
    handsets.close()
