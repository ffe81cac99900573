"""What must be done before a message may leave: look consent up, leave a file with the partner.

Each part may change the content or refuse, and tells the calls it made, which the log keeps beside
the send itself. These calls may be repeated: nothing of them is ever in doubt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from dragoman.domain.content import Outbound
from dragoman.domain.errors import SendError
from dragoman.domain.wire import HttpCall, NoReply, Reply
from dragoman.egress import Egress, redacted
from dragoman.store.rows import Claimed


class Prepared(msgspec.Struct, frozen=True):
    """The content as it may leave, or why it may not; `steps`: the calls made, redacted."""

    content: Outbound
    refusal: SendError | None = None
    steps: tuple[dict[str, Any], ...] = ()


Part = Callable[[Claimed, Outbound, Any], Awaitable[Prepared]]  # row, content, settings


class Preparing:
    """All parts in order; the first refusal ends it."""

    def __init__(self, parts: Sequence[Part] = ()) -> None:
        self._parts = tuple(parts)

    async def __call__(self, row: Claimed, content: Outbound, settings: Any) -> Prepared:
        steps: tuple[dict[str, Any], ...] = ()
        for part in self._parts:
            done = await part(row, content, settings)
            content, steps = done.content, (*steps, *done.steps)
            if done.refusal is not None:
                return Prepared(content, done.refusal, steps)
        return Prepared(content, None, steps)


class Asking:
    """Calls of one preparation, each kept for the log."""

    def __init__(self, egress: Egress, timeout_s: float) -> None:
        self._egress = egress
        self._timeout_s = timeout_s
        self.steps: list[dict[str, Any]] = []

    async def ask(self, call: HttpCall) -> Reply | NoReply:
        reply = await self._egress.call(call, timeout_s=self._timeout_s)
        self.steps.append(redacted(call, reply))
        return reply


def repeatable(error: SendError) -> SendError:
    """A preparation that failed in doubt may simply be made again."""
    if not error.ambiguous:
        return error
    return msgspec.structs.replace(error, ambiguous=False, retryable=True)
