"""The load side: signed webhooks in over keep-alive connections, and the stub Graph API that takes
the answers. One process, meant for a core of its own.

    python -m bench.load accept PORT SECONDS CONNECTIONS CONTACTS EVENTS
    python -m bench.load turns PORT SECONDS GRAPH_PORT CONTACTS POOL

`accept` posts as fast as the server answers; `turns` is a closed loop: a contact writes again when
the answer to its last message has come out at the Graph API. The last line is one JSON object.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import random
import sys
import time
from collections.abc import Callable

SECRET = b"0123456789abcdef0123456789abcdef"
PATH = "/hooks/cloud-api/st-bench"
NUMBER = "106540352242922"
_HEAD = (
    b"POST %b HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    b"user-agent: facebookexternalua\r\nx-hub-signature-256: sha256=%b\r\n"
    b"content-length: %d\r\n\r\n%b"
)
_MESSAGE = (
    '{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"value":'
    '{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881",'
    '"phone_number_id":"%s"},"contacts":[{"profile":{"name":"Asha Rao"},"wa_id":"%s",'
    '"user_id":"US.1349120865530%s"}],"messages":[%s]},"field":"messages"}]}]}'
)
_ITEM = (
    '{"from":"%s","from_user_id":"US.1349120865530%s","id":"wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQ%s",'
    '"timestamp":"%d","type":"text","text":{"body":"Does it come in another colour?"}}'
)
_run = f"{random.SystemRandom().randrange(16**8):08X}"
_count = itertools.count()


def request(contact: int, events: int = 1, path: str = PATH) -> bytes:
    """One signed POST with `events` new messages of a contact."""
    phone = f"1650{contact:07d}"
    now = int(time.time())
    items = ",".join(
        _ITEM % (phone, phone, f"{_run}{next(_count):012d}", now) for _ in range(events)
    )
    number = NUMBER if path == PATH else "106540352242923"
    body = (_MESSAGE % (number, phone, phone, items)).replace("/", "\\/").encode()
    signature = hmac.new(SECRET, body, hashlib.sha256).hexdigest().encode()
    return _HEAD % (path.encode(), signature, len(body), body)


class Client(asyncio.Protocol):
    """One keep-alive connection. `done(status)` for each whole answer."""

    def __init__(self, done: Callable[[Client, int], None]) -> None:
        self.done = done
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def post(self, data: bytes) -> None:
        self.began = time.perf_counter()
        self.transport.write(data)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(self.buffer) >= end + 4 + length:
            self.buffer = self.buffer[end + 4 + length :]
            self.done(self, int(head[9:12]))


def percentile(values: list[float], share: float) -> float:
    values.sort()
    return round(values[min(len(values) - 1, int(len(values) * share))] * 1000, 2)


async def accept(port: int, seconds: float, connections: int, contacts: int, events: int,
                 path: str = PATH) -> dict[str, object]:  # fmt: skip
    """Post for `seconds`; a fifth more before it warms up."""
    times: list[float] = []
    statuses: dict[int, int] = {}
    warm = time.perf_counter() + seconds / 5
    end = warm + seconds
    pick = random.Random(7)
    over = asyncio.Event()
    busy = connections
    # Signing must not be what is measured: requests are made ahead, in a pool that refills.
    ready = [request(pick.randrange(contacts), events, path) for _ in range(int(60_000 / events))]
    ready.reverse()

    def done(client: Client, status: int) -> None:
        nonlocal busy
        now = time.perf_counter()
        if now >= warm:
            times.append(now - client.began)
            statuses[status] = statuses.get(status, 0) + 1
        if now < end:
            client.post(ready.pop() if ready else request(pick.randrange(contacts), events, path))
            return
        busy -= 1
        if not busy:
            over.set()

    loop = asyncio.get_running_loop()
    for _ in range(connections):
        _, client = await loop.create_connection(lambda: Client(done), "127.0.0.1", port)
        client.post(ready.pop())
    await asyncio.wait_for(over.wait(), seconds * 3 + 30)
    return {
        "per_s": round(len(times) / seconds),
        "events_per_s": round(len(times) * events / seconds),
        "p50_ms": percentile(times, 0.5),
        "p99_ms": percentile(times, 0.99),
        "statuses": statuses,
    }


async def turns(port: int, seconds: float, graph_port: int, contacts: int, pool: int,
                path: str = PATH) -> dict[str, object]:  # fmt: skip
    """Closed loop: `contacts` at a time write, out of a pool of `pool` people hit at random."""
    from bench import graph

    began: dict[str, float] = {}
    times: list[float] = []
    idle: list[Client] = []
    waiting: list[bytes] = []
    warm = time.perf_counter() + seconds / 5
    end = warm + seconds
    pick = random.Random(11)
    active: set[int] = set()

    def send(contact: int) -> None:
        active.add(contact)
        data = request(contact, 1, path)
        began[f"+1650{contact:07d}"] = time.perf_counter()
        if idle:
            idle.pop().post(data)
        else:
            waiting.append(data)

    def done(client: Client, status: int) -> None:
        if waiting:
            client.post(waiting.pop(0))
        else:
            idle.append(client)

    def answered(body: bytes) -> None:
        at = body.find(b'"to":"')
        to = body[at + 6 : body.find(b'"', at + 6)].decode()
        now = time.perf_counter()
        start = began.pop(to, None)
        if start is None:
            return
        if now >= warm:
            times.append(now - start)
        contact = int(to[5:])
        active.discard(contact)
        if now < end:
            if pool > contacts:
                contact = pick.randrange(pool)
                while contact in active:
                    contact = pick.randrange(pool)
            send(contact)

    graph.on_send = answered
    loop = asyncio.get_running_loop()
    server = await loop.create_server(graph.Graph, "127.0.0.1", graph_port)
    for _ in range(min(contacts, 64)):
        _, client = await loop.create_connection(lambda: Client(done), "127.0.0.1", port)
        idle.append(client)
    for contact in range(contacts):
        send(contact if pool <= contacts else pick.randrange(pool))
    await asyncio.sleep(end - time.perf_counter() + 0.5)
    server.close()
    return {
        "turns_per_s": round(len(times) / seconds),
        "p50_ms": percentile(times, 0.5) if times else None,
        "p99_ms": percentile(times, 0.99) if times else None,
    }


def main() -> None:
    try:
        import uvloop

        uvloop.install()
    except ImportError:
        pass
    kind, port, seconds, *rest = sys.argv[1:]
    path = rest.pop() if rest and rest[-1].startswith("/") else PATH
    numbers = [int(r) for r in rest]
    run = accept if kind == "accept" else turns
    result = asyncio.run(run(int(port), float(seconds), *numbers, path=path))  # type: ignore[operator]
    print(json.dumps(result))


if __name__ == "__main__":
    main()
