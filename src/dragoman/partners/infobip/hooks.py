"""Our side of Infobip's webhook: who may knock, and what Infobip must hear.

Infobip signs in with a username and password (Basic), or signs the body (HMAC), where its security
settings say so; by themselves its webhooks carry nothing.

NOT CONFIRMED: the signature. Its header depends on the account, and it was seen as `SHA256=` and
hexadecimal digits, and for voice as base64; both are read, with and without the word before, and
the algorithm is always the channel's own: see `_signature`.

Source: Infobip, "Webhooks", "Subscriptions management: security" (2026).
"""

from __future__ import annotations

import base64
import hmac
import re

from dragoman.domain.sentences import Sentence, words
from dragoman.partners.contract import Hook, HookAnswer, Outcome, Refused
from dragoman.partners.hook_answers import USUAL, explained

from .reading import logins
from .settings import ALGORITHMS, Settings

words(
    {
        "infobip_login_absent": "The webhook had no username and password: set them at Infobip "
        "under Subscriptions Management › Security (BASIC), or change the channel's check.",
        "infobip_login_wrong": "The webhook had another username or password than the channel: "
        "copy both again to Infobip's Subscriptions Management › Security.",
        "infobip_signature_absent": "The webhook had no header {header}: set HMAC at Infobip under "
        "Subscriptions Management › Security, and check the header's name.",
        "infobip_signature_wrong": "The signature of the webhook is not the channel's: check that "
        "secret and algorithm are the same at Infobip.",
    }
)

handshake = explained(
    "Infobip",
    """
To connect it:
1. Open the Infobip portal and go to Channels and Numbers > WhatsApp > Senders.
2. Click the three dots beside your number, then Edit Configuration.
3. Paste this page's address under "URL for incoming messages", then Back.
4. For delivery and seen reports, set the same address under Subscriptions Management.
""",
)
_UNAUTHORIZED = HookAnswer(
    401, b"Unauthorized", headers=(("WWW-Authenticate", 'Basic realm="webhook"'),)
)
_WORD_BEFORE = re.compile(r"^(?:hmac[-_]?)?(?:md5|sha[-_]?[0-9]{1,3})=", re.IGNORECASE)


def guarded(settings: Settings) -> bool:
    """Whether the chosen check has what it needs."""
    return bool(settings.hmac_secret) if settings.check == "hmac" else bool(logins(settings))


def uses_authorization(settings: Settings) -> bool:
    return settings.check in ("account", "own")


def authenticate(hook: Hook, settings: Settings, now: int) -> Refused | None:
    """By the channel's check, in constant time. A check that lacks its values lets nobody in."""
    if settings.check == "none":
        return None
    if settings.check == "hmac":
        return _signature(hook, settings)
    given = _basic(hook.headers.get("authorization", ""))
    if given is None:
        return Refused(_UNAUTHORIZED, Sentence("infobip_login_absent"))
    # Every login is compared, so that the time taken does not say which one was near.
    known = [hmac.compare_digest(given, login) for login in logins(settings)]
    return None if any(known) else Refused(_UNAUTHORIZED, Sentence("infobip_login_wrong"))


def _basic(header: str) -> bytes | None:
    """`username:password` of a Basic header."""
    scheme, _, rest = header.strip().partition(" ")
    try:
        return base64.b64decode(rest.strip(), validate=True) if scheme.lower() == "basic" else None
    except ValueError:
        return None


def _signature(hook: Hook, settings: Settings) -> Refused | None:
    """HMAC over the raw bytes, in hexadecimal digits of any case or in base64."""
    given = hook.headers.get(settings.hmac_header.lower(), "").strip()
    if not given:
        args = {"header": settings.hmac_header}
        return Refused(_UNAUTHORIZED, Sentence("infobip_signature_absent", args))
    bare = _WORD_BEFORE.sub("", given)
    secret, algorithm = settings.hmac_secret.encode(), ALGORITHMS.get(settings.hmac_algorithm)
    digest = hmac.digest(secret or b"\0", hook.body, algorithm or "sha256")
    as_hex = hmac.compare_digest(digest.hex().encode(), bare.lower().encode("utf-8", "replace"))
    as_base64 = hmac.compare_digest(base64.b64encode(digest), bare.encode("utf-8", "replace"))
    fine = secret and (as_hex or as_base64)
    return None if fine else Refused(_UNAUTHORIZED, Sentence("infobip_signature_wrong"))


_ANSWERS = {
    **USUAL,
    Outcome.KEPT: HookAnswer(200, b"OK"),
    Outcome.INVALID: HookAnswer(400, b"Not an Infobip webhook body"),
}


def answer(outcome: Outcome) -> HookAnswer:
    """Anything but 2xx makes Infobip send the same again, twenty times over 41 hours."""
    return _ANSWERS[outcome]
