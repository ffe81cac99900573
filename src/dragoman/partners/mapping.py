"""Objects made of others by tables: what a member is called, where its value comes from, and what
must hold of it.

A table lists the members of the new object in their order. Names and sources are paths with dots,
so either side may be nested. Tables write a partner's objects from neutral values, and put one
spelling of an object into another.

    ROW = (
        Need("id", "id", filled, "row id"),
        Need("title", "title", filled, "row title"),
        May("description", "description", within, "row description"),
    )
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

# Is told what people call the field, the value and its limit, like those of `_cloud.limits`; gives
# what is written, or raises Refuse.
Check = Callable[[str, Any, int | None], Any]


class Is(msgspec.Struct, frozen=True):
    """A member that always has the same value."""

    name: str
    value: Any


class May(msgspec.Struct, frozen=True):
    """A member that is left out where its value, or what is made of it, is absent: nothing, false,
    an empty text or list.

    source: empty for the whole. field, most: for `check`. Then `make` makes what is written of the
    value, or `each`, a table, of every element of a list. A tuple is written as a list.
    """

    name: str
    source: str = ""
    check: Check | None = None
    field: str = ""
    most: int | None = None
    each: tuple[Any, ...] = ()
    make: Callable[[Any], Any] | None = None


class Need(May, frozen=True):
    """A member that is always written. Nothing at all is an empty text to its check."""


Table = Sequence[Is | May]


def mapped(value: Any, table: Table) -> dict[str, Any]:
    """The object that a table makes of a value. Raises what the checks raise."""
    out: dict[str, Any] = {}
    for member in table:
        if isinstance(member, Is):
            _put(out, member.name, member.value)
            continue
        found, needed = at(value, member.source), isinstance(member, Need)
        if needed or not absent(found):
            found = _written(member, found)
            if needed or not absent(found):
                _put(out, member.name, found)
    return out


def _written(member: May, found: Any) -> Any:
    if member.check is not None:
        found = member.check(member.field, "" if found is None else found, member.most)
    if member.make is not None:
        return member.make(found)
    if member.each:
        return [mapped(one, member.each) for one in found]
    return list(found) if isinstance(found, tuple) else found


def at(value: Any, path: str) -> Any:
    """What stands at a path of members and fields; None where there is nothing."""
    for step in _steps(path):
        if isinstance(value, dict):
            value = value.get(step)
        else:
            value = getattr(value, step, None) if isinstance(value, msgspec.Struct) else None
    return value


@functools.cache  # the paths of tables, of which there are few
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split(".")) if path else ()


def renamed(value: Any, name: Callable[[str], str]) -> Any:
    """A JSON value with the members of its objects called otherwise, however deep."""
    if type(value) is list:
        return [renamed(item, name) for item in value]
    if type(value) is not dict:
        return value
    return {name(key): renamed(item, name) for key, item in value.items()}


_SIZED = (str, list, tuple, dict)


def absent(value: Any) -> bool:
    """Nought is a value; false is none."""
    return value is None or value is False or (isinstance(value, _SIZED) and not value)


def _put(out: dict[str, Any], path: str, value: Any) -> None:
    *steps, last = _steps(path)
    for step in steps:
        out = out.setdefault(step, {})
    out[last] = value
