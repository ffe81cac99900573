"""Gupshup's bytes: ids in its formats, JSON as it writes it, the token it signs.

Source: Gupshup's references and public integrations of all three APIs.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from typing import Any

from dragoman.emulators.kit import Answer


def enterprise_id() -> str:
    """19 digits, a hyphen, 18 digits: the `externalId` of reports."""
    first, second = secrets.randbelow(9 * 10**17), secrets.randbelow(9 * 10**16)
    return f"{4 * 10**18 + first}-{3 * 10**17 + second}"


def gupshup_id() -> str:
    return str(uuid.uuid4())


def whatsapp_id(person: str, *, from_business: bool) -> str:
    """The older form of WhatsApp's ids, which the Access API's events carry."""
    raw = bytes([0x80 if from_business else 0x00, 0x11, 0x06]) + person.encode()[-8:]
    text = base64.b64encode(raw + secrets.token_bytes(9)).decode().rstrip("=")
    return ("gB" if from_business else "AB") + text.replace("+", "A").replace("/", "A")


def compact(value: Any) -> str:
    """JSON as Gupshup writes it: no spaces, letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def said(value: Any, status: int = 200) -> Answer:
    return Answer(compact(value).encode(), status, "application/json; charset=utf-8")


def token(client_id: str, client_secret: str) -> str:
    """A JWT (HS256) whose payload says whose it is."""
    header, payload = {"alg": "HS256", "typ": "JWT"}, {"appId": client_id}
    signed = ".".join(_base64(compact(part).encode()) for part in (header, payload))
    digest = hmac.new(client_secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64(digest)}"


def file_signature(key: str, media_id: str, until: int) -> str:
    digest = hmac.new(key.encode(), f"{media_id}.{until}".encode(), hashlib.sha256).digest()
    return _base64(digest[:18])


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
