"""Delivery: one call for one message, in order, paced, and told apart by how it ended.

Window and consent are judged here, when the message leaves. A refusal that concerns the number, the
account or the token holds that number's queue instead of failing the message; a doubt is never
repeated by itself. What was settled is committed together with the claim of the lane's next row.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from dragoman.agents.contract import Outgoing
from dragoman.domain.clock import Clock, id_text
from dragoman.domain.content import (
    Outbound,
    Raw,
    Template,
    Text,
    decode_outbound,
)
from dragoman.domain.errors import NOT_AGREED, Code, Concerns, SendError
from dragoman.domain.identity import Person
from dragoman.domain.retry import Limits, Then, decide
from dragoman.domain.sentences import Sentence, say, words
from dragoman.domain.wire import HttpCall, NoReply, Reply
from dragoman.egress import Egress, as_kept
from dragoman.partners.contract import OutboundMessage, Sent, Unsupported
from dragoman.partners.registry import partner
from dragoman.store.errors import StoreClosed, StoreError, Unavailable
from dragoman.store.outgoing import ClaimReady, Hold, LeaveDoubts, Settle, Unclaim
from dragoman.store.rows import Claimed
from dragoman.store.store import Store
from dragoman.store.writer import Unit

from .apps import Apps, Copy
from .pacing import Pace
from .preparing import Preparing
from .references import our_reference

log = structlog.get_logger("delivery")

LONGEST_PAUSE_S = 0.25  # a longer pause of the pace is waited out unclaimed

_json = msgspec.json.Encoder()

words(
    {
        "window_closed": "The 24-hour window of this contact is closed, so only a template may be "
        "sent. Send a template, or wait until the contact writes.",
        "waited_too_long": "It waited longer than a day and was not sent any more. Last reason: "
        "{reason}",
        "no_settings": "The published channel has no settings for {partner}, so it cannot be sent. "
        "Set the channel up and publish.",
        "no_recipient": "The contact has neither a phone number nor a user id to send to.",
        "channel_off": "The published channel is switched off, so what is queued waits: enable the "
        "channel and publish, before its time is over.",
        "account_off": "The account of this number is switched off in the published channel, so "
        "what is queued waits: switch the account on and publish, before its time is over.",
        "not_in_time": "it could not be sent in time",
        "hold": "Sending from {number} waits: {reason}",
        "send_broken": "A mistake in Dragoman kept this message from being sent: {error}. Please "
        "report it with the output of dragoman why.",
    }
)


class Held(msgspec.Struct):
    """A number whose queue waits. Times by the business clock."""

    since: int
    until: int
    tries: int
    error: SendError


class Delivery:
    """limit: calls in flight. lane_doubt_ms: how long a doubt holds its lane. prepare: what must be
    done before a message may leave."""

    def __init__(
        self,
        store: Store,
        apps: Apps,
        egress: Egress,
        clock: Clock,
        *,
        owner: int,
        limit: int,
        limits: Limits,
        pace: Pace,
        lane_doubt_ms: int = 30_000,
        hold_max_ms: int = 86_400_000,
        timeout_s: float = 10.0,
        prepare: Preparing | None = None,
        count: Callable[[str, str, float], None] | None = None,
    ) -> None:
        self._prepare = prepare or Preparing()
        self._store = store
        self._apps = apps
        self._egress = egress
        self._clock = clock
        self._owner = owner
        self._limit = limit
        self._limits = limits
        self._pace = pace
        self._lane_doubt_ms = lane_doubt_ms
        self._hold_max_ms = hold_max_ms
        self._timeout_s = timeout_s
        self._count = count or (lambda partner, outcome, seconds: None)
        self._running: dict[int, asyncio.Task[None]] = {}
        self._pausing: set[int] = set()  # message ids that wait for their pace
        self._calling: set[int] = set()  # message ids whose call has begun
        self._unkept: set[int] = set()  # message ids whose end could not be written
        self._side: set[asyncio.Task[None]] = set()
        self._held: dict[int, Held] = {}
        self._owned: set[int] | None = None  # None: every number is ours (SQLite)
        self._looking: set[tuple[int, int]] = set()
        self._behind: set[tuple[int, int]] = set()  # numbers with rows that found no room
        self._stopping = False

    # --- beginning -------------------------------------------------------------------------------

    def claimable(self, number_id: int) -> bool:
        """Whether the head of a lane on this number may be claimed at once."""
        return (
            not self._stopping
            and number_id not in self._held
            and len(self._running) < self._limit
            and (self._owned is None or number_id in self._owned)
        )

    def start(self, rows: list[Claimed]) -> None:
        """Send claimed rows (a wake of the store)."""
        if self._stopping:  # claimed in the last commits: nothing was called, so nothing is lost
            self._aside(self._unclaim(rows))
            return
        for row in rows:
            task = asyncio.create_task(self._guard(row), name=f"send-{row.message_id}")
            self._running[row.message_id] = task

    def look_soon(self, pairs: list[tuple[int, int]]) -> None:
        """Rows of these numbers wait unclaimed (a wake of the store)."""
        for pair in set(pairs) - self._looking:
            if self.claimable(pair[1]):
                self._looking.add(pair)
                self._aside(self._look_once(pair))
            elif pair[1] not in self._held:
                self._behind.add(pair)

    async def _look_once(self, pair: tuple[int, int]) -> None:
        self._looking.discard(pair)
        await self._look_quietly(*pair)

    async def look(self, app_id: int, number_id: int) -> int:
        """Claim what may be sent for a number and send it; how many that were. A held number gets
        one try when its pause is over."""
        held = self._held.get(number_id)
        free = self._limit - len(self._running)
        if held is not None:
            if self._clock.now() < held.until:
                return 0
            free = min(free, 1)
        elif not self.claimable(number_id):
            return 0
        if self._stopping or free <= 0:
            return 0
        wanted = min(free, 64)
        rows: list[Claimed] = await self._store.submit(
            ClaimReady(app_id, number_id, self._owner, self._clock.now(), wanted)
        )
        self.start(rows)
        if len(rows) == wanted:  # there may be more than one claim takes
            self.look_soon([(app_id, number_id)])
        return len(rows)

    async def leave_doubts(self) -> None:
        """Let lanes go on whose doubt has held them long enough."""
        for pair in await self._store.submit(LeaveDoubts(self._clock.now())):
            await self.look(*pair)

    def has(self, message_id: int) -> bool:
        """Whether this message is in our hands, or may have been called and is a doubt."""
        return message_id in self._running or message_id in self._unkept

    def owns(self, number_id: int) -> bool:
        """Whether this process is the one that sends for a number."""
        return self._owned is None or number_id in self._owned

    def own(self, numbers: set[int]) -> None:
        """The numbers that this process sends for (PostgreSQL)."""
        self._owned = numbers

    def restore_holds(self, rows: list[tuple[int, int, int, int, str]]) -> None:
        """Holds of an earlier run: number, since, until, tries, error."""
        for number_id, since, until, tries, error in rows:
            self._held[number_id] = Held(
                since, until, tries, msgspec.json.decode(error, type=SendError)
            )

    def holds(self) -> dict[int, Held]:
        return dict(self._held)

    async def stop(self, grace_s: float) -> None:
        """Let calls end and be stored; give back rows whose call has not begun."""
        self._stopping = True
        loop = asyncio.get_running_loop()
        end = loop.time() + grace_s + self._timeout_s
        for message_id in self._pausing:
            self._running[message_id].cancel()
        while (tasks := [*self._running.values(), *self._side]) and loop.time() < end:
            await asyncio.wait(tasks, timeout=end - loop.time())
        # An upload may take longer than a send; it is made again, and leaves no doubt.
        preparing = [task for id, task in self._running.items() if id not in self._calling]
        for task in preparing:
            task.cancel()
        if preparing:
            await asyncio.wait(preparing, timeout=5)

    # --- one call --------------------------------------------------------------------------------

    async def _guard(self, row: Claimed) -> None:
        try:
            await self._send(row)
        except asyncio.CancelledError:
            if row.message_id not in self._calling:
                await asyncio.shield(self._unclaim([row]))
        except StoreClosed as error:  # found as *sending* at the next start, and then in doubt
            log.error("send_not_kept", message=id_text(row.message_id), why=str(error))
        except Exception as error:
            log.exception("send_broken", message=id_text(row.message_id))
            await self._set_aside(row, error)
        finally:
            self._running.pop(row.message_id, None)
            self._calling.discard(row.message_id)
            if self._behind and len(self._running) <= self._limit // 2:
                behind, self._behind = self._behind, set()
                self.look_soon(list(behind))

    async def _unclaim(self, rows: list[Claimed]) -> None:
        for row in rows:
            try:
                await self._keep(Unclaim(row, row.created))
            except StoreError as error:
                log.error("send_not_given_back", message=id_text(row.message_id), why=str(error))

    async def _set_aside(self, row: Claimed, error: Exception) -> None:
        """A mistake of ours must not hold the lane: the message fails, or is in doubt once its
        call has begun."""
        now = self._clock.now()
        called = row.message_id in self._calling
        args = {"error": f"{type(error).__name__}: {error}"}
        problem = SendError(
            Code.IN_DOUBT if called else Code.UNKNOWN, Sentence("send_broken", args),
            ambiguous=called,
        )  # fmt: skip
        unit = Settle(
            row, "in doubt" if called else "failed", now, "{}", "{}",
            error=_json.encode(problem).decode(), not_before=now + self._lane_doubt_ms,
            owner=self._next_owner(row),
        )  # fmt: skip
        try:
            await self._keep(unit)
        except StoreError as lost:
            self._unkept.add(row.message_id)
            log.error("send_not_kept", message=id_text(row.message_id), why=str(lost))

    async def _keep(self, unit: Unit) -> None:
        """Write what is known of a call, however long the disk is full or the database away: a
        call that ended must not become a doubt. Raises StoreClosed, or what is wrong with it."""
        pause = 0.05
        while True:
            try:
                await self._store.submit(unit)
                return
            except StoreClosed:
                raise
            except Unavailable as error:
                log.warning("send_kept_later", why=str(error))
                await asyncio.sleep(pause)
                pause = min(2 * pause, 2.0)

    async def _send(self, row: Claimed) -> None:
        settings = self._settings(row)
        content = decode_outbound(row.content)
        refusal = self._judge(row, content, settings)
        wait = 0.0
        if refusal is None:
            now = asyncio.get_running_loop().time()
            wait = self._pace.wait(row.number_id, row.contact_id, now, nobody_waits=row.notifies)
        if wait > LONGEST_PAUSE_S:
            self._pace.give_back(row.number_id, row.contact_id)
            await self._put_back(row, int(wait * 1000))
            return
        if wait > 0:
            await self._pause(row, wait)
            settings = self._settings(row)
            refusal = self._judge(row, content, settings)
        if refusal is not None:
            await self._settle(row, None, None, refusal)
            return
        ready = await self._prepare(row, content, settings)
        talker = partner(row.partner)
        if ready.refusal is not None:
            await self._settle(row, None, None, ready.refusal, ready.steps)
            return
        call = talker.render(_message(row, ready.content), settings)
        if isinstance(call, Unsupported):
            await self._settle(row, None, None, _unsupported(call), ready.steps)
            return
        if self._stopping:
            await self._unclaim([row])
            return
        self._calling.add(row.message_id)
        began = asyncio.get_running_loop().time()
        reply = await self._egress.call(call, timeout_s=self._timeout_s)
        result = talker.read(call, reply)
        self._count(row.partner, _outcome(result), asyncio.get_running_loop().time() - began)
        await self._settle(row, call, reply, result, ready.steps)

    async def _pause(self, row: Claimed, seconds: float) -> None:
        self._pausing.add(row.message_id)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._pausing.discard(row.message_id)

    async def _put_back(self, row: Claimed, wait_ms: int) -> None:
        """It may not leave for a while: a row that waits *claimed* would be in doubt after a crash,
        although nothing was sent."""
        await self._keep(Unclaim(row, self._clock.now() + wait_ms))
        self._later(wait_ms, row)

    def _settings(self, row: Claimed) -> Any | None:
        app = self._apps.by_id.get(row.app_id)
        return app.sending(row.partner) if app is not None else None

    def _switched_on(self, row: Claimed) -> bool:
        """Whether the published channel is on; after a switch of partner it is on for both."""
        app = self._apps.by_id.get(row.app_id)
        return app is None or app.published is None or app.published.config.channel.enabled

    def _judge(self, row: Claimed, content: Outbound, settings: Any | None) -> SendError | None:
        """Why this must not be sent now, judged at the last moment."""
        now = self._clock.now()
        if settings is None:
            return SendError(
                Code.INVALID, Sentence("no_settings", {"partner": row.partner}),
                concerns=Concerns.NUMBER,
            )  # fmt: skip
        if row.recipient is None:
            return SendError(Code.INVALID, Sentence("no_recipient"))
        if now >= row.expires:
            held = self._held.get(row.number_id)
            return waited_too_long(held.error if held is not None else None)
        if not self._switched_on(row):
            off = Sentence("channel_off")
            return SendError(Code.UNAVAILABLE, off, concerns=Concerns.NUMBER)
        if not partner(row.partner).in_use(row.number_key, settings):
            off = Sentence("account_off")
            return SendError(Code.UNAVAILABLE, off, concerns=Concerns.NUMBER)
        app = self._apps.by_id.get(row.app_id)
        waits = app.unauthorized(row.partner, now) if app is not None else None
        if waits is not None:
            return waits
        if now >= row.window_until and needs_window(content, row.partner, settings):
            return SendError(
                Code.WINDOW_CLOSED, Sentence("window_closed"), concerns=Concerns.CONTACT
            )
        return None

    async def _settle(
        self,
        row: Claimed,
        call: HttpCall | None,
        reply: Reply | NoReply | None,
        result: Sent | SendError,
        steps: tuple[dict[str, Any], ...] = (),
    ) -> None:
        now = self._clock.now()
        beside: dict[str, Any] = {"before": steps} if steps else {}
        if call is None or reply is None:
            texts = (_json.encode(beside).decode(), "{}")
        else:
            if row.window_until:  # as it was judged: later messages move it
                beside["window_until"] = row.window_until
            texts = as_kept(call, reply, beside)
        if isinstance(result, Sent):
            await self._free(row)
            alias = result.recipient if _is_alias(row, result.recipient) else None
            unit = Settle(row, "sent", now, *texts, external_id=result.external_id, alias=alias,
                          owner=self._next_owner(row))  # fmt: skip
            await self._keep(unit)
            return
        await self._settle_error(row, now, texts, result)

    async def _settle_error(
        self, row: Claimed, now: int, texts: tuple[str, str], error: SendError
    ) -> None:
        decision = decide(error, row.attempt, row.spent, random.random(), self._limits)
        body = _json.encode(error).decode()
        owner = self._next_owner(row)
        if decision.then is Then.FAIL:
            closed = error.code is Code.WINDOW_CLOSED and bool(error.partner_code)
            await self._keep(
                Settle(row, "failed", now, *texts, error=body, owner=owner, window_closed=closed,
                       not_agreed=error.code in NOT_AGREED)
            )  # fmt: skip
        elif decision.then is Then.DOUBT:
            until = now + self._lane_doubt_ms
            await self._keep(Settle(row, "in doubt", now, *texts, error=body, not_before=until))
        elif decision.then is Then.HOLD:
            await self._hold(row, now, texts, error)
        else:
            spent = row.spent + decision.after_ms
            await self._keep(
                Settle(row, "retry", now, *texts, error=body, spent=spent,
                       not_before=now + decision.after_ms)
            )  # fmt: skip
            self._later(decision.after_ms, row)

    # --- holds -----------------------------------------------------------------------------------

    async def _hold(self, row: Claimed, now: int, texts: tuple[str, str], error: SendError) -> None:
        """The number waits; the message keeps its place in the lane."""
        held = self._held.get(row.number_id)
        since = held.since if held else now
        tries = held.tries + 1 if held else 1
        if held is not None and now < held.until:
            tries = held.tries  # several calls were in flight: one refusal counts once
        wait = decide(error, tries, 0, random.random(), self._limits).after_ms
        until = now + wait
        body = _json.encode(error).decode()
        if now - row.created >= self._hold_max_ms:
            await self._keep(
                Settle(row, "failed", now, *texts, error=body, owner=self._next_owner(row))
            )
            return
        self._held[row.number_id] = Held(since, until, tries, error)
        log.warning(
            "number_held", number=row.number_key, next_try_s=round(wait / 1000),
            why=say(error.sentence),
        )  # fmt: skip
        await self._keep(Hold(row.app_id, row.number_id, since, until, body, tries))
        await self._keep(
            Settle(row, "retry", now, *texts, error=body, spent=row.spent, not_before=now)
        )  # what it waits for is the number, which may be freed before its pause is over
        self._later(wait, row)

    async def _free(self, row: Claimed) -> None:
        """A call went through: the number's queue moves again."""
        await self._end_hold(row.app_id, row.number_id, row.number_key)

    async def _end_hold(self, app_id: int, number_id: int, number_key: str) -> None:
        if self._held.pop(number_id, None) is not None:
            await self._keep(Hold(app_id, number_id, 0, 0, None, 0))
            log.info("number_free", number=number_key)
            asyncio.get_running_loop().call_soon(self.look_soon, [(app_id, number_id)])

    async def release(self) -> None:
        """Try every held number now (an app was changed, or authorized). Where nothing waits that
        could be tried, the hold ends: the next message will tell."""
        for number_id, held in list(self._held.items()):
            key = self._apps.number_keys.get(number_id)
            if key is None:
                continue
            self._held[number_id] = msgspec.structs.replace(held, until=0)
            tried = await self.look(key[0], number_id)
            if not tried and not await self._any_waits(key[0], number_id):
                await self._end_hold(key[0], number_id, key[2])

    async def _any_waits(self, app_id: int, number_id: int) -> bool:
        sql = "SELECT 1 FROM outbox WHERE app_id=? AND number_id=? AND state<2 LIMIT 1"
        return bool(await self._store.read(lambda tx: tx.run(sql, (app_id, number_id))))

    def _later(self, after_ms: int, row: Claimed) -> None:
        """Look again when the pause is over; the sweep would, too, a little later."""
        if not self._stopping and after_ms <= 60_000:
            loop = asyncio.get_running_loop()
            loop.call_later(after_ms / 1000 + 0.01, self._look_again, row.app_id, row.number_id)

    def _look_again(self, app_id: int, number_id: int) -> None:
        if not self._stopping:
            self._aside(self._look_quietly(app_id, number_id))

    async def _look_quietly(self, app_id: int, number_id: int) -> None:
        try:
            await self.look(app_id, number_id)
        except StoreError as error:
            log.warning("lane_not_looked_at", why=str(error))

    def _next_owner(self, row: Claimed) -> int:
        return self._owner if self.claimable(row.number_id) else 0

    def _aside(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._side.add(task)
        task.add_done_callback(self._side.discard)

    # --- beside the ladder -----------------------------------------------------------------------

    def signal(
        self, copy: Copy, number_id: int, contact: Person, external_id: str, typing: bool
    ) -> None:
        """Mark as read, and show *typing*: not durable, never retried."""
        number, whom = self._apps.number_keys.get(number_id), contact.recipient
        if number is None or whom is None or self._stopping or number[1] not in copy.settings:
            return
        call = partner(number[1]).render_signal(
            number[2], whom, external_id, typing, copy.settings[number[1]]
        )
        if call is not None:
            self._aside(self._call_and_forget(call))

    async def _call_and_forget(self, call: HttpCall) -> None:
        await self._egress.call(call, timeout_s=self._timeout_s)

    def check(
        self, copy: Copy, number_id: int, contact: Person, outgoing: Outgoing
    ) -> SendError | None:
        """What the partner could never carry, found before a turn commits."""
        number = self._apps.number_keys.get(number_id)
        recipient = contact.recipient
        if number is None or recipient is None:
            return SendError(Code.INVALID, Sentence("no_recipient"))
        if isinstance(outgoing.content, Text) and outgoing.extra is None:
            return None  # every partner carries a text; the common answer is rendered only once
        settings = copy.settings.get(number[1])
        if settings is None:
            return None  # it may be set up by the time it leaves
        message = OutboundMessage(
            recipient, number[2], outgoing.content, our_reference(0), outgoing.reply_to,
            extra=outgoing.extra,
        )  # fmt: skip
        rendered = partner(number[1]).render(message, settings)
        return _unsupported(rendered) if isinstance(rendered, Unsupported) else None


def _message(row: Claimed, content: Outbound) -> OutboundMessage:
    meta: dict[str, Any] = msgspec.json.decode(row.meta) if row.meta else {}
    recipient = row.recipient
    assert recipient is not None
    return OutboundMessage(
        recipient=recipient,
        number=row.number_key,
        content=content,
        reference=our_reference(row.message_id),
        reply_to=meta.get("reply_to"),
        extra=meta.get("extra"),
    )


def needs_window(content: Outbound, partner_name: str, settings: Any) -> bool:
    """Everything but a template is free-form and needs the window to be open. What a native object
    is, its partner knows."""
    if isinstance(content, Raw):
        return not partner(partner_name).is_template(content.payload, settings)
    return not isinstance(content, Template)


def waited_too_long(held: SendError | None) -> SendError:
    """A message whose day is over. held: what holds its number, if anything."""
    reason = held.sentence if held is not None else Sentence("not_in_time")
    return SendError(Code.EXPIRED, Sentence("waited_too_long", {"reason": reason}))


def _unsupported(value: Unsupported) -> SendError:
    return SendError(value.code, value.sentence)


def _outcome(result: Sent | SendError) -> str:
    if isinstance(result, Sent):
        return "accepted"
    return "in_doubt" if result.ambiguous else result.code.value


def _is_alias(row: Claimed, recipient: str | None) -> bool:
    """The partner's own spelling of the phone differs from ours: kept beside it, never instead."""
    return bool(recipient and recipient.isdigit() and row.phone and recipient != row.phone)
