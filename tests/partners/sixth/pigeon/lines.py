"""Pigeon Post's JSON: a list of lines, each `name=value`; a name may come more than once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Lines = dict[str, list[str]]


def read(value: Any) -> Lines | None:
    """The values by name, in order; None where it is no list of lines."""
    if type(value) is not list or not all(type(line) is str for line in value):
        return None
    found: Lines = {}
    for line in value:
        name, _, said = line.partition("=")
        found.setdefault(name, []).append(said)
    return found


def first(lines: Lines, name: str) -> str:
    """The first value of a name; empty where there is none."""
    return lines.get(name, [""])[0]


def written(pairs: Iterable[tuple[str, str | None]]) -> list[str]:
    """Lines, without those that have no value."""
    return [f"{name}={value}" for name, value in pairs if value]
