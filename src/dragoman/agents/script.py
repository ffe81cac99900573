"""`ScriptAgent`: an author's JavaScript, run once per message in the sandbox.

What it prints becomes messages (`output.read_printed`); what it writes into `context` is kept, but
for the parts that the platform provides anew each time. Its globals: print, console, context,
message, contact, number, window, now, assets.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from dragoman.domain.identity import Person
from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.domain.window import Window
from dragoman.sandbox.failures import ScriptFailed
from dragoman.sandbox.pool import Pool, ScriptResult

from .contract import AgentFailed, Turn, TurnMessage
from .files import GONE, Stamp, stamp_of
from .output import looks_like_an_object, read_printed

words(
    {
        "script_output_wrong": "{file} printed an object that cannot be sent: {problem}.",
        "script_said": "{file} says: {text}",
        "script_almost_object": "{file} printed a text that looks like an object but is no JSON; "
        "it was sent as text. Print JSON.stringify(object).",
    }
)

Tell = Callable[[Sentence], None]


class ScriptAgent:
    """The agent in one JavaScript file, or in `source` given as text under the name `name`.

    on_reload: told of each reload and of each that failed. The pool is the caller's, who closes
    it; many agents may share one. Raises AgentFailed when the file cannot be read.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        pool: Pool,
        source: str | None = None,
        name: str = "script",
        on_reload: Tell | None = None,
        watch: bool = True,
    ) -> None:
        if (path is None) == (source is None):
            raise TypeError("give either a path or a source")
        self.path = str(Path(path).resolve()) if path is not None else None
        self.name = Path(self.path).name if self.path else name
        self._pool = pool
        self._watch = watch and self.path is not None
        self._on_reload = on_reload
        self._saving = asyncio.Lock()
        self._stamp: Stamp = stamp_of(self.path) if self.path else GONE
        self._source = source if source is not None else self._read_first()

    async def check(self) -> Sentence | None:
        """What stands in the way of running it (its syntax), or None. Nothing of it is run."""
        return await self._pool.check(self._source, name=self.name)

    async def answer(self, turn: Turn) -> None:
        if self._watch and self.path is not None:
            stamp = stamp_of(self.path)
            if stamp != self._stamp:
                await self._reload(stamp, self.path)
        source = self._source
        for message in turn.messages:
            turn.message = message
            await self._answer_one(turn, message, source)

    async def close(self) -> None:
        """Nothing to close: the pool belongs to the caller."""

    async def _answer_one(self, turn: Turn, message: TurnMessage, source: str) -> None:
        values = script_values(turn, message, await turn.raw(message))
        try:
            result = await self._pool.run(source, values, name=self.name)
        except ScriptFailed as failed:
            raise AgentFailed(failed.sentence, final=not failed.again) from None
        self._note(turn, result)
        try:
            contents = read_printed(result.printed)
        except SentenceError as wrong:
            args = {"file": self.name, "problem": wrong.sentence.args["problem"]}
            raise AgentFailed(Sentence("script_output_wrong", args), final=True) from None
        for content in contents:
            turn.reply(content)
        turn.context.clear()
        turn.context.update(result.context)

    def _note(self, turn: Turn, result: ScriptResult) -> None:
        """What the author should see beside this turn, and the contact should not."""
        for text in result.logged:
            turn.notes.append(Sentence("script_said", {"file": self.name, "text": text}))
        for piece in result.printed:
            if looks_like_an_object(piece) and not _is_json(piece):
                turn.notes.append(Sentence("script_almost_object", {"file": self.name}))
                break

    def _read_first(self) -> str:
        path = self.path or ""
        try:
            return _read(path)
        except (OSError, UnicodeDecodeError) as exc:
            sentence = self._not_loaded("agent_not_loaded", 0, str(exc))
            raise AgentFailed(sentence, final=True) from None

    async def _reload(self, stamp: Stamp, path: str) -> None:
        async with self._saving:
            if stamp == self._stamp:
                return  # another turn did it while this one waited
            try:
                told = await self._replace(stamp, path)
            except ScriptFailed:
                return  # no sandbox was free: the next turn looks again
            self._stamp = stamp
            if self._on_reload is not None:
                self._on_reload(told)

    async def _replace(self, stamp: Stamp, path: str) -> Sentence:
        if stamp == GONE:
            return Sentence("agent_gone", {"file": self.name})
        try:
            source = _read(path)
        except (OSError, UnicodeDecodeError) as exc:
            return self._not_loaded("agent_not_reloaded", 0, str(exc))
        wrong = await self._pool.check(source, name=self.name)
        if wrong is not None:
            line, problem = wrong.args.get("line", 0), wrong.args.get("problem", wrong.id)
            return self._not_loaded("agent_not_reloaded", line, problem)
        self._source = source
        return Sentence("agent_reloaded", {"file": self.name})

    def _not_loaded(self, sentence: str, line: int, problem: str) -> Sentence:
        place = f"{self.name}, line {line}," if line else self.name
        args = {"place": place, "file": self.name, "line": line, "problem": problem}
        return Sentence(sentence, args)


