"""Our side of Karix's webhook, and what Karix must hear.

Karix signs nothing; what may guard the address is a fixed header that its support sets, an app's
token in one (see ASSOCIATES), or a secret in the URL.
"""

from __future__ import annotations

from dragoman.partners import fixed_header
from dragoman.partners.contract import HookAnswer
from dragoman.partners.fixed_header import guarded, uses_authorization
from dragoman.partners.hook_answers import answers, explained

handshake = explained(
    "Karix",
    """
To connect it, the Karix support team configures this page's address as the webhook URL of your \
WhatsApp number. Nothing arrives before they have done so.
""",
)

authenticate = fixed_header.checked("Karix")

# Anything but 200 makes Karix send the same again; how often is not published.
answer = answers(HookAnswer(200, b"OK"), HookAnswer(400, b"Not a Karix webhook body"))

__all__ = ["answer", "authenticate", "guarded", "handshake", "uses_authorization"]
