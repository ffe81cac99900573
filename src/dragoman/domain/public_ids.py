"""Ids as the public API shows them: a prefix that says of what, and a UUID.

The UUID (version 8, RFC 9562: its bits are ours to fill) carries our own id, the place of a thing
within it, and a check bound to prefix and app. So nothing more is stored, an id of one app or one
kind is never taken for another's, and what was copied from an answer finds its row again.
"""

from __future__ import annotations

import hashlib
import uuid

JOB, ENTRY, MESSAGE, USER = "ds", "nl", "ms", "u"
PREFIXES = (JOB, ENTRY, MESSAGE, USER)

_PLACE, _CHECK = 12, 47  # bits; the id takes the other 63 of the 122 that are free


def public_id(prefix: str, app_id: int, id: int, place: int = 0) -> str:
    """`ds-` and a UUID. place: below 4,096."""
    check = _check(prefix, app_id, id, place)
    free = (id << (_PLACE + _CHECK)) | (place << _CHECK) | check
    high, middle, low = free >> 74, (free >> 62) & 0xFFF, free & ((1 << 62) - 1)
    bits = (high << 80) | (8 << 76) | (middle << 64) | (0b10 << 62) | low
    return f"{prefix}-{uuid.UUID(int=bits)}"


def read_public_id(text: str, app_id: int) -> tuple[str, int, int] | None:
    """Prefix, our id and place; None for anything that this app was never given."""
    prefix, dash, rest = text.strip().lower().partition("-")
    if not dash or prefix not in PREFIXES:
        return None
    try:
        bits = uuid.UUID(rest).int
    except ValueError:
        return None
    free = ((bits >> 80) << 74) | (((bits >> 64) & 0xFFF) << 62) | (bits & ((1 << 62) - 1))
    id, place = free >> (_PLACE + _CHECK), (free >> _CHECK) & ((1 << _PLACE) - 1)
    if public_id(prefix, app_id, id, place) != f"{prefix}-{uuid.UUID(int=bits)}":
        return None
    return prefix, id, place


def _check(prefix: str, app_id: int, id: int, place: int) -> int:
    text = f"{prefix}/{app_id}/{id}/{place}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) >> (64 - _CHECK)
