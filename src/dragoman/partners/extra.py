"""The author's last word: what a message carries beside its content is merged over the body."""

from __future__ import annotations

from typing import Any


def merge(into: dict[str, Any], extra: dict[str, Any]) -> None:
    """Objects are merged member by member, everything else is replaced. Shares nothing with the
    neutral message, whose own dicts may be in `into`."""
    for key, value in extra.items():
        mine = into.get(key)
        if isinstance(mine, dict) and isinstance(value, dict):
            into[key] = copy = dict(mine)
            merge(copy, value)
        else:
            into[key] = value
