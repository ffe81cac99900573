"""`Agent`: what the author of a Python agent writes with. One file, decorated functions.

    agent = Agent()

    @agent.on("hello", "hi")
    async def hello(turn: Turn) -> None:
        turn.reply("Hello!")

For each message of a turn, in order, the first handler *in the order of the file* that fits it is
called; `otherwise` comes last wherever it stands. `async def` runs in the event loop, a plain `def`
in a thread. With `@agent.turn` one handler gets the whole turn and does its own dispatching.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import unicodedata
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

import msgspec

from dragoman.domain.content import TextReceived, kind_of
from dragoman.domain.sentences import Sentence, words

from .contract import Turn, TurnMessage

words(
    {
        "no_handler": "No handler of the agent took this message ({kind}), so nothing was said. "
        "Add one with @agent.otherwise.",
    }
)

Handler = Callable[[Turn], Any]
H = TypeVar("H", bound=Handler)
Watch = Callable[[Handler, Coroutine[Any, Any, None]], Awaitable[None]]
_Fits = Callable[[Turn, str], bool]


class Rule(msgspec.Struct, frozen=True):
    """A handler as people read it. says: what it answers, as it is written in the file (`on("hi",
    "hello")`). function, line: where it is; 0 where nobody knows."""

    says: str
    function: str
    line: int = 0


class Agent:
    """Handlers by what they answer. An instance satisfies the contract of agents by itself."""

    def __init__(self) -> None:
        self._rules: list[tuple[_Fits, Handler]] = []
        self._otherwise: Handler | None = None
        self._turn: Handler | None = None
        self._asynchronous: dict[Handler, bool] = {}
        self._told: list[Rule] = []
        self._last: Rule | None = None
        self._whole: Rule | None = None
        self.watch: Watch | None = None  # set by who runs the agent, to time the handlers

    def on(self, *phrases: str) -> Callable[[H], H]:
        """The whole message, typed or tapped, is one of these. Case, spaces around and between,
        a full stop or exclamation mark at the end make no difference, in any script."""
        wanted = frozenset(_folded(phrase) for phrase in phrases) - {""}
        return self._rule(lambda turn, text: text in wanted, _written("on", phrases))

    def matching(self, pattern: str | re.Pattern[str]) -> Callable[[H], H]:
        """The whole message, typed or tapped, matches (`fullmatch`, case ignored, without spaces
        around); the match is `turn.match`. `\\d` stands for the digits of every script."""
        regex = re.compile(pattern, re.IGNORECASE) if isinstance(pattern, str) else pattern

        def fits(turn: Turn, text: str) -> bool:
            if not text:
                return False
            turn.match = regex.fullmatch(turn.text.strip())
            return turn.match is not None

        return self._rule(fits, f'matching(r"{regex.pattern}")')

    def tapped(self, *ids: str) -> Callable[[H], H]:
        """A reply button, list row or template button with one of these ids was tapped. An id that
        ends in `*` fits all that begin so; what follows is `turn.rest`."""
        whole = frozenset(name for name in ids if not name.endswith("*"))
        starts = tuple(name[:-1] for name in ids if name.endswith("*"))

        def fits(turn: Turn, text: str) -> bool:
            tapped = turn.message.tapped if turn.message else None
            if tapped is None:
                return False
            if tapped in whole:
                return True
            for start in starts:
                if tapped.startswith(start):
                    turn.rest = tapped[len(start) :]
                    return True
            return False

        return self._rule(fits, _written("tapped", ids))

    def kind(self, *kinds: str) -> Callable[[H], H]:
        """The message is of one of these kinds: `image`, `location`, `order`, …"""
        wanted = frozenset(kinds)
        return self._rule(
            lambda turn, text: turn.message is not None and kind_of(turn.message.content) in wanted,
            _written("kind", kinds),
        )

    def otherwise(self, handler: H) -> H:
        """What no other handler took."""
        self._otherwise = self._know(handler)
        self._last = _rule_of("otherwise", handler)
        return handler

    def turn(self, handler: H) -> H:
        """One handler for the whole turn: `turn.messages` has all that wait, in order."""
        self._turn = self._know(handler)
        self._whole = _rule_of("turn", handler)
        return handler

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The handlers in the order in which they are asked; with `turn` there is only that."""
        if self._whole is not None:
            return (self._whole,)
        return (*self._told, *((self._last,) if self._last is not None else ()))

    async def answer(self, turn: Turn) -> None:
        """Handle the messages of a turn, one after the other."""
        if self._turn is not None:
            await self._call(self._turn, turn)
            return
        for message in turn.messages:
            turn.message = message
            turn.match, turn.rest = None, ""
            handler = self._find(turn)
            if handler is not None:
                await self._call(handler, turn)
            else:
                turn.notes.append(Sentence("no_handler", {"kind": kind_of(message.content)}))

    async def close(self) -> None:
        """Nothing to close."""

    def _find(self, turn: Turn) -> Handler | None:
        message = turn.message
        if message is None:
            return self._otherwise
        content = message.content
        written = type(content) is TextReceived or message.tapped is not None
        text = _folded(message.text) if written else ""
        for fits, handler in self._rules:
            if fits(turn, text):
                return handler
        return self._otherwise

    async def _call(self, handler: Handler, turn: Turn) -> None:
        if not self._asynchronous[handler]:
            await _in_thread(handler, turn)
        elif self.watch is not None:
            await self.watch(handler, handler(turn))
        else:
            await handler(turn)

    def _rule(self, fits: _Fits, says: str) -> Callable[[H], H]:
        def add(handler: H) -> H:
            self._told.append(_rule_of(says, handler))
            self._rules.append((fits, self._know(handler)))
            return handler

        return add

    def _know(self, handler: H) -> H:
        call = getattr(handler, "__call__", handler)  # noqa: B004 (an instance may be a handler)
        self._asynchronous[handler] = inspect.iscoroutinefunction(
            handler
        ) or inspect.iscoroutinefunction(call)
        return handler


def _written(name: str, values: Iterable[str]) -> str:
    return f"{name}({', '.join(json.dumps(v, ensure_ascii=False) for v in values)})"


def _rule_of(says: str, handler: Handler) -> Rule:
    code = getattr(inspect.unwrap(handler), "__code__", None)
    name = getattr(handler, "__qualname__", type(handler).__name__)
    return Rule(says, name, code.co_firstlineno if code is not None else 0)


async def _in_thread(handler: Handler, turn: Turn) -> None:
    """Run a plain function beside the loop. Its signals are handed back to the loop, where the
    engine expects them."""
    signal = turn._on_signal
    if signal is None:
        await asyncio.to_thread(handler, turn)
        return
    loop = asyncio.get_running_loop()

    def hand_back(message: TurnMessage, typing: bool) -> None:
        loop.call_soon_threadsafe(signal, message, typing)

    turn._on_signal = hand_back
    try:
        await asyncio.to_thread(handler, turn)
    finally:
        turn._on_signal = signal


_ENDINGS = " .!?…。！？।؟¡¿"


def _folded(text: str) -> str:
    """A phrase as it is compared."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    words_only = " ".join(text.casefold().split())
    return words_only.strip(_ENDINGS) or words_only  # "?" alone stays a question
