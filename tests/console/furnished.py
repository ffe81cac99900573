"""A console with something on every page, and every route of it with its address filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from desk import Desk
from litestar import Litestar

from dragoman.engine import people

FILES = ("/ui/", "/console/static/")


class Route(msgspec.Struct, frozen=True):
    """`path` as it is declared (`/apps/{app}`), `address` filled in; role None: it names none."""

    method: str
    path: str
    address: str
    role: str | None


async def furnish(d: Desk) -> dict[str, str]:
    """People, an app, an invitation. Gives what addresses are filled with, by parameter."""
    made = await d.command("app.create", name="Tea shop", example="tea_shop")
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
            known = values.get(name, "1" if one.type is int else "x")
            address = address.replace("{" + name + "}", known)
        for handler in getattr(route, "route_handlers", ()):
            for method in handler.http_methods:
                if method in ("OPTIONS", "HEAD"):
                    continue
                yield Route(method, route.path_format, address, handler.opt.get("role"))


async def pages(d: Desk, values: Mapping[str, str]) -> list[str]:
    """Addresses of everything that answers GET with a whole page to an owner."""
    found = []
    for route in await routes(d, values):
        if route.method != "GET":
            continue
        async with d.client.get(d.address + route.address, allow_redirects=False) as answer:
            if answer.status == 200 and answer.content_type == "text/html":
                found.append(route.address)
    return found
