"""One line a message while the demo runs: in, out, accepted, delivered, read, with times."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import click
import msgspec

from dragoman.domain.clock import Clock, id_text
from dragoman.domain.content import decode_inbound, decode_outbound, kind_of, words_of
from dragoman.store.drivers import Tx
from dragoman.store.store import Store

from .lines import one_line

KINDS = frozenset({"message_in", "message_out", "status"})
WIDTH = 60


class Lines:
    """`hear` is told of every wake of the store; a task of its own looks names up and prints.
    `echo`: where a line goes."""

    def __init__(self, clock: Clock, echo: Callable[[str], None] = click.echo) -> None:
        self._clock = clock
        self._echo = echo
        self._queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue(10_000)
        self._task: asyncio.Task[None] | None = None
        self.enabled = False
        self.store: Store | None = None

    def hear(self, kind: str, values: list[Any]) -> None:
        if self.enabled and kind in KINDS:
            for value in values:
                with contextlib.suppress(asyncio.QueueFull):  # a flood: the log has them all
                    self._queue.put_nowait((kind, value))

    def say(self, text: str) -> None:
        self._echo(f"{_time(self._clock.now())}  · {text}")

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="lines")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            kind, value = await self._queue.get()
            with contextlib.suppress(Exception):  # a line that cannot be drawn stops nothing
                self._echo(await self._line(kind, value))

    async def _line(self, kind: str, value: Any) -> str:
        assert self.store is not None
        app_id, message_id = value[0], value[1]
        row = await self.store.read(lambda tx: _row(tx, app_id, message_id))
        name, phone, content, direction, error = row
        who = one_line(name or "") or (f"+{phone}" if phone else "someone")
        if kind == "status":
            word, when = value[2], value[3]
            why = f": {_reason(error)}" if word == "failed" and error else ""
            return f"{_time(when)}  ○ {word:<10} {who} · out-{id_text(message_id)}{why}"
        decode: Any = decode_outbound if direction else decode_inbound
        told = decode(content)
        words = one_line(words_of(told), WIDTH)
        label = "" if kind_of(told) == "text" else f"[{kind_of(told)}] "
        if direction:
            return f"{_time(value[2])}  ▲ out        {who} ← {label}{words}"
        return f"{_time(value[2])}  ▼ in         {who} → {label}{words}"


def _row(tx: Tx, app_id: int, message_id: int) -> Any:
    return tx.run(
        """SELECT c.name,c.phone,m.content,m.direction,m.error FROM message m
        JOIN contact c ON c.app_id=m.app_id AND c.id=m.contact_id
        WHERE m.app_id=? AND m.id=?""",
        (app_id, message_id),
    )[0]


def _reason(error: str) -> str:
    from dragoman.domain.sentences import Sentence, say

    told = msgspec.json.decode(error)["sentence"]
    return say(Sentence(told["id"], told.get("args", {})))


def _time(ms: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(ms / 1000)) + f".{ms % 1000:03d}"
