"""Everything outside of the server: Meta (the emulator, its webhooks sent at least once), the
people who write, and the bookkeeper between both who counts what crossed the wire.

The emulator runs in this process and survives every kill. Webhooks pass through `_relay`, which
knows what was answered 200; calls to Graph pass through `_graph`, which knows what arrived, in
which order, and whether it was accepted.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import aiohttp
import msgspec
import uvicorn

from dragoman.domain.clock import Clock
from dragoman.emulators._cloud.wire import signature
from dragoman.emulators.cloud_api import EmulatorConfig, build
from dragoman.emulators.cloud_api.config import Batching, Delays, Number, Rates, Token
from dragoman.emulators.phone.handsets import HandsetContact

NUMBER = "106540352242922"
STREAM = "st-crash"
TOKEN = "crash-token-0123456789"
SECRET = "0123456789abcdef0123456789abcdef"
WORDS = ("चाय चाहिए", "👨‍👩‍👧‍👦 tea", "שלום עולם", "plain", "naïve ☕️")


class Said(msgspec.Struct):
    """A person's message: `n` counts hers."""

    person: str
    n: int
    text: str


class Call(msgspec.Struct):
    """A send as it arrived at Graph. status 0: not answered yet."""

    to: str
    text: str
    reference: str
    status: int = 0


