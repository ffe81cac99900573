"""The values of settings: how each type is read, described, and shown. Part of `settings`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

import msgspec

HIDDEN = "•••"


class Doc(msgspec.Struct, frozen=True):
    """What one setting means. Limits are inclusive. `secret`: never shown; `url_secret`: shown
    without its password."""

    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    secret: bool = False
    url_secret: bool = False


_PASSWORD = re.compile(r"(?<=password=)[^&#]*", re.IGNORECASE)  # also sslpassword=
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def read(kind: Any, value: Any) -> Any:
    """A value of the wanted type, from TOML's types or from text; None when it is none."""
    if get_origin(kind) is tuple:
        if isinstance(value, str):
            return tuple(item.strip() for item in value.split(",") if item.strip())
        whole = isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)
        return tuple(value) if whole else None
    if get_origin(kind) is Literal:
        return value if value in get_args(kind) else None
    if kind is str:
        return str(value) if isinstance(value, (str, Path)) else None
    if kind is bool:
        return _read_bool(value)
    return _read_number(kind, value)


def _read_bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    text = value.strip().lower() if isinstance(value, str) else ""
    return True if text in _TRUE else False if text in _FALSE else None


def _read_number(kind: Any, value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if kind is int and isinstance(value, float):
        return None
    try:
        number: int | float = int(value) if kind is int else float(value)
    except ValueError:
        return None
    return number if number == number else None  # NaN is within every range


def expected_form(kind: Any, doc: Doc) -> str:
    if get_origin(kind) is tuple:
        return "a list of texts (separated by commas in the environment)"
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    if kind is bool:
        return "true or false"
    if kind is str:
        return "a text"
    what = "a whole number" if kind is int else "a number"
    unit = f" ({doc.unit})" if doc.unit else ""
    return f"{what} from {_plain(doc.low)} to {_plain(doc.high)}{unit}"


def _plain(number: float | None) -> str:
    return "any" if number is None else f"{number:g}" if number < 1 else f"{number:,.0f}"


def shown(doc: Doc, value: Any) -> str:
    if doc.secret:
        return HIDDEN if value else ""
    if doc.url_secret:
        return _without_password(str(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _without_password(url: str) -> str:
    """Hidden from the first colon of the user to the last @: people forget to encode theirs."""
    scheme, mark, rest = url.partition("://")
    head, at, tail = rest.rpartition("@")
    user, colon, _ = head.partition(":")
    if at and colon:
        rest = f"{user}:{HIDDEN}@{tail}"
    return _PASSWORD.sub(HIDDEN, scheme + mark + rest)


def is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    plain = not parts.query and not parts.fragment and parts.username is None
    return parts.scheme in ("http", "https") and named and plain
