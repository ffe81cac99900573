"""The console of a running program: signed in over plain HTTP, or in a browser."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from dragoman.app import Dragoman
from dragoman.engine import people
from dragoman.engine.publish import Change
from dragoman.settings import load
from world import QUICK, served

PASSWORD = "green tea leaves"
OWNER = "asha@example.com"


class Seen(msgspec.Struct):
    """An answer: `text` is what a person reads, without tags."""

    status: int
    html: str
    headers: dict[str, str]

    @property
    def text(self) -> str:
        bare = re.sub(r"<(script|style|svg).*?</\1>", " ", self.html, flags=re.S)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).split())

    @property
    def to(self) -> str:
        return self.headers.get("Location", "")


class Desk:
    """`app` is the program, `address` where it answers; `client` keeps cookies like a browser."""

    def __init__(self, app: Dragoman, address: str, client: aiohttp.ClientSession) -> None:
        self.app, self.address, self.client = app, address, client

    async def get(self, path: str, **headers: str) -> Seen:
        return await self._ask("GET", path, None, headers)

    async def post(
        self, path: str, values: Mapping[str, Any] | None = None, **headers: str
    ) -> Seen:
        """A form of one of our pages, unless headers say otherwise."""
        form = aiohttp.FormData()
        for name, value in (values or {}).items():
            for one in value if isinstance(value, list) else [value]:
                form.add_field(name, str(one))
        return await self._ask("POST", path, form(), {"Origin": self.address, **headers})

    async def _ask(self, method: str, path: str, data: Any, headers: Mapping[str, str]) -> Seen:
        browser = {"Accept": "text/html,*/*;q=0.8", **headers}
        async with self.client.request(
            method, self.address + path, data=data, headers=browser, allow_redirects=False
        ) as answer:
            return Seen(answer.status, await answer.text(), dict(answer.headers))

    def change(self, who: str = "tests") -> Change:
        return Change(self.app.vault, self.app.ids, who, self.app.clock.real())

    async def person(self, role: str, email: str = "") -> people.Person:
        """Somebody with an account and PASSWORD."""
        digest, change = people.hashed(PASSWORD), self.change()
        email = email or f"{role}@example.com"
        return await self.app.store.do(
            lambda tx: people.add(tx, change, email, role.title(), role, digest)
        )

    async def sign_in(self, email: str = OWNER, password: str = PASSWORD) -> Seen:
        return await self.post("/signin", {"email": email, "password": password, "next": "/"})

    async def as_role(self, role: str) -> None:
        """Signed in as a new person of a role, without the tenth of a second of a password."""
        change = self.change()
        email = f"{role}-{self.app.ids.new()}@example.com"
        one = await self.app.store.do(
            lambda tx: people.add(tx, change, email, role.title(), role, "!")
        )
        token = await self.app.store.do(lambda tx: people.sign_in(tx, change, one, "", ""))
        self.client.cookie_jar.update_cookies({"dragoman_sign_in": token})

    async def command(self, command: str, **args: Any) -> dict[str, Any]:
        return await self.app.command(command, {"who": "tests", **args})


@contextlib.asynccontextmanager
async def desk(home: Path, *, guest: bool = False, **settings: Any) -> AsyncIterator[Desk]:
    """The program with its console on a real port; nobody is signed in."""
    app = Dragoman(load(home, {**QUICK, **settings}), guest=guest)
    jar = aiohttp.CookieJar(unsafe=True)
    await app.start()
    try:
        async with served(app) as address, aiohttp.ClientSession(cookie_jar=jar) as client:
            yield Desk(app, address, client)
    finally:
        await app.stop()
