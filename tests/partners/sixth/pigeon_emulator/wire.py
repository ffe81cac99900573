"""Ids, times and slips of Pigeon Post."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from dragoman.emulators.kit import Answer

_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"


def new_pigeon() -> str:
    return "PGN-" + "".join(secrets.choice(_LETTERS) for _ in range(12))


def slip(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A flat object, without what has no value."""
    return {name: value for name, value in pairs if value}


def moment(at: int) -> str:
    told = datetime.datetime.fromtimestamp(at / 1000, datetime.UTC)
    return told.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def body(arrivals: Sequence[Any]) -> bytes:
    return json.dumps({"arrivals": arrivals}, ensure_ascii=False).encode()


def sealed(seal: str, data: bytes) -> str:
    return hmac.new(seal.encode(), data, hashlib.sha256).hexdigest()


def said(status: int, **slip: str) -> Answer:
    return Answer(json.dumps(slip, ensure_ascii=False).encode(), status)
