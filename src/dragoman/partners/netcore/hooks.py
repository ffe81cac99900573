"""Our side of Netcore's webhooks, and what Netcore must hear.

Netcore signs nothing; what may guard the address is a fixed header that both sides know, an app's
token in it (see ASSOCIATES), or a secret in the URL.

Source: Netcore Cloud, "Webhooks: overview"; captured webhooks carry no signature.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from dragoman.domain.sentences import Sentence, words
from dragoman.partners.contract import Hook, HookAnswer, Outcome, Refused

from .settings import Settings

words(
    {
        "netcore_header_missing": "The webhook had no header {name}, so it did not come from "
        "Netcore, or the header is not set at its webhook yet.",
        "netcore_header_wrong": "The webhook's header {name} is another than the channel's: set "
        "the same value at both of Netcore's webhooks.",
    }
)

_INVALID = HookAnswer(401, b"Invalid webhook header")
_PAGE = HookAnswer(
    200,
    b"""\
This is a Dragoman webhook address for Netcore.

That you can read this means the address can be reached from where you are. Netcore must reach it \
too: if it begins with http://, localhost or a private address, it cannot.

To connect it:
1. Open Netcore's CPaaS console > Settings > Webhook Integration.
2. Paste this page's address under "Incoming webhook", and turn the Status switch on.
3. Paste it once more for the delivery reports, which are a second webhook, and turn that on too.

There is nothing else to see here: Netcore sends messages to this address with POST.
""",
    headers=(("X-Content-Type-Options", "nosniff"),),
)


def guarded(settings: Settings) -> bool:
    return bool(settings.header_name and settings.header_value)


def uses_authorization(settings: Settings) -> bool:
    return guarded(settings) and settings.header_name.lower() == "authorization"


def authenticate(hook: Hook, settings: Settings, now: int) -> Refused | None:
    """The fixed header, compared in constant time; nothing where none is set."""
    if not guarded(settings):
        return None
    name = settings.header_name
    given = hook.headers.get(name.lower())
    if given is None:
        return Refused(_INVALID, Sentence("netcore_header_missing", {"name": name}))
    ours = settings.header_value.encode()
    if not hmac.compare_digest(given.strip().encode("utf-8", "replace"), ours):
        return Refused(_INVALID, Sentence("netcore_header_wrong", {"name": name}))
    return None


def handshake(hook: Hook, settings: Sequence[Settings]) -> HookAnswer | None:
    """A person with a browser, who sees whether the address can be reached."""
    return _PAGE if hook.method == "GET" else None


_ANSWERS = {
    Outcome.KEPT: HookAnswer(200, b"OK"),
    Outcome.INVALID: HookAnswer(400, b"Not a Netcore webhook body"),
    Outcome.BUSY: HookAnswer(503, b"Busy, send it again", headers=(("Retry-After", "5"),)),
    Outcome.UNKNOWN: HookAnswer(404, b"Not Found"),
    Outcome.NO_TOKEN: HookAnswer(401, b"Access token not found"),
    Outcome.WRONG_TOKEN: HookAnswer(401, b"Invalid access"),
}


def answer(outcome: Outcome) -> HookAnswer:
    """Netcore ignores the body. That anything but 200 makes it send the same again is known of its
    e-mail webhooks only."""
    return _ANSWERS[outcome]
