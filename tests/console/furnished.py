"""A console with something on every page, and every route of it with its address filled in."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from desk import OWNER, Desk
from five import STREAM_ID, Five, content, five
from litestar import Litestar

from dragoman.agents.contract import Turn
from dragoman.domain.clock import id_text
from dragoman.domain.content import Template
from dragoman.engine import people

FILES = ("/ui/", "/console/static/")
LINES = ("buttons", "list", "image", "document", "location", "contacts", "template", "carousel",
         "cta_url", "order_details", "sticker", "audio", "video")  # fmt: skip


class Route(msgspec.Struct, frozen=True):
    """`path` as it is declared (`/apps/{app}`), `address` filled in; role None: it names none."""

    method: str
    path: str
    address: str
    role: str | None


async def furnish(d: Desk) -> dict[str, str]:
    """People, an app, an invitation. Gives what addresses are filled with, by parameter."""
    made = await d.command("app.create", name="Tea script", example="tea_shop")
    await d.command(
        "channel.set", name=made["name"], partner="gupshup",
        values={"number": "+12025550100", "password": "a secret password"},
    )  # fmt: skip
    ravi = await d.person("viewer", "ravi@example.com")
    change = d.change("asha@example.com")
    until = change.now + people.INVITATION_MS
    await d.app.store.do(lambda tx: people.invite(tx, change, "builder", until))
    (key,) = {one.key for one in await _invitations(d) if one.role == "builder"}
    return {"app": made["stream_id"], "person": str(ravi.id), "key": key, "code": "en"}


# --- a product after a busy morning --------------------------------------------------------------


class Lived(msgspec.Struct):
    """A desk before the whole product, whose owner is signed in. `values`: what addresses are
    filled with; `more`: addresses, by name, of pages in another state, and of the partners'."""

    desk: Desk
    values: dict[str, str]
    more: dict[str, str]


@contextlib.asynccontextmanager
async def lived_in(home: Path) -> AsyncIterator[Lived]:
    """The program and every partner, with conversations of every kind in and out, among them what
    was delivered, what failed, what waits, what is in doubt and what could not be taken."""
    async with five(home, _serve, http_timeout_s=1.0) as world:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as client:
            d = Desk(world.app, world.emulated.settings.base_url, client)
            await d.person("owner", OWNER)
            await d.sign_in()
            values = await furnish(d)
            await _converse(world)
            yield Lived(d, *await _named(d, world, values))


async def _serve(turn: Turn) -> None:
    """Answers the name of a kind with a message of that kind."""
    said = turn.text.casefold()
    turn.context.setdefault("asked", []).append(said)
    if said == "nothing like it":
        turn.reply(Template("no_such_template", "en_US"))
    elif said in LINES:
        turn.reply(content(said))
    else:
        turn.reply(f"You wrote: {turn.text}")


async def _converse(world: Five) -> None:
    await world.use("cloud-api")
    for said in ("hello", *LINES, "चाय, 👨‍👩‍👧‍👦, שלום", "nothing like it"):
        await world.says("cloud-api", said)
        await world.quiet()
    place = {"latitude": 26.1445, "longitude": 91.7362, "name": "Garden"}
    await world.does("cloud-api", {"type": "location", "location": place}, "ravi")
    await world.quiet()
    await world.use("karix")  # without an echo a doubt stays one
    karix = world.at("karix")
    karix.faults.set("late_status", True, None, 600_000)
    karix.faults.set("timeout_after_accept", True, 1, 3_000)
    await world.says("karix", "Are you there?")
    await world.until(lambda: _any(world, "SELECT 1 FROM message WHERE doubt=1"))
    await _strange_calls(world)
    karix.faults.all_off()
    await world.use("cloud-api")
    await world.command("credential.create", credential="webhooks")
    await world.command("channel.set", switches={"proactive": True})  # not published


async def _strange_calls(world: Five) -> None:
    url_for, form = world.emulated.settings.url_for, {"Content-Type": "application/json"}
    async with aiohttp.ClientSession() as client:
        unsigned = url_for(f"hooks/cloud-api/{STREAM_ID}")
        await client.post(unsigned, data=b'{"object": "whatsapp_business_account"}', headers=form)
        await client.post(url_for(f"hooks/karix/{STREAM_ID}"), data=b"<odd/>")
    await world.until(lambda: _any(world, "SELECT 1 FROM refused"))


