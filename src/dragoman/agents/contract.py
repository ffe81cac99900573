"""What an agent is handed and what it hands back. The engine builds a `Turn`, the agent answers it.

Everything an agent does in a turn (messages, context) is committed together when `answer` returns,
or not at all. `flush` commits what there is so far; a turn that has flushed is never run again.
Typing and read receipts are signals: not durable, never retried.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from dragoman.domain.content import (
    ButtonReply,
    Inbound,
    ListReply,
    Outbound,
    TemplateReply,
    Text,
    plain_text,
)
from dragoman.domain.events import Quoted, Referral
from dragoman.domain.identity import Person
from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.domain.window import Window

from .output import read_object

words({"attach_nowhere": "There is no store of files here, so nothing can be attached."})


class TurnMessage(msgspec.Struct, frozen=True):
    """One message that came in. `id` is ours, `external_id` the partner's; `at` is the partner's
    time in Unix milliseconds; `seq` counts the conversation's messages from 1."""

    id: int
    seq: int
    external_id: str | None
    at: int
    content: Inbound
    quoted: Quoted | None = None
    referral: Referral | None = None

    @property
    def text(self) -> str:
        """What was typed, tapped or captioned; empty for a bare photo."""
        return plain_text(self.content)

    @property
    def tapped(self) -> str | None:
        """Our own id of the reply button, list row or template button that was tapped."""
        if isinstance(self.content, ButtonReply | ListReply):
            return self.content.id
        return self.content.payload if isinstance(self.content, TemplateReply) else None


class TurnFile(msgspec.Struct, frozen=True):
    """A file that a person sent, as it is kept here. `mime` is what its bytes show, where they
    show it; `size` in bytes; `sha256` in hex. `url`: where others may fetch it, for a while; in a
    reply it sends the file on."""

    url: str
    mime: str
    filename: str | None
    size: int
    sha256: str
    load: Callable[[], Awaitable[bytes]]

    async def read(self) -> bytes:
        """All of it."""
        return await self.load()


