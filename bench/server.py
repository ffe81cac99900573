"""The server side of the benches, each in a process of its own.

python -m bench.server dragoman PORT GRAPH_PORT HOME     the program, one app, an echo agent
python -m bench.server bare PORT                         uvicorn and nothing behind it
python -m bench.server loop PORT GRAPH_PORT              webhook in, call out, no disk at all
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import uvicorn

AGENT = """
from dragoman import Agent, Turn

agent = Agent()


@agent.otherwise
async def echo(turn: Turn) -> None:
    turn.reply(turn.text)
"""


def serve(app: Any, port: int, http: Any = "httptools") -> None:
    uvicorn.run(
        app, host="127.0.0.1", port=port, log_level="warning", access_log=False,
        proxy_headers=False, loop="uvloop", http=http,
    )  # fmt: skip


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """The floor under every figure of intake: the body is read, 200 is answered."""
    if scope["type"] != "http":
        return
    await receive()
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", b"2")]})  # fmt: skip
    await send({"type": "http.response.body", "body": b"ok"})


class Loop:
    """The floor under every figure of turns: parse, answer, call; nothing kept, nothing checked."""

    def __init__(self, graph_port: int) -> None:
        self._url = f"http://127.0.0.1:{graph_port}/v26.0/106540352242922/messages"
        self._session: Any = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        import aiohttp
        import msgspec

        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256))
        data = (await receive())["body"]
        body = msgspec.json.decode(data or b'{"entry":[]}')
        await send({"type": "http.response.start", "status": 200,
                    "headers": [(b"content-length", b"2")]})  # fmt: skip
        await send({"type": "http.response.body", "body": b"ok"})
        for entry in body["entry"]:
            for change in entry["changes"]:
                for message in change["value"]["messages"]:
                    task = asyncio.create_task(self._answer(message))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: Any) -> None:
        import msgspec

        data = msgspec.json.encode(
            {"messaging_product": "whatsapp", "to": "+" + message["from"], "type": "text",
             "text": {"body": message["text"]["body"]}}
        )  # fmt: skip
        headers = {"authorization": "Bearer x", "content-type": "application/json"}
        async with self._session.post(self._url, data=data, headers=headers) as reply:
            msgspec.json.decode(await reply.read())


class Prepared:
    """Dragoman with its one app set up at the first start."""

    def __init__(self, port: int, graph_port: int, home: Path, url: str = "") -> None:
        from dragoman.app import Dragoman
        from dragoman.settings import load

        home.mkdir(parents=True, exist_ok=True)
        (home / "echo.py").write_text(AGENT)
        flags = {
            "port": port,
            "egress_allow": (f"127.0.0.1:{graph_port}",),
            "rate_per_number": 0,
            "pair_rate": False,
            "database_url": url or None,
        }
        self.app = Dragoman(load(home, flags))
        self._home = home
        self._graph = f"http://127.0.0.1:{graph_port}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        from dragoman.app import settle_memory

        await receive()
        await self.app.start()
        if not self.app.apps.by_id:
            await self._set_up()
        settle_memory()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.app.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _set_up(self) -> None:
        values = {
            "numbers": ["106540352242922"],
            "token": "bench-token-0123456789-0123456789",
            "app_secret": "0123456789abcdef0123456789abcdef",
            "graph_url": self._graph,
        }
        agent = str(self._home / "echo.py")
        name = {"name": "bench"}
        await self.app.command("app.create", {**name, "agent": agent, "stream_id": "st-bench"})
        await self.app.command("channel.set", {**name, "partner": "cloud-api", "values": values})
        await self.app.command("channel.enable", name)
        await self.app.command("app.publish", name)
        # The second app has no agent: what comes to it is taken in whole and starts no turn.
        keep = {"name": "keep"}
        await self.app.command("app.create", {**keep, "stream_id": "st-keep"})
        values = {**values, "numbers": ["106540352242923"]}
        await self.app.command("channel.set", {**keep, "partner": "cloud-api", "values": values})
        await self.app.command("channel.enable", keep)
        await self.app.command("app.publish", keep)


def main() -> None:
    kind, port, *rest = sys.argv[1:]
    if kind == "bare":
        serve(bare, int(port))
    elif kind == "loop":
        serve(Loop(int(rest[0])), int(port))
    else:
        from dragoman.web.one_write import OneWrite

        serve(Prepared(int(port), int(rest[0]), Path(rest[1]), *rest[2:]), int(port), OneWrite)


if __name__ == "__main__":
    main()
