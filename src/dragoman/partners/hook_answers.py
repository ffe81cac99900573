"""What a webhook address answers where a partner wants nothing special, and the page that a person
sees there with a browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from .contract import Hook, HookAnswer, Outcome

NOSNIFF = (("X-Content-Type-Options", "nosniff"),)

# KEPT and INVALID are each partner's own.
USUAL: Mapping[Outcome, HookAnswer] = {
    Outcome.BUSY: HookAnswer(503, b"Busy, send it again", headers=(("Retry-After", "5"),)),
    Outcome.UNKNOWN: HookAnswer(404, b"Not Found"),
    Outcome.NO_TOKEN: HookAnswer(401, b"Access token not found"),
    Outcome.WRONG_TOKEN: HookAnswer(401, b"Invalid access"),
}

_PAGE = """\
This is a Dragoman webhook address for {partner}.

That you can read this means the address can be reached from where you are. {caller} must reach it \
too: if it begins with http://, localhost or a private address, it cannot.

{steps}

There is nothing else to see here: {caller} sends messages to this address with POST.
"""


def page(partner: str, steps: str, caller: str = "") -> HookAnswer:
    """steps: how to connect the address. caller: who calls it, where that is another name."""
    text = _PAGE.format(partner=partner, steps=steps.strip(), caller=caller or partner)
    return HookAnswer(200, text.encode(), headers=NOSNIFF)


def answers(
    kept: HookAnswer, invalid: HookAnswer, unknown: HookAnswer = USUAL[Outcome.UNKNOWN]
) -> Callable[[Outcome], HookAnswer]:
    """The `answer` of a partner that is told the usual, but for what is its own."""
    own = {Outcome.KEPT: kept, Outcome.INVALID: invalid, Outcome.UNKNOWN: unknown}
    told = {**USUAL, **own}

    def answer(outcome: Outcome) -> HookAnswer:
        return told[outcome]

    return answer


class _Handshake(Protocol):
    def __call__(self, hook: Hook, settings: Sequence[Any]) -> HookAnswer | None: ...


def explained(partner: str, steps: str) -> _Handshake:
    """The `handshake` of a partner that has none: the page, for a person who looks whether the
    address can be reached."""
    shown = page(partner, steps)

    def handshake(hook: Hook, settings: Sequence[Any]) -> HookAnswer | None:
        return shown if hook.method == "GET" else None

    return handshake
