"""Reports that are fetched instead of awaited, where a channel switched that on.

Reading takes them away at the partner, so one process asks for each account: whoever sends for the
account's numbers. What was read goes through intake like a webhook, and is held here until it is
kept: nobody would tell it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from dragoman.domain.sentences import say
from dragoman.domain.wire import HttpCall
from dragoman.egress import Egress
from dragoman.partners.contract import Partner, Probe
from dragoman.partners.registry import partner
from dragoman.store.errors import StoreError

from .apps import App, Apps, Copy
from .intake import Intake

log = structlog.get_logger("pulling")

AT_ONCE = 20  # readings of one account in a row, while they are full
KEEP_PAUSE_S = 1.0


class Pulling:
    """every_s: pause between two readings of an account. ours: whether this process sends for a
    number, and so reads for it."""

    def __init__(
        self,
        apps: Apps,
        intake: Intake,
        egress: Egress,
        *,
        every_s: float,
        timeout_s: float,
        ours: Callable[[int], bool],
    ) -> None:
        self._apps = apps
        self._intake = intake
        self._egress = egress
        self._every_s = every_s
        self._timeout_s = timeout_s
        self._ours = ours
        self._told: dict[tuple[int, str], str] = {}  # what was last said of an account
        self._keeping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="pulling")

    async def stop(self, grace_s: float) -> None:
        """Ask for nothing more; what was read is kept first, while the time lasts."""
        if self._task is None:
            return
        end = asyncio.get_running_loop().time() + grace_s
        while self._keeping and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.01)
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.look()
            except Exception:
                log.exception("pulling_broken")

    async def look(self) -> None:
        """Read each account once, or until it has no more."""
        for app in list(self._apps.by_id.values()):
            live = app.published
            name = live.config.channel.partner if live is not None else ""
            if live is None or not live.config.channel.enabled or name not in live.settings:
                continue
            talker = partner(name)
            if not self._mine(app, live, talker):
                continue
            for pull in talker.pulls(live.settings[name]):
                await self._account(app, live, talker, pull)

    def _mine(self, app: App, live: Copy, talker: Partner) -> bool:
        """A channel is read by whoever sends for its first number; by anybody while none is
        known, for then nothing was sent that could be reported."""
        ids = [self._apps.number_id(app.id, talker.NAME, key) for key in sorted(live.numbers())]
        known = [number_id for number_id in ids if number_id is not None]
        return bool(known) and self._ours(known[0])

    async def _account(self, app: App, live: Copy, talker: Partner, pull: Probe) -> None:
        for _ in range(AT_ONCE):
            body = await self._read(app, talker, pull)
            if not body:
                return
            await self._keep(app, live, talker, pull.call, body)

    async def _read(self, app: App, talker: Partner, pull: Probe) -> bytes:
        reply = await self._egress.call(pull.call, timeout_s=self._timeout_s)
        found = talker.read_pull(reply)
        said = "" if isinstance(found, bytes) else say(found.sentence)
        if said != self._told.get((app.id, pull.about), ""):
            self._told[(app.id, pull.about)] = said
            if said:
                log.warning("pull_failed", app=app.name, account=pull.about, why=said)
        return found if isinstance(found, bytes) else b""

    async def _keep(
        self, app: App, live: Copy, talker: Partner, call: HttpCall, body: bytes
    ) -> None:
        """However long the disk is full or the database away: nobody tells it a second time."""
        self._keeping = True
        try:
            while True:
                try:
                    await self._intake.pulled(app, live, talker, call.url, body)
                    return
                except StoreError as error:
                    log.error("pull_not_kept", app=app.name, why=str(error))
                    await asyncio.sleep(KEEP_PAUSE_S)
        finally:
            self._keeping = False
