"""/healthz: the process lives. /readyz: it can keep a message. /metrics: for Prometheus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from dragoman.domain.sentences import Sentence, say, words

from .asgi import Receive, Scope, Send, respond

words(
    {
        "ready_starting": "The program is starting or stopping.",
        "ready_queue": "The queue to the database is full.",
        "ready_write": "The database does not take a write within 2 s: it is full, locked or "
        "overloaded.",
        "ready_failed": "{detail}",
    }
)

_PROMETHEUS = b"text/plain; version=0.0.4; charset=utf-8"
PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


class Health:
    """ready(): what stands in the way, empty if nothing. metrics(): Prometheus text."""

    def __init__(
        self,
        ready: Callable[[], Awaitable[list[Sentence]]],
        metrics: Callable[[], Awaitable[bytes]],
    ) -> None:
        self._ready = ready
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == "/healthz":
            await respond(send, 200, b"ok")
        elif path == "/metrics":
            await respond(
                send, 200, await self._metrics(), b"text/plain; version=0.0.4; charset=utf-8"
            )
        else:
            problems = [say(one) for one in await self._ready()]
            body = msgspec.json.encode({"ready": not problems, "problems": problems})
            await respond(send, 503 if problems else 200, body, b"application/json")