async def _any(world: Five, sql: str) -> bool:
    return bool(await world.rows(sql))


async def _named(
    d: Desk, world: Five, values: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """What fills addresses now, the shop with its busiest conversation; and pages in other states,
    those of the script app that `furnish` made among them."""

    async def newest(lead: str, which: str, table: str = "message") -> str:
        ((id,),) = await world.rows(f"SELECT max(id) FROM {table} WHERE {which}")
        return f"/messages/{lead}-{id_text(id)}"

    async def out(kind: str) -> str:
        return await newest("out", f"direction=1 AND rank=5 AND kind='{kind}'")

    ((client,),) = await world.rows("SELECT max(client_id) FROM credential")
    ((talk,),) = await world.rows("SELECT conversation_id FROM message WHERE rank=5 LIMIT 1")
    shown = {
        **values, "app": STREAM_ID, "version": "1", "client": str(client),
        "messages/id": (await out("buttons")).rpartition("/")[2],
        "conversations/id": f"conv-{id_text(talk)}",
    }  # fmt: skip
    log = f"/apps/{STREAM_ID}/channels/whatsapp/log"
    script = f"/apps/{values['app']}"
    more = {
        "message.failed": await newest("out", "rank=4"),
        "message.doubt": await newest("out", "doubt=1"),
        "message.in": await newest("in", "direction=0"),
        "message.refused": await newest("refused", "1=1", "refused"),
        "message.rejected": await newest("rejected", "1=1", "rejected"),
        **{f"message.{kind}": await out(kind) for kind in ("template", "list", "image")},
        "log.failed": f"{log}?status=failed", "log.none": f"{log}?q=nowhere",
        "log.wrong": f"{log}?from=tomorrow", "find.some": "/find?q=hello",
        "script": script, "script.agent": f"{script}/agent", "script.publish": f"{script}/publish",
        "script.versions": f"{script}/versions", "script.log": f"{script}/channels/whatsapp/log",
        "script.configurations": f"{script}/channels/whatsapp/configurations", "phone": "/phone",
        **{f"console.{name}": path for name, path in d.app.emulated_consoles.items()},
    }  # fmt: skip
    return shown, more


async def _invitations(d: Desk) -> list[people.Invitation]:
    now = d.app.clock.real()
    return await d.app.store.read(lambda tx: people.invitations(tx, now))


async def site(d: Desk) -> Litestar:
    """The console's application itself; it is made with its first page."""
    await d.get("/signin")
    inner: Any = d.app._console
    found: Litestar = inner.inner
    return found


async def routes(d: Desk, values: Mapping[str, str]) -> list[Route]:
    """Every route but those of our own files."""
    return sorted(set(_walk(await site(d), values)), key=lambda route: (route.path, route.method))


def _walk(app: Litestar, values: Mapping[str, str]) -> Iterator[Route]:
    for route in app.routes:
        if route.path_format.startswith(FILES):
            continue
        address = route.path_format
        for name, one in route.path_parameters.items():
            before = address.partition("/{" + name + "}")[0].rpartition("/")[2]
            known = values.get(name, "1" if one.type is int else "x")
            known = values.get(f"{before}/{name}", known)
            address = address.replace("{" + name + "}", known)
        for handler in getattr(route, "route_handlers", ()):
            for method in handler.http_methods:
                if method in ("OPTIONS", "HEAD"):
                    continue
                yield Route(method, route.path_format, address, handler.opt.get("role"))


async def pages(d: Desk, values: Mapping[str, str]) -> dict[str, str]:
    """Addresses of everything that answers GET with a whole page to an owner, by a name."""
    found = {}
    for route in await routes(d, values):
        if route.method != "GET":
            continue
        async with d.client.get(d.address + route.address, allow_redirects=False) as answer:
            is_html = answer.status == 200 and answer.content_type == "text/html"
            if is_html and (await answer.text()).startswith("<!doctype html>"):  # a whole page
                name = route.path.strip("/").translate({ord("/"): ".", ord("{"): None,
                                                        ord("}"): None})  # fmt: skip
                found[name or "apps"] = route.address
    return found
