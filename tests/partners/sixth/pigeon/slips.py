"""Pigeon Post's JSON: a slip is a flat object of texts; what may come more than once is a list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Slip = dict[str, Any]


def texts(slip: Slip, name: str) -> list[str]:
    """The texts of a name; what is no text counts as absent."""
    value = slip.get(name)
    members = value if type(value) is list else [value]
    return [one for one in members if type(one) is str]


def first(slip: Slip, name: str) -> str:
    """The text of a name; empty where there is none."""
    return next(iter(texts(slip, name)), "")


def written(pairs: Iterable[tuple[str, str | list[str] | None]]) -> Slip:
    """A slip, without what has no value."""
    return {name: value for name, value in pairs if value}
