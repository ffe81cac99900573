"""One attempt at one turn: build it, let the agent answer, commit what came of it."""

from __future__ import annotations

import asyncio
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from dragoman.agents.contract import AgentFailed, Outgoing, Turn, TurnFile, TurnMessage
from dragoman.domain.clock import id_text
from dragoman.domain.config import AppConfig
from dragoman.domain.content import (
    FILE_KINDS,
    Outbound,
    Text,
    decode_inbound,
    encode,
    kind_of,
)
from dragoman.domain.events import Quoted, Referral
from dragoman.domain.sentences import Sentence, say, words
from dragoman.domain.window import CLOSED, Opener, Window
from dragoman.sandbox.failures import CONTEXT_LIMIT
from dragoman.store.errors import Poisoned
from dragoman.store.rows import Lease, NewOutgoing, Waiting
from dragoman.store.turns import TurnCommit, TurnFailed

from .apps import App, Copy
from .payments import fill_entity
from .speaking import Choice, offered, read_choices, spoken, write_choices

if TYPE_CHECKING:
    from .turns import Turns

log = structlog.get_logger("turns")

DAY_MS = 86_400_000
_json = msgspec.json.Encoder()

words(
    {
        "turn_crashed": "The agent crashed (attempt {attempt} of {tries}): {error}. {next}",
        "turn_parked": "The agent crashed {tries} times on these messages, so they were parked. "
        "Last error: {error}. Mend the agent; new messages are answered.",
        "turn_interrupted": "The program stopped in the middle of a turn that had already sent "
        "something, so the turn was not run again.",
        "turn_context_not_json": "The context holds something that is not JSON ({error}). Keep "
        "only text, numbers, lists, dicts, true, false and null in turn.context.",
        "content_not_json": "A message holds something that is not JSON ({error}).",
        "turn_timeout": "The agent took longer than {seconds} s and was stopped.",
    }
)


