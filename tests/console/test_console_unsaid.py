"""In another language than English no English sentence of ours is left on any page."""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parents[1] / folder) for folder in ("roundtrip", "phone")]

import aiohttp
from desk import OWNER, Desk, desk
from five import STREAM_ID, Five, five
from furnished import furnish, lived_in, pages
from playwright.async_api import expect
from tea_chat import AT, TeaLine, have_chat, serving
from test_console_causes import CAUSES, SHOP
from test_console_messages import LOG, Both, both
from unsaid import in_wide_letters, unsaid, wide
from yarl import URL

from browser import browsing
from dragoman.agents.contract import Turn
from dragoman.domain.clock import Clock, FixedClock
from dragoman.emulators.kit.faults import Faults
from dragoman.emulators.phone import Handsets
from dragoman.partners.registry import PARTNERS
from world import DROP, NUMBER, body_of, text_of, value

pytestmark = pytest.mark.full  # a program for each test

# People, apps and what they are called; a code of the first start is by "start".
DATA = (
    "Tea shop", "Tea script", "Asha", "Ravi", "Owner", "Viewer", "Responder", "operator", "tests",
    "start", "key", "webhooks",
)  # fmt: skip
# What the shop says, what a partner says and what the network says.
SAID = (
    *DATA, "hello", "boom", "nowhere", "zzz", "nothing", "are you there?", "wrong", "ValueError",
    "Phone number is not opted in", "world", "timestamp", "content-type", "cups",
    "POST", "Connect call failed",
    "Sorry, something went wrong on our side. Please write again in a moment.",
)  # fmt: skip
# What is said where every kind of message was sent, and by what name headers and categories go.
LIVED = (
    *SAID, "asked", "You wrote: Are you there?", "Are you there?", "nothing like it",
    "What shall it be?", "facebookexternalua", "See Dates", "Barbara J. Johnson", "tomorrow",
    "See the teas", "Order", "Visit us", "Which tea?", "Teas", "Black", "Green", "Assam", "Nilgiri",
    "Sencha", "strong", "Assam, second flush", "Learn more", "Add to favorites", "buttons", "list",
    "image", "template", "template name", "does not exist in", "service", "utility", "PMP", "host",
    "user-agent", "Tanla", "tea.shop", "test phone",
)  # fmt: skip
# What stands on the phone and is its partner's, its people's or a calendar's.
PHONE = (
    *DATA, "Ravi", "Meera", "*Assam*, second flush. How many bags?",
)  # fmt: skip
Get = Callable[[str], Awaitable[str]]


async def left(get: Get, addresses: Iterable[str], known: tuple[str, ...] = DATA) -> str:
    """What is not translated on pages, a line each; empty when all is."""
    with in_wide_letters():
        told = {a: await get(a) for a in addresses}
        # Of a page in English the reader would skip everything.
        assert not [a for a, html in told.items() if '<html lang="en"' in html]
        lines = [f"{a}: {text}" for a, html in told.items() for text in unsaid(html, known)]
    return "\n".join(lines)


def reader(d: Desk) -> Get:
    async def get(address: str) -> str:
        # By the address, or it stands beside what a visit of /language/en left.
        d.client.cookie_jar.update_cookies({"dragoman_language": "hi"}, URL(d.address))
        seen = await d.get(address)
        assert seen.status in (200, 404, 422), (address, seen.status)
        return seen.html

    return get


