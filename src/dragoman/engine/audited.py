"""What a change of the audit log changed, place by place, without a secret in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from dragoman.vault import HIDDEN, Redactor

LONGEST = 300  # characters of a value that are shown
_ABSENT = object()


class Difference(msgspec.Struct, frozen=True):
    """One place: its path (`channel.partner`, empty for the whole), what was there and what is;
    None where there was or is nothing. lines: of a text of many lines, how many there were and
    are; its words are not shown then."""

    path: str
    before: str | None
    after: str | None
    lines: tuple[int, int] | None = None


def differences(before: str | None, after: str | None, redactor: Redactor) -> list[Difference]:
    """The places in which two values of the audit log differ, in the order of their paths."""
    was, now = _read(before), _read(after)
    if was is None and now is None:
        return []
    made = list(_walk("", _ABSENT if was is None else was, _ABSENT if now is None else now))
    return [
        msgspec.structs.replace(
            one,
            before=None if one.before is None else redactor.text(one.before),
            after=None if one.after is None else redactor.text(one.after),
        )
        for one in made
    ]


def _read(text: str | None) -> Any:
    """JSON objects are looked into; all else is a word."""
    if text is None or not text.startswith("{"):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return text


def _walk(path: str, was: Any, now: Any) -> Iterator[Difference]:
    if was == now:
        return
    if _inside(was) and _inside(now) and (isinstance(was, dict) or isinstance(now, dict)):
        old, new = (value if isinstance(value, dict) else {} for value in (was, now))
        for key in sorted({*old, *new}):
            inner = f"{path}.{key}" if path else key
            yield from _walk(inner, old.get(key, _ABSENT), new.get(key, _ABSENT))
        return
    old_text, new_text = _shown(was), _shown(now)
    if any(text is not None and "\n" in text for text in (old_text, new_text)):
        counted = (len((old_text or "").splitlines()), len((new_text or "").splitlines()))
        yield Difference(path, None, None, counted)
        return
    yield Difference(path, _cut(old_text), _cut(new_text))


def _inside(value: Any) -> bool:
    """Whether a value is looked into (or is not there), and is no reference to a secret."""
    return value is _ABSENT or (isinstance(value, dict) and not _is_secret(value))


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secret"}


def _shown(value: Any) -> str | None:
    if value is _ABSENT or value is None:
        return None
    if _is_secret(value):
        return HIDDEN
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return msgspec.json.encode(value).decode()


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= LONGEST else text[: LONGEST - 1] + "…"
