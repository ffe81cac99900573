"""The message log, the message page, the conversation page and the search."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from desk import Desk, Seen
from playwright.async_api import expect

from browser import browsing
from dragoman.console.pages import find as finding
from dragoman.domain.clock import id_text
from dragoman.domain.sentences import Sentence, say
from dragoman.engine.steps import Step
from world import (
    ASHA,
    BEN,
    DROP,
    NUMBER,
    SECOND,
    STREAM,
    TOKEN,
    World,
    body_of,
    running,
    served,
    text_of,
    value,
)  # fmt: skip

pytestmark = pytest.mark.full  # a program for each test

LOG = f"/apps/{STREAM}/channels/whatsapp/log"
SCRIPT = "<script>alert(1)</script>"


class Both:
    def __init__(self, world: World, desk: Desk) -> None:
        self.world, self.desk = world, desk

    async def named(self, text: str, name: str, phone: str = ASHA, number: str = NUMBER) -> None:
        """Somebody with a name writes."""
        who = [{"profile": {"name": name}, "wa_id": phone}]
        at = self.world.clock.now() // 1000
        body = body_of(value(number, [text_of(text, phone, at=at)], contacts=who))
        assert (await self.world.post(body)).status == 200
        await self.world.quiet()

    async def last(self, direction: int) -> str:
        rows = await self.world.rows("SELECT max(id) FROM message WHERE direction=?", direction)
        return f"{'out' if direction else 'in'}-{id_text(rows[0][0])}"

    async def ids(self) -> list[str]:
        """What every row of the log opens."""
        seen = await self.desk.get(LOG)
        return [str(name) for name in re.findall(r'words" href="/messages/([^"]+)"', seen.html)]

    async def log(self, query: str = "") -> list[str]:
        """The words of the rows."""
        return said(await self.desk.get(LOG + query))


def said(seen: Seen) -> list[str]:
    assert seen.status == 200, seen.text
    found = re.findall(r'<a class="cell words".*?<bdi>(.*?)</bdi>', seen.html, re.S)
    return [str(words) for words in found]


@contextlib.asynccontextmanager
async def both(home: Path, role: str = "viewer", **more: Any) -> AsyncIterator[Both]:
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        running(home, **more) as world,
        served(world.app) as address,
        aiohttp.ClientSession(cookie_jar=jar) as client,
    ):
        desk = Desk(world.app, address, client)
        await desk.as_role(role)
        yield Both(world, desk)


# --- the log -------------------------------------------------------------------------------------


async def test_the_log_is_newest_first_and_is_narrowed_by_its_address(tmp_path: Path) -> None:
    async with both(tmp_path) as b:
        seen = await b.desk.get(LOG)
        assert "Nobody wrote yet." in seen.text
        await b.named("green tea", "Asha")
        await b.named("ÉTOILE please", "Ben", BEN, SECOND)
        every = ["ÉTOILE please", "ÉTOILE please", "green tea", "green tea"]
        assert await b.log() == every
        narrowed = {
            "?direction=in": every[::2],
            "?status=accepted": every[::2],
            "?status=handled&direction=out": [],
            "?who=%2B12025550142": every[2:],
            "?who=ben": every[:2],
            "?who=50143": every[:2],
            "?who=nobody": [],
            "?q=%C3%A9toile": every[:2],
            "?q=please+%C3%A9toile&direction=in": every[:1],
            "?q=text": [],
            "?q=tea%25": [],
            f"?number={SECOND}": every[:2],
            "?from=2020-01-01&to=2099-12-31": every,
            "?from=2099-01-01": [],
            "?to=2020-01-01": [],
            "?status=refused": [],
        }
        assert {query: await b.log(query) for query in narrowed} == narrowed
        assert "No message has these words." in (await b.desk.get(LOG + "?q=nowhere")).text
        assert "Nothing failed." in (await b.desk.get(LOG + "?status=failed")).text
        chips = (await b.desk.get(LOG + "?q=tea&status=read&before=7")).html
        assert f'href="{LOG}?status=read"' in chips and f'href="{LOG}?q=tea"' in chips
        assert f'href="{LOG}?status=read&amp;q=tea"' in chips  # back to the newest


async def test_older_pages_go_on_where_the_page_ends(tmp_path: Path) -> None:
    async with both(tmp_path) as b:
        for i in range(30):
            await b.world.say(f"message {i}")
        await b.world.quiet()
        first = await b.desk.get(LOG)
        (more,) = re.findall(r'href="([^"]*before=[^"]*)">Older messages', first.html)
        older = await b.desk.get(more)
        words = said(first) + said(older)
        assert len(said(first)) == 50 and "Older messages" not in older.text
        assert sorted(words) == sorted(f"message {i}" for i in range(30) for _ in "io")
        assert "data-live" in first.html and "data-live" not in older.html


async def test_a_search_says_how_far_it_looked(tmp_path: Path) -> None:
    from dragoman.store.queries import messages

    async with both(tmp_path) as b:
        for text in ("oldest", "middle", "newest"):
            await b.world.say(text)
            await b.world.quiet()
        app_id = b.world.app.apps.by_stream[STREAM].id

        async def look(before: int) -> messages.Page:
            wanted = messages.Filter(app_id, words="oldest", scan=2, before=before)
            return await b.world.app.store.read(lambda tx: messages.page(tx, wanted, 10, 0))

        ends, at = [], messages.MAX_ID
        while True:
            found = await look(at)
            ends.append((len(found.lines), found.reached > 0))
            if not found.reached:
                break
            at = found.reached
        assert ends == [(0, True), (0, True), (2, False)]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("status=lost", "There is no status 'lost': choose one of the list."),
        ("direction=up", "'up' is no direction: choose in or out."),
        ("number=1", "This app has no number '1': choose one of the list."),
        ("from=31.1.2026", "'31.1.2026' is no date: write it as year-month-day, like 2026-01-31."),
        ("to=0001-01-01", "'0001-01-01' is no date: write it as year-month-day"),
        ("before=!", "'!' is no place in the log: begin again at its newest page."),
    ],
)
async def test_a_wrong_filter_is_marked_and_kept(tmp_path: Path, query: str, sentence: str) -> None:
    async with both(tmp_path) as b:
        seen = await b.desk.get(f"{LOG}?{query}&q=kept")
        assert seen.status == 422 and sentence in seen.text and 'value="kept"' in seen.html
        live = await b.desk.get(f"{LOG}/live?{query}")
        assert live.status == 422 and sentence in live.text


async def test_what_is_no_message_stands_between(tmp_path: Path) -> None:
    async with both(tmp_path) as b:
        await b.named("hello", "Asha")
        refused = await b.world.post(body_of(value()), secret="wrong")
        assert refused.status == 401
        await b.world.post(body_of({"event": SCRIPT}, field="account_alerts"))
        bad = {"id": "wamid.bad", "type": "text", "from": ASHA, "timestamp": "never"}
        await b.world.post(body_of(value(NUMBER, [bad])))
        seen = await b.desk.get(LOG)
        assert all(w in seen.text for w in ("refused", "not readable", "event")), seen.text
        for word in ("refused", "not readable", "event"):
            (one,) = re.findall(
                r'href="(/messages/[a-z]+-[^"]+)"', (await b.desk.get(LOG + f"?status={word}")).html
            )
            assert (await b.desk.get(one)).status == 200
        assert len(await b.log("?direction=in")) == 1


async def test_what_contacts_write_is_never_markup(tmp_path: Path) -> None:
    async with both(tmp_path, role="responder") as b:
        await b.named(f"hi {SCRIPT} {TOKEN}", SCRIPT)
        message = await b.last(0)
        file = {"id": "1", "mime_type": SCRIPT, "filename": SCRIPT, "caption": SCRIPT}
        odd = {"type": SCRIPT, SCRIPT: {"body": SCRIPT}}
        for n, more in enumerate(({"type": "document", "document": file}, odd)):
            body = {"from": ASHA, "id": f"wamid.F{n}", "timestamp": "1700000000", **more}
            who = [{"profile": {"name": SCRIPT}, "wa_id": ASHA}]
            assert (await b.world.post(body_of(value(NUMBER, [body], contacts=who)))).status == 200
        await b.world.quiet()
        others = [f"/messages/{name}" for name in await b.ids()]
        (conversation,) = await b.world.rows("SELECT id FROM conversation")
        pages = [LOG, f"/messages/{message}", f"/messages/{await b.last(1)}",
                 f"/apps/{STREAM}/conversations/conv-{id_text(conversation[0])}",
                 f"/find?q={SCRIPT}", f"/apps/{STREAM}", LOG + f"?q={SCRIPT}&who={SCRIPT}",
                 f"/messages/{SCRIPT}", *others]  # fmt: skip
        for path in pages:
            seen = await b.desk.get(path)
            if seen.to:
                seen = await b.desk.get(seen.to)
            assert seen.status in (200, 404)
            assert "<script>alert" not in seen.html and TOKEN not in seen.html, path


# --- live ----------------------------------------------------------------------------------------


async def events(answer: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    async for line in answer.content:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


async def test_the_log_tells_what_comes_and_what_changes(tmp_path: Path) -> None:
    async with both(tmp_path) as b:
        await b.named("before", "Asha")
        async with b.desk.client.get(b.desk.address + LOG + "/live?direction=out") as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            told = events(answer)
            shown = await anext(told)
            assert "before" in shown["html"] and "accepted" in shown["html"]
            await b.world.say("tea")
            new = await anext(told)
            while "accepted" not in new["html"]:
                new = await anext(told)
            assert "tea" in new["html"] and new["fits"] and new["id"] != shown["id"]
            await b.world.report(b.world.graph.calls[0], "delivered")
            changed = await anext(told)
            assert changed["id"] == shown["id"] and "delivered" in changed["html"]
        async with b.desk.client.get(b.desk.address + LOG + "/live?status=accepted") as answer:
            told = events(answer)
            first = await anext(told)
            await b.world.report(b.world.graph.calls[1], "read")
            changed = await anext(told)
            assert (changed["id"], changed["fits"]) == (first["id"], False)
            assert "read" in changed["html"]
            b.world.app.let_go()
            assert [one async for one in told] == []


# --- one message ---------------------------------------------------------------------------------


async def test_the_page_of_a_message_tells_its_way(tmp_path: Path) -> None:
    async with both(tmp_path) as b:
        await b.named("hello", "Asha")
        await b.world.report(b.world.graph.calls[0], "delivered")
        seen = await b.desk.get(f"/messages/{await b.last(1)}")
        assert "Answer to Asha, +1 202 555 0142" in seen.text
        assert "It reached +1 202 555 0142" in seen.text and "Not read yet." in seen.text
        assert "Webhook in" in seen.text and "Turn began" in seen.text
        assert "longest of ours" in seen.html and "their clock" in seen.text
        assert '<details class="raw"' in seen.html and "•••" in seen.html
        assert TOKEN not in seen.html
        assert "What they saw" in seen.text
        inbound = await b.desk.get(f"/messages/{await b.last(0)}")
        assert "Message from Asha" in inbound.text and "What they wrote" in inbound.text
        (hook,) = set(re.findall(r"/messages/(hook-[0-9A-Z]+)", inbound.html))
        assert "It brought 1 message." in (await b.desk.get(f"/messages/{hook}")).text
        wamid = b.world.graph.calls[0].wamid
        assert (await b.desk.get(f"/messages/{wamid}")).to == f"/messages/{await b.last(1)}"
        assert (await b.desk.get("/messages/last")).to == f"/messages/{await b.last(1)}"


@pytest.mark.parametrize(
    "path",
    [
        "/messages/out-7F3KQ2M0ZB4C1", "/messages/nothing", "/messages/in-",
        f"/apps/{STREAM}/conversations/conv-1", f"/apps/{STREAM}/conversations/!",
    ],
)  # fmt: skip
async def test_an_unknown_id_is_a_page_with_a_sentence(tmp_path: Path, path: str) -> None:
    async with both(tmp_path) as b:
        seen = await b.desk.get(path)
        assert seen.status == 404
        assert "Nothing here has the id" in seen.text or "has no conversation" in seen.text
        assert (await b.desk.get(path + "/live")).status == 404


async def in_doubt(b: Both) -> str:
    b.world.graph.script(DROP)
    await b.world.say("are you there?")
    await b.world.until_rows("SELECT doubt FROM message WHERE direction=1", [(1,)])
    return f"/messages/{await b.last(1)}"


async def test_a_doubt_is_ended_by_a_responder(tmp_path: Path) -> None:
    async with both(tmp_path) as b:
        path = await in_doubt(b)
        seen = await b.desk.get(path)
        assert "We sent it, and no answer told whether it arrived." in seen.text
        assert "To end the doubt needs the role responder, and you are viewer." in seen.text
        assert '<form method="post" action="/messages' not in seen.html
        assert (await b.desk.post(path + "/arrived")).status == 403
        await b.desk.as_role("responder")
        assert "It arrived" in (await b.desk.get(path)).text
        stranger = await b.desk.post(path + "/arrived", Origin="https://evil.example")
        assert stranger.status == 403
        assert await b.world.rows("SELECT doubt FROM message WHERE direction=1") == [(1,)]
        assert (await b.desk.post(path + "/arrived")).to == path
        assert await b.world.rows("SELECT doubt FROM message WHERE direction=1") == [(2,)]
        assert "Doubt ended" in (await b.desk.get(path)).text
        late = await b.desk.post(path + "/again", {"sure": "yes"})
        assert late.status == 422 and "That doubt has ended already: arrived, by" in late.text


async def test_that_it_arrived_can_be_taken_back(tmp_path: Path) -> None:
    async with both(tmp_path, role="responder") as b:
        path = await in_doubt(b)
        state = "SELECT doubt,rank FROM message WHERE direction=1"
        before = await b.world.rows(state)
        early = await b.desk.post(path + "/undo")
        assert early.status == 422 and "cannot be opened again" in early.text
        await b.desk.post(path + "/arrived")
        assert "That can be taken back until" in (await b.desk.get(path)).text
        assert (await b.desk.post(path + "/undo")).to == path
        assert await b.world.rows(state) == before
        assert "Send again, may double" in (await b.desk.get(path)).text
        told = await b.world.rows("SELECT after FROM audit WHERE what='doubt.settle' ORDER BY id")
        assert told == [("arrived",), ("opened again",)]
        # too late
        await b.desk.post(path + "/arrived")
        b.world.clock.move(600_001)
        assert "That can be taken back" not in (await b.desk.get(path)).text
        assert (await b.desk.post(path + "/undo")).status == 422


async def test_that_it_arrived_stays_once_a_report_came(tmp_path: Path) -> None:
    async with both(tmp_path, role="responder") as b:
        path = await in_doubt(b)
        await b.desk.post(path + "/arrived")
        number = await b.world.rows("SELECT id FROM message WHERE direction=1")
        await b.world.app.store.do(
            lambda tx: tx.run(
                """INSERT INTO report(app_id,id,message_id,number_id,external_id,status,at,came,
                hook_id,body) SELECT app_id,1,id,number_id,'x','delivered',1,1,0,'{}'
                FROM message WHERE id=?""",
                (number[0][0],),
            )
        )
        assert "That can be taken back" not in (await b.desk.get(path)).text
        assert (await b.desk.post(path + "/undo")).status == 422


async def test_sending_again_takes_a_second_step(tmp_path: Path) -> None:
    async with both(tmp_path, role="responder") as b:
        path = await in_doubt(b)
        asked = await b.desk.post(path + "/again")
        assert asked.status == 422 and "Nothing was sent: tick that the contact" in asked.text
        assert len(b.world.graph.calls) == 1
        assert (await b.desk.post(path + "/again", {"sure": "yes"})).to == path
        await b.world.until(lambda: len(b.world.graph.calls) == 2)
        seen = await b.desk.get(path)
        assert "sent again" in seen.text and "The message that was sent in its place" in seen.text
        assert (
            "It was sent in place of this one"
            in (await b.desk.get(f"/messages/{await b.last(1)}")).text
        )
        nobody = await b.desk.post("/messages/nothing/arrived")
        assert nobody.status == 404 and "Nothing here has the id 'nothing'" in nobody.text


# --- one conversation, and the search ------------------------------------------------------------


async def test_a_conversation_has_thread_window_and_context(tmp_path: Path) -> None:
    async def act(turn: Any) -> None:
        turn.context["cart"] = {"teas": 2, "token": TOKEN}
        turn.reply("two teas")

    async with both(tmp_path, act=act) as b:
        await b.named("two, please", "Asha")
        (row,) = await b.world.rows("SELECT id FROM conversation")
        path = f"/apps/{STREAM}/conversations/conv-{id_text(row[0])}"
        seen = await b.desk.get(path)
        assert "two, please" in seen.text and "two teas" in seen.text
        assert "Open 23 h 59 min more" in seen.text and "opened by a message" in seen.text
        assert '"teas": 2' in seen.text and TOKEN not in seen.html and "1 in, 1 out" in seen.text
        assert "it ends in 14 min" in seen.text
        assert (await b.desk.get(f"/messages/conv-{id_text(row[0])}")).to == path
        async with b.desk.client.get(b.desk.address + path + "/live") as answer:
            told = events(answer)
            assert await anext(told) == {"changed": True}
            await b.world.say("more")
            assert await anext(told) == {"changed": True}


async def test_the_search_opens_what_fits_alone(tmp_path: Path) -> None:
    async with both(tmp_path) as b:
        await b.named("green tea", "Asha")
        await b.named("black tea", "Ben", BEN)
        (conversation,) = await b.world.rows(
            "SELECT v.id FROM conversation v JOIN contact c ON c.id=v.contact_id WHERE c.name='Ben'"
        )
        ben = f"/apps/{STREAM}/conversations/conv-{id_text(conversation[0])}"
        out, wamid = await b.last(1), b.world.graph.calls[1].wamid
        assert (await b.desk.get(f"/find?q={out}")).to == f"/messages/{out}"
        assert (await b.desk.get(f"/find?q={wamid}")).to == f"/messages/{wamid}"
        for asked in ("%2B1+202+555+0143", BEN, "ben", ben.rsplit("/", 1)[1]):
            assert (await b.desk.get(f"/find?q={asked}")).to == ben, asked
        several = await b.desk.get("/find?q=tea")
        assert len(said(several)) == 4 and "names and words of the newest 50,000" in several.text
        nothing = await b.desk.get("/find?q=coffee")
        assert "Nothing fits “coffee”." in nothing.text
        assert "Write into the box above" in (await b.desk.get("/find?q=+")).text
        assert "Nothing fits “last”." in (await b.desk.get("/find?q=last")).text


async def test_a_search_says_where_it_ended_and_goes_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "LEAST_SCAN", 3)
    monkeypatch.setattr(finding, "READ", 3)
    async with both(tmp_path) as b:
        await b.named("rare words", "Asha")
        for n in range(3):
            await b.named(f"tea {n}", "Ben", BEN)
        seen = await b.desk.get("/find?q=rare")
        assert "Nothing fits “rare”." in seen.text and "Look further back" in seen.text
        further = re.search(r'href="(/apps/[^"]+[?]q=rare[^"]+)"', seen.html)
        assert further is not None
        assert "rare words" in said(await b.desk.get(unescape(further[1])))
        whose = re.search(
            r'href="(/apps/[^"]+[?]who=Asha[^"]+)"', (await b.desk.get("/find?q=Asha")).html
        )
        assert whose is not None and "rare words" in said(await b.desk.get(unescape(whose[1])))


async def test_a_contact_of_two_places_is_a_choice(tmp_path: Path) -> None:
    async with both(tmp_path) as b:
        await b.named("here", "Asha")
        await b.named("there", "Asha", number=SECOND)
        seen = await b.desk.get(f"/find?q={ASHA}")
        assert seen.status == 200 and "This phone or user id wrote in more than one" in seen.text
        assert len(set(re.findall(r"/conversations/conv-[0-9A-Z]+", seen.html))) == 2


# --- drawn ---------------------------------------------------------------------------------------


def test_the_strip_marks_the_longest_of_ours_and_names_their_clock() -> None:
    from dragoman.console.route import strips

    def step(at: int, kind: str, **more: Any) -> Step:
        return Step(at, kind, Sentence("x", more.pop("args", {})), ref="out-1", **more)

    steps = (
        step(1_000, "hook"), step(1_006, "stored", partner_at=400), step(1_008, "turn"),
        step(1_318, "agent"), step(1_322, "queued"), step(1_322, "call", args={"n": 1}),
        step(1_407, "accepted"), step(9_000, "report", args={"status": "delivered"}),
        step(0, "missing", args={"status": "read"}),
    )  # fmt: skip

    def told(words: Sentence | str) -> str:
        return words if isinstance(words, str) else say(words)

    drawn = strips(steps, "Asha", "Gupshup")
    assert drawn is not None
    lying, upright = drawn
    assert [(told(s.label), told(s.gap)) for s in lying.stops] == [
        ("Asha", ""), ("Gupshup", "?"), ("webhook", "600 ms"), ("stored", "6 ms"),
        ("agent", "2 ms"), ("answered", "310 ms"), ("queued", "4 ms"), ("call 1", "0 ms"),
        ("accepted", "85 ms"), ("delivered", "7.6 s"), ("read", ""),
    ]  # fmt: skip
    assert [told(s.label) for s in lying.stops if s.longest] == ["answered"]
    assert [told(s.label) for s in lying.stops if s.theirs] == ["Gupshup", "webhook"]
    assert [told(s.label) for s in lying.stops if not s.done] == ["read"]
    widths = [b.at - a.at for a, b in zip(lying.stops, lying.stops[1:], strict=False)]
    assert min(widths) >= 77 and max(widths) == widths[8] and lying.length == 1040
    assert [s.at for s in upright.stops] == sorted(s.at for s in upright.stops)
    assert strips(steps[:1], "Asha", "Gupshup") is None


async def test_rows_come_on_top_and_wait_while_one_reads(tmp_path: Path) -> None:
    from browser import browsing

    async with both(tmp_path) as b, browsing() as browser:
        for i in range(20):
            await b.world.say(f"message {i}")
        await b.world.quiet()
        context = await browser.new_context(viewport={"width": 1000, "height": 500})
        (cookie,) = [c for c in b.desk.client.cookie_jar if c.key == "dragoman_sign_in"]
        await context.add_cookies(
            [{"name": cookie.key, "value": cookie.value, "url": b.desk.address}]
        )
        page = await context.new_page()
        errors: list[str] = []
        page.on("console", lambda m: errors.append(m.text))
        page.on("pageerror", lambda e: errors.append(str(e)))
        await page.goto(b.desk.address + LOG)
        await b.world.say("on top")
        rows = page.locator("#rows .row")
        await page.locator("#rows .row:nth-child(2)", has_text="on top").wait_for()
        await b.world.report(b.world.graph.calls[-1], "read")
        await page.locator("#rows .row:nth-child(1)", has_text="read").wait_for()
        await page.evaluate("scrollTo(0, 900)")
        before = await rows.count()
        await b.world.say("later")
        button = page.get_by_role("button", name="2 new")
        await button.wait_for()
        assert await rows.count() == before
        await button.click()
        await page.locator("#rows .row:nth-child(1)", has_text="later").wait_for()
        await rows.first.locator("a").click()
        await page.get_by_text("Cloud API took it").wait_for()
        await b.world.report(b.world.graph.calls[-1], "read")
        await page.get_by_text("It reached").wait_for()
        for width in (360, 1440):
            await page.set_viewport_size({"width": width, "height": 800})
            wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wider <= 0
        await asyncio.wait_for(context.close(), 10)
        assert errors == []


# --- raw bodies ----------------------------------------------------------------------------------


async def test_raw_bodies_have_the_meaning_of_each_field_beside_them(tmp_path: Path) -> None:
    async with both(tmp_path) as b:
        await b.named("hello <b>", "Asha")
        seen = await b.desk.get(f"/messages/{await b.last(0)}")
        assert "entry.0.changes.0.value.messages.0.text.body hello <b> the words" in seen.text
        assert "entry.0.changes.0.value.messages.0.from" in seen.text and "meaning raw" in seen.text
        assert "hello <b>" not in seen.html
        sent = await b.desk.get(f"/messages/{await b.last(1)}")
        assert "the partner's id of it" in sent.text and TOKEN not in sent.html


# --- replay --------------------------------------------------------------------------------------


CUPS = """
from dragoman import Agent, Turn

