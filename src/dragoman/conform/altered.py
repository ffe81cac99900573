"""JSON values with one place changed, for bodies as no partner should write them.

A path is a tuple of keys and indexes. Texts that hold JSON are gone into as well, by the step
INSIDE, and written as text again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Path = tuple[Any, ...]


class _Inside:
    """The step from a text to the JSON in it."""

    def __repr__(self) -> str:
        return "()"


INSIDE = _Inside()


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every place in a value, itself first, and what is there."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))
    elif isinstance(value, str) and (inside := holds(value)) is not None:
        yield from places(inside, (*path, INSIDE))


def holds(text: str) -> Any:
    """The object or array that a text holds as JSON; None for any other text."""
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def put(value: Any, path: Path, new: Any) -> Any:
    """A copy with `new` at the path."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if step is INSIDE:
        return json.dumps(put(json.loads(value), rest, new), ensure_ascii=False)
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[step] = put(value[step], rest, new)
    return changed


def named(path: Path) -> str:
    """A path as people read it: `messages[0].text.body`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step is INSIDE:
            text += "()"
        else:
            text += f".{step}" if text else str(step)
    return text or "the whole body"


def leaves(value: Any) -> Iterator[tuple[Path, Any]]:
    """The places that hold neither an object nor an array nor text of one."""
    for path, there in places(value):
        if not isinstance(there, dict | list) and not (
            isinstance(there, str) and holds(there) is not None
        ):
            yield path, there


Change = tuple[Path, Any]
"""What to put where."""


def without(value: Any) -> Iterator[Change]:
    """Null everywhere: at one place after the other, and at every leaf at once."""
    for path, there in places(value):
        if there is not None:
            yield path, None
    everything = value
    for path, _ in leaves(value):
        everything = put(everything, path, None)
    yield (), everything


def misshapen(value: Any) -> Iterator[Change]:
    """Arrays for objects, objects for arrays, both for texts, and texts for both."""
    for path, there in places(value):
        if isinstance(there, dict):
            others: tuple[Any, ...] = ([there], "text")
        elif isinstance(there, list):
            others = ({"0": there}, [[], None])
        elif isinstance(there, str) and holds(there) is not None:
            others = (holds(there), "[]")
        else:
            others = ({"value": there}, [there], True)
        for other in others:
            yield path, other


def unknown_words(value: Any) -> Iterator[Change]:
    """A word that nobody knows, where a kind of something is named."""
    for path, there in leaves(value):
        name = next((str(step) for step in reversed(path) if isinstance(step, str)), "").lower()
        if isinstance(there, str) and name.replace("_", "").endswith(_KINDS):
            yield path, "something_new"


_KINDS = ("type", "kind", "event", "field", "status")


def unparseable(value: Any) -> Iterator[Change]:
    """JSON inside a text that does not end, and text that is no JSON in its place."""
    for path, there in places(value):
        if isinstance(there, str) and holds(there) is not None:
            for other in (there[:-1], there[: len(there) // 2], "{", "[{]}", "no JSON"):
                yield path, other


def times(value: Any, now_ms: int) -> Iterator[Change]:
    """Seconds for milliseconds and the reverse, in places that hold a moment near `now_ms`."""
    for path, there in leaves(value):
        digits = str(there)
        if isinstance(there, bool) or not (digits.isascii() and digits.isdigit()):
            continue
        for unit, other in ((1000, 1), (1, 1000)):
            if abs(int(digits) * unit - now_ms) < 3_600_000:
                moment = now_ms // other
                yield path, str(moment) if isinstance(there, str) else moment


def replaced(value: Any, old: str, new: str) -> Any:
    """With `new` for each text that is `old`, with or without a plus before it."""
    for path, there in leaves(value):
        if isinstance(there, str | int) and str(there).removeprefix("+") == old:
            plus = "+" if str(there).startswith("+") and new.isdigit() else ""
            value = put(value, path, plus + new)
    return value
