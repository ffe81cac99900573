"""A real running Dragoman and a small Graph API whose answers a test writes down beforehand.

`running` starts the program on a file of its own with one app, enabled and published, whose agent
is the test's own coroutine, and a Graph stub on loopback. Messages go in as signed webhook bodies
(`say`, `report`, `post`), answers come out as HTTP calls (`graph.sent`).
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import hashlib
import hmac
import itertools
import json
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import uvicorn

from dragoman.agents.contract import Turn
from dragoman.app import Dragoman
from dragoman.domain.clock import Clock
from dragoman.partners.contract import Hook, HookAnswer
from dragoman.settings import load
from dragoman.web.one_write import OneWrite

NUMBER = "106540352242922"
SECOND = "106540352242933"
STREAM = "st-world"
SECRET = "0123456789abcdef0123456789abcdef"
TOKEN = "world-token-0123456789-0123456789"
ASHA = "12025550142"
BEN = "12025550143"
TEXTS = ("चाय चाहिए", "👨‍👩‍👧‍👦 tea", "שלום עולם", "naïve ☕️")

# Short pauses: the rules are the same, only sooner.
QUICK: dict[str, Any] = {
    "sweep_ms": 20,
    "retry_base_ms": 10,
    "retry_cap_ms": 40,
    "lane_hold_ms": 2_000,
    "doubt_lane_hold_ms": 100,
    "rate_per_number": 0,
    "pair_rate": False,
    "stop_grace_s": 1.0,
    "script_processes": 1,
}

Act = Callable[[Turn], Awaitable[None]]
stage: dict[str, Act] = {}  # by app name: what its agent does; changed by tests at any time

AGENT = """
from dragoman import Agent, Turn
from world import stage

agent = Agent()


@agent.otherwise
async def act(turn: Turn) -> None:
    await stage[turn.app](turn)
"""


async def echo(turn: Turn) -> None:
    turn.reply(turn.text)


# --- the Graph stub ------------------------------------------------------------------------------


class Answer:
    """What the stub does with one call. how: answer it, hang (never answer), drop (close without an
    answer), reset or torn (break off in the answer)."""

    def __init__(
        self,
        status: int = 200,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        how: str = "",
        gate: asyncio.Event | None = None,
    ) -> None:
        self.status = status
        self.body = body
        self.headers = dict(headers or {})
        self.how = how
        self.gate = gate


OK = Answer()
HANG = Answer(how="hang")  # a test that waits it out sets a short `http_timeout_s` of its own
DROP = Answer(how="drop")
RESET = Answer(how="reset")
TORN = Answer(how="torn")
HTML_500 = Answer(500, "<html><body>Internal Server Error</body></html>")
GATEWAY_502 = Answer(502, "<html>Bad Gateway</html>")
NO_ID = Answer(200, {"messaging_product": "whatsapp"})


def refused(code: int, status: int = 400, **headers: str) -> Answer:
    """A refusal in Meta's own shape."""
    error = {
        "message": f"(#{code}) refused",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": "said the stub"},
        "fbtrace_id": "AWorldTrace",
    }
    return Answer(status, {"error": error}, headers)


class Call:
    """One call as it came: the body, its path and its token, and the wamid it was answered with."""

    def __init__(self, path: str, headers: dict[str, str], body: Any) -> None:
        self.path = path
        self.token = headers.get("authorization", "").removeprefix("Bearer ")
        self.host = headers.get("host", "")
        self.body = body
        self.wamid = ""

    @property
    def number(self) -> str:
        return self.path.split("/")[2]

    @property
    def text(self) -> str:
        return str(self.body["text"]["body"])

    @property
    def reference(self) -> str:
        return str(self.body["biz_opaque_callback_data"])


