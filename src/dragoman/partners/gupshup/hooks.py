"""Our side of Gupshup's webhook, and what Gupshup must hear.

Gupshup signs nothing: what guards the address is the app's token (see ASSOCIATES), or a secret in
the URL. A body that cannot be read, and an address that nobody has, are answered 500.

Source: Gupshup, "Webhook key points"; the platform's own table of answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.partners.contract import Hook, HookAnswer, Outcome, Refused

from .settings import Settings

_PAGE = HookAnswer(
    200,
    b"""\
This is a Dragoman webhook address for Gupshup.

That you can read this means the address can be reached from where you are. Gupshup must reach it \
too: if it begins with http://, localhost or a private address, it cannot.

To connect it:
1. Open the Gupshup WhatsApp Dashboard and the Settings of your app of type Access API.
2. Go to "Test Access API and set callback URL" > "Callback URL / Link your Bot".
3. Turn the switch on, paste this page's address under "Enter your Callback URL", then Set.

There is nothing else to see here: Gupshup sends messages to this address with POST.
""",
    headers=(("X-Content-Type-Options", "nosniff"),),
)


def guarded(settings: Settings) -> bool:
    """Nothing of Gupshup's own authenticates its webhooks."""
    return False


def uses_authorization(settings: Settings) -> bool:
    return False


def authenticate(hook: Hook, settings: Settings, now: int) -> Refused | None:
    return None


def handshake(hook: Hook, settings: Sequence[Settings]) -> HookAnswer | None:
    """A person with a browser, who sees whether the address can be reached."""
    return _PAGE if hook.method == "GET" else None


_BROKEN = HookAnswer(500, b"Internal Server Error")
_ANSWERS = {
    Outcome.KEPT: HookAnswer(200),  # Gupshup wants an empty body
    Outcome.INVALID: _BROKEN,
    Outcome.UNKNOWN: _BROKEN,
    Outcome.BUSY: HookAnswer(503, b"Busy, send it again", headers=(("Retry-After", "5"),)),
    Outcome.NO_TOKEN: HookAnswer(401, b"Access token not found"),
    Outcome.WRONG_TOKEN: HookAnswer(401, b"Invalid access"),
}


def answer(outcome: Outcome) -> HookAnswer:
    """Anything but 2xx makes Gupshup send the same again; how often is not published."""
    return _ANSWERS[outcome]
