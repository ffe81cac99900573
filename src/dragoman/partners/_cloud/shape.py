"""Reading Meta's JSON, which is mostly as documented. Small readers that name what is wrong.

A webhook body is decoded once, to plain dicts; these readers pick from them. What is wrong raises
`Malformed`, which becomes the reason of one `Rejected` item; its neighbours are read all the same.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from dragoman.domain.content import Problem
from dragoman.domain.sentences import Sentence, term, words

words(
    {
        "meta_field_missing": "WhatsApp's item has no readable {field!r}, which it needs to be "
        "understood; it is kept as it came.",
        "meta_not_object": "WhatsApp's item is not an object but {found}; it is kept as it came.",
        "meta_not_list": "WhatsApp's {field!r} is not a list but {found}; it is kept as it came.",
        "meta_nobody": "WhatsApp's item names neither a phone number nor a user id; it is kept as "
        "it came.",
        "meta_no_number": "WhatsApp's item does not say which phone number id it belongs to; it "
        "is kept as it came.",
    }
)

_MAX_SECONDS = 1 << 38  # the year 10,680; beyond it a time is a mistake and breaks the database


class Malformed(ValueError):
    """One item cannot be read; `sentence` says why."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.id)
        self.sentence = sentence


def missing(field: str) -> Malformed:
    return Malformed(Sentence("meta_field_missing", {"field": field}))


def need(item: dict[str, Any], key: str) -> str:
    """A string that must be there; numbers are taken as their digits."""
    value = item.get(key)
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise missing(key)


def opt(item: dict[str, Any], key: str) -> str | None:
    """A string that may be there; anything that is not text counts as absent."""
    value = item.get(key)
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    return None


def obj(item: dict[str, Any], key: str) -> dict[str, Any]:
    """An object that must be there."""
    value = item.get(key)
    if type(value) is dict:
        return value
    raise missing(key)


def opt_obj(item: dict[str, Any], key: str) -> dict[str, Any]:
    """An object that may be there; an empty one else."""
    value = item.get(key)
    return value if type(value) is dict else {}


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; other things in it, or no list at all, count as absent."""
    return [v for v in value if type(v) is dict] if type(value) is list else []


def seconds(value: Any) -> int | None:
    """Unix seconds, as digits or as a number, in milliseconds. None when unreadable."""
    if type(value) is str:
        if not (value.isascii() and value.isdigit() and len(value) < 13):
            return None
        value = int(value)
    if type(value) is not int or not 0 <= value < _MAX_SECONDS:
        return None
    return value * 1000


def need_time(item: dict[str, Any], key: str = "timestamp") -> int:
    """The item's time, Unix milliseconds."""
    at = seconds(item.get(key))
    if at is None:
        raise missing(key)
    return at


_FOUND = {dict: term("an object"), list: term("a list"), str: term("a text"),
          int: term("a number"), float: term("a number")}  # fmt: skip


def found(value: Any) -> str | Sentence:
    """What a value is, in JSON's words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return term("a boolean")
    return _FOUND.get(type(value)) or term("something else")


_encode = msgspec.json.Encoder(order="deterministic").encode


def digest(*parts: Any) -> str:
    """A stable hash over JSON values: the order of an object's members does not matter."""
    return hashlib.blake2b(_encode(parts), digest_size=16).hexdigest()


def problems(value: Any) -> tuple[Problem, ...]:
    """Meta's `errors` lists, in both of its spellings (`error_data.details` and `details`)."""
    out = []
    for error in dicts(value):
        details = opt(opt_obj(error, "error_data"), "details") or opt(error, "details") or ""
        title = opt(error, "title") or opt(error, "message") or ""
        out.append(Problem(opt(error, "code") or "", title, details))
    return tuple(out)
