"""An emulator on a real port, and a callback that keeps what it is sent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from aiohttp import web

from dragoman.domain.clock import Clock
from dragoman.emulators._cloud.wire import signature
from dragoman.emulators.cloud_api import Emulator, EmulatorConfig, build
from dragoman.emulators.cloud_api.config import Delays, Number, Token
from dragoman.emulators.kit import PartnerEmulator

PNID = "106540352242922"
WABA = "102290129340398"
APP = "634974688087057"
TOKEN = "test-access-token"
SECRET = "test-app-secret"
DISPLAY = "12025550100"
ASHA = "12025550142"
TRACE = "AExampleTrace0123456789"


def config(**changes: Any) -> EmulatorConfig:
    """A small account with quick reports and fixed trace ids."""
    plain: dict[str, Any] = {
        "app_secret": SECRET,
        "numbers": [Number(phone_number_id=PNID, display=DISPLAY, title="Tea shop")],
        "tokens": [Token(token=TOKEN)],
        "verify_token": "verify+me",
        "delays": Delays(
            sent_ms=10, delivered_ms=25, failed_ms=10, held_ms=30, template_review_ms=10
        ),
        "retry_ms": (0, 20, 40),
        "trace_seed": TRACE,
    }
    return EmulatorConfig(**{**plain, **changes})


class Callback:
    """The platform's webhook. `plan` answers the n-th POST (from 1): a status, or a pause."""

    def __init__(self) -> None:
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.gets: list[dict[str, str]] = []
        self.plan: Callable[[int], int | float] = lambda count: 200
        self.verify_token = "verify+me"
        self.arrived = asyncio.Event()
        self.url = ""

    async def post(self, request: web.Request) -> web.Response:
        self.posts.append((dict(request.headers), await request.read()))
        self.arrived.set()
        answer = self.plan(len(self.posts))
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            answer = 200
        return web.Response(status=answer)

    async def get(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.gets.append(query)
        if query.get("hub.verify_token") != self.verify_token:
            return web.Response(status=403, text="Forbidden")
        return web.Response(text=query["hub.challenge"])

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.posts]

    def values(self) -> list[dict[str, Any]]:
        """The value of every change of every POST, in order of arrival."""
        return [
            change["value"]
            for body in self.bodies()
            for entry in body["entry"]
            for change in entry["changes"]
        ]

    def statuses(self, wamid: str) -> list[str]:
        return [
            status["status"]
            for value in self.values()
            for status in value.get("statuses", [])
            if status["id"] == wamid
        ]

    async def wait(self, done: Callable[[], bool], seconds: float = 5.0) -> None:
        """Until `done`; looked at after each POST. Fails with what has come."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not done():
            left = end - loop.time()
            assert left > 0, f"not within {seconds} s; came: {self.bodies()}"
            self.arrived.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.arrived.wait(), min(left, 0.05))

    def signed(self) -> bool:
        return all(
            headers["X-Hub-Signature-256"] == signature(body, SECRET)
            for headers, body in self.posts
        )


class Rig:
    """The emulator, its address, its callback, and a client that may call Graph."""

    def __init__(
        self, emulator: Emulator, address: str, callback: Callback, client: aiohttp.ClientSession
    ) -> None:
        self.emulator = emulator
        self.address = address
        self.callback = callback
        self.client = client

    @property
    def graph(self) -> str:
        return f"{self.address}{self.emulator.config.prefix}/v26.0"

    async def call(
        self, method: str, path: str, body: Any = None, *, token: str = TOKEN, **more: Any
    ) -> tuple[int, Any]:
        """One Graph call; gives status and JSON (or text)."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        url = path if path.startswith("http") else f"{self.graph}/{path}"
        if body is not None:
            more["json"] = body
        async with self.client.request(method, url, headers=headers, **more) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text[:1] in "{[" else text

    async def send(self, body: dict[str, Any], **more: Any) -> tuple[int, Any]:
        return await self.call("POST", f"{PNID}/messages", body, **more)

    async def control(self, path: str, body: Any = None) -> Any:
        url = f"{self.address}{self.emulator.config.prefix}/_control/{path}"
        method = "GET" if body is None else "POST"
        async with self.client.request(method, url, json=body) as answer:
            return await answer.json()

    async def writes(self, text: str = "hello", **contact: Any) -> str:
        """A person writes, so that the window is open. Gives the message's id."""
        who = contact or {"phone": ASHA}
        body = {"type": "text", "text": {"body": text}}
        answer = await self.control("inbound", {"contact": who, "body": body})
        return str(answer["id"])


def text(body: str = "Namaste", to: str = "+" + ASHA, **more: Any) -> dict[str, Any]:
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "text",
        "text": {"body": body},
        **more,
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def callback_server() -> AsyncIterator[Callback]:
    callback = Callback()
    app = web.Application()
    app.router.add_post("/hook", callback.post)
    app.router.add_get("/hook", callback.get)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    callback.url = f"http://127.0.0.1:{port}/hook"
    try:
        yield callback
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def served(emulator: PartnerEmulator) -> AsyncIterator[str]:
    """An emulator that runs on a free port; gives its address."""
    port = free_port()
    settings = uvicorn.Config(
        emulator.asgi,
        port=port,
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    # Started and closed by hand: `serve` looks at its stop flag ten times a second only, which
    # would be most of the time of these tests.
    settings.load()
    server = uvicorn.Server(settings)
    server.lifespan = settings.lifespan_class(settings)
    await emulator.start()
    await server.startup()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        emulator.stopping.set()
        for listener in server.servers:
            listener.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        while server.server_state.connections or server.server_state.tasks:
            await asyncio.sleep(0.005)
        await emulator.stop()
        emulator.handsets.close()


@contextlib.asynccontextmanager
async def running(
    callback: Callback,
    settings: EmulatorConfig | None = None,
    clock: Clock | None = None,
    state_dir: Path | None = None,
) -> AsyncIterator[Rig]:
    """An emulator that serves on a free port, with webhooks to the callback."""
    settings = settings or config(callback_url=callback.url)
    emulator = build(settings, clock or Clock(), state_dir)
    async with served(emulator) as address, aiohttp.ClientSession() as client:
        yield Rig(emulator, address, callback, client)