agent = Agent()


@agent.otherwise
async def cup(turn: Turn) -> None:
    print("said aloud")
    turn.reply(f"cup: {turn.text}")
"""


async def replayed(b: Both, id: str, **headers: str) -> Seen:
    return await b.desk.post(f"/messages/{id}/replay", **headers)


async def kept(b: Both) -> list[tuple[int, ...]]:
    tables = ("message", "turn", "outbox", "attempt", "hook", "conversation")
    return [await b.world.rows(f"SELECT count(*) FROM {table}") for table in tables]


async def test_a_turn_is_run_again_with_the_agent_in_development(tmp_path: Path) -> None:
    agent = tmp_path / "cups.py"
    agent.write_text(CUPS)
    async with both(tmp_path, "builder", setup={"agent": str(agent)}) as b:
        await b.named("hello", "Asha")
        sent, came, answer = len(b.world.graph.calls), await b.last(0), await b.last(1)
        before = await kept(b)
        same = await replayed(b, came)
        assert same.status == 200 and "The same answer. To: hello" in same.text
        assert 'id="replayed"' in same.html and "Step by step" in same.text  # a whole page
        source = "print('now: ' + message.text)"
        await b.desk.command("app.set", name=STREAM, source=source)
        for id in (came, answer):
            other = await replayed(b, id, **{"HX-Request": "true"})
            assert "Another answer. To: hello" in other.text
            assert "Now, in development now: hello" in other.text
            assert "Step by step" not in other.text
        assert await kept(b) == before
        assert len(b.world.graph.calls) == sent


async def test_in_a_browser_the_answers_come_beside_each_other(tmp_path: Path) -> None:
    async with both(tmp_path, "builder") as b, browsing() as browser:
        await b.named("hello", "Asha")
        await b.desk.command("app.set", name=STREAM, source="print('now: ' + message.text)")
        tab = await browser.new_page()
        kept = [{"name": c.key, "value": c.value, "url": b.desk.address}
                for c in b.desk.client.cookie_jar]  # fmt: skip
        await tab.context.add_cookies(kept)
        await tab.goto(f"{b.desk.address}/messages/{await b.last(0)}")
        await tab.get_by_role("button", name="Run it again").click()
        await expect(tab.get_by_text("It runs in a process of its own")).to_be_visible()
        await expect(tab.locator("#replayed")).to_contain_text("now: hello", timeout=30_000)
        await expect(tab.get_by_text("It runs in a process of its own")).to_be_hidden()


async def test_what_cannot_be_replayed_says_why(tmp_path: Path) -> None:
    async with both(tmp_path, "builder") as b:
        await b.named("hello", "Asha")
        came = await b.last(0)
        await b.desk.command("app.set", name=STREAM, source="while (true) {}")
        assert "Another answer." in (await replayed(b, came)).text
        await b.world.app.store.do(lambda tx: tx.run("DELETE FROM hook"))
        gone = await replayed(b, came, **{"HX-Request": "true"})
        assert "is no longer kept, so it cannot be run again" in gone.text
        assert (await replayed(b, "in-000000000000")).status == 404


async def test_who_may_not_try_scripts_does_not_replay(tmp_path: Path) -> None:
    async with both(tmp_path, "responder") as b:
        await b.named("hello", "Asha")
        came = await b.last(0)
        assert "Replay in sandbox" not in (await b.desk.get(f"/messages/{came}")).text
        assert (await replayed(b, came)).status == 403
