"""Webhooks, at /hooks/{partner}/{stream id}: a plain ASGI route, because it is the hot path."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from urllib.parse import unquote

import structlog

from dragoman.domain.networks import Network, caller
from dragoman.domain.sentences import Sentence, say, words
from dragoman.engine.intake import NOT_FOUND, Intake
from dragoman.partners.contract import Hook, HookAnswer

from .asgi import Gone, Receive, Scope, Send, TooLarge, drain, read_body, respond

log = structlog.get_logger("webhooks")

words({"body_too_large": "The body is larger than {limit} bytes."})


class Webhooks:
    """max_body: bytes; a larger body is answered 413 and never read to its end. trusted: the
    proxies before us that tell who called."""

    def __init__(
        self,
        intake: Intake,
        max_body: int,
        observe: Callable[[float], None] | None = None,
        trusted: Sequence[Network] = (),
    ) -> None:
        self._intake = intake
        self._observe = observe or (lambda seconds: None)
        self._max_body = max_body
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        names = [part for part in scope["path"].split("/") if part]  # doubled, trailing: forgiven
        try:
            body = await read_body(scope, receive, self._max_body)
        except TooLarge:
            await drain(receive, 4 * self._max_body)
            text = say(Sentence("body_too_large", {"limit": self._max_body}))
            await respond(send, 413, text.encode(), headers=((b"connection", b"close"),))
            return
        except Gone:
            return
        if len(names) != 3:
            await _answer(send, NOT_FOUND)
            return
        hook = Hook(
            scope["method"],
            scope["path"],
            _query(scope["query_string"]),
            {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]},
            body,
            _peer(scope, self._trusted),
        )
        began = time.perf_counter()
        try:
            answer = await self._intake.receive(names[1], names[2], hook)
            self._observe(time.perf_counter() - began)
        except Exception:  # nothing was promised: the partner comes again
            log.exception("hook_broken", partner=names[1])
            answer = HookAnswer(500, b"Internal Server Error")
        await _answer(send, answer)


async def _answer(send: Send, answer: HookAnswer) -> None:
    headers = tuple((k.encode(), v.encode()) for k, v in answer.headers)
    await respond(send, answer.status, answer.body, answer.content_type.encode(), headers)


def _peer(scope: Scope, trusted: Sequence[Network]) -> str:
    """The address of the caller, through the proxies that are trusted."""
    client = scope.get("client")
    named = b"x-forwarded-for"
    forwarded = [v.decode("latin-1") for k, v in scope["headers"] if k == named] if trusted else []
    return caller(client[0] if client else "", forwarded, trusted)


def _query(raw: bytes) -> tuple[tuple[str, str], ...]:
    """Percent-decoded, with `+` left as sent: some mean a plus by it, some a space."""
    if not raw:
        return ()
    pairs = []
    for part in raw.decode("latin-1").split("&"):
        name, _, value = part.partition("=")
        pairs.append((unquote(name), unquote(value)))
    return tuple(pairs)
