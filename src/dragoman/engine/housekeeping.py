"""What the wakes may have missed, looked for once a second; and what time alone brings.

The sweep only repairs: under load everything moves by wakes. It reads before it writes, so that an
idle program does not touch its disk.
"""

from __future__ import annotations

import asyncio

import structlog

from dragoman.domain.clock import Clock, Ids
from dragoman.domain.sentences import SentenceError
from dragoman.partners.registry import partner
from dragoman.store import doubts
from dragoman.store.drivers import Row, Tx
from dragoman.store.errors import StoreError
from dragoman.store.leases import Renew, VoidLeases
from dragoman.store.outgoing import FindDoubts
from dragoman.store.store import Store

from .apps import Apps
from .delivery import Delivery
from .expiry import expire
from .media import Fetching
from .strays import Strays
from .tokens import Token, Warnings, warn
from .turns import Turns

log = structlog.get_logger("housekeeping")

DAY_MS = 86_400_000


class Housekeeping:
    """sweep_ms: how often missed work is looked for; by a moved clock it is found at once."""

    def __init__(
        self,
        store: Store,
        apps: Apps,
        turns: Turns,
        delivery: Delivery,
        media: Fetching,
        clock: Clock,
        ids: Ids,
        *,
        owner: int,
        sweep_ms: int,
        lease_ms: int,
        lane_doubt_ms: int,
        seen_days: int,
    ) -> None:
        self._store = store
        self._apps = apps
        self._turns = turns
        self._delivery = delivery
        self._media = media
        self._clock = clock
        self._ids = ids
        self._owner = owner
        self._sweep_ms = sweep_ms
        self._lease_ms = lease_ms
        self._lane_doubt_ms = lane_doubt_ms
        self._seen_days = seen_days
        self._strays = Strays(store, turns, delivery, clock, owner)
        self._warnings = Warnings()
        self._task: asyncio.Task[None] | None = None
        self._round = 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="housekeeping")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._sweep_ms / 1000)
            self._round += 1
            try:
                await self.sweep()
            except StoreError as error:
                log.warning("sweep_failed", why=str(error))
            except Exception:
                log.exception("sweep_broken")

    async def sweep(self) -> None:
        """One look at everything that may be due."""
        now = self._clock.now()
        if not self._store.is_sqlite:
            await self._share(now)
        due, waiting, doubting = await self._store.read(lambda tx: _due(tx, now))
        if due:
            await self._turns.look()
        for app_id, number_id in waiting:
            await self._delivery.look(app_id, number_id)
        if doubting:
            await self._delivery.leave_doubts()
        await self._media.sweep(now)
        if self._round % 10 == 0:
            await self._slow(now)

    async def _slow(self, now: int) -> None:
        """Every ten rounds: what waited too long, doubts by policy, other processes' changes."""
        if await self._apps.refresh():  # another process changed an app, or got a token
            await self._delivery.release()
        await self._warn(now)
        await self._strays.look()
        holds = {n: h.error for n, h in self._delivery.holds().items()}
        await expire(self._store, self._apps, now, holds)
        for app in list(self._apps.by_id.values()):
            live = app.published
            if live is not None and live.config.resend_after_ms:
                await self._resend(app.id, now - live.config.resend_after_ms, now)
        if self._round % 3600 == 0:
            await self._prune(now)

    async def _warn(self, now: int) -> None:
        """Of tokens that end soon, each warning once."""
        for app in list(self._apps.by_id.values()):
            for token, days in list(self._warnings.due(app.tokens(), now)):

                def note(
                    tx: Tx, app_id: int = app.id, token: Token = token, days: int = days
                ) -> bool:
                    return warn(tx, app_id, token, days, now)

                first = await self._store.do(note)
                label = partner(token.partner).LABEL
                self._warnings.tell(app.name, label, token, days, now, first)

    async def _resend(self, app_id: int, before: int, now: int) -> None:
        """The app's policy: send again what stayed in doubt through a silence."""
        rows = await self._store.read(lambda tx: doubts.listed(tx, before))
        for row in rows:
            if row[0] != app_id:
                continue

            def again(tx: Tx, message_id: int = row[2]) -> int | None:
                return doubts.settle(tx, self._ids, message_id, False, "policy", now)

            try:
                await self._store.do(again)
            except SentenceError as error:  # settled meanwhile; the others go on
                log.info("not_sent_again", why=str(error))

    async def _prune(self, now: int) -> None:
        """Forget what was seen long ago: never under 30 days."""
        before = now - max(self._seen_days, 30) * DAY_MS
        await self._store.do(lambda tx: tx.run("DELETE FROM seen WHERE at<?", (before,)))
        await self._store.do(lambda tx: tx.run("DELETE FROM jti WHERE at<?", (before,)))
        await self._media.tidy(now)

    async def _share(self, now: int) -> None:
        """PostgreSQL: keep what is ours, take over what a dead process had."""
        await self._store.beat(now)
        await self._store.submit(Renew(self._owner, self._lease_ms))
        numbers = await self._store.do(lambda tx: _own(tx, self._owner, self._lease_ms))
        self._delivery.own(numbers)
        if self._round % 10 == 0:
            await self._store.submit(VoidLeases(now, expired_only=True))
            await self._store.submit(
                FindDoubts(self._owner, now, now + self._lane_doubt_ms, True, 2 * self._lease_ms)
            )


def _due(tx: Tx, now: int) -> tuple[bool, list[tuple[int, int]], bool]:
    """Whether a conversation is due; the numbers with rows to send; whether a doubt may end."""
    due = bool(
        tx.run("SELECT 1 FROM conversation WHERE due_at<=? AND due_at IS NOT NULL LIMIT 1", (now,))
    )
    rows: list[Row] = tx.run(
        "SELECT DISTINCT app_id,number_id,state FROM outbox WHERE state<>1 AND not_before<=?",
        (now,),
    )
    waiting = sorted({(r[0], r[1]) for r in rows if r[2] == 0})
    return due, waiting, any(r[2] == 2 for r in rows)


def _own(tx: Tx, owner: int, ttl_ms: int) -> set[int]:
    """Become the single sender of every number that has none."""
    tx.run(
        """UPDATE number SET owner=?,
          owner_until=(extract(epoch from clock_timestamp())*1000)::bigint+?
        WHERE owner IS NULL
          OR owner_until<(extract(epoch from clock_timestamp())*1000)::bigint""",
        (owner, ttl_ms),
    )
    return {r[0] for r in tx.run("SELECT id FROM number WHERE owner=?", (owner,))}