class Outgoing(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message to the contact. `reply_to`: the partner's id of the message to quote.
    `extra`: merged last into the partner's body, as the author wrote it. `answers`: our id of the
    message that was being answered, whose number this one leaves from."""

    content: Outbound
    reply_to: str | None = None
    extra: dict[str, Any] | None = None
    answers: int = 0


class Turn:
    """One turn: the messages that wait, in order, and everything an agent may look at or do.

    app: the app's name. number: the business number written to (digits, or the partner's key).
    context: the conversation's JSON memory; change it in place. window: until when free-form
    messages may be sent. now: business time, Unix milliseconds. attempt: 1 for the first try.
    draft: whether this is the in-development copy. assets_url: where the files beside the agent
    are served, without a slash at the end.

    While a handler runs: message, the one it answers; match, the regular expression's match;
    rest, what a tap had in place of the `*`.
    """

    def __init__(
        self,
        *,
        app: str,
        number: str,
        messages: list[TurnMessage],
        contact: Person,
        context: dict[str, Any],
        window: Window,
        now: int,
        session_id: str = "",
        session_new: bool = False,
        attempt: int = 1,
        draft: bool = False,
        assets_url: str = "",
        http: Any = None,
        load_raw: Callable[[TurnMessage], Awaitable[Any]] | None = None,
        load_file: Callable[[TurnMessage, float], Awaitable[TurnFile | Sentence | None]]
        | None = None,
        on_attach: Callable[[bytes | str, str | None, str | None], Awaitable[str]] | None = None,
        on_flush: Callable[[Turn], Awaitable[None]] | None = None,
        on_signal: Callable[[TurnMessage, bool], None] | None = None,
    ) -> None:
        self.app = app
        self.number = number
        self.messages = messages
        self.contact = contact
        self.context = context
        self.window = window
        self.now = now
        self.session_id = session_id
        self.session_new = session_new
        self.attempt = attempt
        self.draft = draft
        self.assets_url = assets_url
        self.http = http
        self.outgoing: list[Outgoing] = []
        self.notes: list[Sentence] = []  # shown in the log beside this turn
        self.message = messages[-1] if messages else None  # the one a handler is answering
        self.match: re.Match[str] | None = None
        self.rest = ""
        self._load_raw = load_raw
        self._load_file = load_file
        self._on_attach = on_attach
        self._on_flush = on_flush
        self._on_signal = on_signal

    @property
    def text(self) -> str:
        """The words of the current message."""
        return self.message.text if self.message else ""

    def reply(
        self,
        content: Outbound | str | Mapping[str, Any],
        *,
        quote: bool | str = False,
        extra: dict[str, Any] | None = None,
    ) -> None:
        """Add a message. A string is free-form text; an object with `kind` is written for any
        partner, one without goes to the partner as it is. `quote`: True quotes the current
        message, a string quotes the message with that partner's id. Raises AgentFailed, final,
        for an object that cannot be sent."""
        value = _content(content)
        reply_to = quote if isinstance(quote, str) else None
        if quote is True and self.message is not None:
            reply_to = self.message.external_id
        answers = self.message.id if self.message is not None else 0
        self.outgoing.append(Outgoing(value, reply_to, extra, answers))

    async def raw(self, message: TurnMessage | None = None) -> Any:
        """The partner's own JSON of a message (the current one unless given)."""
        chosen = message or self.message
        if chosen is None or self._load_raw is None:
            return None
        return await self._load_raw(chosen)

    async def file(
        self, message: TurnMessage | None = None, *, wait_s: float = 20.0
    ) -> TurnFile | None:
        """The file that came with a message (the current one unless given). It is fetched from the
        partner while the turn begins, so this waits for it. None when the message brought none, or
        when it could not be had: the log then says why, beside this turn."""
        chosen = message or self.message
        if chosen is None or self._load_file is None:
            return None
        found = await self._load_file(chosen, wait_s)
        if isinstance(found, Sentence):
            self.notes.append(found)
            return None
        return found

    async def attach(
        self,
        given: bytes | str | os.PathLike[str],
        mime: str | None = None,
        filename: str | None = None,
    ) -> str:
        """Keep a file to send: its bytes, or where it lies (beside the agent, unless the path is
        absolute). Gives the link for `Image(link=…)`, `Document(link=…)` and their like; where the
        partner cannot fetch links from here, it is handed the file itself when the message leaves.
        Raises AgentFailed, final, for a file that cannot be read or is too large."""
        if self._on_attach is None:
            raise AgentFailed(Sentence("attach_nowhere"), final=True)
        data = given if isinstance(given, bytes) else os.fspath(given)
        return await self._on_attach(data, mime, filename)

    async def flush(self) -> None:
        """Commit and send what there is so far. After this, the turn is never run again."""
        if self._on_flush is not None:
            await self._on_flush(self)

    def typing(self) -> None:
        """Show *typing…* to the contact, for up to 25 s; the message counts as read with it."""
        if self._on_signal is not None and self.message is not None:
            self._on_signal(self.message, True)

    def mark_read(self) -> None:
        if self._on_signal is not None and self.message is not None:
            self._on_signal(self.message, False)


def _content(given: Outbound | str | Mapping[str, Any]) -> Outbound:
    if isinstance(given, str):
        return Text(given)
    if isinstance(given, Struct):
        return given
    value: object = given  # an author's file is not always type-checked
    if not isinstance(value, Mapping):
        kind = type(value).__name__
        raise TypeError(f"turn.reply takes text, a message such as Buttons(...), or a dict: {kind}")
    try:
        return read_object(given)
    except SentenceError as wrong:
        raise AgentFailed(wrong.sentence, final=True) from None


class AgentFailed(Exception):
    """The agent could not answer. `final`: trying again cannot help (a script's own error); the
    contact then gets the app's fallback sentence and the author sees `sentence`."""

    def __init__(self, sentence: Sentence, *, final: bool = False) -> None:
        super().__init__(sentence.id)
        self.sentence = sentence
        self.final = final


class Agent(Protocol):
    """A brain. One instance serves many conversations at once."""

    async def answer(self, turn: Turn) -> None:
        """Answer through `turn.reply` and `turn.context`. Raises AgentFailed, or anything: what is
        not AgentFailed is a crash and the turn is tried again."""
        ...

    async def close(self) -> None: ...
