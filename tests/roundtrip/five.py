"""The whole product on one address: the program, every emulated partner, one phone; set up through
the partners' consoles, in each of their dialects. The agent's answers are a test's own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from dragoman.agents.contract import Turn
from dragoman.cli.emulated import STREAM_ID, Emulated
from dragoman.domain.content import Outbound
from dragoman.emulators.app import EMULATORS
from dragoman.emulators.kit import Buckets, PartnerEmulator
from dragoman.partners.registry import PARTNERS, partner
from dragoman.settings import load
from world import QUICK, stage

NEUTRAL = Path(__file__).parents[1] / "fixtures" / "neutral"
FIVE = [name for name in PARTNERS if name in EMULATORS]
ASHA = "12025550142"  # a contact of the phone

Form = tuple[str, str]  # a partner and one of its dialects
FORMS: list[Form] = [(name, dialect) for name in FIVE for dialect, _ in partner(name).DIALECTS]


def ids(form: Form) -> str:
    return "-".join(filter(None, form))


AGENT = """
from dragoman import Agent, Turn
from world import stage

agent = Agent()


@agent.otherwise
async def act(turn: Turn) -> None:
    await stage["five"](turn)
"""


def neutral(kind: str) -> Any:
    """The shared content of a kind, as an author writes it."""
    return json.loads((NEUTRAL / f"{kind}.json").read_bytes())


def content(kind: str) -> Outbound:
    """The same, typed."""
    return msgspec.convert(neutral(kind), type=Outbound)  # type: ignore[no-any-return]


class Five:
    """`emulated` is what `dragoman demo` runs."""

    def __init__(self, emulated: Emulated) -> None:
        self.emulated = emulated
        self.app = emulated.app

    @property
    def handsets(self) -> Any:
        return self.emulated.handsets

    def at(self, partner: str) -> PartnerEmulator:
        return self.emulated.emulators[partner]

    def line(self, partner: str) -> Any:
        return next(iter(self.at(partner).lines.values()))

    async def use(self, partner: str, dialect: str = "") -> None:
        """Switch the channel, as the phone's button does; and to a dialect, as a person does."""
        if self.emulated.partner != partner:
            await self.emulated.to(self.at(partner).partner)
        walks = self.at(partner).WALKS
        if dialect in walks:
            await self.emulated.set_up(partner, walks[dialect])
            await self.emulated._go_live()

    async def command(self, command: str, **args: Any) -> dict[str, Any]:
        """One command of the engine, about the app."""
        return await self.app.command(command, {"name": STREAM_ID, **args})

    async def says(self, partner: str, text: str, contact: str = "asha") -> str:
        return await self.does(partner, {"type": "text", "text": {"body": text}}, contact)

    async def does(
        self, partner: str, body: dict[str, Any], contact: str = "asha", quoted: str | None = None
    ) -> str:
        """What a person does on the phone; gives the message's id."""
        key = self.line(partner).key
        return str(await self.handsets.person_sends(key, contact, body, quoted))

    def bubbles(self, partner: str, contact: str = "asha") -> list[dict[str, Any]]:
        """What the business wrote to this person, oldest first."""
        chat = self.handsets._chats.get((self.line(partner).key, contact), [])
        return [msgspec.to_builtins(bubble) for bubble in chat if not bubble.mine]

    async def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        found = await self.app.store.read(lambda tx: tx.run(sql, params))
        return [tuple(row) for row in found]

    async def until(self, done: Callable[[], Any], seconds: float = 20.0) -> None:
        end = asyncio.get_running_loop().time() + seconds
        while True:
            result = done()
            if await result if isinstance(result, Awaitable) else result:
                return
            if asyncio.get_running_loop().time() > end:
                queries = (
                    "SELECT state,count(*) FROM outbox GROUP BY 1",
                    "SELECT outcome,error FROM attempt ORDER BY message_id DESC LIMIT 3",
                    "SELECT reason FROM refused ORDER BY id DESC LIMIT 3",
                    "SELECT reason FROM rejected ORDER BY id DESC LIMIT 3",
                )
                state = [await self.rows(query) for query in queries]
                raise AssertionError(f"not so within {seconds} s: {state}")
            await asyncio.sleep(0.005)

    async def quiet(self) -> None:
        """Until nothing waits to be answered or sent, and every bubble that will come is there."""

        async def idle() -> bool:
            """Both sides: a webhook may wait there while all is done here, and the reverse."""
            waiting = any(e.timeline.waiting for e in self.emulators)
            if self.app.turns._running or self.app.delivery._running or self.app.store.waiting:
                return False
            rows = await self.rows(
                """SELECT (SELECT count(*) FROM conversation WHERE due_at IS NOT NULL
                OR lease_owner IS NOT NULL), (SELECT count(*) FROM outbox WHERE state<>2)"""
            )
            return (
                rows == [(0, 0)]
                and not waiting
                and not any(e.timeline.waiting for e in self.emulators)
            )

        await self.until(idle)

    @property
    def emulators(self) -> list[PartnerEmulator]:
        return list(self.emulated.emulators.values())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def five(
    home: Path, act: Callable[[Turn], Awaitable[None]] | Path, **settings: Any
) -> AsyncIterator[Five]:
    """Everything, started and set up; `act` answers, or the agent of a file."""
    port = free_port()
    if isinstance(act, Path):
        agent = act
    else:
        stage["five"] = act
        agent = home / "agent.py"
        agent.write_text(AGENT)
    address = f"127.0.0.1:{port}"
    flags = {**QUICK, "http_timeout_s": 5.0, "port": port, "egress_allow": (address,), **settings}
    emulated = Emulated(load(home / "home", flags), agent, "Tea shop")
    async with answering(emulated):
        await emulated.begin()
        yield Five(emulated)


@contextlib.asynccontextmanager
async def answering(emulated: Emulated) -> AsyncIterator[None]:
    """The program and its emulators on their port, quick and without limits of rate; nothing is
    set up yet."""
    for emulator in emulated.emulators.values():
        emulator.number_rate, emulator.pair_rate = Buckets(0, 1), Buckets(0, 1)
        emulator.config.delays.sent_ms, emulator.config.delays.delivered_ms = 2, 4
        emulator.config.delays.failed_ms = 5
    await emulated.app.start()
    config = uvicorn.Config(
        emulated.app, host="127.0.0.1", port=emulated.settings.port, log_level="error",
        access_log=False, lifespan="off", timeout_graceful_shutdown=1, proxy_headers=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            assert not task.done(), "uvicorn did not start"
            await asyncio.sleep(0.005)
        yield
    finally:
        emulated.stop_holding()
        emulated.handsets.end_streams()
        server.should_exit = True
        await task
        await emulated.app.stop()


__all__ = [
    "ASHA",
    "FIVE",
    "FORMS",
    "STREAM_ID",
    "Five",
    "Form",
    "answering",
    "content",
    "five",
    "free_port",
    "ids",
    "neutral",
]
