"""A number of an imaginary partner, a server for the phone's page, and a chat with a tea shop."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from litestar import Litestar

from dragoman.emulators.phone import HandsetContact, Handsets, WireLine, phone_routes

TEA = "100000000000100"
AT = 1_794_560_400_000  # 2026-11-13 09:00 UTC


def png(width: int, height: int, shade: Callable[[int, int], tuple[int, int, int]]) -> bytes:
    """A PNG whose pixel (x, y) is `shade(x, y)`."""
    rows = b"".join(
        b"\0" + b"".join(bytes(shade(x, y)) for x in range(width)) for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def tea_picture() -> bytes:
    """A cup of tea from above: saucer, rim, tea."""

    def shade(x: int, y: int) -> tuple[int, int, int]:
        far = ((x - 200) ** 2 + (y - 150) ** 2) ** 0.5
        gleam = ((x - 178) ** 2 + (y - 122) ** 2) ** 0.5
        if far < 78:
            return (190, 104, 40) if gleam > 26 else (214, 140, 74)
        if far < 90:
            return (250, 248, 243)
        if far < 128:
            return (29, 76, 143) if 116 < far < 121 else (236, 232, 223)
        return (196, 178, 150) if (x // 50 + y // 50) % 2 else (189, 170, 141)

    return png(400, 300, shade)


class TeaLine:
    """A line that keeps what people do and answers nothing by itself."""

    key, display, title = TEA, "12025550100", "Tea shop"
    partner = "WhatsApp Cloud API"

    def __init__(self, handsets: Handsets | None = None) -> None:
        self.handsets = handsets
        self.sent: list[tuple[str, dict[str, Any], str | None]] = []
        self.looked: list[tuple[str, list[str]]] = []
        self.heard: list[str] = []
        self.paid: list[tuple[str, str, str]] = []
        self.files: dict[str, tuple[bytes, str]] = {}
        self.broken: Exception | None = None

    async def send(self, contact: HandsetContact, body: dict[str, Any], quoted: str | None) -> str:
        if self.broken is not None:
            raise self.broken
        self.sent.append((contact.id, body, quoted))
        return f"wamid.in{len(self.sent)}"

    async def store_media(self, data: bytes, mime: str, filename: str | None) -> dict[str, Any]:
        media_id = f"90000{len(self.files)}"
        self.files[media_id] = (data, mime)
        digest = hashlib.sha256(data).hexdigest()
        return {"id": media_id, "mime_type": mime, "sha256": digest}

    async def load_media(self, media_id: str) -> tuple[bytes, str] | None:
        return self.files.get(media_id)

    async def seen(self, contact: HandsetContact, message_ids: list[str]) -> None:
        self.looked.append((contact.id, message_ids))

    async def played(self, contact: HandsetContact, message_id: str) -> None:
        self.heard.append(message_id)

    async def pay(self, contact: HandsetContact, message_id: str, outcome: str) -> None:
        self.paid.append((contact.id, message_id, outcome))


class Switches:
    """Faults as an emulator offers them."""

    def __init__(self) -> None:
        self.on, self.done = False, 0

    def describe(self) -> list[dict[str, Any]]:
        return [{"name": "slow", "label": "Slow", "on": self.on, "done": self.done}]

    def set(self, name: str, on: bool) -> None:
        assert name == "slow"
        self.on = on

    def all_off(self) -> None:
        self.on = False


@asynccontextmanager
async def serving(handsets: Handsets) -> AsyncIterator[str]:
    """The phone's routes on a real server on this machine; yields its address."""
    app = Litestar(route_handlers=phone_routes(handsets), openapi_config=None)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        task = asyncio.create_task(server.serve([listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            handsets.end_streams()
            server.should_exit = True
            await task


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": {"body": words}}


MENU = {
    "type": "interactive",
    "interactive": {
        "type": "button",
        "body": {"text": "Welcome to the *tea shop*. What can we brew for you?"},
        "footer": {"text": "Write start over at any time"},
        "action": {
            "buttons": [
                {"type": "reply", "reply": {"id": "teas", "title": "See the teas"}},
                {"type": "reply", "reply": {"id": "order", "title": "My order"}},
                {"type": "reply", "reply": {"id": "person", "title": "Talk to a person"}},
            ]
        },
    },
}
TEAS = {
    "type": "interactive",
    "interactive": {
        "type": "list",
        "body": {"text": "Three gardens, picked this spring."},
        "action": {
            "button": "Choose a tea",
            "sections": [
                {
                    "title": "Black",
                    "rows": [
                        {"id": "assam", "title": "Assam", "description": "Malty, for milk. $6"},
                        {"id": "nilgiri", "title": "Nilgiri", "description": "Bright. $7"},
                    ],
                },
                {"title": "Green", "rows": [{"id": "kangra", "title": "Kangra"}]},
            ],
        },
    },
}


async def have_chat(handsets: Handsets, line: TeaLine, at: int = AT, whole: bool = True) -> None:
    """An order between Asha and the shop, and a first word from Ravi; not `whole`: the shop is
    about to answer her last message."""
    line.files["700001"] = (tea_picture(), "image/png")
    clock = Told(handsets, line, at)
    handsets.connect(line)
    await clock.person("asha", text("hello"))
    clock.business("asha", MENU)
    reply = {"type": "button_reply", "button_reply": {"id": "teas", "title": "See the teas"}}
    await clock.person("asha", {"type": "interactive", "interactive": reply})
    clock.business("asha", TEAS)
    row = {"id": "assam", "title": "Assam", "description": "Malty, for milk. $6"}
    chosen = {"type": "list_reply", "list_reply": row}
    await clock.person("asha", {"type": "interactive", "interactive": chosen})
    picture = {"id": "700001", "caption": "*Assam*, second flush. How many bags?"}
    shown = clock.business("asha", {"type": "image", "image": picture})
    await clock.person("asha", text("2 please"))
    react = {"type": "reaction", "reaction": {"message_id": shown, "emoji": "😍"}}
    await clock.person("asha", react, told=False)
    if whole:
        clock.business("asha", text("2 × Assam is *$12.00*. Where shall we bring it?"))
    await clock.person("ravi", text("Are you open today?"))
    clock.business("ravi", text("Yes, till *7 pm*."))
    await handsets.look(TEA, "asha")


class Told:
    """Says things at plausible times, and tells the wire as an emulator would."""

    def __init__(self, handsets: Handsets, line: TeaLine, at: int) -> None:
        self.handsets, self.line, self.at, self.count = handsets, line, at, 0

    async def person(self, who: str, body: dict[str, Any], told: bool = True) -> None:
        self.at += 11_000
        self._clock()
        sent = await self.handsets.person_sends(TEA, who, body)
        if told:
            hook = {"object": "whatsapp_business_account", "messages": [{"id": sent, **body}]}
            detail = {"request": hook, "answer": {"status": 200}}
            size = f"200  {len(str(hook))} B"
            title = f"message {body['type']}"
            self.handsets.wire(WireLine(self.at, "in", title, size, detail, TEA, who, sent))
        self.handsets.set_status(TEA, sent, "delivered", self.at)
        self.handsets.set_status(TEA, sent, "read", self.at)

    def business(self, who: str, body: dict[str, Any]) -> str:
        self.at += 900
        self.count += 1
        sent = f"wamid.out{self.count}"
        detail = {
            "request": {"messaging_product": "whatsapp", "to": "+12025550142", **body},
            "answer": {"messages": [{"id": sent}]},
        }
        title = f"call /messages · {body['type']}"
        self.handsets.wire(WireLine(self.at, "out", title, "200", detail, TEA, who, sent))
        self.handsets.receive(TEA, who, sent, body, self.at)
        for delay, status in ((20, "accepted"), (400, "sent"), (1100, "delivered")):
            self.handsets.set_status(TEA, sent, status, self.at + delay)
        return sent

    def _clock(self) -> None:
        clock = self.handsets.clock
        clock.move(self.at - clock.now())
