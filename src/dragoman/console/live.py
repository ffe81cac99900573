"""Pages that change while they are looked at: server-sent events of what happens to messages.

A stream looks into the database when a commit woke it, twice a second at most, and every few
seconds besides: what another process did wakes nobody here. It ends after some minutes and the
browser asks again, so that whoever was signed out meanwhile sees nothing more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import msgspec
from litestar.response import Stream

from dragoman.engine.follow import Follower
from dragoman.store.drivers import Tx
from dragoman.store.queries.messages import Filter, Line
from dragoman.store.queries.others import Other

from .house import House
from .render import HEADERS

KINDS = frozenset({"message_in", "message_out", "status"})
EVERY_S = 0.5
REPAIR_S = 3.0
LONGEST_S = 300.0
WATCHED = 100

Event = dict[str, Any]
Shown = Callable[[Tx], Iterable[Line]]  # what the page shows, whose changes are waited for


class Heard:
    """What a follower told since the last look. Lines by id, the last word counts."""

    def __init__(self) -> None:
        self.new: dict[int, Line] = {}
        self.changed: dict[int, Line] = {}
        self.others: list[Other] = []

    def message(self, line: Line) -> None:
        self.new[line.id] = line

    def change(self, line: Line, at: int) -> None:
        self.changed[line.id] = line

    def other(self, other: Other) -> None:
        self.others.append(other)


class _Ear:
    """`woken` is set when something of an app was committed, `over` when the program stops."""

    def __init__(self, app_id: int) -> None:
        self._app_id = app_id
        self._loop = asyncio.get_running_loop()
        self.woken = asyncio.Event()
        self.over = False

    def __call__(self, kind: str, values: list[Any]) -> None:
        if kind == "let go":
            self.over = True
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self.woken.set)
        elif kind in KINDS and any(value[0] == self._app_id for value in values):
            self.woken.set()

    async def wait(self) -> None:
        """Until it is worth looking again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REPAIR_S):
                await self.woken.wait()
        self.woken.clear()


def stream(
    house: House, wanted: Filter, shown: Shown, tell: Callable[[Heard], Iterable[Event]],
    *, others: bool = False,
) -> Stream:  # fmt: skip
    """A response that goes on. `wanted` names one app. `tell`: the events of what was heard."""
    events = _events(house, wanted, shown, tell, others)
    headers = {**HEADERS, "X-Accel-Buffering": "no"}
    return Stream(events, media_type="text/event-stream", headers=headers)


async def _events(
    house: House, wanted: Filter, shown: Shown, tell: Callable[[Heard], Iterable[Event]],
    others: bool,
) -> AsyncIterator[bytes]:  # fmt: skip
    assert wanted.app_id is not None
    loop = asyncio.get_running_loop()
    ear, heard, end = _Ear(wanted.app_id), Heard(), loop.time() + LONGEST_S
    stop = house.hear(ear)
    try:
        yield b"retry: 1000\n\n"

        def begin(tx: Tx) -> tuple[Follower, list[Line]]:
            follower = Follower(tx, wanted, heard, others=others, watched=WATCHED)
            lines = list(shown(tx))
            follower.shown(lines)
            return follower, lines

        follower, lines = await house.store.read(begin)
        heard.changed = {line.id: line for line in lines}  # what changed before we listened
        while not ear.over and loop.time() < end:
            for event in tell(heard):
                yield b"data: " + msgspec.json.encode(event) + b"\n\n"
            heard.new, heard.changed, heard.others = {}, {}, []
            await asyncio.sleep(EVERY_S)
            await ear.wait()
            now = house.clock.now()
            await house.store.read(lambda tx, now=now: follower.look(tx, now))  # type: ignore[misc]
            yield b": \n\n"  # finds out whether anybody still reads
    finally:
        stop()
