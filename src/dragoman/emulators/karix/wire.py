"""Ids, times and webhook bodies of Karix.

Source: reconstructed from public integrations of the RCM API, 2020–2026. UNSURE: what
`appDetails` holds, the form of `events.date`, and that of a `mid`, which is opaque.
"""

from __future__ import annotations

import base64
import datetime
import secrets
from collections.abc import Mapping
from typing import Any

REASONS = {"sent": "Message sent", "delivered": "Message delivered", "read": "Message read"}


def new_mid() -> str:
    raw = secrets.token_hex(16)
    return f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"


def new_wamid(person: str) -> str:
    """WhatsApp's own id of a message: base 64 with the person and random digits in it."""
    digits = person.encode()
    tail = secrets.token_hex(9).upper().encode()
    raw = b"\x1c\x18" + bytes([len(digits)]) + digits + b"\x15\x02\x00\x12\x18" + b"\x12" + tail
    return "wamid." + base64.b64encode(raw + b"\x00").decode()


def new_media_id() -> str:
    return str(5 * 10**14 + secrets.randbelow(10**14))


def events(kind: str, at: int, mid: str) -> dict[str, str]:
    day = datetime.datetime.fromtimestamp(at / 1000, datetime.UTC)
    return {"eventType": kind, "timestamp": str(at), "date": f"{day:%Y-%m-%d}", "mid": mid}


def _root(**more: Any) -> dict[str, Any]:
    return {"channel": "WABA", "appDetails": {"type": "LIVE"}, **more}


def incoming(message: Mapping[str, Any], at: int) -> dict[str, Any]:
    """A person's message."""
    told = events("User initiated", at, new_mid())
    return _root(events=told, eventContent={"message": dict(message)})


def delivery(
    record: Mapping[str, Any], word: str, reason: str, code: str, at: int, mid: str
) -> dict[str, Any]:
    """A report of a message; what the send said of its recipient comes back."""
    recipient = {"to": record["to"], "recipient_type": "individual"}
    if record["reference"] is not None:
        recipient["reference"] = record["reference"]
    body = _root(
        recipient=recipient,
        sender={"from": record["number"]},
        events=events("DELIVERY EVENTS", at, mid),
        notificationAttributes={"status": word, "reason": reason, "code": code},
    )
    if record["template"]:
        body["templateId"] = record["template"]
    return body
