"""Our side of Pigeon Post's webhook. It seals the body: HMAC-SHA256 under the seal's four words."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from dragoman.domain.sentences import Sentence, words
from dragoman.partners.contract import Hook, HookAnswer, Outcome, Refused

from .settings import Settings

words(
    {
        "pigeon_seal_missing": "The arrival had no seal, so it did not come from Pigeon Post, or "
        "the seal is not set in the loft yet.",
        "pigeon_seal_broken": "The arrival's seal is not made with this channel's seal: copy the "
        "four words again from Loft > Arrivals.",
    }
)

_REFUSED = HookAnswer(401, b"Seal refused")
_ANSWERS = {
    Outcome.KEPT: HookAnswer(200, b"kept"),
    Outcome.INVALID: HookAnswer(400, b"Not an arrival"),
    Outcome.BUSY: HookAnswer(503, b"Fly again", headers=(("Retry-After", "5"),)),
    Outcome.UNKNOWN: HookAnswer(404, b"No such loft"),
    Outcome.NO_TOKEN: HookAnswer(401, b"Access token not found"),
    Outcome.WRONG_TOKEN: HookAnswer(401, b"Invalid access"),
}


def guarded(settings: Settings) -> bool:
    return bool(settings.seal)


def uses_authorization(settings: Settings) -> bool:
    return False


def authenticate(hook: Hook, settings: Settings, now: int) -> Refused | None:
    if not settings.seal:
        return None
    given = hook.headers.get("x-loft-seal")
    if given is None:
        return Refused(_REFUSED, Sentence("pigeon_seal_missing"))
    right = hmac.new(settings.seal.encode(), hook.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(given.encode("utf-8", "replace"), right.encode()):
        return Refused(_REFUSED, Sentence("pigeon_seal_broken"))
    return None


def handshake(hook: Hook, settings: Sequence[Settings]) -> HookAnswer | None:
    """A person with a browser, who sees that the address can be reached."""
    return HookAnswer(200, b"Pigeons land here, by POST.\n") if hook.method == "GET" else None


def answer(outcome: Outcome) -> HookAnswer:
    """Anything but 200 makes the bird fly again."""
    return _ANSWERS[outcome]
