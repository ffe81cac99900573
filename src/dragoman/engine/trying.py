"""Trying a script on a made-up message: what it prints, what the partner would be sent, and what it
remembers. Nothing leaves this machine, nothing is kept, and it runs in the sandbox like any other.

The message is of nobody: a number kept for fiction, with its window open. What a partner's own JSON
of it looks like (`messagePayload`) differs from partner to partner; here it has Meta's form.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from dragoman.agents.contract import AgentFailed, Outgoing, Turn, TurnMessage
from dragoman.agents.script import ScriptAgent
from dragoman.domain.clock import Clock
from dragoman.domain.config import AgentConfig
from dragoman.domain.content import ButtonReply, Inbound, ListReply, Outbound, Raw, TextReceived
from dragoman.domain.identity import Person, Phone
from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.domain.window import Opener, Window
from dragoman.egress import redacted
from dragoman.partners._cloud.outbound import neutral
from dragoman.partners.contract import OutboundMessage, Unsupported
from dragoman.partners.registry import partner
from dragoman.sandbox.failures import CONTEXT_LIMIT, ScriptFailed
from dragoman.vault import Redactor

from .apps import App, Copy
from .payments import fill_entity
from .speaking import spoken

DAY_MS = 86_400_000
CONTACT = Person(phone=Phone("12025550142"), name="Asha")
NUMBER = "12025550100"  # where the channel lists none yet
MOST_PRINTED = 50  # messages that are drawn

words(
    {
        "try_context_wrong": "The context is no JSON object ({problem}), so the script was not "
        'run: write something like {{}} or {{"name": "Asha"}}.',
        "try_many": "The script printed {count} messages; the first {most} are shown.",
        "try_cannot_say": "{partner} cannot be asked for this yet: {problem}. Fill its form in "
        "first.",
        "try_file_unreadable": "The script's file {path} cannot be read ({problem}): save the "
        "script here, or mend the file.",
    }
)


class Piece(msgspec.Struct, frozen=True):
    """One message as it would leave: its `content` with `kind`, as a phone draws it (a native
    object of Meta's as what it says), and either the `call` with its secrets hidden (`method`,
    `url`, `headers`, `body`) or why it cannot be said."""

    content: dict[str, Any]
    call: dict[str, Any] | None = None
    refused: Sentence | None = None


class Said(msgspec.Struct, frozen=True):
    """One message that the script printed, and what it becomes. rule: how it was degraded."""

    content: dict[str, Any]
    pieces: tuple[Piece, ...]
    rule: str = ""


class Tried(msgspec.Struct, frozen=True):
    """What came of it. failed: why it did not end well, `line` where, 0 where nobody knows.
    context: what the script left. took_ms: by the clock on the wall."""

    said: tuple[Said, ...] = ()
    notes: tuple[Sentence, ...] = ()
    failed: Sentence | None = None
    context: dict[str, Any] = {}
    took_ms: int = 0

    @property
    def line(self) -> int:
        found = self.failed.args.get("line", 0) if self.failed is not None else 0
        return found if isinstance(found, int) else 0


class Trial(msgspec.Struct, frozen=True):
    """What is tried. content: the made-up message. context: as it was before it. partner: whose
    payload is shown; empty for none."""

    source: str
    content: Inbound
    context: Mapping[str, Any] = {}
    partner: str = ""


class Trying:
    """pool(): the sandboxes, which the turns of contacts need as well: one trial runs at a time.
    assets_url: where the files beside agents are served."""

    def __init__(
        self, pool: Callable[[], Any], clock: Clock, redactor: Redactor, assets_url: str
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._redactor = redactor
        self._assets_url = assets_url
        self._one = asyncio.Lock()

    async def check(self, source: str) -> Sentence | None:
        """What stands in the way of running a script: its syntax. Nothing of it is run."""
        agent = ScriptAgent(source=source, pool=self._pool())
        try:
            async with self._one:
                return await agent.check()
        except ScriptFailed as failed:
            return failed.sentence

    async def script(self, app: App, trial: Trial) -> Tried:
        """Run a script once, as the copy in development would."""
        copy = _with(app.draft, trial.partner)
        turn = self._turn(app, copy, trial)
        agent = ScriptAgent(source=trial.source, pool=self._pool())
        failed: Sentence | None = None
        async with self._one:
            began = time.monotonic()
            try:
                await agent.answer(turn)
            except AgentFailed as error:
                failed = error.sentence
            took = round((time.monotonic() - began) * 1000)
        said = tuple(self._said(copy, trial.partner, one) for one in turn.outgoing[:MOST_PRINTED])
        notes = list(turn.notes)
        if len(turn.outgoing) > MOST_PRINTED:
            about = {"count": len(turn.outgoing), "most": MOST_PRINTED}
            notes.append(Sentence("try_many", about))
        return Tried(said, tuple(notes), failed, turn.context, took)

    def _turn(self, app: App, copy: Copy, trial: Trial) -> Turn:
        now = self._clock.now()
        message = TurnMessage(1, 1, "wamid.TRIAL", now, trial.content)
        context = dict(trial.context)
        fill_entity(context, [trial.content])

        async def raw(one: TurnMessage) -> Any:
            return as_meta(one.content, now)

        return Turn(
            app=app.name, number=_number(copy, trial.partner), messages=[message], contact=CONTACT,
            context=context, window=Window(now + DAY_MS, Opener.MESSAGE), now=now, draft=True,
            assets_url=f"{self._assets_url}/{app.stream_id}", load_raw=raw,
        )  # fmt: skip

    def _said(self, copy: Copy, partner_name: str, one: Outgoing) -> Said:
        as_json = _plain(one.content)
        if not partner_name:
            return Said(as_json, (Piece(_drawn(one.content)),))
        became = spoken(one.content, copy, partner_name)
        pieces = tuple(self._piece(copy, partner_name, content) for content in became.contents)
        return Said(as_json, pieces, became.rule)

    def _piece(self, copy: Copy, partner_name: str, content: Outbound) -> Piece:
        talker, number = partner(partner_name), _number(copy, partner_name)
        message = OutboundMessage(Phone(CONTACT.phone.digits), number, content)  # type: ignore[union-attr]
        try:
            call = talker.render(message, copy.settings[partner_name])
        except (LookupError, ValueError) as error:  # a form that is still empty
            about = {"partner": talker.LABEL, "problem": f"{type(error).__name__}: {error}"}
            return Piece(_drawn(content), refused=Sentence("try_cannot_say", about))
        if isinstance(call, Unsupported):
            return Piece(_drawn(content), refused=call.sentence)
        return Piece(_drawn(content), redacted(call, redactor=self._redactor))


def _with(copy: Copy, partner_name: str) -> Copy:
    """The copy, with an empty form of a partner whose form nobody filled in."""
    if not partner_name or partner_name in copy.settings:
        return copy
    channel = copy.config.channel
    values = {**channel.values, partner_name: {}}
    config = msgspec.structs.replace(
        copy.config, channel=msgspec.structs.replace(channel, values=values)
    )
    return Copy(copy.app_id, 0, config, {})


def _number(copy: Copy, partner_name: str) -> str:
    if not partner_name:
        return NUMBER
    return next(iter(partner(partner_name).numbers(copy.settings[partner_name])), NUMBER)


def _plain(content: Outbound) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(content)
    return found


def _drawn(content: Outbound) -> dict[str, Any]:
    """A message as a phone draws it: of a native object what it says, where it is one of Meta's."""
    native = neutral(content.payload) if isinstance(content, Raw) else None
    return _plain(native or content)