class Run:
    """One attempt at one turn."""

    def __init__(self, turns: Turns, lease: Lease) -> None:
        self.t = turns
        self.lease = lease
        self.started = turns._clock.now()
        self.turn_id = turns._ids.new()
        self.version = 0
        self.flushes = 0
        self.context = lease.context  # as it was last kept
        self.session_id = lease.session_id
        self.copy: Copy | None = None
        self.turn: Turn | None = None
        self.sources: dict[int, Waiting] = {m.id: m for m in lease.messages}
        self.choices = lease.choices  # what a typed answer may stand for
        self.lost = False

    async def answer(self, app: App, copy: Copy) -> None:
        self.copy, self.version = copy, copy.version
        turn = self.turn = self._build(app, copy)
        limit = asyncio.timeout(self.t._timeout_s)
        try:
            agent = await self.t._agent_for(app, copy)
            self._show_reading(copy)
            async with limit:
                await agent.answer(turn)
        except AgentFailed as error:
            await self._failed(copy, error)
            return
        except TimeoutError as error:
            late = Sentence("turn_timeout", {"seconds": self.t._timeout_s})
            await self._crashed(copy, say(late) if limit.expired() else _describe(error))
            return
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # we stop it; otherwise the agent raised it by itself
            await self._crashed(copy, _describe(error))
            return
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            # A handler that calls sys.exit ends its turn, never the program that serves the others.
            await self._crashed(copy, _describe(error))
            return
        try:
            outgoing = self._outgoing(turn, copy)
            context = _kept_context(turn.context)
            outcome = "answered" if outgoing or self.flushes else "silent"
            await self.commit(outcome, outgoing, context=context, notes=turn.notes)
        except AgentFailed as error:
            await self._failed(copy, error)
            return
        except Poisoned as error:  # what the agent made cannot be written: its turn, not its batch
            await self._crashed(copy, say(error.sentence))
            return
        self.t._count(outcome, (self.t._clock.now() - self.started) / 1000)

    def _build(self, app: App, copy: Copy) -> Turn:
        lease = self.lease
        context: dict[str, Any] = msgspec.json.decode(lease.context)
        idle = copy.config.session_minutes * 60_000
        last = lease.messages[-1]
        new = not lease.session_id or self.started - lease.session_last > idle
        if new:  # a new session keeps everything but what was said to belong to the old one
            context.pop("session", None)
            self.session_id = self.t._ids.new()
        messages = self._messages()
        fill_entity(context, [m.content for m in messages])
        window = lease.windows.get(last.number_id)
        key = self.t._apps.number_keys.get(last.number_id)
        return Turn(
            app=app.name,
            number=(key[3] or key[2]) if key else "",
            messages=messages,
            contact=lease.contact,
            context=context,
            window=Window(window[0], Opener(window[1]), window[2]) if window else CLOSED,
            now=self.started,
            session_id=str(self.session_id),
            session_new=new,
            attempt=lease.tries,
            http=self.t._http,
            load_raw=self._load_raw,
            load_file=self._load_file if self.t._files is not None else None,
            on_attach=self._attach if self.t._files is not None else None,
            on_flush=self._flush,
            on_signal=self._on_signal,
            assets_url=f"{self.t._assets_url}/{app.stream_id}",
        )

    def _messages(self) -> list[TurnMessage]:
        """What waits, with an answer typed to choices in plain text read as the tap it stands
        for."""
        choices = read_choices(self.lease.choices)
        return [self._linked(_turn_message(m, choices), m) for m in self.lease.messages]

    def _linked(self, message: TurnMessage, source: Waiting) -> TurnMessage:
        """A file's address is ours: the partner's lives for minutes, or needs its credentials."""
        if source.kind not in FILE_KINDS or self.t._files is None:
            return message
        url = self.t._files.links.url(self.lease.app_id, source.id, self.started)
        content: Any = message.content
        content = msgspec.structs.replace(
            content, media=msgspec.structs.replace(content.media, url=url)
        )
        return msgspec.structs.replace(message, content=content)

    async def _load_raw(self, message: TurnMessage) -> Any:
        return await self.t._raw(self.lease.app_id, self.sources[message.id])

    async def _load_file(self, message: TurnMessage, wait_s: float) -> TurnFile | Sentence | None:
        assert self.t._files is not None
        return await self.t._files.of(self.lease.app_id, message.id, wait_s)

    async def _attach(self, given: bytes | str, mime: str | None, name: str | None) -> str:
        assert self.t._files is not None and self.copy is not None
        folder = Path(self.copy.config.agent.path).parent
        return await self.t._files.attach(self.lease.app_id, folder, given, mime, name)

    def _on_signal(self, message: TurnMessage, typing: bool) -> None:
        if self.copy is not None and message.external_id:
            number_id = self.sources[message.id].number_id
            self.t._signal(self.copy, number_id, self.lease.contact, message.external_id, typing)

    def _show_reading(self, copy: Copy) -> None:
        channel = copy.config.channel
        last = self.lease.messages[-1]
        typing = channel.typing and last.kind != "reaction"  # which is seldom answered
        if (typing or channel.read_receipts) and last.external_id:
            self.t._signal(copy, last.number_id, self.lease.contact, last.external_id, typing)

    # --- what goes out ---------------------------------------------------------------------------

    def _outgoing(self, turn: Turn, copy: Copy) -> tuple[NewOutgoing, ...]:
        """Everything the agent said, as the partner can carry it, each checked against it."""
        rows: list[NewOutgoing] = []
        choices: tuple[Choice, ...] = ()
        for item in turn.outgoing:
            quoted = item.reply_to
            number_id = self._number_of(item)
            said = spoken(item.content, copy, self._partner_of(number_id))
            choices = said.choices or choices  # the newest numbering is the one that is read
            for content in said.contents:
                piece = Outgoing(content, quoted, item.extra)
                rows.append(self._row(copy, piece, number_id, said.rule))
                quoted = None  # the first piece quotes, the rest follow it
        if rows:  # a new message takes the place of what was offered before
            self.choices = write_choices(choices)
        turn.outgoing = []
        return tuple(rows)

    def _partner_of(self, number_id: int) -> str:
        number = self.t._apps.number_keys.get(number_id)
        return number[1] if number is not None else ""

    def _number_of(self, item: Outgoing) -> int:
        """The reply leaves from the number that was written to."""
        source = self.sources.get(item.answers)
        return source.number_id if source else self.lease.messages[-1].number_id

    def _row(self, copy: Copy, item: Outgoing, number_id: int, rule: str = "") -> NewOutgoing:
        now = self.t._clock.now()
        refusal = self.t._check(copy, number_id, self.lease.contact, item)
        meta = {"reply_to": item.reply_to, "extra": item.extra, "degraded": rule or None}
        kept = {k: v for k, v in meta.items() if v is not None}
        return NewOutgoing(
            id=self.t._ids.new(),
            number_id=number_id,
            kind=kind_of(item.content),
            content=_encoded(item.content),
            at=now,
            expires=now + DAY_MS,
            meta=_json.encode(kept).decode() if kept else None,
            error=_json.encode(refusal).decode() if refusal is not None else None,
        )

    def _fallback(self, config: AppConfig) -> tuple[NewOutgoing, ...]:
        if not config.fallback or self.copy is None:
            return ()
        last = self.lease.messages[-1].number_id if self.lease.messages else None
        number_id = last or self.lease.number_id or next(iter(self.lease.windows), 0)
        return (self._row(self.copy, Outgoing(Text(config.fallback)), number_id),)

    # --- how it ends -----------------------------------------------------------------------------

    async def commit(
        self,
        outcome: str,
        outgoing: tuple[NewOutgoing, ...],
        *,
        context: str | None = None,
        notes: list[Sentence] | None = None,
        answer: int = 1,
        why: Sentence | None = None,
        final: bool = True,
        to_seq: int = 0,
    ) -> bool:
        lease = self.lease
        text = self.context if context is None else context
        config = self.copy.config if self.copy else AppConfig()
        kept: bool = await self.t._keep(
            TurnCommit(
                app_id=lease.app_id,
                conversation_id=lease.conversation_id,
                token=lease.token,
                from_seq=lease.from_seq,
                to_seq=to_seq or lease.to_seq,
                turn_id=self.turn_id,
                context=text,
                session_id=self.session_id,
                # What starts no agent is no sign of life: it keeps no session open.
                session_last=self.started if self.turn is not None else lease.session_last,
                config_version=self.version,
                attempt=lease.tries,
                started=self.started,
                now=self.t._clock.now(),
                outcome=outcome,
                outgoing=outgoing,
                notes=_json.encode(notes).decode() if notes else None,
                context_change=None if context is None else _change(lease.context, context),
                answer=answer,
                why=None if why is None else _json.encode(why).decode(),
                final=final,
                flushes=self.flushes,
                due_in=config.debounce_ms,
                owner=0 if self.t._stopping else self.t._owner,
                lease_ms=self.t._lease_ms,
                choices=self.choices,
                claim=frozenset(n for n in {m.number_id for m in outgoing} if self.t._claimable(n)),
            )
        )
        if kept:
            self.context = text
        else:
            self.lost = True
            log.warning("lease_lost", conversation=lease.conversation_id)
        return kept

    async def _flush(self, turn: Turn) -> None:
        assert self.copy is not None
        context = _kept_context(turn.context)
        outgoing = self._outgoing(turn, self.copy)
        self.flushes += 1
        try:
            kept = await self.commit("open", outgoing, context=context, final=False)
        except Poisoned:
            self.flushes -= 1  # nothing of it was written, so the turn may still be run again
            raise
        if not kept:
            raise AgentFailed(Sentence("turn_interrupted"), final=True)

    @property
    def _name(self) -> str:
        """The id that `dragoman why` takes."""
        return f"turn-{id_text(self.turn_id)}"

    async def _failed(self, copy: Copy, error: AgentFailed) -> None:
        """The agent said that it cannot answer: the contact gets the fallback sentence."""
        if self.lost:
            return
        log.warning("agent_failed", turn=self._name, why=say(error.sentence))
        if error.final or self.flushes:
            notes = [*(self.turn.notes if self.turn else []), error.sentence]
            await self.commit("failed", self._fallback(copy.config), notes=notes)
            self.t._count("failed", 0)
        else:
            await self._crashed(copy, say(error.sentence))

    async def _crashed(self, copy: Copy, detail: str) -> None:
        if self.lost:
            return
        if self.flushes:
            await self.interrupted(self.t._apps.by_id.get(self.lease.app_id))
            return
        if self.lease.tries >= self.t._tries:
            await self.park(copy, detail)
            return
        due = self.t.retry_at(self.lease.tries)
        note = Sentence(
            "turn_crashed",
            {"attempt": self.lease.tries, "tries": self.t._tries, "error": detail,
             "next": "It is tried again by itself."},
        )  # fmt: skip
        log.warning("turn_crashed", turn=self._name, why=detail)
        self.t._count("crashed", 0)
        lease = self.lease
        await self.t._keep(
            TurnFailed(
                lease.app_id, lease.conversation_id, lease.token, lease.from_seq, lease.to_seq,
                self.turn_id, self.version, lease.tries, self.started, self.t._clock.now(),
                _json.encode([note]).decode(), due,
            )
        )  # fmt: skip

    async def park(self, copy: Copy, detail: str = "the program ended during the turn") -> None:
        self.copy, self.version = copy, copy.version
        why = Sentence("turn_parked", {"tries": self.t._tries, "error": detail})
        log.error("turn_parked", turn=self._name, why=detail)
        self.t._count("parked", 0)
        await self.commit("parked", self._fallback(copy.config), notes=[why], answer=3, why=why)

    async def interrupted(self, app: App | None) -> None:
        """A turn that had sent something and did not end: it is not run again."""
        lease = self.lease
        self.turn_id = lease.open_turn or self.turn_id
        self.copy = app.published if app is not None else None
        outgoing = self._fallback(self.copy.config) if self.copy is not None else ()
        self.t._count("interrupted", 0)
        await self.commit(
            "interrupted", outgoing, notes=[Sentence("turn_interrupted")],
            to_seq=lease.open_to or lease.to_seq,
        )  # fmt: skip


