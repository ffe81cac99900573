"""Our side of Meta's webhook: the handshake, the signature, and what Meta must hear.

Source: Meta, "Create a webhook endpoint" (2026); Graph API, "Webhooks: getting started".
"""

from __future__ import annotations

import functools
import hashlib
import hmac
from collections.abc import Sequence

from dragoman.domain.sentences import Sentence, words
from dragoman.partners.contract import Hook, HookAnswer, Refused
from dragoman.partners.hook_answers import NOSNIFF, answers, page

from .settings import Settings

words(
    {
        "cloud_signature_missing": "The webhook had no X-Hub-Signature-256, so it did not come "
        "from Meta, or something on the way removed the header.",
        "cloud_signature_malformed": "The webhook's X-Hub-Signature-256 is not sha256= and 64 "
        "hexadecimal digits, so it did not come from Meta.",
        "cloud_signature_wrong": "The webhook's signature does not fit its bytes: the app secret "
        "is of another Meta app, or something on the way changed the body.",
        "cloud_signature_uncheckable": "The webhook's signature cannot be checked, because the "
        "channel has no app secret: add it from Meta app › App settings › Basic.",
    }
)

_INVALID = HookAnswer(401, b"Invalid signature")
_FORBIDDEN = HookAnswer(403, b"Invalid verify token")
_PREFIX = "sha256="

_PAGE = page(
    "the WhatsApp Cloud API",
    """
To connect it:
1. Open your Meta app > WhatsApp > Configuration > Webhook > Edit.
2. Paste this page's address as Callback URL.
3. Paste the Verify token that Dragoman shows for the channel, then Verify and save.
4. Under Webhook fields, subscribe to "messages".
""",
    caller="Meta",
)


def _refused(reason: str) -> Refused:
    return Refused(_INVALID, Sentence(reason))


@functools.lru_cache(maxsize=256)
def _signer(app_secret: str) -> hmac.HMAC:
    """Keyed once. A copy hashes a usual body without giving up the interpreter's lock, which the
    one-shot function always does; under load, getting it back costs more than the hash."""
    return hmac.new(app_secret.encode(), digestmod=hashlib.sha256)


def authenticate(hook: Hook, settings: Settings, now: int) -> Refused | None:
    """HMAC-SHA256 of the raw bytes with the app secret, compared in constant time.

    The bytes must be those that came: Meta escapes (`\\u00e9`, `\\/`), and a body written anew has
    another signature. A wrong signature is refused even when unsigned bodies are accepted.
    """
    given = hook.headers.get("x-hub-signature-256")
    if not given:
        return None if settings.allow_unsigned else _refused("cloud_signature_missing")
    if not settings.app_secret:
        return None if settings.allow_unsigned else _refused("cloud_signature_uncheckable")
    digest = given[len(_PREFIX) :]
    if not given.startswith(_PREFIX) or len(digest) != 64 or not digest.isascii():
        return _refused("cloud_signature_malformed")
    signer = _signer(settings.app_secret).copy()
    signer.update(hook.body)
    expected = signer.hexdigest()
    if not hmac.compare_digest(expected, digest.lower()):
        return _refused("cloud_signature_wrong")
    return None


def handshake(hook: Hook, settings: Sequence[Settings]) -> HookAnswer | None:
    """Answer Meta's GET: the challenge when the token is that of any copy, else 403.

    A GET without `hub.…` is a person with a browser, who is told what this address is for. None
    for other methods.
    """
    if hook.method != "GET":
        return None
    query = dict(reversed(hook.query))
    if not any(name.startswith("hub.") for name in query):
        return _PAGE
    given = query.get("hub.verify_token", "")
    # Every copy is compared, so that the time taken does not say which one matched.
    known = [_same(given, copy.verify_token) for copy in settings]
    challenge = query.get("hub.challenge", "")
    if query.get("hub.mode") != "subscribe" or not any(known) or not challenge:
        return _FORBIDDEN
    return HookAnswer(200, challenge.encode("utf-8", "replace"), headers=NOSNIFF)


def _same(given: str, token: str) -> bool:
    """Whether it is this token, in constant time.

    A `+` in a query may stand for itself or for a space, and some senders write the one for the
    other, so both read alike.
    """
    a = given.replace("+", " ").encode("utf-8", "replace")
    b = token.replace("+", " ").encode("utf-8", "replace")
    return hmac.compare_digest(a, b) and bool(token)


def guarded(settings: Settings) -> bool:
    """With the tick a body without a signature passes, whatever the secret."""
    return bool(settings.app_secret) and not settings.allow_unsigned


# Anything but 200 makes Meta send the same again, for up to seven days.
answer = answers(
    HookAnswer(200, b"EVENT_RECEIVED"), HookAnswer(400, b"Not a WhatsApp webhook body")
)
