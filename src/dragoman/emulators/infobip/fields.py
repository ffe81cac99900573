"""Reading a body as Infobip does: every field that is wrong is named, all in one answer.

A field is described by a value (`need`, `may`, `link`, …; the descriptions are in `schema`).
Missing, empty and over-long fields are violations; another JSON type, or a word that is not in its
list, makes the whole body unreadable (a refusal without details). Unknown fields are passed over.
Lengths are counted in code points.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from .checks import Refusal, Violation

Form = Literal["", "url", "date", "email"]
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """`most` 0: any length. `choices`: one of these words."""

    needed: bool = False
    least: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()
    pattern: str = ""
    form: Form = ""


class Number(msgspec.Struct, frozen=True, kw_only=True):
    needed: bool = False
    least: float | None = None
    most: float | None = None
    whole: bool = False


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    needed: bool = False


class Free(msgspec.Struct, frozen=True, kw_only=True):
    """Any JSON."""

    needed: bool = False


class Obj(msgspec.Struct, frozen=True, kw_only=True):
    """`kinds`: further fields by the word in `tag`; with `kinds`, the word must be one of them."""

    needed: bool = False
    fields: Mapping[str, Field] = {}
    tag: str = ""
    kinds: Mapping[str, Mapping[str, Field]] = {}


class Items(msgspec.Struct, frozen=True, kw_only=True):
    of: Field
    needed: bool = False
    least: int = 0
    most: int = 0


Field = Text | Number | Flag | Free | Obj | Items


def need(least: int = 0, most: int = 0, pattern: str = "") -> Text:
    return Text(needed=True, least=least, most=most, pattern=pattern)


def may(most: int = 0, least: int = 0, pattern: str = "") -> Text:
    return Text(least=least, most=most, pattern=pattern)


def link(*, needed: bool = True) -> Text:
    return Text(needed=needed, least=1, most=2048, form="url")


def one_of(*choices: str, needed: bool = True) -> Text:
    return Text(needed=needed, choices=choices)


def number(
    least: float | None = None,
    most: float | None = None,
    *,
    needed: bool = True,
    whole: bool = False,
) -> Number:
    return Number(needed=needed, least=least, most=most, whole=whole)


def obj(fields: Mapping[str, Field] | None = None) -> Obj:
    return Obj(needed=True, fields=fields or {})


def maybe(fields: Mapping[str, Field] | None = None) -> Obj:
    return Obj(fields=fields or {})


def kinds(
    choices: Mapping[str, Mapping[str, Field]], *, needed: bool = True, tag: str = "type"
) -> Obj:
    """An object whose other fields follow the word in `tag`."""
    return Obj(needed=needed, tag=tag, kinds=choices)


def items(of: Field, least: int = 0, most: int = 0, *, needed: bool = True) -> Items:
    return Items(of=of, least=least, most=most, needed=needed)


def check(fields: Mapping[str, Field], value: Any, path: str = "") -> list[Violation]:
    """Everything wrong with an object. Raises Refusal (body_wrong) for what cannot be read."""
    found: list[Violation] = []
    _object(Obj(fields=fields), value, path, found)
    return found


def _read(field: Field, value: Any, path: str, found: list[Violation]) -> None:
    if value is None:
        if field.needed:
            found.append(Violation(path, "blank" if _worded(field) else "null"))
    elif isinstance(field, Text):
        _text(field, value, path, found)
    elif isinstance(field, Number):
        _number(field, value, path, found)
    elif isinstance(field, Flag):
        _be(isinstance(value, bool))
    elif isinstance(field, Obj):
        _object(field, value, path, found)
    elif isinstance(field, Items):
        _be(isinstance(value, list))
        if field.most and not field.least <= len(value) <= field.most:
            found.append(_size(path, field.least, field.most))
        for index, item in enumerate(value):
            _read(field.of, item, f"{path}[{index}]", found)


def _worded(field: Field) -> bool:
    return isinstance(field, Text) and not field.choices


def _be(right: bool) -> None:
    if not right:
        raise Refusal("body_wrong")


def _size(path: str, least: int, most: int) -> Violation:
    return Violation(path, "size", {"least": least, "most": most})


def _text(field: Text, value: Any, path: str, found: list[Violation]) -> None:
    _be(isinstance(value, str) and (not field.choices or value in field.choices))
    blank = not value.strip()
    if field.most and not field.least <= len(value) <= field.most:
        found.append(_size(path, field.least, field.most))
    if field.form == "url" and not _web(value):
        found.append(Violation(path, "url"))
    if field.needed and blank:
        found.append(Violation(path, "blank"))
        return
    if field.form == "date" and not _DATE.fullmatch(value):
        found.append(Violation(path, "date"))
    if field.form == "email" and not _EMAIL.fullmatch(value):
        found.append(Violation(path, "email"))
    if field.pattern and not re.fullmatch(field.pattern, value):
        found.append(Violation(path, "pattern", {"pattern": field.pattern}))


def _web(text: str) -> bool:
    return text.startswith(("http://", "https://")) and len(text) > 8 and " " not in text


def _number(field: Number, value: Any, path: str, found: list[Violation]) -> None:
    right = isinstance(value, int) or (isinstance(value, float) and not field.whole)
    _be(right and not isinstance(value, bool))
    if field.least is not None and value < field.least:
        found.append(Violation(path, "least", {"least": f"{field.least:g}"}))
    if field.most is not None and value > field.most:
        found.append(Violation(path, "most", {"most": f"{field.most:g}"}))


def _object(field: Obj, value: Any, path: str, found: list[Violation]) -> None:
    _be(isinstance(value, dict))
    fields = field.fields
    if field.kinds:
        word = value.get(field.tag)
        _be(isinstance(word, str) and word in field.kinds)
        fields = {**fields, **field.kinds[word]}
    for key, inner in fields.items():
        _read(inner, value.get(key), f"{path}.{key}" if path else key, found)