async def test_every_page(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.person("owner", OWNER)
        values = await furnish(d)
        await d.sign_in()
        form = f"/apps/{values['app']}/channels/whatsapp/configurations"
        addresses = [
            *(await pages(d, values)).values(),
            *(f"{form}?partner={name}" for name in PARTNERS),
        ]
        found = await left(reader(d), addresses)
        assert found == ""


async def test_a_product_after_a_busy_morning(tmp_path: Path) -> None:
    async with lived_in(tmp_path) as lived:
        d = lived.desk
        ours = [at for name, at in lived.more.items() if not name.startswith(("console.", "phone"))]
        addresses = [*(await pages(d, lived.values)).values(), *ours]
        assert await left(reader(d), addresses, LIVED) == ""

        async def replayed(address: str) -> str:
            return (await d.post(address, {})).html

        incoming = f"{lived.more['message.in']}/replay"
        assert await left(replayed, [incoming], LIVED) == ""


async def happened(b: Both) -> list[str]:
    """Messages of every end, and what came and is none. Gives the pages of all of it."""
    await b.named("hello", "Asha")
    await b.world.report(b.world.graph.calls[0], "delivered")
    await b.world.report(b.world.graph.calls[0], "read")
    await b.world.post(body_of(value()), secret="wrong")
    await b.world.post(body_of({"event": "x"}, field="account_alerts"))
    bad = {"id": "wamid.bad", "type": "text", "from": "12025550142", "timestamp": "never"}
    await b.world.post(body_of(value(NUMBER, [bad])))
    await b.world.post(body_of(value(NUMBER, [text_of("boom")])))
    await b.world.quiet()
    b.world.graph.script(DROP)
    await b.world.say("are you there?")
    await b.world.until_rows("SELECT count(*) FROM message WHERE doubt=1", [(1,)])
    found = [LOG, LOG + "?status=failed", LOG + "?q=nowhere", LOG + "?from=wrong", "/find?q=zzz",
             "/find?q=hello", "/messages/nothing"]  # fmt: skip
    html = (await b.desk.get(LOG)).html
    messages = sorted(set(re.findall(r'href="(/messages/[^"]+)"', html)))
    assert len(messages) > 7, messages
    for one in messages:
        found += re.findall(r'href="(/apps/[^"]+/conversations/[^"]+|/messages/hook-[^"]+)"',
                            (await b.desk.get(one)).html)  # fmt: skip
    return sorted({*found, *messages})


async def echo(turn: Turn) -> None:
    if turn.text == "boom":
        raise ValueError(turn.text)
    turn.context["cups"] = 1
    turn.reply(turn.text)


@pytest.mark.parametrize("role", ["viewer", "responder"])
async def test_every_end_of_a_message(tmp_path: Path, role: str) -> None:
    async with both(tmp_path, role, act=echo, settings={"turn_tries": 1}) as b:
        addresses = await happened(b)
        assert await left(reader(b.desk), addresses, SAID) == ""


@pytest.mark.parametrize("cause", CAUSES, ids=[one[1].__name__ for one in CAUSES])
async def test_every_red_step(tmp_path: Path, cause: tuple[str, Callable[[Five], Awaitable[None]],
                                                           str, str]) -> None:  # fmt: skip
    partner, happen, _, _ = cause
    base = f"/apps/{STREAM_ID}/channels/whatsapp"
    async with five(tmp_path, SHOP) as world, aiohttp.ClientSession() as client:
        address = world.emulated.settings.base_url
        await world.use(partner)
        await happen(world)
        headers = {"Accept-Language": "hi", "Accept": "text/html", "Origin": address}

        async def get(path: str) -> str:
            async with client.get(address + path, headers=headers) as answer:
                assert answer.status == 200, path
                return await answer.text()

        async with client.post(f"{address}{base}/configurations/check", headers=headers):
            pass
        seen = [f"{base}/configurations", f"{base}/configurations/checklist", f"{base}/log",
                "/phone/"]  # fmt: skip
        assert await left(get, seen, SAID) == ""


async def test_the_test_phone() -> None:
    handsets, line = Handsets(FixedClock(AT)), TeaLine()
    await have_chat(handsets, line)
    handsets.faults[line.partner] = Faults()
    handsets.controls["clock"] = Clock()
    with in_wide_letters():
        async with serving(handsets) as address, browsing() as browser:
            page = await browser.new_page(locale="hi")
            await page.goto(f"{address}/phone")
            await expect(page.locator("#live")).to_have_text(wide("Live"))
            found = unsaid(await page.content(), PHONE)
            for tab in ("#tab-faults", "#tab-clock"):
                await page.click(tab)
                found += unsaid(await page.content(), PHONE)
            await page.click("#plus")
            for n in range(await page.locator("#sheet-body .row").count() - 1):
                found += unsaid(await page.content(), PHONE)
                await page.locator("#sheet-body .row").nth(n).click()
                found += unsaid(await page.content(), PHONE)
                await page.click("#sheet-close")
                await page.click("#plus")
    assert "\n".join(sorted(set(found))) == ""
