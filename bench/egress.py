"""Calls per second out of one core: `Egress` beside bare aiohttp, against the same small server.

Run: python bench/egress.py [seconds]. The server is another process; the two clients take turns in
this one, in short rounds, so that a noisy neighbour disturbs both alike; CPU time is told beside
the rate, because it is what a busy machine disturbs least. Figures are medians of the rounds.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

import aiohttp
import uvloop

from dragoman.domain.wire import HttpCall, Reply
from dragoman.egress import Egress, redacted

CONNECTIONS = 64
ROUNDS = 8
ANSWER = json.dumps(
    {
        "messaging_product": "whatsapp",
        "contacts": [{"input": "12025550142", "wa_id": "12025550142"}],
        "messages": [{"id": "wamid.made-up"}],
    }
).encode()
BODY = {
    "messaging_product": "whatsapp",
    "recipient_type": "individual",
    "to": "12025550142",
    "type": "text",
    "text": {"body": "नमस्ते 👨‍👩‍👧 One Assam tea, 120 rupees"},
    "biz_opaque_callback_data": "0H7Z2K9Q4M1",
}
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-fb-trace-id: T\r\n"
    b"Content-Length: " + str(len(ANSWER)).encode() + b"\r\n\r\n"
)


class Stub(asyncio.Protocol):
    """Answers whole requests, as fast as Python can."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.data = b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end].lower()
            at = head.find(b"content-length: ")
            length = int(head[at + 16 :].split(b"\r", 1)[0]) if at >= 0 else 0
            if len(self.data) < end + 4 + length:
                return
            self.data = self.data[end + 4 + length :]
            self.transport.write(HEAD + ANSWER)  # type: ignore[attr-defined]


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def rate(one: Callable[[], Awaitable[object]], seconds: float) -> tuple[float, float]:
    """Calls per second, and this process's CPU time a call in µs, with `CONNECTIONS` in flight."""
    done = 0
    end = time.perf_counter() + seconds

    async def loop() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await one()
            done += 1

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(loop() for _ in range(CONNECTIONS)))
    spent = time.process_time() - cpu
    return done / (time.perf_counter() - began), spent / done * 1e6


async def measure(port: int, seconds: float) -> None:
    url = f"http://127.0.0.1:{port}/v26.0/106540352242922/messages"
    headers = {"Authorization": "Bearer made-up-token"}
    call = HttpCall("POST", url, headers=headers, json=BODY)
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS))
    egress = Egress(["127.0.0.1"], limit=CONNECTIONS)

    async def bare() -> None:
        async with session.post(url, json=BODY, headers=headers) as response:
            await response.read()

    async def ours() -> None:
        reply = await egress.call(call)
        assert isinstance(reply, Reply), reply

    found: dict[str, list[tuple[float, float]]] = {"aiohttp, bare": [], "Egress.call": []}
    for one in (bare, ours):
        await rate(one, 0.3)
    for _ in range(ROUNDS):
        found["aiohttp, bare"].append(await rate(bare, seconds / ROUNDS / 2))
        found["Egress.call"].append(await rate(ours, seconds / ROUNDS / 2))
    cost = []
    for name, rounds in found.items():
        calls = statistics.median(r[0] for r in rounds)
        cost.append(statistics.median(r[1] for r in rounds))
        print(f"{name:<16}{calls:>9,.0f} calls/s{cost[-1]:>9.1f} µs CPU a call")
    print(f"ratio {cost[0] / cost[1]:.2f}, ours adds {cost[1] - cost[0]:+.1f} µs CPU a call")
    reply = await egress.call(call)
    began = time.perf_counter()
    for _ in range(5_000):
        redacted(call, reply)
    print(f"redacted(): {(time.perf_counter() - began) / 5_000 * 1e6:.1f} µs an attempt")
    await session.close()
    await egress.close()


def main() -> None:
    if sys.argv[1:] == ["--serve"]:
        uvloop.run(serve())
        return
    seconds = float(sys.argv[1]) if sys.argv[1:] else 8.0
    server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE)
    assert server.stdout is not None
    try:
        uvloop.run(measure(int(server.stdout.readline()), seconds))
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
