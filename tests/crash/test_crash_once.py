"""The same message, however and whenever it comes again, is one message, one turn, one answer."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from tests.crash.crash_world import World
from tests.crash.judge import busy, judge
from tests.crash.run import prepare

from dragoman.app import Dragoman
from dragoman.domain.clock import Clock
from dragoman.emulators._cloud.wire import meta_bytes
from dragoman.settings import Settings
from dragoman.store.drivers import Tx

ASHA, OMAR = "12025550111", "12025550112"
WEEK_MS = 7 * 24 * 3_600_000


class Stage:
    """A server in this process, which shares its clock with the world around it."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self.settings = settings

    async def start(self) -> None:
        self.app = Dragoman(self.settings, clock=self.world.clock)
        config = uvicorn.Config(
            self.app, port=self.world.server_port, log_level="warning", access_log=False
        )
        self._server = uvicorn.Server(config)
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        self._server.should_exit = True
        await self._task

    async def says(self, person: str, n: int) -> bytes:
        """A person writes and is answered; gives the webhook that brought it."""
        message_id = self.world.say(person, n)
        await asyncio.wait_for(self.world.answered[message_id].wait(), 5)
        await self.quiet()
        return self.world.bodies[message_id]

    async def quiet(self) -> None:
        async with asyncio.timeout(10):
            while await self.app.store.read(self.left):
                await asyncio.sleep(0.01)

    def left(self, tx: Tx) -> bool:
        return bool(self.world.delivering or busy(tx))

    async def counts(self) -> tuple[int, int, int, int]:
        """Messages in, turns, messages out, sends that Graph got; the judge has no complaint."""
        await self.quiet()
        verdict = await self.app.store.read(lambda tx: judge(tx, self.world))
        assert verdict.wrong == []
        rows = await self.app.store.read(
            lambda tx: tx.run(
                """SELECT (SELECT count(*) FROM message WHERE direction=0),
                (SELECT count(*) FROM turn), (SELECT count(*) FROM message WHERE direction=1)"""
            )
        )
        return (*rows[0], len(self.world.calls))


@asynccontextmanager
async def staged(home: Path, database_url: str = "") -> AsyncIterator[Stage]:
    async with World(random.Random(3), Clock()).open() as world:
        stage = Stage(world, await asyncio.to_thread(prepare, home, world, database_url))
        await stage.start()
        try:
            yield stage
        finally:
            await stage.stop()


def together(*bodies: bytes) -> bytes:
    """The updates of several webhooks as one POST, all in one change."""
    values = [json.loads(b)["entry"][0]["changes"][0]["value"] for b in bodies]
    one = json.loads(bodies[0])
    value = one["entry"][0]["changes"][0]["value"]
    for key in ("contacts", "messages"):
        value[key] = [item for v in values for item in v[key]]
    return meta_bytes(one)


async def concurrently(stage: Stage, first: bytes) -> None:
    assert await asyncio.gather(*[stage.world.deliver(first) for _ in range(20)]) == [200] * 20


async def in_another_body(stage: Stage, first: bytes) -> None:
    other = await stage.says(OMAR, 1)
    assert await stage.world.deliver(together(other, first)) == 200
    assert await stage.world.deliver(together(first, other, first)) == 200
    spaced = json.dumps(json.loads(first), indent=1).encode()
    assert await stage.world.deliver(spaced) == 200


async def after_a_restart(stage: Stage, first: bytes) -> None:
    await stage.stop()
    await stage.start()
    assert await stage.world.deliver(first) == 200


async def seven_days_later(stage: Stage, first: bytes) -> None:
    stage.world.clock.move(WEEK_MS)
    assert await stage.world.deliver(first) == 200


AGAIN: list[Callable[[Stage, bytes], Awaitable[None]]] = [
    concurrently, in_another_body, after_a_restart, seven_days_later,
]  # fmt: skip


async def _comes_again(home: Path, url: str, again: Callable[[Stage, bytes], Any]) -> None:
    async with staged(home, url) as stage:
        first = await stage.says(ASHA, 1)
        await again(stage, first)
        people = 2 if again is in_another_body else 1
        assert await stage.counts() == (people,) * 4
        await stage.says(ASHA, 2)  # and the conversation goes on
        assert await stage.counts() == (people + 1,) * 4


@pytest.mark.parametrize("again", AGAIN, ids=lambda f: str(f.__name__))
async def test_it_is_one_message(tmp_path: Path, again: Callable[[Stage, bytes], Any]) -> None:
    await _comes_again(tmp_path, "", again)


@pytest.mark.full
@pytest.mark.parametrize("again", AGAIN, ids=lambda f: str(f.__name__))
async def test_it_is_one_message_on_postgresql(
    tmp_path: Path, postgres_url: str, again: Callable[[Stage, bytes], Any]
) -> None:
    await _comes_again(tmp_path, postgres_url, again)


async def test_new_messages_that_come_many_times_at_once_are_one_each(tmp_path: Path) -> None:
    """The first delivery itself is concurrent: nobody has seen it before, and one of them wins."""
    async with staged(tmp_path) as stage:
        deliver, world = stage.world.deliver, stage.world
        held: list[bytes] = []

        async def hold(body: bytes, signed: str = "") -> int:
            held.append(body)
            return 502

        world.deliver = hold  # type: ignore[method-assign]
        ids = [world.say(ASHA, 1), world.say(OMAR, 1), world.say(OMAR, 2)]
        while not all(message_id in world.bodies for message_id in ids):
            await asyncio.sleep(0.01)
        bodies = [world.bodies[message_id] for message_id in ids]
        bodies += [together(*bodies), together(bodies[1], bodies[2], bodies[1])]
        world.deliver = deliver  # type: ignore[method-assign]
        assert set(await asyncio.gather(*[deliver(b) for b in bodies * 8])) == {200}
        messages, turns, answers, sends = await stage.counts()
        assert (messages, answers, sends) == (3, 3, 3)
        assert turns in (2, 3)
