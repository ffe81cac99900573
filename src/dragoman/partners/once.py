"""The key under which a message is known once, also where the partner gives it no id."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import msgspec

_json = msgspec.json.Encoder(order="deterministic")


class Places:
    """Counts equals within one POST: two equal messages in it are two messages, and the same POST
    again is the same two. One instance for each `parse`."""

    def __init__(self) -> None:
        self._met: Counter[str] = Counter()

    def key(
        self,
        number: str,
        person: str,
        at: Any,
        kind: str,
        quoted: str | None,
        content: Any,
        external_id: str | None = None,
    ) -> str:
        """`content`: JSON values, with the parts of signed addresses that change left out.
        `external_id`: it is enough, where there is one."""
        if external_id:
            return with_id(external_id)
        told = _json.encode([number, person, str(at), kind, quoted or "", content])
        base = "h:" + hashlib.blake2b(told, digest_size=16).hexdigest()
        place = self._met[base]
        self._met[base] += 1
        return base if place == 0 else f"{base}:{place}"


def with_id(external_id: str) -> str:
    """The key of a message that has an id: look-ups by the partner's id rely on it."""
    return "m:" + external_id