def script_values(turn: Turn, message: TurnMessage, raw: Any) -> dict[str, Any]:
    """The globals of a script that answers `message`; `raw` is the partner's JSON of it."""
    context = _provided(turn.context, turn.contact)
    bot_user = context["session"]["BotUserSession"]
    bot_user["lastMessage"] = {"channel": "whatsapp", "messagePayload": raw}
    bot_user["lastUserMessageTime"] = message.at
    return {
        "context": context,
        "message": _message(message),
        **_common(turn.contact, turn.number, turn.window, turn.now, turn.assets_url),
    }


def notification_values(
    contact: Person,
    context: Mapping[str, Any],
    parameters: Mapping[str, str],
    *,
    number: str,
    window: Window,
    now: int,
    assets_url: str,
) -> dict[str, Any]:
    """The globals of a script that writes first: there is no `message`, but there are the
    recipient's `parameters`."""
    return {
        "context": _provided(context, contact),
        "parameters": dict(parameters),
        **_common(contact, number, window, now, assets_url),
    }


def _common(
    contact: Person, number: str, window: Window, now: int, assets_url: str
) -> dict[str, Any]:
    return {
        "contact": {
            "phone": str(contact.phone) if contact.phone else None,
            "bsuid": str(contact.bsuid) if contact.bsuid else None,
            "name": contact.name,
            "username": contact.username,
        },
        "number": number,
        "window": {"open": window.open_at(now), "until": window.until},
        "now": now,
        "assets": assets_url,
    }


def _provided(context: Mapping[str, Any], contact: Person) -> dict[str, Any]:
    """The conversation's context with the platform's parts laid over it. What is provided here
    and not kept is known to `sandbox/prelude.js` too."""
    session = _object(context.get("session"))
    session["BotUserSession"] = _object(session.get("BotUserSession"))
    session["UserSession"] = _object(session.get("UserSession"))
    session["UserContext"] = _user(contact)
    entities = context.get("entities", {})
    return {**context, "session": session, "entities": entities}


def _object(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _user(contact: Person) -> dict[str, Any]:
    first, _, last = (contact.name or "").strip().partition(" ")
    identities = []
    if contact.phone:
        identities.append({"val": contact.phone.digits, "type": "phoneNumber"})
    if contact.bsuid:
        identities.append({"val": contact.bsuid.value, "type": "bsuid"})
    return {"firstName": first, "lastName": last.strip(), "identities": identities}


def _message(message: TurnMessage) -> dict[str, Any]:
    """The neutral content with its `kind`, and beside it what every message has."""
    out: dict[str, Any] = msgspec.to_builtins(message.content)
    out["text"] = message.text
    out["tapped"] = message.tapped
    out["at"] = message.at
    out.setdefault("message_id", message.external_id)
    if message.quoted is not None:
        out["quoted"] = msgspec.to_builtins(message.quoted)
    if message.referral is not None:
        out["referral"] = msgspec.to_builtins(message.referral)
    return out


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8-sig")


def _is_json(piece: str) -> bool:
    try:
        msgspec.json.decode(piece)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
