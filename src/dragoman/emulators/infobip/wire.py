"""Infobip's bytes: times, ids, signatures.

Source: Infobip, "Integration best practices", "Webhooks" (2026), and captures of integrators.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
import re
import secrets
import uuid
from typing import Any, Literal

ALGORITHMS = {
    "HMAC_MD5": "md5",
    "HMAC_SHA_1": "sha1",
    "HMAC_SHA_224": "sha224",
    "HMAC_SHA_256": "sha256",
    "HMAC_SHA_384": "sha384",
    "HMAC_SHA_512": "sha512",
}
_ZERO_PRICE = re.compile(r'("pricePerMessage":)0\.0(?=[,}])')


def json_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def live_bytes(value: Any) -> bytes:
    """As `json_bytes`; a price of nothing has six digits after the point, as in live traffic."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _ZERO_PRICE.sub(r"\g<1>0.000000", text).encode()


def moment(at: int) -> str:
    """`2026-11-20T09:15:27.431+0000`: no colon in the offset."""
    told = datetime.datetime.fromtimestamp(at / 1000, datetime.UTC)
    return f"{told:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}+0000"


def read_moment(text: str) -> int | None:
    """Milliseconds, or None for what is no time. Offsets with and without a colon, and `Z`."""
    try:
        told = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    told = told if told.tzinfo is not None else told.replace(tzinfo=datetime.UTC)
    return int(told.timestamp() * 1000)


def message_id() -> str:
    return str(uuid.uuid4())


def bulk_id() -> str:
    """Nineteen digits, as the WhatsApp API gives."""
    return str(10**18 + secrets.randbelow(9 * 10**18))


def inbound_id(style: Literal["live", "documented"], person: str) -> str:
    """A person's message: 88 letters of base64url in live traffic, Meta's own id in the docs."""
    if style == "live":
        return secrets.token_urlsafe(66)
    raw = b"\x1c\x18" + bytes([len(person)]) + person.encode() + b"\x15\x02\0\x12\x18\x14"
    return "wamid." + base64.b64encode(raw + secrets.token_hex(10).upper().encode()).decode()


def media_id(style: Literal["live", "documented"]) -> str:
    if style == "documented":
        return str(uuid.uuid4())
    place = f"{10_000 + secrets.randbelow(90_000)}_{1 + secrets.randbelow(99)}"
    return f"{place}_{10**15 + secrets.randbelow(9 * 10**15)}"


def api_key() -> str:
    return f"{secrets.token_hex(16)}-{uuid.uuid4()}"


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def signature(body: bytes, secret: str, algorithm: str, case: Literal["lower", "upper"]) -> str:
    """`SHA256=` and the hex HMAC of the raw body. UNSURE: seen in one integrator's capture of
    another channel; neither the prefix of other algorithms nor the case of the letters is
    documented."""
    name = ALGORITHMS[algorithm]
    digest = hmac.new(secret.encode(), body, getattr(hashlib, name)).hexdigest()
    return f"{name.upper()}={digest.upper() if case == 'upper' else digest}"
