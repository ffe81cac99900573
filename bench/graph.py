"""A stub of the Graph API for benches: answers every send at once, counts, keeps nothing.

Run as a program: `python -m bench.graph PORT`. A raw protocol, so that it costs the load core
little.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Callable

_ids = itertools.count(1)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
_BODY = (
    b'{"messaging_product":"whatsapp","contacts":[{"input":"+1","wa_id":"1"}],'
    b'"messages":[{"id":"wamid.%012d"}]}'
)
on_send: Callable[[bytes], None] | None = None  # told of each body, where the load listens in


class Graph(asyncio.Protocol):
    def __init__(self) -> None:
        self.buffer = b""
        self.need = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            if on_send is not None:
                on_send(self.buffer[end + 4 : end + 4 + length])
            self.buffer = self.buffer[end + 4 + length :]
            body = _BODY % next(_ids)
            self.transport.write(_HEAD % (len(body), body))  # type: ignore[attr-defined]


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Graph, "127.0.0.1", port)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
