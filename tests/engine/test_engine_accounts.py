"""A channel is authorized by signing in: through the emulated dialog, to a message sent with the
token that came of it; what of it can go wrong, and what happens when the token ends."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from structlog.testing import capture_logs

from dragoman.app import Dragoman
from dragoman.domain.clock import Clock
from dragoman.domain.sentences import SentenceError
from dragoman.emulators.cloud_api import Emulator, EmulatorConfig, build
from dragoman.emulators.cloud_api.config import Delays
from dragoman.settings import load
from world import ASHA, QUICK, STREAM, echo, served, stage

pytestmark = pytest.mark.full  # whole ways, several processes or emulators

APP, SECRET = "634974688087057", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
PNID = "106540352242922"
DAY_MS = 86_400_000
AGENT = """
from dragoman import Agent, Turn

agent = Agent()


@agent.otherwise
async def act(turn: Turn) -> None:
    turn.reply(turn.text)
"""


class Signing:
    """The program, Meta, and a person with a browser between them."""

    def __init__(
        self, app: Dragoman, meta: Emulator, ours: str, client: aiohttp.ClientSession
    ) -> None:
        self.app, self.meta, self.ours, self.client = app, meta, ours, client
        self.uri = f"{ours}/oauth/cloud-api/{STREAM}"

    async def command(self, command: str, **args: Any) -> dict[str, Any]:
        return await self.app.command(command, {"name": "world", "who": "tests", **args})

    async def begin(self) -> str:
        """The address that the operator opens."""
        done = await self.command("channel.authorize", redirect_uri=self.uri)
        return str(done["url"])

    async def back(self, url: str, press: str = "continue") -> str:
        """Where Meta sends the browser, when the person pressed the button."""
        async with self.client.get(url) as page:
            assert page.status == 200, await page.text()
            text = await page.text()
        form = {"answer": press, "ticket": re.findall(r'name="ticket" value="([^"]+)"', text)[0]}
        form |= dict.fromkeys(re.findall(r'name="(scope\.[^"]+)"', text), "on")
        dialog = url.partition("?")[0]
        async with self.client.post(dialog, data=form, allow_redirects=False) as answer:
            assert answer.status == 302
            return answer.headers["Location"]

    async def visit(self, url: str) -> tuple[int, str]:
        """The browser at our address; what the person reads there."""
        async with self.client.get(url) as page:
            text = await page.text()
            assert page.headers["Cache-Control"] == "no-store"
            assert page.headers["Referrer-Policy"] == "no-referrer"
            return page.status, text

    async def sign_in(self) -> tuple[int, str]:
        return await self.visit(await self.back(await self.begin()))

    async def says(self, text: str) -> None:
        order = {
            "contact": {"phone": ASHA},
            "body": {"type": "text", "text": {"body": text}},
        }
        where = f"{self.ours}{self.meta.config.prefix}/_control/inbound"
        async with self.client.post(where, json=order) as answer:
            assert answer.status == 200, await answer.text()

    async def arrived(self, count: int) -> list[str]:
        """The texts that reached Meta, once there are so many."""
        end = asyncio.get_running_loop().time() + 20
        while True:
            sent = [r["body"]["text"]["body"] for r in self.meta.books.all_sent()]
            if len(sent) >= count:
                return sent
            assert asyncio.get_running_loop().time() < end, sent
            await asyncio.sleep(0.01)

    async def until(self, sql: str, expected: list[tuple[Any, ...]]) -> None:
        end = asyncio.get_running_loop().time() + 20
        while True:
            found = [tuple(r) for r in await self.app.store.read(lambda tx: tx.run(sql))]
            if found == expected:
                return
            assert asyncio.get_running_loop().time() < end, found
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def signing(home: Path, *, listed: bool = True, **values: str) -> AsyncIterator[Signing]:
    clock = Clock()
    delays = Delays(sent_ms=5, delivered_ms=10)
    meta = build(EmulatorConfig(delays=delays, retry_ms=(0, 20, 50, 100)), clock)
    agent = home / "agent.py"
    agent.write_text(AGENT)
    stage["world"] = echo

    class Whole:
        """Both sides on one address."""

        app: Dragoman

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            ours = not scope["path"].startswith(meta.config.prefix)
            await (self.app if ours else meta.asgi)(scope, receive, send)

    whole = Whole()
    async with served(whole) as address, aiohttp.ClientSession() as client:
        allow = (urlsplit(address).netloc,)
        settings = {**QUICK, "http_timeout_s": 5.0, "public_url": address, "egress_allow": allow}
        app = Dragoman(load(home, settings), clock=clock)
        whole.app = app
        await app.start()
        await meta.start()
        meta.learn_address(urlsplit(address).netloc)
        world = Signing(app, meta, address, client)
        await world.command("app.create", agent=str(agent), stream_id=STREAM)
        fields = {
            "authorization": "temporary",
            "numbers": [PNID],
            "app_id": APP,
            "app_secret": SECRET,
            "graph_url": f"{address}{meta.config.prefix}",
            **values,
        }
        done = await world.command("channel.set", partner="cloud-api", values=fields)
        meta.subscriptions.state.callback_url = f"{address}/hooks/cloud-api/{STREAM}"
        meta.subscriptions.state.verify_token = done["verify_token"]
        meta.subscriptions.state.account = True
        if listed:
            meta.logins.list_uris([world.uri])
        try:
            yield world
        finally:
            await app.stop()
            await meta.stop()
            meta.handsets.close()


async def live(world: Signing) -> None:
    await world.command("channel.enable")
    await world.command("app.publish")


async def test_whoever_comes_back_is_told_in_their_language(tmp_path: Path) -> None:
    async with signing(tmp_path) as world:
        back = await world.back(await world.begin())
        async with world.client.get(back, headers={"Accept-Language": "ar-EG,en;q=0.5"}) as answer:
            page = await answer.text()
            assert answer.status == 200
        assert '<html lang="ar" dir="rtl">' in page and "You can close" not in page
        cookies = {"Accept-Language": "ar", "Cookie": "dragoman_language=hi"}
        async with world.client.get(back, headers=cookies) as answer:
            page = await answer.text()
        assert '<html lang="hi" dir="ltr">' in page and "Not authorized" not in page


async def test_from_the_dialog_to_a_message(tmp_path: Path) -> None:
    async with signing(tmp_path) as world:
        before = await world.command("channel.show")
        assert before["authorization"].startswith("The channel is not authorized at WhatsApp")
        status, page = await world.sign_in()
        assert status == 200
        assert "<h1>Authorized</h1>" in page and "You can close this window." in page
        after = await world.command("channel.show")
        assert re.search(r"good until \d{4}-\d\d-\d\d, 59 days more", after["authorization"])
        await live(world)
        await world.says("hello")
        assert await world.arrived(1) == ["hello"]
        (token,) = world.meta.logins.tokens[-1:]
        assert token.expires_at - token.issued_at == 5_183_944_000  # the long-lived one
        kept = await world.app.store.read(lambda tx: tx.run("SELECT sealed FROM token"))
        assert token.token.encode() not in bytes(kept[0][0])
        audit = await world.app.store.read(lambda tx: tx.run("SELECT what FROM audit"))
        assert ("channel.authorize",) in [tuple(row) for row in audit]


async def test_a_state_is_good_once_and_ours(tmp_path: Path) -> None:
    async with signing(tmp_path) as world:
        where = await world.back(await world.begin())
        assert (await world.visit(where))[0] == 200
        status, page = await world.visit(where)
        assert (status, "counts once only" in page) == (400, True)
        forged = where.replace("state=", "state=x")
        status, page = await world.visit(forged)
        assert (status, "was not begun here" in page) == (400, True)
        status, page = await world.visit(world.uri)
        assert (status, "brought no state" in page) == (400, True)
        status, page = await world.visit(world.uri + "?state=%3Cscript%3E&error=%3Cscript%3E")
        assert status == 400 and "<script>" not in page
        tokens = await world.app.store.read(lambda tx: tx.run("SELECT count(*) FROM token"))
        assert tokens[0][0] == 1


async def test_two_browsers_at_once_are_one(tmp_path: Path) -> None:
    async with signing(tmp_path) as world:
        where = await world.back(await world.begin())
        both = await asyncio.gather(world.visit(where), world.visit(where))
        assert sorted(status for status, _ in both) == [200, 400]


async def test_a_state_comes_back_to_the_address_of_its_app_only(tmp_path: Path) -> None:
    async with signing(tmp_path) as world:
        where = await world.back(await world.begin())
        elsewhere = where.replace(f"/{STREAM}?", "/st-nobody?")
        assert elsewhere != where
        assert await world.visit(elsewhere) == (404, "Not Found")
        created = {"name": "other", "agent": str(tmp_path / "agent.py"), "stream_id": "st-other"}
        await world.command("app.create", **created)
        status, page = await world.visit(where.replace(f"/{STREAM}?", "/st-other?"))
        assert (status, "was not begun here" in page) == (400, True)
        assert (await world.visit(where))[0] == 200  # the state was not spent by that


async def test_the_person_refuses(tmp_path: Path) -> None:
    async with signing(tmp_path) as world:
        status, page = await world.visit(await world.back(await world.begin(), "cancel"))
        assert status == 400 and "<h1>Not authorized</h1>" in page
        shown = await world.command("channel.show")
        assert shown["authorization"].startswith("The channel is not authorized")


async def test_an_authorization_that_took_too_long(tmp_path: Path) -> None:
    async with signing(tmp_path) as world:
        where = await world.back(await world.begin())
        world.app.clock.move(600_000)
        status, page = await world.visit(where)
        assert (status, "longer than ten minutes" in page) == (400, True)


async def test_the_app_id_was_changed_meanwhile(tmp_path: Path) -> None:
    async with signing(tmp_path) as world:
        where = await world.back(await world.begin())
        await world.command("channel.set", values={"app_id": "123456789012345"})
        status, page = await world.visit(where)
        assert (status, "App ID was changed" in page) == (400, True)


@pytest.mark.parametrize(
    "listed",
    ["{uri}/", "{https}", "{upper}", ""],
    ids=["slash", "scheme", "case", "none"],
)
async def test_the_dialog_compares_letter_by_letter(tmp_path: Path, listed: str) -> None:
    async with signing(tmp_path, listed=False) as world:
        near = listed.format(
            uri=world.uri,
            https=world.uri.replace("http:", "https:"),
            upper=world.uri.replace("world", "World"),
        )
        world.meta.logins.list_uris([near] if near else [])
        async with world.client.get(await world.begin()) as page:
            assert page.status == 400
            assert "URL Blocked" in await page.text()


async def test_a_wrong_app_secret_is_told_in_the_browser(tmp_path: Path) -> None:
    async with signing(tmp_path, app_secret="f" * 32) as world:
        status, page = await world.sign_in()
        assert status == 400 and "<h1>Not authorized</h1>" in page
        assert "secret" in page and "f" * 32 not in page


async def test_nothing_is_begun_for_a_permanent_token(tmp_path: Path) -> None:
    async with signing(tmp_path, authorization="permanent") as world:
        with pytest.raises(SentenceError) as refused:
            await world.begin()
        assert refused.value.sentence.id == "authorize_not_granted"


async def test_what_is_sent_waits_for_a_new_authorization(tmp_path: Path) -> None:
    async with signing(tmp_path) as world:
        await world.sign_in()
        await live(world)
        await world.says("before")
        assert await world.arrived(1) == ["before"]
        world.app.clock.move(60 * DAY_MS)
        await world.says("while it is over")
        await world.says("and more")
        await world.until("SELECT count(*) FROM outbox", [(2,)])
        await world.until("SELECT hold IS NOT NULL FROM number", [(1,)])
        shown = await world.command("channel.show")
        assert "ended on" in shown["authorization"]
        assert len(world.meta.books.all_sent()) == 1
        assert (await world.sign_in())[0] == 200
        assert await world.arrived(3) == ["before", "while it is over", "and more"]
        await world.until("SELECT count(*) FROM outbox", [(0,)])


async def test_it_waits_a_day_at_most(tmp_path: Path) -> None:
    async with signing(tmp_path) as world:
        await world.sign_in()
        await live(world)
        world.app.clock.move(60 * DAY_MS)
        await world.says("nobody signs in")
        await world.until("SELECT count(*) FROM outbox", [(1,)])
        world.app.clock.move(DAY_MS + 1000)
        await world.until("SELECT count(*) FROM outbox", [(0,)])
        await world.until("SELECT rank FROM message WHERE direction=1", [(4,)])
        assert world.meta.books.all_sent() == []


@pytest.mark.parametrize("subcode", [460, 463, 467])
async def test_a_token_that_meta_ended_holds_and_is_told_apart(
    tmp_path: Path, subcode: int
) -> None:
    """460: the password was changed, 463: it is over, 467: the session was withdrawn."""
    async with signing(tmp_path) as world:
        await world.sign_in()
        await live(world)
        for token in world.meta.logins.tokens:
            token.invalid = subcode
        await world.says("waits")
        await world.until("SELECT hold IS NOT NULL FROM number", [(1,)])
        rows = await world.app.store.read(lambda tx: tx.run("SELECT hold FROM number"))
        assert '"code":"token"' in rows[0][0]
        assert (await world.sign_in())[0] == 200
        assert await world.arrived(1) == ["waits"]


async def test_it_is_warned_of_once_at_each_time(tmp_path: Path) -> None:
    async with signing(tmp_path) as world:
        await world.sign_in()
        await live(world)
        end = world.meta.logins.tokens[-1].expires_at
        told = []
        with capture_logs() as logs:
            for days in (20, 14, 13, 7, 3, 1, 0.5, 0, -1):
                at = end - int(days * DAY_MS)
                world.app.clock.move(at - world.app.clock.now())
                for _ in range(2):
                    await world.app.housekeeping._warn(world.app.clock.now())
                told.append([e["days"] for e in logs if e["event"] == "authorization_ends"])
        assert [len(t) for t in told] == [0, 1, 1, 2, 2, 3, 3, 4, 4]
        assert told[-1] == [14, 7, 1, 0]


async def test_the_query_is_never_kept(tmp_path: Path) -> None:
    async with signing(tmp_path) as world:
        where = await world.back(await world.begin())
        code = dict(parse_qsl(urlsplit(where).query))["code"]
        await world.visit(where)
        dump = await world.app.store.read(
            lambda tx: [
                tx.run(f"SELECT * FROM {table}")
                for table in ("oauth_state", "token", "audit", "proof", "refused", "hook")
            ]
        )
        assert code not in repr(dump)
