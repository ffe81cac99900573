"""What to do after a send that brought no id: a pure decision of the error and the attempt.

A refusal that concerns the number, the account or the token holds that number's queue; it does not
fail the message. A retryable failure is tried again with growing pauses, for as long as the lane
may be held by our own retries. Doubt is never retried. All else fails.
"""

from __future__ import annotations

import enum

import msgspec

from .errors import Code, Concerns, SendError

HOLDERS = frozenset({Concerns.NUMBER, Concerns.ACCOUNT, Concerns.TOKEN})


class Then(enum.StrEnum):
    RETRY = "retry"
    HOLD = "hold"
    DOUBT = "doubt"
    FAIL = "fail"


class Decision(msgspec.Struct, frozen=True):
    """`after_ms`: how long to wait, for RETRY and HOLD."""

    then: Then
    after_ms: int = 0


class Limits(msgspec.Struct, frozen=True):
    """Milliseconds. lane: how long our own retries may hold a lane."""

    base_ms: int = 500
    cap_ms: int = 60_000
    lane_ms: int = 300_000
    hold_base_ms: int = 5_000
    hold_cap_ms: int = 300_000


def pause(attempt: int, base_ms: int, cap_ms: int, jitter: float) -> int:
    """Exponential from `base_ms`, capped; `jitter` in 0..1 takes up to half of it away."""
    full = min(cap_ms, base_ms * 2 ** min(max(attempt, 1) - 1, 30))
    return int(full * (1 - jitter / 2))


def decide(
    error: SendError, attempt: int, spent_ms: int, jitter: float, limits: Limits
) -> Decision:
    """attempt counts from 1; spent_ms: how long our own retries have held the lane so far."""
    if error.ambiguous:
        return Decision(Then.DOUBT)
    if error.concerns in HOLDERS:
        wait = pause(attempt, limits.hold_base_ms, limits.hold_cap_ms, jitter)
        return Decision(Then.HOLD, max(wait, _asked(error)))
    if not error.retryable:
        return Decision(Then.FAIL)
    if error.code is Code.PAIR_RATE:  # the partner's own rule: 4^n seconds
        wait = 1_000 * 4 ** min(attempt - 1, 5)
    else:
        wait = pause(attempt, limits.base_ms, limits.cap_ms, jitter)
    wait = max(wait, _asked(error))
    if spent_ms + wait > limits.lane_ms:
        return Decision(Then.FAIL)
    return Decision(Then.RETRY, wait)


def _asked(error: SendError) -> int:
    return int((error.retry_after or 0) * 1_000)
