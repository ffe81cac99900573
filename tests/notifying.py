"""An app whose business may write first, and a program of its own that asks for it over HTTP."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
from joserfc import jwt
from joserfc.jwk import OctKey

from world import STREAM, World, running, served

SAMPLE: dict[str, Any] = {
    "channel": "whatsapp",
    "userIdentityType": "resolve",
    "message": {
        "type": "template",
        "value": {
            "type": "image",
            "image": {"link": "https://www.example.com/2D_Gel.jpg", "caption": "Random Image"},
        },
    },
    "identities": [{"phoneNumber": "12025550142"}],
}
TEMPLATE = {"kind": "template", "name": "order_ready", "language": "en"}


def asking(kind: str, value: Any, *identities: str | Mapping[str, Any]) -> dict[str, Any]:
    """A request: a phone number, or an identity with more to it."""
    people = [{"phoneNumber": i} if isinstance(i, str) else dict(i) for i in identities]
    return {"channel": "whatsapp", "message": {"type": kind, "value": value}, "identities": people}


class Api:
    """Calls the public API of a running program with a credential's token."""

    def __init__(self, world: World, base: str, client: aiohttp.ClientSession) -> None:
        self.world = world
        self.base = base
        self.client = client
        self.client_id = self.secret = self.token = ""

    async def make(self, name: str = "caller", alg: str = "HS256", **more: Any) -> dict[str, Any]:
        done = await self.world.command("credential.create", credential=name, alg=alg, **more)
        self.client_id, self.secret = done["client_id"], done.get("secret", "")
        self.token = done["authorization"].removeprefix("Bearer ")
        return done

    def signed(self, alg: str = "HS256", key: Any = None, **claims: Any) -> str:
        told = {"appId": self.client_id, "sub": "tests", **claims}
        told = {k: v for k, v in told.items() if v is not None}
        return jwt.encode({"alg": alg}, told, key or OctKey.import_key(self.secret), [alg])

    async def ask(
        self, method: str, path: str, body: Any = None, *, token: str | None = None,
        stream: str = STREAM, headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:  # fmt: skip
        """Status and decoded answer. token: "" for none at all."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json", "auth": self.token, **(headers or {})}
        if token is not None:
            sent["auth"] = token
        if not sent["auth"]:
            del sent["auth"]
        url = f"{self.base}/api/public/bot/{stream}/{path}"
        async with self.client.request(method, url, data=data, headers=sent) as answer:
            assert answer.content_type == "application/json"
            self.headers = answer.headers
            return answer.status, await answer.json()

    async def notify(self, body: Any, **more: Any) -> tuple[int, Any]:
        return await self.ask("POST", "notifyV2", body, **more)

    async def notified(self, body: Any) -> str:
        """The id of a job that was taken."""
        status, job = await self.notify(body)
        assert status == 200, job
        return str(job["_id"])

    async def status(self, job: str, **more: Any) -> tuple[int, Any]:
        return await self.ask("GET", f"notifyV2/status/{job}", **more)

    async def ended(self, job: str) -> dict[str, Any]:
        """How a job went, once it is over. Waiting for that takes no calls."""
        app = self.world.app.apps.by_stream[STREAM]

        async def over() -> bool:
            told = await self.world.app.notifications.status(app, job)
            assert told is not None
            return bool(told["status"] != "IN_PROGRESS")

        await self.world.until(over)
        status, told = await self.status(job)
        assert status == 200
        return dict(told)

    async def comments(self, job: str) -> list[str]:
        return [entry["comments"] for entry in (await self.ended(job))["statusLogs"]]


@contextlib.asynccontextmanager
async def calling(home: Path, *args: Any, token: str = "", **more: Any) -> AsyncIterator[Api]:
    """The world with proactive notifications on, on a real port, and a credential, or the `token`
    of one that an earlier run made."""
    setup = {"switches": {"proactive": True}, **more.pop("setup", {})}
    async with (
        running(home, *args, setup=setup, **more) as world,
        served(world.app) as base,
        aiohttp.ClientSession() as client,
    ):
        api = Api(world, base, client)
        if not token:
            await api.make()
        api.token = token or api.token
        yield api
