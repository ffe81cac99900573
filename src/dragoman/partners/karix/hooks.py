"""Our side of Karix's webhook, and what Karix must hear.

Karix signs nothing; what may guard the address is a fixed header that its support sets, an app's
token in one (see ASSOCIATES), or a secret in the URL.
"""

from __future__ import annotations

from dragoman.partners import fixed_header
from dragoman.partners.contract import Hook, HookAnswer, Outcome, Refused
from dragoman.partners.fixed_header import guarded, uses_authorization
from dragoman.partners.hook_answers import USUAL, explained

from .settings import Settings

handshake = explained(
    "Karix",
    """
To connect it, the Karix support team configures this page's address as the webhook URL of your \
WhatsApp number. Nothing arrives before they have done so.
""",
)


def authenticate(hook: Hook, settings: Settings, now: int) -> Refused | None:
    return fixed_header.authenticate(hook, settings, "Karix")


_ANSWERS = {
    **USUAL,
    Outcome.KEPT: HookAnswer(200, b"OK"),
    Outcome.INVALID: HookAnswer(400, b"Not a Karix webhook body"),
}


def answer(outcome: Outcome) -> HookAnswer:
    """Anything but 200 makes Karix send the same again; how often is not published."""
    return _ANSWERS[outcome]


__all__ = ["answer", "authenticate", "guarded", "handshake", "uses_authorization"]