class Graph:
    """`script` gives the next answers, then every call is taken. `by_token`: refuse these."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.signals: list[Call] = []
        self.answers: deque[Answer] = deque()
        self.always: Callable[[Call], Answer | None] = lambda call: None
        self.others: list[Call] = []
        self.files: Callable[[Call], Answer | None] = lambda call: None
        self.port = 0
        self._ids = itertools.count(1)

    def script(self, *answers: Answer) -> None:
        self.answers.extend(answers)

    @property
    def texts(self) -> list[str]:
        """The texts that arrived, in order."""
        return [call.text for call in self.calls if call.body["type"] == "text"]

    @property
    def taken(self) -> list[str]:
        """The texts that were answered with an id, in order."""
        return [call.text for call in self.calls if call.wamid and call.body["type"] == "text"]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while await self._one(reader, writer):
                    await writer.drain()
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        pairs = [line.split(": ", 1) for line in lines]
        headers = {name.lower(): value for name, value in pairs}
        data = await reader.readexactly(int(headers.get("content-length", "0")))
        method, path = first.split(" ")[:2]
        if method == "GET" or not headers.get("content-type", "").startswith("application/json"):
            return await self._other(Call(path, headers, data), writer)
        body = json.loads(data)
        call = Call(path, headers, body)
        if "status" in body:  # mark read, typing: a signal, never scripted
            self.signals.append(call)
            writer.write(_http(200, {"success": True}, {}))
            return True
        self.calls.append(call)
        answer = self.always(call) or (self.answers.popleft() if self.answers else OK)
        if answer.gate is not None:
            await answer.gate.wait()
        return await self._answer(call, answer, writer)

    async def _other(self, call: Call, writer: asyncio.StreamWriter) -> bool:
        """What is no message: files, asked for or left. `files` says what is found."""
        self.others.append(call)
        answer = self.files(call) or refused(100, 404)
        if answer.gate is not None:
            await answer.gate.wait()
        return await self._answer(call, answer, writer)

    async def _answer(self, call: Call, answer: Answer, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        if answer.how == "hang":
            await asyncio.sleep(60)
        if answer.how in ("hang", "drop"):
            return False
        if answer.how == "reset":
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        body = answer.body
        if body is None:
            call.wamid = f"wamid.world{next(self._ids):06d}"
            to = call.body.get("to") or call.body.get("recipient")
            wa_id = str(to).removeprefix("+")
            body = {
                "messaging_product": "whatsapp",
                "contacts": [{"input": to, "wa_id": wa_id}],
                "messages": [{"id": call.wamid}],
            }
        whole = _http(answer.status, body, answer.headers)
        writer.write(whole if answer.how != "torn" else whole[:-20])
        return answer.how != "torn"

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Graph]:
        talking: set[asyncio.Task[None]] = set()

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(self._talk(reader, writer))
            talking.add(task)
            task.add_done_callback(talking.discard)

        server = await asyncio.start_server(begin, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in talking:
                task.cancel()
            await asyncio.gather(*talking, return_exceptions=True)


def _http(status: int, body: Any, headers: Mapping[str, str]) -> bytes:
    kind = "text/html" if isinstance(body, str) else "application/json"
    data = body.encode() if isinstance(body, str) else body
    if not isinstance(data, bytes):
        data = json.dumps(body).encode()
    plain = {"content-type": kind, "content-length": str(len(data))}
    lines = [
        f"HTTP/1.1 {status} Said",
        *(f"{name}: {value}" for name, value in {**plain, **headers}.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + data


# --- webhook bodies ------------------------------------------------------------------------------

_wamids = itertools.count(1)


def new_wamid() -> str:
    return f"wamid.in{next(_wamids):06d}"


def value(
    number: str = NUMBER,
    messages: Sequence[Mapping[str, Any]] = (),
    statuses: Sequence[Mapping[str, Any]] = (),
    contacts: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    out: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "12025550100", "phone_number_id": number},
    }
    for name, items in (("contacts", contacts), ("messages", messages), ("statuses", statuses)):
        if items:
            out[name] = list(items)
    return out


def body_of(*values: Mapping[str, Any], field: str = "messages") -> dict[str, Any]:
    """One POST: one entry with a change for each value."""
    return {
        "object": "whatsapp_business_account",
        "entry": [
            {"id": "102290129340398", "changes": [{"field": field, "value": v} for v in values]}
        ],
    }


def text_of(
    text: str, phone: str | None = ASHA, *, wamid: str | None = None, at: int = 0, **more: Any
) -> dict[str, Any]:
    """One element of `messages[]`. at: Unix seconds. bsuid: the business-scoped user id."""
    out: dict[str, Any] = {
        "id": wamid or new_wamid(),
        "timestamp": str(at),
        "type": "text",
        "text": {"body": text},
    }
    if phone:
        out["from"] = phone
    if bsuid := more.pop("bsuid", None):
        out["from_user_id"] = bsuid
    return {**out, **more}


def sign(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex()


# --- the program ---------------------------------------------------------------------------------


class World:
    """A running Dragoman, what happens at its edges, and its rows."""

    def __init__(
        self, app: Dragoman, graph: Graph, clock: Clock, home: Path, wakes: list[tuple[str, Any]]
    ) -> None:
        self.app = app
        self.graph = graph
        self.clock = clock
        self.home = home
        self.wakes = wakes  # everything that the commits told: kind and value

    async def post(
        self, body: Any, *, stream: str = STREAM, secret: str = SECRET, partner: str = "cloud-api"
    ) -> HookAnswer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"x-hub-signature-256": sign(data, secret), "content-type": "application/json"}
        hook = Hook("POST", f"/hooks/{partner}/{stream}", headers=headers, body=data)
        return await self.app.intake.receive(partner, stream, hook)

    async def say(
        self, text: str, phone: str | None = ASHA, *, number: str = NUMBER, **more: Any
    ) -> str:
        """A person writes; gives the message's partner id. Asserts that it was answered 200."""
        stream = more.pop("stream", STREAM)
        at = more.pop("at", self.clock.now() // 1000)
        message = text_of(text, phone, at=at, **more)
        answer = await self.post(body_of(value(number, [message])), stream=stream)
        assert answer.status == 200
        return str(message["id"])

    async def report(
        self, call: Call, status: str, *, wamid: str = "", errors: Sequence[Any] = (), **more: Any
    ) -> None:
        """Meta reports on a call, with our reference in it."""
        item: dict[str, Any] = {
            "id": wamid or call.wamid,
            "status": status,
            "timestamp": str(self.clock.now() // 1000),
            "recipient_id": str(call.body.get("to", "")).removeprefix("+"),
            "biz_opaque_callback_data": call.reference,
            **more,
        }
        if errors:
            item["errors"] = list(errors)
        assert (await self.post(body_of(value(call.number, statuses=[item])))).status == 200

    async def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        found = await self.app.store.read(lambda tx: tx.run(sql, params))
        return [tuple(row) for row in found]

    async def command(self, command: str, /, **args: Any) -> dict[str, Any]:
        """An operator's command; about the app `world` unless `name` says another."""
        return await self.app.command(command, {"name": "world", "who": "tests", **args})

    async def until(
        self, done: Callable[[], Any] | Callable[[], Awaitable[Any]], seconds: float = 30.0
    ) -> None:
        """Wait until it is so; fails with what the stub got when it never becomes so."""
        end = asyncio.get_running_loop().time() + seconds
        while True:
            result = done()
            if await result if isinstance(result, Awaitable) else result:
                return
            if asyncio.get_running_loop().time() > end:
                tables = {
                    t: await self.rows(f"SELECT * FROM {t}")
                    for t in ("conversation", "turn", "outbox", "attempt")
                }
                raise AssertionError(f"not so within {seconds} s: {self.graph.texts} {tables}")
            await asyncio.sleep(0.005)

    async def until_rows(self, sql: str, expected: list[tuple[Any, ...]], *params: Any) -> None:
        """Wait until a query gives these rows; fails with what it gave instead."""
        found: list[tuple[Any, ...]] = []

        async def same() -> bool:
            nonlocal found
            found = await self.rows(sql, *params)
            return found == expected

        try:
            await self.until(same)
        except AssertionError:
            assert found == expected
            raise

    async def quiet(self) -> None:
        """Until nothing waits, runs or is being sent."""

        async def idle() -> bool:
            busy = self.app.turns._running or self.app.delivery._running or self.app.store.waiting
            if busy:
                return False
            left = await self.rows(
                """SELECT (SELECT count(*) FROM conversation WHERE due_at IS NOT NULL
                OR lease_owner IS NOT NULL), (SELECT count(*) FROM outbox)"""
            )
            return left == [(0, 0)]

        await self.until(idle)


def flags_for(graph: Graph, changes: Mapping[str, Any]) -> dict[str, Any]:
    return {**QUICK, "egress_allow": (f"127.0.0.1:{graph.port}",), **changes}


async def set_up(app: Dragoman, graph: Graph, home: Path, /, **given: Any) -> None:
    """One app, enabled and published. numbers: phone number ids; app: settings of the app."""
    agent = home / f"{given.get('name', 'world')}_agent.py"
    agent.write_text(AGENT)
    name = {"name": given.get("name", "world"), "who": "tests"}
    values = {
        "numbers": list(given.get("numbers", [NUMBER, SECOND])),
        "token": given.get("token", TOKEN),
        "app_secret": SECRET,
        "graph_url": f"http://127.0.0.1:{graph.port}",
    }
    await app.command(
        "app.create",
        {**name, "agent": str(given.get("agent", agent)), "stream_id": given.get("stream", STREAM)},
    )
    if given.get("app"):
        await app.command("app.set", {**name, **given["app"]})
    await app.command(
        "channel.set",
        {**name, "partner": "cloud-api", "values": values, "switches": given.get("switches")},
    )
    await app.command("channel.enable", name)
    await app.command("app.publish", name)


@contextlib.asynccontextmanager
async def running(
    home: Path,
    act: Act = echo,
    *,
    clock: Clock | None = None,
    graph: Graph | None = None,
    settings: Mapping[str, Any] | None = None,
    setup: Mapping[str, Any] | None = None,
) -> AsyncIterator[World]:
    """The program, started; stopped at the end. A second call on the same home goes on there."""
    stage["world"] = act
    async with contextlib.AsyncExitStack() as stack:
        if graph is None:
            graph = await stack.enter_async_context(Graph().open())
        clock = clock or Clock()
        wakes: list[tuple[str, Any]] = []
        app = Dragoman(
            load(home, flags_for(graph, settings or {})),
            clock=clock,
            listen=lambda kind, values: wakes.extend((kind, v) for v in values),
        )
        made = World(app, graph, clock, home, wakes)
        await app.start()
        try:
            if STREAM not in made.app.apps.by_stream:
                await set_up(made.app, graph, home, **(setup or {}))
            yield made
        finally:
            await made.app.stop()


@contextlib.asynccontextmanager
async def served(app: Any, **more: Any) -> AsyncIterator[str]:
    """An ASGI application on a real port; gives its address."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="error", access_log=False, lifespan="off",
        timeout_graceful_shutdown=1, http=OneWrite, **more,
    )  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            assert not task.done(), "uvicorn did not start"
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


def changed(body: Mapping[str, Any], change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """A copy of a body, changed."""
    out = copy.deepcopy(dict(body))
    change(out)
    return out
