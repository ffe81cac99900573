"""What one recipient of a notification is sent: their own text, the filled template, or what the
script prints for them.

Placeholders are `{word}`, where `word` is a parameter of somebody in the request; other braces are
text. A script gets its parameters as the global `parameters`, never pasted into its source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import structlog

from dragoman.agents.output import read_object, read_printed
from dragoman.agents.script import notification_values
from dragoman.domain.clock import Clock
from dragoman.domain.content import Outbound, Text
from dragoman.domain.identity import Phone
from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.domain.window import CLOSED, Opener, Window
from dragoman.sandbox.failures import ScriptFailed
from dragoman.store.notifications import Waiting
from dragoman.store.queries.notified import Talk, talk
from dragoman.store.store import Store

from .apps import App, Apps
from .notifications import SCRIPT
from .notify_request import LONGEST_TEXT, Identity, Message

log = structlog.get_logger("broadcast")

words(
    {
        "notify_no_value": "Its text has the placeholder {name}, and this recipient has no such "
        "parameter, so it was not sent half empty.",
        "notify_text_long": "With its parameters the text has {length} characters, and one message "
        "may have {most}.",
        "notify_printed_nothing": "The script printed nothing for this recipient, so there was "
        "nothing to send.",
        "notify_printed_many": "The script printed {n} messages for this recipient, and a "
        "notification is one.",
        "notify_printed_wrong": "The script printed an object that cannot be sent ({problem}).",
        "notify_filled_wrong": "With its parameters the object cannot be sent ({problem}).",
    }
)

_PLACEHOLDER = re.compile(r"\{([^{}]{1,200})\}")


class NoMessage(Exception):
    """Nothing can be sent to this recipient; `sentence` says why."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.id)
        self.sentence = sentence


class TryLater(Exception):
    """No sandbox was free."""


class Scripts:
    """Runs the scripts of notifications, one at a time: the other sandboxes are the agents'."""

    def __init__(
        self, store: Store, apps: Apps, clock: Clock, pool: Callable[[], Any], assets_url: str
    ) -> None:
        self._store = store
        self._apps = apps
        self._clock = clock
        self._pool = pool
        self._assets_url = assets_url

    async def check(self, source: str, name: str) -> Sentence | None:
        """What stands in the way of running a script. Raises ScriptFailed."""
        wrong: Sentence | None = await self._pool().check(source, name=name)
        return wrong

    async def run(
        self, app: App, source: str, parameters: Mapping[str, str], one: Waiting, shared: bool
    ) -> list[Outbound]:
        """The messages that it prints for a recipient; the context that it leaves is not kept.
        Raises NoMessage, TryLater."""
        known: Talk = await self._store.read(
            lambda tx: talk(tx, one.app_id, one.number_id, Phone(one.phone), shared)
        )
        number = self._apps.number_keys.get(one.number_id)
        window = CLOSED
        if known.window is not None:
            until, opener, free_until = known.window
            window = Window(until, Opener(opener), free_until)
        values = notification_values(
            known.person, msgspec.json.decode(known.context), parameters,
            number=(number[3] or number[2]) if number else "", window=window,
            now=self._clock.now(), assets_url=f"{self._assets_url}/{app.stream_id}",
        )  # fmt: skip
        try:
            result = await self._pool().run(source, values, name=SCRIPT)
        except ScriptFailed as failed:
            if failed.again:
                raise TryLater from None
            raise NoMessage(failed.sentence) from None
        for text in result.logged:
            log.info("notification_script_said", app=app.name, text=text)
        try:
            return read_printed(result.printed)
        except SentenceError as error:
            about = {"problem": error.sentence.args["problem"]}
            raise NoMessage(Sentence("notify_printed_wrong", about)) from None


async def personal(
    scripts: Scripts, app: App, message: Message, identity: Identity, one: Waiting, shared: bool
) -> Outbound:
    """The message of one recipient. Raises NoMessage, TryLater."""
    given = identity.parameters
    if identity.custom_message is not None:
        return _text(filled(identity.custom_message, given, message.names))
    if message.kind == "script":
        said = await scripts.run(app, str(message.value), given, one, shared)
        if not said:
            raise NoMessage(Sentence("notify_printed_nothing"))
        if len(said) > 1:
            raise NoMessage(Sentence("notify_printed_many", {"n": len(said)}))
        return _text(said[0].text) if isinstance(said[0], Text) else said[0]
    value = filled(message.value, given, message.names)
    if isinstance(value, str):
        return _text(value)
    try:
        return read_object(value)
    except SentenceError as error:
        about = {"problem": error.sentence.args["problem"]}
        raise NoMessage(Sentence("notify_filled_wrong", about)) from None


def _text(text: str) -> Text:
    if len(text) > LONGEST_TEXT:
        about = {"length": len(text), "most": LONGEST_TEXT}
        raise NoMessage(Sentence("notify_text_long", about))
    return Text(text)


def filled(value: Any, given: Mapping[str, str], names: tuple[str, ...]) -> Any:
    """A text, or an object with all its texts, with the recipient's parameters in it. Raises
    NoMessage where one is a placeholder that this recipient has no value for."""
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda found: _value(found, given, names), value)
    if isinstance(value, dict):
        return {key: filled(inner, given, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, given, names) for inner in value]
    return value


def _value(found: re.Match[str], given: Mapping[str, str], names: tuple[str, ...]) -> str:
    name = found[1]
    if name in given:
        return given[name]
    if name in names:
        raise NoMessage(Sentence("notify_no_value", {"name": found[0]}))
    return found[0]
