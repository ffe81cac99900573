"""Our side of Karix's webhook, and what Karix must hear.

Karix signs nothing; what may guard the address is a fixed header that its support sets, an app's
token in one (see ASSOCIATES), or a secret in the URL.
"""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.partners import fixed_header
from dragoman.partners.contract import Hook, HookAnswer, Outcome, Refused

from .settings import Settings

_NOSNIFF = (("X-Content-Type-Options", "nosniff"),)
_PAGE = HookAnswer(
    200,
    b"""\
This is a Dragoman webhook address for Karix.

That you can read this means the address can be reached from where you are. Karix must reach it \
too: if it begins with http://, localhost or a private address, it cannot.

To connect it, the Karix support team configures this page's address as the webhook URL of your \
WhatsApp number. Nothing arrives before they have done so.

There is nothing else to see here: Karix sends messages to this address with POST.
""",
    headers=_NOSNIFF,
)


def guarded(settings: Settings) -> bool:
    """Nothing of Karix's own authenticates its webhooks, only what was arranged."""
    return bool(settings.header_name and settings.header_value)


def uses_authorization(settings: Settings) -> bool:
    return guarded(settings) and settings.header_name.lower() == "authorization"


def authenticate(hook: Hook, settings: Settings, now: int) -> Refused | None:
    return fixed_header.authenticate(hook, settings.header_name, settings.header_value, "Karix")


def handshake(hook: Hook, settings: Sequence[Settings]) -> HookAnswer | None:
    """A person of their support with a browser, who sees whether the address can be reached."""
    return _PAGE if hook.method == "GET" else None


_ANSWERS = {
    Outcome.KEPT: HookAnswer(200, b"OK"),
    Outcome.INVALID: HookAnswer(400, b"Not a Karix webhook body"),
    Outcome.BUSY: HookAnswer(503, b"Busy, send it again", headers=(("Retry-After", "5"),)),
    Outcome.UNKNOWN: HookAnswer(404, b"Not Found"),
    Outcome.NO_TOKEN: HookAnswer(401, b"Access token not found"),
    Outcome.WRONG_TOKEN: HookAnswer(401, b"Invalid access"),
}


def answer(outcome: Outcome) -> HookAnswer:
    """Anything but 200 makes Karix send the same again; how often is not published."""
    return _ANSWERS[outcome]
