"""Reading what was sent against rows of a table: which values there must be, and how long.

A row's path walks an object (`action.buttons[].reply.title`): `[]` is every member of a list. What
is wrong is told as a `Problem`; which of Gupshup's refusals it becomes is up to the API.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from .checks import Problem

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_KINDS = {
    "text": "a text",
    "number": "a number",
    "object": "an object",
    "list": "a list",
    "url": "a web address",
    "switch": "true or false",
    "one of": "a text",
}


class Field(msgspec.Struct, frozen=True):
    """`most`: code points of a text, members of a list; 0 is any. `words`: what a *one of* may be,
    in any case. `unique`: no two at this path are alike."""

    path: str
    kind: str = "text"
    most: int = 0
    needed: bool = True
    words: tuple[str, ...] = ()
    unique: bool = False


def check(value: Mapping[str, Any], rows: Iterable[Field]) -> None:
    """Raises Problem for the first row that is not met."""
    for row in rows:
        found = []
        for parent, key, where in _places(value, row.path.split("."), ""):
            one = parent.get(key)
            if one is None or (one == "" and row.needed and row.kind != "object"):
                if row.needed:
                    raise Problem(f"The parameter {where} is missing")
                continue
            _fits(one, row, where)
            found.append(one)
        if row.unique and len(set(found)) < len(found):
            raise Problem(f"Two values of {row.path} are alike")


def _places(value: Any, steps: list[str], before: str) -> Iterator[tuple[Any, str, str]]:
    """Every object that the path leads to, its last key, and its name. What is not there on the
    way has a row of its own."""
    step, *rest = steps
    key = step.removesuffix("[]")
    where = f"{before}.{key}" if before else key
    if not isinstance(value, Mapping):
        raise Problem(f"The parameter {before} must be an object")
    if not rest:
        yield value, key, where
        return
    inner = value.get(key)
    if inner is None:
        return
    if not step.endswith("[]"):
        yield from _places(inner, rest, where)
        return
    if not isinstance(inner, list):
        raise Problem(f"The parameter {where} must be a list")
    for place, one in enumerate(inner):
        yield from _places(one, rest, f"{where}[{place}]")


def _fits(value: Any, row: Field, where: str) -> None:
    kind = row.kind
    if not _is(value, kind):
        raise Problem(f"The parameter {where} must be {_KINDS[kind]}")
    if kind == "list" and not value:
        raise Problem(f"The parameter {where} is empty")
    if kind == "one of" and value.lower() not in row.words:
        raise Problem(f"The parameter {where} must be one of {', '.join(row.words)}")
    if row.most and len(value) > row.most:
        what = "members" if kind == "list" else "characters"
        raise Problem(f"The parameter {where} has more than {row.most} {what}")


def _is(value: Any, kind: str) -> bool:
    if kind == "object":
        return isinstance(value, dict)
    if kind == "list":
        return isinstance(value, list)
    if kind == "number":
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        return numeric or (isinstance(value, str) and _NUMBER.fullmatch(value) is not None)
    if kind == "switch":
        return isinstance(value, bool) or str(value).lower() in ("true", "false")
    if kind == "url":
        return isinstance(value, str) and is_url(value)
    return isinstance(value, str)


def is_url(value: str) -> bool:
    return value.startswith(("http://", "https://")) and len(value) > 8 and " " not in value


def phone(value: Any) -> str:
    """Digits with a country code; ten that begin as India's mobiles do are India's (one
    integration sends them so). "" for anything else."""
    text = value.strip() if isinstance(value, str) else ""
    if not re.fullmatch(r"[1-9][0-9]{6,14}", text):
        return ""
    return f"91{text}" if len(text) == 10 and text[0] in "6789" else text
