"""An answer leaves in one piece, and nothing that streams is held back."""

from __future__ import annotations

import asyncio
from typing import Any

from world import served

HEAD = [(b"content-length", b"5"), (b"content-type", b"text/plain")]
GET = b"GET /%b HTTP/1.1\r\nhost: x\r\n\r\n"


class Heard(asyncio.Protocol):
    """A client that keeps every piece as it came."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[bytes] = asyncio.Queue()

    def data_received(self, data: bytes) -> None:
        self.pieces.put_nowait(data)

    def connection_lost(self, error: Exception | None) -> None:
        self.pieces.put_nowait(b"")


async def connected(base: str) -> tuple[asyncio.Transport, Heard]:
    host, port = base.removeprefix("http://").split(":")
    return await asyncio.get_running_loop().create_connection(Heard, host, int(port))


async def test_head_and_body_come_in_one_piece() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEAD})
        await send({"type": "http.response.body", "body": b"hello"})

    async with served(app) as base:
        transport, heard = await connected(base)
        for _ in range(20):
            transport.write(GET % b"")
            piece = await heard.pieces.get()
            assert piece.startswith(b"HTTP/1.1 200") and piece.endswith(b"\r\n\r\nhello")
        transport.close()


async def test_the_head_of_a_stream_does_not_wait_for_its_body() -> None:
    go_on = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEAD[:1]})
        await go_on.wait()
        for letter in (b"h", b"e", b"l", b"l"):
            await send({"type": "http.response.body", "body": letter, "more_body": True})
        await send({"type": "http.response.body", "body": b"o"})

    async with served(app) as base:
        transport, heard = await connected(base)
        transport.write(GET % b"")
        assert (await heard.pieces.get()).endswith(b"\r\n\r\n")
        go_on.set()
        body = b""
        while len(body) < 5:
            body += await heard.pieces.get()
        assert body == b"hello"
        transport.close()


async def test_an_answer_that_ends_the_connection_is_whole() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [*HEAD, (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": b"hello"})

    async with served(app) as base:
        transport, heard = await connected(base)
        transport.write(GET % b"")
        whole = b""
        while piece := await heard.pieces.get():
            whole += piece
        assert whole.startswith(b"HTTP/1.1 413") and whole.endswith(b"\r\n\r\nhello")


async def test_an_answer_without_a_body_leaves() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with served(app) as base:
        transport, heard = await connected(base)
        transport.write(GET % b"")
        assert (await heard.pieces.get()).startswith(b"HTTP/1.1 204")
        transport.close()


async def test_a_client_that_leaves_before_its_answer_harms_nobody() -> None:
    left, answered = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            left.set()
            await receive()  # the request
            await receive()  # that the client left
        await send({"type": "http.response.start", "status": 200, "headers": HEAD})
        await send({"type": "http.response.body", "body": b"hello"})
        answered.set()

    async with served(app) as base:
        transport, _ = await connected(base)
        transport.write(GET % b"slow")
        await left.wait()
        transport.abort()
        await answered.wait()
        other, heard = await connected(base)
        other.write(GET % b"")
        assert (await heard.pieces.get()).endswith(b"hello")
        other.close()