class World:
    """port: where Graph and the callback are; server_port: where the server under test is."""

    def __init__(self, pick: random.Random, clock: Clock | None = None) -> None:
        self.pick = pick
        self.port = free_port()
        self.server_port = free_port()
        self.said: dict[str, Said] = {}
        self.answered: dict[str, asyncio.Event] = {}  # by message id: set by the first 200
        self.calls: list[Call] = []
        self.again = 0.0  # how often a webhook comes twice at once, or an old one once more
        self.kill_at_send: tuple[int, int] | None = None  # sends still to come, pid
        self.clock = clock or Clock()
        self.emulator = build(self._account(), self.clock)
        self.bodies: dict[str, bytes] = {}  # by message id: the webhook that brought it first
        self._client: aiohttp.ClientSession | None = None

    def _account(self) -> EmulatorConfig:
        return EmulatorConfig(
            app_secret=SECRET,
            numbers=[Number(phone_number_id=NUMBER, display="12025550100", title="Crash")],
            tokens=[Token(token=TOKEN)],
            callback_url=f"http://127.0.0.1:{self.port}/hooks/cloud-api/{STREAM}",
            delays=Delays(sent_ms=5, delivered_ms=15),
            read_policy="after",
            read_after_ms=10,
            retry_ms=(20, 50, 100, 200),
            rates=Rates(number_per_second=0, pair_refill_ms=0, pair_burst=0),
        )

    @property
    def graph(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.emulator.config.prefix}"

    # --- people ----------------------------------------------------------------------------------

    def say(self, person: str, n: int, mark: str = "") -> str:
        """A person writes; gives the message's id. The emulator delivers it, again and again."""
        text = f"{person[-4:]}#{n} {WORDS[n % len(WORDS)]}{mark}"
        phone, bsuid = (person, None) if person.isdigit() else (None, person)
        contact = HandsetContact(
            id=f"wa-{person}", name=f"Asha {person[-4:]}", phone=phone, bsuid=bsuid,
            username=None, avatar="",
        )  # fmt: skip
        body = {"type": "text", "text": {"body": text}}
        message_id = self.emulator.lines[NUMBER].say(contact, body, None)
        self.said[message_id] = Said(person, n, text)
        self.answered[message_id] = asyncio.Event()
        return message_id

    def batch(self, updates: int) -> None:
        """From now on up to so many updates of anybody travel in one POST."""
        self.emulator.config.batching = Batching(updates=updates, within_ms=10)

    def fault(self, name: str, count: int) -> None:
        self.emulator.faults.set(name, True, count)

    @property
    def delivering(self) -> int:
        """What the emulator has still to do: reports to come, webhooks not answered 200."""
        return self.emulator.timeline.waiting

    def unanswered(self) -> list[str]:
        return [m for m, event in self.answered.items() if not event.is_set()]

    # --- the wire --------------------------------------------------------------------------------

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].startswith("/hooks/"):
            await self._relay(scope, await _body(receive), send)
        else:
            await self._graph(scope, await _body(receive), send)

    async def _relay(self, scope: Any, body: bytes, send: Any) -> None:
        """Meta's delivery, passed on as it is; now and then twice at once, and an old one after."""
        signed = dict(scope["headers"])[b"x-hub-signature-256"].decode()
        posts = [self.deliver(body, signed)]
        old = None
        if self.again and self.pick.random() < self.again:
            posts.append(self.deliver(body, signed))
            old = self.pick.choice(list(self.bodies.values()) or [None])
        status = max(await asyncio.gather(*posts), key=lambda s: s == 200)
        for message_id in _messages(body):
            self.bodies.setdefault(message_id, body)
        await _respond(send, status)
        if old is not None:
            await self.deliver(old)

    async def deliver(self, body: bytes, signed: str = "") -> int:
        """POST a webhook to the server; its status, or 502 where nobody answered."""
        assert self._client is not None
        url = f"http://127.0.0.1:{self.server_port}/hooks/cloud-api/{STREAM}"
        headers = {
            "content-type": "application/json",
            "x-hub-signature-256": signed or signature(body, SECRET),
        }
        try:
            async with self._client.post(url, data=body, headers=headers) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError):
            return 502
        if status == 200:
            for message_id in _messages(body):
                self.answered[message_id].set()
        return status

    async def _graph(self, scope: Any, body: bytes, send: Any) -> None:
        call = None
        if scope["path"].endswith("/messages"):
            asked = json.loads(body)
            text = asked.get("text", {}).get("body", "")
            to = asked.get("to") or asked.get("recipient", "")
            call = Call(to, text, asked.get("biz_opaque_callback_data", ""))
            self.calls.append(call)
            self._maybe_kill()

        async def answer(message: Any) -> None:
            if call is not None and message["type"] == "http.response.start":
                call.status = message["status"]
            await send(message)

        sent = False

        async def again() -> Any:
            nonlocal sent
            if sent:
                await asyncio.sleep(3600)
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.emulator.asgi(scope, again, answer)

    def _maybe_kill(self) -> None:
        """The call is here as a whole, and its sender dies before it can be answered."""
        if self.kill_at_send is None:
            return
        left, pid = self.kill_at_send
        self.kill_at_send = (left - 1, pid)
        if left <= 1:
            self.kill_at_send = None
            os.kill(pid, signal.SIGKILL)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[World]:
        config = uvicorn.Config(
            self, host="127.0.0.1", port=self.port, lifespan="off", log_level="warning",
            access_log=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = _Server(config)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as client:
            self._client = client
            await self.emulator.start()
            task = asyncio.create_task(server.serve())
            try:
                while not server.started:
                    await asyncio.sleep(0.005)
                yield self
            finally:
                self.emulator.stopping.set()
                await self.emulator.stop()
                server.should_exit = True
                await task
                self.emulator.handsets.close()


class _Server(uvicorn.Server):
    """It leaves signals alone: Ctrl-C ends the run, not only its wire."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def people(phones: int, bsuids: int = 0) -> list[str]:
    """People who exist nowhere, by phone and by BSUID only."""
    known = [f"120255501{10 + i}" for i in range(phones)]
    return known + [f"US.9000000000000000{8000 + i}" for i in range(bsuids)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _body(receive: Any) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _respond(send: Any, status: int) -> None:
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


def _messages(body: bytes) -> Iterable[str]:
    for entry in json.loads(body)["entry"]:
        for change in entry["changes"]:
            for message in change["value"].get("messages", ()):
                yield message["id"]
