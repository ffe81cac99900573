"""Our side of Netcore's webhooks, and what Netcore must hear.

Netcore signs nothing; what may guard the address is a fixed header that both sides know, an app's
token in it (see ASSOCIATES), or a secret in the URL.

Source: Netcore Cloud, "Webhooks: overview"; captured webhooks carry no signature.
"""

from __future__ import annotations

from dragoman.partners import fixed_header
from dragoman.partners.contract import HookAnswer
from dragoman.partners.fixed_header import guarded, uses_authorization
from dragoman.partners.hook_answers import answers, explained

handshake = explained(
    "Netcore",
    """
To connect it:
1. Open Netcore's CPaaS console > Settings > Webhook Integration.
2. Paste this page's address under "Incoming webhook", and turn the Status switch on.
3. Paste it once more for the delivery reports, which are a second webhook, and turn that on too.
""",
)

authenticate = fixed_header.checked("Netcore")

# Netcore ignores the body. That anything but 200 makes it send the same again is known of its
# e-mail webhooks only.
answer = answers(HookAnswer(200, b"OK"), HookAnswer(400, b"Not a Netcore webhook body"))

__all__ = ["answer", "authenticate", "guarded", "handshake", "uses_authorization"]