def read_context(text: str) -> dict[str, Any]:
    """A context as somebody typed it; empty text is an empty one. Raises SentenceError."""
    if not text.strip():
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise SentenceError(Sentence("try_context_wrong", {"problem": str(error)})) from None
    if not isinstance(value, dict) or len(text) > CONTEXT_LIMIT:
        problem = "it is too big" if isinstance(value, dict) else "it is another value"
        raise SentenceError(Sentence("try_context_wrong", {"problem": problem}))
    return value


def source_of(agent: AgentConfig) -> str:
    """The text of a script, from the app or from its file. Raises SentenceError."""
    if agent.kind != "script" or not agent.path:
        return agent.source
    try:
        with open(agent.path, encoding="utf-8-sig") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        about = {"path": agent.path, "problem": str(error)}
        raise SentenceError(Sentence("try_file_unreadable", about)) from None


def as_meta(content: Inbound, now: int) -> dict[str, Any]:
    """A message as Meta writes it."""
    phone = CONTACT.phone.digits if CONTACT.phone is not None else ""
    lead = {"from": phone, "id": "wamid.TRIAL", "timestamp": str(now // 1000)}
    if isinstance(content, TextReceived):
        return {**lead, "type": "text", "text": {"body": content.text}}
    if isinstance(content, ButtonReply | ListReply):
        kind = msgspec.to_builtins(content).pop("kind")
        inner = {k: v for k, v in msgspec.to_builtins(content).items() if k != "kind"}
        return {**lead, "type": "interactive", "interactive": {"type": kind, kind: inner}}
    return {**lead, "type": "unknown"}
