"""Ids, times and lines of Pigeon Post."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from dragoman.emulators.kit import Answer

Pairs = Sequence[tuple[str, str]]
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"


def new_pigeon() -> str:
    return "PGN-" + "".join(secrets.choice(_LETTERS) for _ in range(12))


def lines(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Lines, without those that have no value."""
    return [f"{name}={value}" for name, value in pairs if value]


def read(value: Any) -> list[tuple[str, str]] | None:
    """Names and values in order; None where it is no list of lines."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return None
    return [(one.partition("=")[0], one.partition("=")[2]) for one in value]


def moment(at: int) -> str:
    told = datetime.datetime.fromtimestamp(at / 1000, datetime.UTC)
    return told.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def body(arrivals: Sequence[Any]) -> bytes:
    return json.dumps({"arrivals": arrivals}, ensure_ascii=False).encode()


def sealed(seal: str, data: bytes) -> str:
    return hmac.new(seal.encode(), data, hashlib.sha256).hexdigest()


def said(status: int, *pairs: tuple[str, str]) -> Answer:
    return Answer(json.dumps({"lines": lines(pairs)}, ensure_ascii=False).encode(), status)
