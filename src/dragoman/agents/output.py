"""What an author may hand over as a plain object, and how printed text becomes messages.

A *neutral* object carries `kind` and is written for any partner. A *native* object carries none and
goes through to the partner as it is, with envelope and recipient added. Anything else is an error
to the author, who reads which field is wrong.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, get_args

import msgspec

from dragoman.domain.content import Outbound, Raw, Text
from dragoman.domain.sentences import Sentence, SentenceError, words

words(
    {
        "output_wrong": "This object cannot be sent: {problem}. An object with `kind` is one of "
        "Dragoman's own, one without goes to the partner as it is.",
    }
)

KINDS: tuple[str, ...] = tuple(
    sorted(str(member.__struct_config__.tag) for member in get_args(Outbound))
)


def read_object(value: Mapping[str, Any]) -> Outbound:
    """A message from an author's object. Raises SentenceError that names the wrong field."""
    given = dict(value)
    if not given:
        raise _wrong("it is empty")
    if "kind" not in given:
        return Raw(given)
    kind = given["kind"]
    if kind not in KINDS:
        raise _wrong(_no_such_kind(kind))
    try:
        content: Outbound = msgspec.convert(given, Outbound)
    except msgspec.ValidationError as exc:
        raise _wrong(_in_words(kind, str(exc))) from None
    except RecursionError:
        raise _wrong("it is nested too deeply") from None
    stranger = _stranger(content, given, "")
    if stranger:
        raise _wrong(stranger)
    return content


def read_printed(printed: Iterable[str]) -> list[Outbound]:
    """Messages from what a script printed. Neighbouring texts are lines of one message; each text
    that is a JSON object is a message of its own and keeps its place; blank text says nothing.

    Raises SentenceError for an object that cannot be sent.
    """
    messages: list[Outbound] = []
    lines: list[str] = []
    for piece in printed:
        found = _object_in(piece)
        if found is None:
            lines.append(piece)
            continue
        _end_text(lines, messages)
        messages.append(read_object(found))
    _end_text(lines, messages)
    return messages


def looks_like_an_object(text: str) -> bool:
    """Whether a text was probably meant as an object, but is no JSON: worth a note."""
    stripped = text.strip()
    return stripped[:1] == "{" and stripped[-1:] == "}" and '"' in stripped


def _object_in(piece: str) -> dict[str, Any] | None:
    if piece.lstrip()[:1] != "{":
        return None
    try:
        value = msgspec.json.decode(piece)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _end_text(lines: list[str], messages: list[Outbound]) -> None:
    text = "\n".join(lines)
    if text.strip():
        messages.append(Text(text))
    lines.clear()


def _no_such_kind(kind: Any) -> str:
    if not isinstance(kind, str):
        return f"its `kind` must be a text, not {msgspec.json.encode(kind).decode()[:40]}"
    near = difflib.get_close_matches(kind, KINDS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(KINDS)}"
    return f"there is no `kind` {kind!r}; {hint}"


def _in_words(kind: str, problem: str) -> str:
    """msgspec's sentence in ours: "Expected `str`, got `int` - at `$.body`"."""
    what, _, where = problem.partition(" - at ")
    field = where.strip("`").removeprefix("$").removeprefix(".")
    what = what[:1].lower() + what[1:].replace("Object missing", "missing")
    what = what.removeprefix("object ")
    return f"{kind}: {what}" + (f" at `{field}`" if field else "")


def _stranger(value: Any, given: Any, path: str) -> str | None:
    """A field that no one reads: a slip of the pen, which would be lost in silence."""
    if isinstance(value, msgspec.Struct) and isinstance(given, Mapping):
        known = (*value.__struct_encode_fields__, value.__struct_config__.tag_field)
        for key in given:
            if key not in known:
                return f"there is no field `{path}{key}`{_nearest(key, value)}"
        pairs = ((getattr(value, key, None), given[key], f"{path}{key}.") for key in given)
        return next(filter(None, (_stranger(*pair) for pair in pairs)), None)
    if isinstance(value, tuple) and isinstance(given, (list, tuple)):
        base = path.removesuffix(".")
        both = enumerate(zip(value, given, strict=False))
        return next(filter(None, (_stranger(a, b, f"{base}[{i}].") for i, (a, b) in both)), None)
    return None


def _nearest(key: str, value: msgspec.Struct) -> str:
    near = difflib.get_close_matches(key, value.__struct_encode_fields__, n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def _wrong(problem: str) -> SentenceError:
    return SentenceError(Sentence("output_wrong", {"problem": problem}))
