"""The page in a real browser: keys, small screens, hostile words, right to left, restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tea_chat import AT, MENU, TEA, TEAS, Switches, TeaLine, have_chat, serving, text

from browser import browsing
from dragoman.domain.clock import FixedClock
from dragoman.emulators.phone import Handsets, WireLine

pytestmark = pytest.mark.full
EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


@asynccontextmanager
async def phone(
    handsets: Handsets, width: int = 1440, height: int = 900, refused: int = 0, **options: Any
) -> AsyncIterator[Page]:
    """The page, loaded; an error in it or a request to elsewhere fails the test. `refused`: so
    many of its requests are to be answered with 400."""
    troubles: list[str] = []
    async with serving(handsets) as address, browsing() as browser:
        page = await browser.new_page(viewport={"width": width, "height": height}, **options)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda said: troubles.append(said.text) if said.type in ("error", "warning") else None,
        )
        page.on(
            "request",
            lambda asked: (
                troubles.append(asked.url) if not asked.url.startswith((address, "blob:")) else None
            ),
        )
        await page.goto(f"{address}/phone")
        await expect(page.locator("#live")).to_have_text("Live")
        yield page
    assert [one for one in troubles if "400 (Bad Request)" not in one] == []
    assert len(troubles) == refused


def phones() -> tuple[Handsets, TeaLine]:
    handsets, line = Handsets(FixedClock(AT)), TeaLine()
    handsets.connect(line)
    return handsets, line


async def test_by_keyboard_alone_a_person_writes_taps_and_recalls() -> None:
    handsets, line = phones()
    async with phone(handsets) as page:
        await page.locator("#message").focus()
        await page.keyboard.type("hello")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type("there")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message.mine .words")).to_have_text("hello\nthere")
        await expect(page.locator(".ticks")).to_have_attribute("aria-label", "sent")
        handsets.set_status(TEA, "wamid.in1", "delivered", AT)
        await expect(page.locator(".ticks")).to_have_attribute("aria-label", "delivered")
        handsets.set_status(TEA, "wamid.in1", "read", AT)
        await expect(page.locator(".ticks")).to_have_class("ticks read")

        handsets.receive(TEA, "asha", "wamid.out1", MENU, AT + 1)
        await page.get_by_role("button", name="See the teas").wait_for()
        await page.locator("#message").focus()
        for _ in range(8):  # back from the message: attach, more, then the three buttons
            await page.keyboard.press("Shift+Tab")
            label = await page.evaluate("document.activeElement.textContent")
            if label == "See the teas":
                break
        await page.keyboard.press("Enter")
        await expect(page.locator(".message.mine").last).to_contain_text("See the teas")

        handsets.receive(TEA, "asha", "wamid.out2", TEAS, AT + 2)
        await page.get_by_role("button", name="Choose a tea").press("Enter")
        await expect(page.locator("#sheet")).to_be_visible()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("#sheet")).to_be_hidden()
        await expect(page.locator(".message.mine").last).to_contain_text("Nilgiri")

        await page.locator("#message").focus()
        await page.keyboard.press("ArrowUp")
        await expect(page.locator("#message")).to_have_value("hello\nthere")
        await page.wait_for_timeout(600)  # she looks at most 400 ms after a message came
    replies = [body["interactive"] for _, body, _ in line.sent[1:]]
    assert [one[one["type"]]["id"] for one in replies] == ["teas", "nilgiri"]
    assert [quoted for _, _, quoted in line.sent] == [None, "wamid.out1", "wamid.out2"]
    assert [one for _, ids in line.looked for one in ids] == ["wamid.out1", "wamid.out2"]
    handsets.close()


async def test_stored_script_stays_words_wherever_it_stands() -> None:
    handsets, line = phones()
    handsets.invent(EVIL[:60])
    who = handsets.contacts()[3].id
    line.files["1"] = (b"x", "application/pdf")
    document = {"id": "1", "filename": EVIL, "caption": EVIL}
    buttons = [{"type": "reply", "reply": {"id": EVIL, "title": EVIL}}]
    tap = {"type": "button", "body": {"text": EVIL}, "action": {"buttons": buttons}}
    link = {"display_text": "Go", "url": "javascript:window.hacked=1"}
    jump = {"type": "cta_url", "body": {"text": "x"}, "action": {"parameters": link}}
    for count, body in enumerate(
        (
            text(EVIL),
            {"type": "document", "document": document},
            {"type": "contacts", "contacts": [{"name": {"formatted_name": EVIL}}]},
            {"type": "interactive", "interactive": tap},
            {"type": "interactive", "interactive": jump},
            {"type": EVIL, EVIL: {}},
        )
    ):
        handsets.receive(TEA, who, f'wamid."{EVIL}{count}', body, AT)
    detail = {"request": EVIL, EVIL: {"x": EVIL}}
    handsets.wire(WireLine(AT, "in", EVIL, EVIL, detail, TEA, who, EVIL))
    async with phone(handsets) as page:
        await page.get_by_role("button", name="<img src=x").first.click()
        await expect(page.locator(".message")).to_have_count(6)
        await page.locator("#wire summary").first.click()
        await expect(page.locator(".message .words").first).to_have_text(EVIL)
        await page.get_by_role("button", name="Go", exact=True).click()
        await expect(page.locator("#sheet")).to_contain_text("Not a web address")
        assert await page.locator("#sheet a, .message img, #wire img, .message script").count() == 0
        assert await page.evaluate("window.hacked") is None
    handsets.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 700), (360, 740)])
async def test_nothing_sticks_out_and_small_screens_show_the_chat(
    width: int, height: int, scheme: str
) -> None:
    handsets, line = phones()
    switches = Switches()
    handsets.controls = {"clock": handsets.clock}
    handsets.faults = {TeaLine.partner: switches}
    await have_chat(handsets, line)
    handsets.receive(TEA, "asha", "wamid.long", text("ا" * 200 + " " + "W" * 300), AT + 10**6)
    async with phone(handsets, width, height, color_scheme=scheme) as page:
        await page.locator(".message").last.wait_for()
        for box in ("documentElement", "querySelector('.chat')"):
            wide = f"document.{box}.scrollWidth - document.{box}.clientWidth"
            assert await page.evaluate(wide) == 0
        await expect(page.locator(".foot")).to_be_visible()
        assert await page.locator("#side").is_visible() is (width > 760)
        assert await page.locator(".people").is_visible() is (width > 760)
        assert await low_contrast(page) == []
        if width < 760:
            small = await page.evaluate(
                "[...document.querySelectorAll('.handset button, .top button')].filter(b =>"
                " b.offsetParent && b.getBoundingClientRect().height < 43.5).length"
            )
            assert small == 0
            await page.get_by_role("button", name="Wire, faults and clock").click()
            await expect(page.locator("#side")).to_be_visible()
            await page.keyboard.press("Escape")
            await expect(page.locator("#side")).to_be_hidden()
    handsets.close()


async def low_contrast(page: Page) -> list[str]:
    """Visible words below 4.5 : 1 against what lies behind them (WCAG 2.2, 1.4.3)."""
    found: list[str] = await page.evaluate(
        """() => {
        const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
        const rgba = (css) => { pen.clearRect(0, 0, 1, 1); pen.fillStyle = css;
          pen.fillRect(0, 0, 1, 1); const d = pen.getImageData(0, 0, 1, 1).data;
          return [d[0], d[1], d[2], d[3] / 255]; };
        const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3]));
        const light = (c) => { const f = c.slice(0, 3).map(v => v / 255).map(v =>
          v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
          return .2126 * f[0] + .7152 * f[1] + .0722 * f[2]; };
        const behind = (node) => { const layers = [];
          for (let n = node; n; n = n.parentElement) {
            const c = rgba(getComputedStyle(n).backgroundColor);
            if (c[3]) layers.unshift(c);
          }
          return layers.reduce((low, c) => over(c, low), [255, 255, 255]); };
        const bad = [];
        const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) {
          const node = walk.currentNode.parentElement;
          if (!walk.currentNode.data.trim() || !node.checkVisibility() ||
              node.closest('.quietly, option, noscript, .skip')) continue;
          const low = behind(node);
          const ink = over(rgba(getComputedStyle(node).color), low);
          const [x, y] = [light(ink), light(low)].sort((a, b) => b - a);
          if ((x + .05) / (y + .05) < 4.5)
            bad.push(walk.currentNode.data.trim().slice(0, 30) + ' ' + node.className);
        }
        return bad;
      }"""
    )
    return found


async def test_text_is_written_in_its_own_direction_with_its_marks() -> None:
    handsets, _ = phones()
    handsets.receive(TEA, "asha", "w1", text("مرحبا *Asha*"), AT)
    marks = "*bold* _lean_ ~gone~ ```x < y``` 2*3*4 https://a.example/b_c_d?e=*f*."
    handsets.receive(TEA, "asha", "w2", text(marks), AT)
    async with phone(handsets) as page:
        first, second = page.locator(".words").nth(0), page.locator(".words").nth(1)
        assert await first.evaluate("node => getComputedStyle(node).direction") == "rtl"
        tags = await second.evaluate(
            "node => [...node.children].map(one => [one.tagName, one.textContent])"
        )
        assert tags == [
            ["STRONG", "bold"],
            ["EM", "lean"],
            ["S", "gone"],
            ["CODE", "x < y"],
            ["A", "https://a.example/b_c_d?e=*f*"],
        ]
        numbers = page.locator('.person bdi[dir="ltr"]')
        assert await numbers.first.inner_text() == "+1 202 555 0142"
    handsets.close()


async def test_each_thing_in_the_attach_sheet_can_be_sent() -> None:
    handsets, line = phones()
    async with phone(handsets) as page:
        for name, button in (
            ("Photo", "Send a sample"),
            ("Document", "Send a sample"),
            ("Location", "Send location"),
            ("Contact card", "Send contact"),
            ("Voice note", ""),
        ):
            await page.get_by_role("button", name="Attach").click()
            await page.locator("#sheet").get_by_role("button", name=name).click()
            if button:
                await page.get_by_role("button", name=button).click()
            await expect(page.locator("#sheet")).to_be_hidden()
            await expect(page.locator(".message.mine")).to_have_count(len(line.sent) or 1)
            await page.wait_for_function(
                "n => document.querySelectorAll('.message.mine').length === n",
                arg=1 + ("Photo", "Document", "Location", "Contact card", "Voice note").index(name),
            )
        await expect(page.locator(".message.mine .media img")).to_have_js_property(
            "naturalWidth", 640
        )
        handsets.receive(TEA, "asha", "wamid.out1", text("nice"), AT)
        await page.locator(".message.theirs").hover()
        await page.locator(".message.theirs .more").click()
        await page.get_by_role("button", name="React 👍").click()
        await expect(page.locator(".message.theirs .reactions")).to_have_text("👍")
        await page.locator(".message.theirs .more").click()
        await page.get_by_role("button", name="Reply", exact=True).click()
        await page.keyboard.type("thanks")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message.mine .quoted")).to_have_text("nice")
    kinds = [body["type"] for _, body, _ in line.sent]
    assert kinds == [
        "image",
        "document",
        "location",
        "contacts",
        "audio",
        "reaction",
        "text",
    ]
    assert line.sent[-1][2] == "wamid.out1"
    handsets.close()


async def test_wire_typing_and_clock_are_told_as_they_happen() -> None:
    handsets, _ = phones()
    switches = Switches()
    handsets.controls = {"clock": handsets.clock}
    handsets.faults = {TeaLine.partner: switches}
    async with phone(handsets) as page:
        handsets.set_typing(TEA, "asha", AT + 60_000)
        await expect(page.locator("#typing")).to_have_text("Tea shop is typing…")
        detail = {"request": '{"a":1}', "answer": {"status": 200}}
        handsets.wire(WireLine(AT, "out", "call", "200", detail, TEA, "asha", "wamid.out1"))
        handsets.receive(TEA, "asha", "wamid.out1", text("hi"), AT)
        await expect(page.locator("#typing")).to_have_text("")
        handsets.set_status(TEA, "wamid.out1", "accepted", AT)
        handsets.set_status(TEA, "wamid.out1", "delivered", AT)
        await expect(page.locator("#wire .steps")).to_contain_text("○ delivered")
        await page.locator("#wire summary").click()
        await expect(page.locator("#wire pre").first).to_have_text('{\n  "a": 1\n}')
        await page.get_by_role("tab", name="Faults").click()
        await page.get_by_role("switch", name="Slow").check()
        await page.keyboard.press("Tab")
        switches.done = 3
        handsets.fault_counted()
        await expect(page.locator(".count")).to_have_text("3×")
        await page.get_by_role("tab", name="Faults").press("ArrowRight")
        await page.get_by_role("button", name="+24 h").click()
        await page.wait_for_timeout(100)
    assert switches.on is True
    assert handsets.clock.now() == AT + 24 * 3_600_000
    handsets.close()


async def test_each_partner_has_its_numbers_its_faults_and_its_wire() -> None:
    handsets, line = phones()
    other = TeaLine(handsets)
    other.key, other.partner = "other:1", "Other partner"
    handsets.connect(other)
    handsets.faults = {TeaLine.partner: Switches(), other.partner: Switches()}
    handsets.wire(WireLine(AT, "in", "to the first", "200", {}, TEA))
    handsets.wire(WireLine(AT, "in", "to the other", "200", {}, "other:1"))
    async with phone(handsets) as page:
        choice = page.locator("#choose-line")
        await expect(choice.locator("option")).to_have_text(
            ["Tea shop · WhatsApp Cloud API · +1 202 555 0100",
             "Tea shop · Other partner · +1 202 555 0100"]
        )  # fmt: skip
        await expect(page.locator("#wire li")).to_contain_text(["to the first"])
        await choice.select_option("other:1")
        await expect(page.locator("#wire li")).to_contain_text(["to the other"])
        handsets.wire(WireLine(AT, "in", "again the first", "200", {}, TEA))
        handsets.wire(WireLine(AT, "in", "again the other", "200", {}, "other:1"))
        await expect(page.locator("#wire li")).to_contain_text(["to the other", "again the other"])
        await page.get_by_role("tab", name="Faults").click()
        await expect(page.locator("#panel-faults .help")).to_contain_text("Other partner")
        await page.get_by_role("switch", name="Slow").check()
        await choice.select_option(TEA)
        await expect(page.get_by_role("switch", name="Slow")).not_to_be_checked()
        await choice.select_option("other:1")
        await expect(page.get_by_role("switch", name="Slow")).to_be_checked()
        await page.locator("#message").fill("hello")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message.mine")).to_contain_text("hello")
    assert [one["on"] for faults in handsets.faults.values() for one in faults.describe()] == [
        False,
        True,
    ]
    assert (len(line.sent), len(other.sent)) == (0, 1)
    handsets.close()


async def test_a_message_that_was_not_taken_says_why() -> None:
    handsets, line = phones()
    async with phone(handsets, refused=1) as page:
        line.broken = ConnectionError("closed")
        await page.locator("#message").fill("hello")
        await page.keyboard.press("Enter")
        await expect(page.locator("#notice")).to_contain_text("could not take the message")
        await expect(page.locator(".message .wrong")).to_contain_text("ConnectionError: closed")
    handsets.close()