def _turn_message(m: Waiting, choices: tuple[Choice, ...]) -> TurnMessage:
    meta: dict[str, Any] = msgspec.json.decode(m.meta) if m.meta else {}
    quoted, referral = meta.get("quoted"), meta.get("referral")
    return TurnMessage(
        id=m.id,
        seq=m.seq,
        external_id=m.external_id,
        at=m.at,
        content=offered(choices, decode_inbound(m.content)),
        quoted=msgspec.convert(quoted, Quoted) if quoted else None,
        referral=msgspec.convert(referral, Referral) if referral else None,
    )


def _kept_context(context: dict[str, Any]) -> str:
    """The context as it is kept. Raises AgentFailed, final, for one that cannot be."""
    try:
        if not isinstance(context, dict):
            raise TypeError("it is no dict")
        data = _json.encode(context)
    except (TypeError, ValueError, OverflowError) as error:
        wrong = Sentence("turn_context_not_json", {"error": str(error)})
        raise AgentFailed(wrong, final=True) from None
    if len(data) > CONTEXT_LIMIT:
        args = {"kilobytes": len(data) // 1024 + 1, "limit": CONTEXT_LIMIT // 1024}
        raise AgentFailed(Sentence("context_too_big", args), final=True)
    return data.decode()


def _encoded(content: Outbound) -> str:
    try:
        return encode(content).decode()
    except (TypeError, ValueError, OverflowError) as error:
        raise AgentFailed(Sentence("content_not_json", {"error": str(error)}), final=True) from None


def _change(kept: str, now: str) -> str | None:
    """The top-level keys that a turn changed: value after, or null where it was removed. kept,
    now: the context as JSON, before and after."""
    if kept == now:
        return None
    before: dict[str, Any] = msgspec.json.decode(kept)
    after: dict[str, Any] = msgspec.json.decode(now)
    changed = {k: v for k, v in after.items() if before.get(k, _MISSING) != v}
    changed.update({k: None for k in before if k not in after})
    return _json.encode(changed).decode() if changed else None


_MISSING = object()


def _describe(error: BaseException) -> str:
    """The crash in one line: what, and where in the agent's file."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {frames[-1].filename}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}{where}"
