"""Meta's bytes: escapes, signatures, message ids, trace ids.

Source: Meta, "Webhooks: create a webhook endpoint" (2026), and the bytes integrators captured.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

_ESCAPES = (("/", "\\/"), ("@", "\\u0040"), ("%", "\\u0025"), ("<", "\\u003C"))
ERROR_PAGE = (
    "https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes"
)


def meta_bytes(value: Any) -> bytes:
    """A webhook body as Meta writes it: compact ASCII JSON with `\\uXXXX` and `\\/`.

    A receiver that re-serialises before checking the signature fails on these bytes.
    """
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    for plain, escaped in _ESCAPES:
        text = text.replace(plain, escaped)
    return text.encode()


def signature(body: bytes, app_secret: str) -> str:
    """The X-Hub-Signature-256 header of `body`."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def appsecret_proof(token: str, app_secret: str) -> str:
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def wamid(person: str, *, from_business: bool) -> str:
    """A message id in Meta's layout: person, direction and a random hex id, in base 64.

    What stands in the person's place for people without a known phone is UNSURE; here it is the
    BSUID.
    """
    unique = secrets.token_hex(9).upper()
    unique = unique if from_business else "3A" + unique
    raw = bytes([0x1C, 0x18, len(person)]) + person.encode()
    raw += bytes([0x15, 2, 0, 0x11 if from_business else 0x12, 0x18, len(unique)])
    return "wamid." + base64.b64encode(raw + unique.encode() + b"\0").decode()


def trace_id(seed: str) -> str:
    """An `fbtrace_id`: the seed itself where tests fix it, else random in Meta's shape."""
    return seed or "A" + secrets.token_urlsafe(16)


def media_id() -> str:
    return str(secrets.randbelow(9 * 10**15) + 10**15)
