"""The recipients of notifications go out: a few at a time, so that answers always go first.

Whoever waits is in a table of its own. A message is made when its number has room (no hold, few
notifications under way), and takes its place in the lane then: one commit for one recipient, which
is made once. A crash before it leaves the recipient waiting, a crash after it is delivery's.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog

from dragoman.agents.contract import Outgoing
from dragoman.domain.clock import Clock, Ids
from dragoman.domain.content import encode, kind_of
from dragoman.domain.identity import Person, Phone
from dragoman.domain.sentences import Sentence, words
from dragoman.partners.registry import partner
from dragoman.store import notifications as rows
from dragoman.store.errors import Poisoned, StoreError
from dragoman.store.notifications import PRIORITY, Drop, Queue, Waiting
from dragoman.store.queries import notified
from dragoman.store.queries.notified import Job
from dragoman.store.rows import NewOutgoing
from dragoman.store.store import Store

from .apps import App, Apps, Copy
from .delivery import Delivery, waited_too_long
from .notify_request import Identity, Message
from .personal import NoMessage, Scripts, TryLater, personal
from .speaking import spoken, write_choices

log = structlog.get_logger("broadcast")

BATCH = 64
BREATH_S = 0.02  # between two looks: news of one moment is looked at together

words(
    {
        "notify_stopped": "Proactive notifications were switched off before its turn came, so it "
        "was not sent.",
        "notify_app_gone": "The app was deleted before its turn came, so it was not sent.",
        "notify_many": "On this partner it would be {n} messages, and a notification is one: "
        "shorten it, or choose another kind of message.",
        "notify_broken": "A mistake in Dragoman kept it from being sent: {error}.",
    }
)

_json = msgspec.json.Encoder()


class Broadcast:
    """limit: calls to partners in flight, of which notifications take a quarter at most. per_s:
    messages a second of one number, 0 for no limit. sweep_ms: how often missed work is looked
    for."""

    def __init__(
        self,
        store: Store,
        apps: Apps,
        clock: Clock,
        ids: Ids,
        delivery: Delivery,
        scripts: Scripts,
        *,
        limit: int,
        per_s: float,
        sweep_ms: int,
    ) -> None:
        self._store = store
        self._apps = apps
        self._clock = clock
        self._ids = ids
        self._delivery = delivery
        self._scripts = scripts
        self._most = max(1, limit // 4)
        # Half a second's messages keep a number busy; more would only wait in the outbox.
        self._most_of_one = min(self._most, max(1, math.ceil(per_s / 2))) if per_s else self._most
        self._sweep_s = sweep_ms / 1000
        self._jobs: dict[int, Job] = {}  # the few that are under way
        self._soon = asyncio.Event()
        self._left = False  # somebody waits for room
        self._task: asyncio.Task[None] | None = None

    # --- beginning -------------------------------------------------------------------------------

    def start(self) -> None:
        self._soon.set()  # for what an earlier run left
        self._task = asyncio.create_task(self._run(), name="broadcast")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def look_soon(self) -> None:
        """A request was taken (a wake of the store)."""
        self._soon.set()

    def moved(self) -> None:
        """A message changed its status (a wake of the store): there may be room."""
        if self._left:
            self._soon.set()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._sweep_s):
                    await self._soon.wait()
            self._soon.clear()
            try:
                await self.look()
            except StoreError as error:
                log.warning("broadcast_waits", why=str(error))
            except Exception:
                log.exception("broadcast_broken")
            await asyncio.sleep(BREATH_S)

    async def look(self) -> int:
        """One look at everybody who waits; how many left the waiting."""
        pairs = await self._store.read(rows.numbers)
        self._left = bool(pairs)
        if not pairs:
            self._jobs.clear()
            return 0
        moved = 0
        for app_id, number_id in pairs:
            moved += await self._number(app_id, number_id)
        if moved:
            self._soon.set()  # there may be more than one look takes
        return moved

    async def _number(self, app_id: int, number_id: int) -> int:
        """The next recipients of one number."""
        now = self._clock.now()
        waiting: list[Waiting]
        waiting, busy = await self._store.read(
            lambda tx: (rows.waiting(tx, app_id, number_id, BATCH), rows.under_way(tx))
        )
        app = self._apps.by_id.get(app_id)
        in_use, may_notify = self._allowed(app, number_id)
        why = _stopped(app, may_notify)
        if why is not None:
            return await self._submit([self._drop(w, why) for w in waiting])
        late = [w for w in waiting if w.expires <= now]
        if late:
            return await self._submit([self._drop(w, self._too_late(number_id)) for w in late])
        live = app.published if app is not None else None
        if app is None or live is None or not live.config.channel.enabled or not in_use:
            return 0  # what is queued waits, too
        units = []
        for one in waiting[: self._room(number_id, busy)]:
            unit = await self._made(app, live, one)
            if unit is not None:
                units.append(unit)
        return await self._submit(units)

    def _allowed(self, app: App | None, number_id: int) -> tuple[bool, bool]:
        """Whether a number is sent from, and may write first. What lost its settings is judged
        when it leaves."""
        number = self._apps.number_keys.get(number_id)
        settings = app.sending(number[1]) if app is not None and number is not None else None
        if number is None or settings is None:
            return True, True
        talker = partner(number[1])
        return talker.in_use(number[2], settings), talker.may_notify(number[2], settings)

    def _room(self, number_id: int, busy: Mapping[int, int]) -> int:
        """How many more may be under way. A number that is held gets one when its pause is over."""
        held = self._delivery.holds().get(number_id)
        if held is not None:
            return 1 if self._clock.now() >= held.until and not busy.get(number_id) else 0
        if not self._delivery.claimable(number_id):
            return 0
        of_one = self._most_of_one - busy.get(number_id, 0)
        return max(0, min(of_one, self._most - sum(busy.values())))

    def _too_late(self, number_id: int) -> Sentence:
        held = self._delivery.holds().get(number_id)
        return waited_too_long(held.error if held is not None else None).sentence

    async def _submit(self, units: Sequence[Queue | Drop]) -> int:
        """Write them; a poisonous one is dropped alone. How many were still waiting."""
        results = await asyncio.gather(
            *(self._store.submit(u) for u in units), return_exceptions=True
        )
        moved = 0
        for unit, result in zip(units, results, strict=True):
            if isinstance(result, Poisoned) and isinstance(unit, Queue):
                why = Sentence("notify_broken", {"error": result.sentence})
                moved += bool(await self._store.submit(self._drop(unit, why)))
            elif isinstance(result, BaseException):
                raise result
            else:
                moved += bool(result)
        return moved

    def _drop(self, one: Waiting | Queue, why: Sentence) -> Drop:
        error = _json.encode(why).decode()
        return Drop(one.app_id, one.notification_id, one.n, error, self._clock.now())

    # --- one message -----------------------------------------------------------------------------

    async def _made(self, app: App, live: Copy, one: Waiting) -> Queue | Drop | None:
        """The message of a recipient, or why there is none. None: not now."""
        try:
            return await self._message(app, live, one)
        except NoMessage as error:
            return self._drop(one, error.sentence)
        except TryLater:
            return None
        except Exception as error:  # a mistake of ours costs one recipient, never the queue
            log.exception("notification_broken", job=one.notification_id, n=one.n)
            why = Sentence("notify_broken", {"error": f"{type(error).__name__}: {error}"})
            return self._drop(one, why)

    async def _message(self, app: App, live: Copy, one: Waiting) -> Queue:
        job = await self._job(one)
        identity = msgspec.json.decode(one.given, type=Identity)
        message = msgspec.json.decode(job.body, type=Message)
        shared = live.config.channel.share_sessions
        content = await personal(self._scripts, app, message, identity, one, shared)
        number = self._apps.number_keys.get(one.number_id)
        said = spoken(content, live, number[1] if number is not None else "")
        if len(said.contents) != 1:
            raise NoMessage(Sentence("notify_many", {"n": len(said.contents)}))
        person = Person(phone=Phone(one.phone))
        sent = said.contents[0]
        refusal = self._delivery.check(live, one.number_id, person, Outgoing(sent))
        meta: dict[str, Any] = {"notification": one.notification_id, "n": one.n}
        if said.rule:
            meta["degraded"] = said.rule
        now = self._clock.now()
        return Queue(
            app_id=one.app_id,
            notification_id=one.notification_id,
            n=one.n,
            person=person,
            message=NewOutgoing(
                id=self._ids.new(),
                number_id=one.number_id,
                kind=kind_of(sent),
                content=encode(sent).decode(),
                at=now,
                expires=one.expires,
                meta=_json.encode(meta).decode(),
                priority=PRIORITY,
                error=None if refusal is None else _json.encode(refusal).decode(),
            ),
            now=now,
            shared=shared,
            choices=write_choices(said.choices),
        )

    async def _job(self, one: Waiting) -> Job:
        found = self._jobs.get(one.notification_id)
        if found is None:
            found = await self._store.read(
                lambda tx: notified.job(tx, one.app_id, one.notification_id)
            )
            assert found is not None  # written with its recipients
            self._jobs[one.notification_id] = found
            while len(self._jobs) > 8:
                self._jobs.pop(next(iter(self._jobs)))
        return found


def _stopped(app: App | None, may_notify: bool) -> Sentence | None:
    """Why nothing more of an app's notifications goes out from a number."""
    if app is None:
        return Sentence("notify_app_gone")
    live = app.published
    if live is not None and not (live.config.channel.proactive and may_notify):
        return Sentence("notify_stopped")
    return None
