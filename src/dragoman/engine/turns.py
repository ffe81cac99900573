"""Turns: lease a conversation, let its agent answer, commit everything at once.

A turn that crashes is tried again, with pauses; after `tries` attempts it is parked and shown. A
turn that has flushed is never run again: found open, it ends as interrupted.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from dragoman.agents.contract import Agent, Outgoing
from dragoman.domain.clock import Clock, Ids
from dragoman.domain.errors import SendError
from dragoman.domain.identity import Person
from dragoman.domain.retry import pause
from dragoman.domain.sentences import Sentence
from dragoman.store.errors import StoreClosed, StoreError, Unavailable
from dragoman.store.leases import Claim, Release
from dragoman.store.rows import Lease, Waiting
from dragoman.store.store import Store
from dragoman.store.writer import Unit

from .apps import App, Apps, Copy
from .files import Files
from .run import Run

log = structlog.get_logger("turns")


class Turns:
    """agent_for(app, copy): its brain. check(copy, number id, contact, outgoing): why it can never
    be sent, or None. claimable(number id): whether its lane may be sent at once. signal: typing
    and read receipts. raw(app id, message): the partner's own JSON. files: what people sent, and
    what an agent keeps to send."""

    def __init__(
        self,
        store: Store,
        apps: Apps,
        clock: Clock,
        ids: Ids,
        *,
        owner: int,
        lease_ms: int,
        limit: int,
        tries: int,
        timeout_s: float,
        retry_base_ms: int,
        agent_for: Callable[[App, Copy], Awaitable[Agent]],
        check: Callable[[Copy, int, Person, Outgoing], SendError | None],
        claimable: Callable[[int], bool],
        signal: Callable[[Copy, int, Person, str, bool], None],
        raw: Callable[[int, Waiting], Awaitable[Any]],
        files: Files | None = None,
        http: Any = None,
        assets_url: str = "",
        count: Callable[[str, float], None] | None = None,
    ) -> None:
        self._store = store
        self._apps = apps
        self._clock = clock
        self._ids = ids
        self._owner = owner
        self._lease_ms = lease_ms
        self._limit = limit
        self._tries = tries
        self._timeout_s = timeout_s
        self._retry_base_ms = retry_base_ms
        self._agent_for = agent_for
        self._check = check
        self._claimable = claimable
        self._signal = signal
        self._raw = raw
        self._files = files
        self._http = http
        self._assets_url = assets_url
        self._count = count or (lambda outcome, seconds: None)
        self._running: dict[int, asyncio.Task[None]] = {}
        self._stopping = False
        self._behind = False  # something is due that found no room

    # --- beginning -------------------------------------------------------------------------------

    def room(self) -> bool:
        """Whether another turn may begin now."""
        if self._stopping or len(self._running) >= self._limit:
            self._behind = not self._stopping
            return False
        return True

    def start(self, leases: list[Lease]) -> None:
        """Begin a turn for each lease (a wake of the store)."""
        for lease in leases:
            task = asyncio.create_task(self._guard(lease), name=f"turn-{lease.conversation_id}")
            self._running[lease.conversation_id] = task

    def has(self, conversation_id: int) -> bool:
        """Whether a turn of this conversation runs here."""
        return conversation_id in self._running

    async def look(self) -> int:
        """Lease what is due and begin it; how many that were."""
        free = self._limit - len(self._running)
        if self._stopping or free <= 0:
            return 0
        wanted = min(free, 64)
        leases: list[Lease] = await self._store.submit(
            Claim(self._owner, self._lease_ms, self._clock.now(), wanted)
        )
        self._behind = len(leases) == wanted  # there may be more than one claim takes
        self.start(leases)
        return len(leases)

    async def stop(self, grace_s: float) -> None:
        """Let running turns end; give back the leases of those that do not within the grace."""
        self._stopping = True
        tasks = list(self._running.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=5)

    # --- one turn --------------------------------------------------------------------------------

    async def _guard(self, lease: Lease) -> None:
        try:
            await self._turn(lease)
        except asyncio.CancelledError:
            await self._give_back(lease)
        except StoreError as error:
            log.error("turn_not_kept", conversation=lease.conversation_id, why=str(error))
            await self._give_back(lease)
        except Exception:
            log.exception("turn_broken", conversation=lease.conversation_id)
            await self._give_back(lease)
        finally:
            if self._running.get(lease.conversation_id) is asyncio.current_task():
                del self._running[lease.conversation_id]  # else its next turn began meanwhile
            if self._behind and not self._stopping:
                self._behind = False
                task = asyncio.create_task(self._catch_up())
                task.add_done_callback(lambda _: None)

    async def _catch_up(self) -> None:
        try:
            await self.look()
        except StoreError as error:
            log.warning("turns_behind", why=str(error))

    async def _give_back(self, lease: Lease) -> None:
        unit = Release(
            lease.app_id, lease.conversation_id, lease.token, self._clock.now() + 1_000,
            keep_tries=not self._stopping,
        )  # fmt: skip
        try:
            await asyncio.shield(self._keep(unit))
        except StoreError as error:  # the next start, or the lease's end, frees it
            log.error("lease_not_given_back", conversation=lease.conversation_id, why=str(error))

    async def _keep(self, unit: Unit) -> Any:
        """Write the end of a turn, however long the disk is full or the database away: the agent
        has done its work and is not asked twice. The lease's token keeps this from being late."""
        pause = 0.05
        while True:
            try:
                return await self._store.submit(unit)
            except StoreClosed:
                raise
            except Unavailable as error:
                log.warning("turn_kept_later", why=str(error))
                await asyncio.sleep(pause)
                pause = min(2 * pause, 2.0)

    async def _turn(self, lease: Lease) -> None:
        run = Run(self, lease)
        try:
            await self._attempt(run, lease)
        finally:
            run.turn = None  # it knows the run's methods: apart, both go without the collector

    async def _attempt(self, run: Run, lease: Lease) -> None:
        app = self._apps.by_id.get(lease.app_id)
        if lease.open_turn:
            await run.interrupted(app)
        elif not lease.messages:
            await run.commit("nothing", (), answer=2)
        elif app is None or app.published is None or not app.published.config.channel.enabled:
            why = "not_published" if app is None or app.published is None else "channel_disabled"
            await run.commit("not answered", (), answer=2, why=Sentence(why))
        elif lease.tries > self._tries:
            await run.park(app.published)
        else:
            await run.answer(app, app.published)

    def retry_at(self, tries: int) -> int:
        return self._clock.now() + pause(tries, self._retry_base_ms, 60_000, random.random())
