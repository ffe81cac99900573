"""Our side of Gupshup's webhook, and what Gupshup must hear.

Gupshup signs nothing: what guards the address is the app's token (see ASSOCIATES), or a secret in
the URL. A body that cannot be read, and an address that nobody has, are answered 500.

Source: Gupshup, "Webhook key points"; the platform's own table of answers.
"""

from __future__ import annotations

from dragoman.partners.contract import Hook, HookAnswer, Refused
from dragoman.partners.hook_answers import answers, explained

from .settings import Settings

handshake = explained(
    "Gupshup",
    """
To connect it:
1. Open the Gupshup WhatsApp Dashboard and the Settings of your app of type Access API.
2. Go to "Test Access API and set callback URL" > "Callback URL / Link your Bot".
3. Turn the switch on, paste this page's address under "Enter your Callback URL", then Set.
""",
)


def guarded(settings: Settings) -> bool:
    """Nothing of Gupshup's own authenticates its webhooks."""
    return False


def authenticate(hook: Hook, settings: Settings, now: int) -> Refused | None:
    return None


_BROKEN = HookAnswer(500, b"Internal Server Error")

# Anything but 2xx makes Gupshup send the same again; how often is not published. It wants an empty
# body.
answer = answers(HookAnswer(200), invalid=_BROKEN, unknown=_BROKEN)
