"""Intake: a partner's POST is authenticated, read, and kept; only then is it answered 200.

The order at the door is fixed: stream id, raw bytes authenticated by either copy of the app, body
read into events, everything committed, answer in the partner's words. An event that may not be
answered (channel off, number not listed, …) is kept all the same, with the reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from dragoman.domain.clock import Clock, Ids, id_text
from dragoman.domain.content import (
    FILE_KINDS,
    SILENT_KINDS,
    NumberChanged,
    UserIdChanged,
    encode,
    kind_of,
)
from dragoman.domain.errors import NOT_AGREED
from dragoman.domain.events import (
    CallEvent,
    InboundMessage,
    PaymentUpdate,
    Rejected,
    StatusUpdate,
)
from dragoman.domain.identity import Bsuid, Person, read_phone
from dragoman.domain.sentences import Sentence, SentenceError, say, words
from dragoman.domain.status import Status
from dragoman.domain.window import Opener, opened
from dragoman.partners.contract import (
    Hook,
    HookAnswer,
    Outcome,
    Partner,
    Refused,
    UnreadableBody,
)
from dragoman.partners.registry import PARTNERS, echoes, partner
from dragoman.store.errors import Poisoned, StoreError
from dragoman.store.intake import Arrival, Arrived, digest
from dragoman.store.rows import NewEvent, NewMessage, NewRejected, NewReport
from dragoman.store.store import Store

from .access import admit, replayed
from .apps import App, Apps, Copy
from .payments import as_message
from .references import our_message

log = structlog.get_logger("intake")

NOT_FOUND = HookAnswer(404, b"Not Found")
KEPT_HEADERS = frozenset({"content-type", "content-length", "user-agent", "host"})

words(
    {
        "not_published": "The app is not published, so the message was kept and not answered. "
        "Publish it; messages from then on are answered.",
        "channel_disabled": "The channel is switched off in the published copy, so the message was "
        "kept and not answered. Enable the channel and publish.",
        "other_partner": "The published copy uses {now}; this came through {partner} and was kept, "
        "not answered.",
        "number_unlisted": "The number {number} is not in the published channel, so the message "
        "was kept and not answered. Add the number and publish.",
        "number_off": "The account of the number {number} is switched off in the published "
        "channel, so the message was kept and not answered. Switch the account on and publish.",
        "group_message": "Messages in groups are kept, not answered.",
        "silent_kind": "A notice ({kind}) is kept and not answered.",
        "no_agent": "The app has no agent, so the message was kept and not answered.",
    }
)

_json = msgspec.json.Encoder()
SAYS_LITTLE = 40  # letters of JSON that two unlike bodies may share by chance
NO_WINDOW = SILENT_KINDS | {"payment"}  # the person did not write, so no window opens by it


class Intake:
    """`room`: whether this process can begin another turn now; if so, a message is leased in the
    very commit that keeps it. `count(partner, outcome)` and `count_item(partner, kind)` feed the
    metrics."""

    def __init__(
        self,
        store: Store,
        apps: Apps,
        clock: Clock,
        ids: Ids,
        *,
        owner: int,
        lease_ms: int,
        room: Callable[[], bool],
        count: Callable[[str, str], None] | None = None,
        count_item: Callable[[str, str], None] | None = None,
    ) -> None:
        self._store = store
        self._apps = apps
        self._clock = clock
        self._ids = ids
        self._owner = owner
        self._lease_ms = lease_ms
        self._room = room
        self._count = count or (lambda partner, outcome: None)
        self._count_item = count_item or (lambda partner, kind: None)

    async def receive(self, partner_name: str, stream_id: str, hook: Hook) -> HookAnswer:
        """Answer one request to /hooks/{partner}/{stream id}."""
        app = self._apps.by_stream.get(stream_id)
        if partner_name not in PARTNERS:
            self._count("unknown", "not_found")
            return NOT_FOUND
        talker = partner(partner_name)
        copies = app.copies(partner_name) if app is not None else []
        if app is None or not copies:
            self._count(partner_name, "not_found")
            return talker.answer(Outcome.UNKNOWN)
        if hook.method != "POST":
            return await self._handshake(app, talker, copies, hook)
        return await self._post(app, talker, copies, hook)

    async def _handshake(
        self, app: App, talker: Partner, copies: list[Copy], hook: Hook
    ) -> HookAnswer:
        answer = talker.handshake(hook, [c.settings[talker.NAME] for c in copies])
        if answer is None:
            return HookAnswer(405, b"Method Not Allowed", headers=(("allow", "GET, POST"),))
        if any(name.startswith("hub.") for name, _ in hook.query):
            step = "verified" if answer.status == 200 else "verify_refused"
            await self._prove(app.id, f"{talker.NAME}/{step}", _asked(hook))
        return answer

    async def _post(self, app: App, talker: Partner, copies: list[Copy], hook: Hook) -> HookAnswer:
        now = self._clock.now()
        admitted = admit(copies, talker, hook, now)
        if isinstance(admitted, Refused):
            return await self._refuse(app, talker, hook, admitted, now)
        try:
            arrival = await self._read(app, talker, admitted.copy, hook, now)
        except StoreError as error:
            return self._busy(talker, error)
        if admitted.jti:
            arrival = msgspec.structs.replace(arrival, jti=admitted.jti)
        try:
            arrived = await self._keep(arrival)
        except StoreError as error:
            return self._busy(talker, error)
        if arrived.replayed:
            return await self._refuse(app, talker, hook, replayed(talker), now)
        return self._answer(talker, arrival, arrived)

    async def pulled(self, app: App, copy: Copy, talker: Partner, url: str, body: bytes) -> None:
        """What was fetched from the partner, kept as a webhook is. Raises StoreError."""
        hook = Hook("POST", url, headers={"content-type": "application/json"}, body=body)
        arrival = await self._read(app, talker, copy, hook, self._clock.now(), "fetched")
        self._answer(talker, arrival, await self._keep(arrival))

    async def _read(
        self, app: App, talker: Partner, copy: Copy, hook: Hook, now: int, note: str = ""
    ) -> Arrival:
        """A POST taken apart; kept raw where it cannot be. Raises StoreError."""
        note = note or ("" if copy.version else "draft")
        try:
            events = talker.parse(hook, copy.settings[talker.NAME])
            return await self._arrival(app, talker.NAME, hook, events, now, note)
        except UnreadableBody as error:
            why = say(error.sentence)
            log.warning("hook_unreadable", app=app.name, partner=talker.NAME, why=why)
            return self._kept_raw(app, talker.NAME, hook, now, "invalid", error.sentence)
        except Poisoned as error:
            return self._kept_raw(app, talker.NAME, hook, now, note, error.sentence)

    async def _refuse(
        self, app: App, talker: Partner, hook: Hook, refused: Refused, now: int
    ) -> HookAnswer:
        await self._keep_refused(app, talker.NAME, hook, refused.reason, now)
        self._count(talker.NAME, "refused")
        return refused.answer

    def _answer(self, talker: Partner, arrival: Arrival, arrived: Arrived) -> HookAnswer:
        for message in arrival.messages:
            self._count_item(talker.NAME, message.kind)
        for report in arrival.reports:
            self._count_item(talker.NAME, f"report_{report.status}")
        for event in arrival.events:
            self._count_item(talker.NAME, f"event_{event.kind}")
        for _ in arrival.rejected:
            self._count_item(talker.NAME, "rejected")
        if arrival.note == "invalid":
            self._count(talker.NAME, "invalid")
            return talker.answer(Outcome.INVALID)
        repeated = not (arrived.messages or arrived.reports or arrived.others)
        self._count(talker.NAME, "seen_before" if repeated else "kept")
        return talker.answer(Outcome.KEPT)

    async def _keep(self, arrival: Arrival) -> Arrived:
        """Write a POST. Where the database refuses an item of it, that one is set aside as
        rejected (the body has it) and its neighbours are kept. Raises StoreError."""
        try:
            whole: Arrived = await self._store.submit(arrival)
            return whole
        except Poisoned as error:
            log.error("hook_poisoned", hook=arrival.hook_id, why=str(error))
        shell = msgspec.structs.replace(arrival, messages=(), reports=(), events=(), jti=b"")
        await self._store.submit(shell)
        counts = {"messages": 0, "reports": 0, "events": 0}
        for group in counts:
            for item in getattr(arrival, group):
                changes = {"part": True, "rejected": (), group: (item,)}
                counts[group] += await self._keep_item(msgspec.structs.replace(shell, **changes))
        if arrival.jti:  # last, so that its token stays good until all of it is kept
            changes = {"part": True, "rejected": (), "jti": arrival.jti}
            await self._store.submit(msgspec.structs.replace(shell, **changes))
        return Arrived(counts["messages"], counts["reports"], counts["events"])

    async def _keep_item(self, piece: Arrival) -> int:
        try:
            kept: Arrived = await self._store.submit(piece)
            return kept.messages + kept.reports + kept.others
        except Poisoned as error:
            why = NewRejected(self._ids.new(), "", _text(error.sentence), None)
            empty = {"messages": (), "reports": (), "events": (), "rejected": (why,)}
            await self._store.submit(msgspec.structs.replace(piece, **empty))
            return 0

    def _busy(self, talker: Partner, error: StoreError) -> HookAnswer:
        """Nothing was kept, so nothing is answered 200: the partner comes again."""
        log.error("hook_not_kept", partner=talker.NAME, why=str(error))
        self._count(talker.NAME, "busy")
        answer = talker.answer(Outcome.BUSY)
        if any(name.lower() == "retry-after" for name, _ in answer.headers):
            return answer
        return msgspec.structs.replace(answer, headers=(*answer.headers, ("Retry-After", "5")))

    def _kept_raw(
        self, app: App, partner_name: str, hook: Hook, now: int, note: str, why: Sentence
    ) -> Arrival:
        """A body that cannot be taken apart: kept as it came, with the reason."""
        return Arrival(
            app.id, self._ids.new(), partner_name, now, _headers(hook), note, hook.body,
            rejected=(
                NewRejected(self._ids.new(), "", _text(why), None, _same(partner_name, hook.body)),
            ),
        )  # fmt: skip

    async def _arrival(
        self, app: App, partner_name: str, hook: Hook, events: list[Any], now: int, note: str
    ) -> Arrival:
        messages: list[NewMessage] = []
        reports: list[NewReport] = []
        others: list[NewEvent] = []
        rejected: list[NewRejected] = []
        for event in events:
            if isinstance(event, Rejected):
                rejected.append(self._rejected(event, hook))
                continue
            if isinstance(event, PaymentUpdate):
                event = as_message(event)
            key = getattr(event, "number", "")
            number_id = 0
            if key:
                number_id = self._apps.number_id(app.id, partner_name, key) or (
                    await self._apps.ensure_number(app.id, partner_name, key, event.display)
                )
            if isinstance(event, InboundMessage):
                messages.append(self._message(app, partner_name, event, number_id, now))
            elif isinstance(event, StatusUpdate):
                reports.append(self._report(app, partner_name, event, number_id))
            else:
                others.append(self._event(event, number_id, now))
        return Arrival(
            app.id, self._ids.new(), partner_name, now, _headers(hook), note, hook.body,
            tuple(messages), tuple(reports), tuple(others), tuple(rejected),
            self._owner if self._room() else 0, self._lease_ms,
        )  # fmt: skip

    def _message(
        self, app: App, partner_name: str, event: InboundMessage, number_id: int, now: int
    ) -> NewMessage:
        why = self._why_not(app, partner_name, event)
        kind = kind_of(event.content)
        until, opener, free = 0, "", 0
        if event.group is None and kind not in NO_WINDOW:
            by = Opener.FREE_ENTRY if event.referral is not None else Opener.MESSAGE
            window = opened(by, event.at, now)
            until, opener, free = window.until, window.opener.value, window.free_until
        config = app.published.config if app.published is not None else None
        return NewMessage(
            id=self._ids.new(),
            key=digest(event.dedupe_key),
            number_id=number_id,
            person=event.sender,
            kind=kind,
            content=encode(event.content).decode(),
            external_id=event.external_id,
            at=event.at,
            meta=_meta(event),
            why=None if why is None else _text(why),
            window_until=until,
            window_opener=opener,
            window_free=free,
            new_identity=_new_identity(event),
            shared=config.channel.share_sessions if config else False,
            due_in=config.debounce_ms if config else 0,
            media=kind in FILE_KINDS,
        )

    def _why_not(self, app: App, partner_name: str, event: InboundMessage) -> Sentence | None:
        """Why a message will not be answered; None when it may be."""
        live = app.published
        if live is None:
            return Sentence("not_published")
        channel = live.config.channel
        if channel.partner != partner_name:
            now = partner(channel.partner).LABEL if channel.partner else "no partner"
            return Sentence("other_partner", {"now": now, "partner": partner(partner_name).LABEL})
        if not channel.enabled:
            return Sentence("channel_disabled")
        if event.number not in live.numbers():
            return Sentence("number_unlisted", {"number": event.display or event.number})
        if not partner(partner_name).in_use(event.number, live.settings[partner_name]):
            return Sentence("number_off", {"number": event.display or event.number})
        if event.group is not None:
            return Sentence("group_message")
        kind = kind_of(event.content)
        if kind in SILENT_KINDS:
            return Sentence("silent_kind", {"kind": kind})
        if live.config.agent.kind == "none":
            return Sentence("no_agent")
        return None

    def _report(
        self, app: App, partner_name: str, event: StatusUpdate, number_id: int
    ) -> NewReport:
        error = event.error
        named = echoes(partner_name, app.sending(partner_name))
        body = {
            "errors": event.errors,
            "pricing": event.pricing,
            "participant": event.participant,
            "word": event.word or event.status.word,
        }
        failed = event.status is Status.FAILED
        return NewReport(
            id=self._ids.new(),
            key=digest(event.dedupe_key),
            number_id=number_id,
            external_id=event.external_id,
            rank=int(event.status),
            status=event.status.word,
            at=event.at,
            body=_json.encode({k: v for k, v in body.items() if v}).decode(),
            # Without an echo a report may still tell of the one send that is in doubt.
            recipient=Person() if named else event.recipient,
            reference=our_message(event.reference),
            error=_json.encode(error).decode() if failed and error is not None else None,
            window_closed=failed and error is not None and error.code == "window_closed",
            not_agreed=failed and error is not None and error.code in NOT_AGREED,
        )

    def _event(self, event: Any, number_id: int, now: int) -> NewEvent:
        call = isinstance(event, CallEvent) and event.inbound and event.type == "connect"
        # What carries no time of its own is the same news for an hour, and news again afterwards.
        key = event.dedupe_key if event.at else f"{event.dedupe_key}@{now // 3_600_000}"
        return NewEvent(
            id=self._ids.new(),
            key=digest(key),
            kind=str(type(event).__struct_config__.tag),
            number_id=number_id,
            at=event.at or now,
            body=_json.encode(msgspec.structs.replace(event, raw=None)).decode(),
            person=event.person if call else None,
            window_until=opened(Opener.CALL, event.at, now).until if call else 0,
        )

    def _rejected(self, event: Rejected, hook: Hook) -> NewRejected:
        raw = _json.encode(event.raw).decode()
        # What says little (null, {}) is the same only in the same place of the same body.
        told = raw.encode() if len(raw) >= SAYS_LITTLE else event.path.encode() + hook.body
        rejected_id = self._ids.new()
        log.warning(
            "item_rejected", ask=f"dragoman why rejected-{id_text(rejected_id)}", at=event.path,
            why=say(event.reason),
        )  # fmt: skip
        return NewRejected(rejected_id, event.path, _text(event.reason), raw, _same("item", told))

    async def _keep_refused(
        self, app: App, partner_name: str, hook: Hook, reason: Sentence, now: int
    ) -> None:
        """The last 20 refused requests of an app, for whoever sets it up; all are counted."""
        row = (app.id, self._ids.new(), now, partner_name, _text(reason), _headers(hook),
               hook.body[:65_536])  # fmt: skip

        def work(tx: Any) -> None:
            tx.run(
                """INSERT INTO refused(app_id,id,at,partner,reason,headers,body)
                VALUES (?,?,?,?,?,?,?)""",
                row,
            )
            tx.run(
                """DELETE FROM refused WHERE app_id=? AND id NOT IN
                (SELECT id FROM refused WHERE app_id=? ORDER BY id DESC LIMIT 20)""",
                (app.id, app.id),
            )

        try:
            await self._store.do_soon(work)
        except StoreError as error:
            log.warning("refused_not_kept", app=app.name, why=str(error))

    async def _prove(self, app_id: int, step: str, body: str) -> None:
        now = self._clock.now()
        try:
            await self._store.do_soon(
                lambda tx: tx.run(
                    """INSERT INTO proof(app_id,step,at,body) VALUES (?,?,?,?)
                    ON CONFLICT(app_id,step) DO UPDATE SET at=excluded.at, body=excluded.body""",
                    (app_id, step, now, body),
                )
            )
        except StoreError as error:
            log.warning("proof_not_kept", step=step, why=str(error))


def _same(what: str, body: bytes) -> bytes:
    """Under which something unreadable is known, for partners send it again."""
    return digest(f"rejected:{what}:{hashlib.sha256(body).hexdigest()}")


def _text(sentence: Sentence) -> str:
    return _json.encode(sentence).decode()


_SHOWN = ("hub.mode", "hub.challenge")


def _asked(hook: Hook) -> str:
    """A handshake as it may be shown: its token is a secret, and so is whatever else came."""
    query = "&".join(f"{k}={v[:100] if k in _SHOWN else '•••'}" for k, v in hook.query[:20])
    headers = "".join(f"\n{k}: {v}" for k, v in hook.headers.items() if k in KEPT_HEADERS)
    return f"{hook.method} {hook.path}?{query}{headers}"


def _headers(hook: Hook) -> str:
    """Headers are kept by allow-list; a signature or token never is."""
    kept = {k: v for k, v in hook.headers.items() if k in KEPT_HEADERS}
    return _json.encode(kept).decode()


def _meta(event: InboundMessage) -> str | None:
    if event.quoted is None and event.referral is None and event.group is None:
        return None
    meta = {"quoted": event.quoted, "referral": event.referral, "group": event.group}
    return _json.encode({k: v for k, v in meta.items() if v is not None}).decode()


def _new_identity(event: InboundMessage) -> Person | None:
    """What a notice says this contact is called from now on."""
    content = event.content
    if not isinstance(content, NumberChanged | UserIdChanged):
        return None
    phone = getattr(content, "new_phone", None)
    try:
        return Person(
            phone=read_phone(phone) if phone else None,
            bsuid=Bsuid(content.new_bsuid) if content.new_bsuid else None,
            parent_bsuid=Bsuid(content.new_parent_bsuid) if content.new_parent_bsuid else None,
        )
    except SentenceError:
        return None
