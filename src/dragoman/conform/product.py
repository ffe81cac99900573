"""The whole product on one address of this machine, as the demo runs it: the program, every
emulated partner, set up through the partners' consoles. Only its pauses are shorter."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import structlog
import uvicorn

from dragoman.app import Dragoman
from dragoman.cli.emulated import STREAM_ID, Emulated
from dragoman.emulators.kit import Buckets, PartnerEmulator
from dragoman.observe import setup_logs
from dragoman.settings import load

AGENT = Path(__file__).with_name("agent.py")
CALL_S = 2.0  # how long a call to a partner may take here
# The rules are the same, only sooner.
QUICK: dict[str, Any] = {
    "sweep_ms": 20,
    "retry_base_ms": 10,
    "retry_cap_ms": 40,
    "lane_hold_ms": 60_000,
    "doubt_lane_hold_ms": 100,
    "http_timeout_s": CALL_S,
    "rate_per_number": 0,
    "pair_rate": False,
    "stop_grace_s": 1.0,
    "script_processes": 1,
    "log_level": "debug",
}
WAIT_S = 60.0
POLL_S = 0.005


class Logs(io.StringIO):
    """A stream that keeps what is written, from whichever thread."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def write(self, text: str) -> int:
        self.written.append(text)
        return len(text)


class NotSo(Exception):
    """What was waited for did not come."""


class Product:
    """`home`: a folder that nothing else uses. Started, stopped, and started again on what the
    last run left there. `logs`: every line of all runs, as they were written."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.logs = Logs()
        self.port = _free_port()
        self._closed = _bound()  # and never listened on: it refuses connections, and stays ours
        self.closed_port = int(self._closed.getsockname()[1])
        self.said: list[str] = []
        # What checks made and nothing may show: secrets, and tokens signed with them.
        self.secrets: set[str] = set()
        self.tokens: set[str] = set()
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._offset_ms = 0
        self.emulated = self._build()

    def _build(self) -> Emulated:
        allowed = (f"127.0.0.1:{self.port}", f"127.0.0.1:{self.closed_port}")
        settings = load(self.home, {**QUICK, "port": self.port, "egress_allow": allowed})
        made = Emulated(settings, AGENT, "Conformance", self.said.append)
        made.clock.move(self._offset_ms)
        for emulator in made.emulators.values():
            emulator.number_rate, emulator.pair_rate = Buckets(0, 1), Buckets(0, 1)
            delays = emulator.config.delays
            for name in delays.__struct_fields__:
                setattr(delays, name, 5)
            delays.sent_ms, delays.delivered_ms = 2, 4
            emulator.config.batching.within_ms = 5
            emulator.config.retry_ms = (20,) * 50
        return made

    @property
    def app(self) -> Dragoman:
        return self.emulated.app

    async def start(self) -> None:
        setup_logs(self.app.redactor, level="debug", stream=self.logs)
        await self.app.start()
        config = uvicorn.Config(
            self.app, host="127.0.0.1", port=self.port, log_config=None, access_log=False,
            lifespan="off", timeout_graceful_shutdown=1, proxy_headers=False,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve())
        await self.until(lambda: self._server is None or self._server.started, "the server to open")
        await self.emulated.begin()
        # Calls that tell nothing of a message would take faults that are meant for sends.
        await self.use(self.emulated.partner)

    async def stop(self) -> None:
        self._offset_ms = self.emulated.clock.offset_ms
        self.emulated.stop_holding()
        self.emulated.handsets.end_streams()
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
            await self.app.stop()
        self._server = self._serving = None

    async def end(self) -> None:
        """Stop for good."""
        try:
            await self.stop()
        finally:
            self._closed.close()

    async def again(self) -> None:
        """Stop the program and start it anew on the same home."""
        await self.stop()
        self.emulated = self._build()
        await self.start()

    async def use(self, partner: str, way: str = "") -> None:
        """Let the channel be with this partner; `way`: one of the emulator's WALKS."""
        emulator = self.emulated.emulators[partner]
        if way:
            await self.emulated.set_up(partner, emulator.WALKS[way])
        await self.change(partner=partner, switches={"typing": False, "read_receipts": False})

    async def change(self, **settings: Any) -> dict[str, Any]:
        """Set the channel and publish it; what `channel.set` tells."""
        done = await self.command("channel.set", **settings)
        app = self.app.apps.by_stream[STREAM_ID]
        if app.published is None or app.published.config != app.draft.config:
            await self.command("app.publish")
        return done

    async def command(self, command: str, /, **args: Any) -> dict[str, Any]:
        return await self.app.command(command, {"name": STREAM_ID, "who": "conform", **args})

    async def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        found = await self.app.store.read(lambda tx: tx.run(sql, params))
        return [tuple(row) for row in found]

    async def until(self, done: Callable[[], Any], what: str, seconds: float = WAIT_S) -> None:
        """Wait until `done` gives, or its coroutine ends in, something true. Raises NotSo."""
        end = asyncio.get_running_loop().time() + seconds
        while True:
            result = done()
            if await result if isinstance(result, Awaitable) else result:
                return
            if asyncio.get_running_loop().time() > end:
                raise NotSo(f"waited {seconds:g} s for {what}")
            await asyncio.sleep(POLL_S)

    async def quiet(self, seconds: float = WAIT_S) -> None:
        """Until nothing waits to be told, answered or sent, on both sides: what the emulators tell
        is looked at before and after, because a message is on one side or on the other."""

        async def idle() -> bool:
            if self.app.store.waiting or any(e.timeline.waiting for e in self.emulators):
                return False
            rows = await self.rows(
                """SELECT (SELECT count(*) FROM conversation WHERE due_at IS NOT NULL
                OR lease_owner IS NOT NULL), (SELECT count(*) FROM outbox WHERE state<>2)"""
            )
            return rows == [(0, 0)] and not any(e.timeline.waiting for e in self.emulators)

        await self.until(idle, "both sides to have nothing more to do", seconds)

    @property
    def emulators(self) -> list[PartnerEmulator]:
        return list(self.emulated.emulators.values())


@contextlib.contextmanager
def logs_restored() -> Iterator[None]:
    """What the kit does to the process's logging is undone afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configured, before = structlog.is_configured(), structlog.get_config()
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        if configured:
            structlog.configure(**before)
        else:
            structlog.reset_defaults()


def _bound() -> socket.socket:
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    return made


def _free_port() -> int:
    with _bound() as probe:
        return int(probe.getsockname()[1])
