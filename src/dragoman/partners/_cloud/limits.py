"""What WhatsApp allows, checked in code points before any I/O. Too long is refused, never cut.

Each limit stands once, in `LIMITS`, by the name that its sentence uses.

Source: Meta, the page of each message type under "Messages", "Templates: components" (2025–2026).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ParamSpec, TypeVar

from dragoman.domain.errors import Code
from dragoman.domain.sentences import Sentence, term, words
from dragoman.partners.contract import Unsupported

_P = ParamSpec("_P")
_T = TypeVar("_T")

words(
    {
        "meta_too_long": "The {field} is {length} characters long, WhatsApp allows {limit}: "
        "shorten it.",
        "meta_empty": "The {field} is empty: WhatsApp needs one.",
        "meta_too_many": "There are {count} {field}, WhatsApp allows {limit}: leave some out.",
        "meta_too_few": "There are {count} {field}, WhatsApp needs at least {limit}: add some.",
        "meta_not_unique": "Two {field} are the same ({value!r}): make each one different.",
        "meta_id_or_link": "The {field} has {found}: give either an uploaded file's id or a link.",
        "meta_bad_link": "The {field} {value!r} is not a web address: it must begin with "
        "https:// or http://.",
        "meta_bad_header": "A {kind} message cannot have a header with {found}: WhatsApp allows "
        "{allowed}.",
        "meta_header_parts": "A header is one thing, and this one has {found}: give exactly one "
        "of text, image, video and document.",
        "meta_bad_pattern": "The {field} {value!r} is not valid: {rule}.",
        "meta_out_of_range": "The {field} is {value}, WhatsApp allows {low} to {high}.",
        "meta_choose": "The {field} is wrong: {rule}.",
        "meta_link_of": "{field} link",
        "meta_header_file": "header {kind}",
        "meta_template_file": "template {kind}",
        "meta_card": "card {index}",
        "meta_knows": "WhatsApp knows {known}",
        "meta_cards_differ": "The cards of a carousel must be built alike, and card {index} is "
        "not like the first: give each the same kind of header, a body or none, and the same "
        "buttons.",
    }
)

MB = 1_000_000
# Bytes of a file, by kind.
FILES: Mapping[str, int] = {
    "image": 5 * MB,
    "video": 16 * MB,
    "audio": 16 * MB,
    "document": 100 * MB,
    "sticker": MB // 2,
}

LIMITS: dict[str, int] = {
    "text": 4096,
    "caption": 1024,
    "body": 1024,
    "list body": 4096,
    "header text": 60,
    "footer": 60,
    "button title": 20,
    "button id": 256,
    "list button": 20,
    "section title": 24,
    "row id": 200,
    "row title": 24,
    "row description": 72,
    "link label": 20,
    "call label": 20,
    "call payload": 512,
    "card body": 160,
    "reference": 512,
    "one-time code": 15,
    "template name": 512,
    "copy code": 20,
    "configuration name": 60,
    "order item name": 60,
    "amount description": 60,
    "expiration description": 120,
    "status description": 120,
}

COUNTS: dict[str, tuple[int, int]] = {
    "buttons": (1, 3),
    "sections": (1, 10),
    "rows": (1, 10),
    "cards": (2, 10),
    "card buttons": (1, 2),
    "products": (1, 30),
    "contacts": (1, 257),
    "order items": (1, 999),
    "template cards": (2, 10),
}

REFERENCE_ID = {"INR": (35, re.compile(r"[A-Za-z0-9_.-]+")), "": (60, re.compile(r"\S+"))}


# What people call a part of a message: a text of ours, or a sentence of one.
Name = str | Sentence
# Arguments of a refusal that are words of ours, and so translated with it.
_OURS = frozenset({"field", "rule", "part", "where"})


class Refuse(Exception):
    """This message cannot be sent as it is. `sentence` says why; it becomes `Unsupported`."""

    def __init__(self, sentence: Sentence, code: Code = Code.INVALID) -> None:
        super().__init__(sentence.id)
        self.sentence = sentence
        self.code = code


def tried(make: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | Refuse:
    """What a function gives, or the Refuse that it raises."""
    try:
        return make(*args, **kwargs)
    except Refuse as refusal:
        return refusal


def unsupported(render: Callable[_P, _T]) -> Callable[_P, _T | Unsupported]:
    """A function that gives as `Unsupported` what it would raise as Refuse."""

    @functools.wraps(render)
    def rendered(*args: _P.args, **kwargs: _P.kwargs) -> _T | Unsupported:
        made = tried(render, *args, **kwargs)
        return Unsupported(made.sentence, made.code) if isinstance(made, Refuse) else made

    return rendered


def refuse(sentence_id: str, code: Code = Code.INVALID, **args: object) -> Refuse:
    """Texts of `field`, `rule`, `part` and `where` are ours, all others as somebody wrote them."""
    said = {k: term(v) if k in _OURS and isinstance(v, str) else v for k, v in args.items()}
    return Refuse(Sentence(sentence_id, said), code)


def link_of(field: Name) -> Sentence:
    """What people call the address of a file."""
    return Sentence("meta_link_of", {"field": _said(field)})


def header_file(kind: str) -> Sentence:
    """What people call a file that is a header."""
    return Sentence("meta_header_file", {"kind": term(kind)})


def template_file(kind: str) -> Sentence:
    """What people call a file that is a template's header."""
    return Sentence("meta_template_file", {"kind": term(kind)})


def _said(name: Name) -> Sentence:
    return term(name) if isinstance(name, str) else name


def within(field: Name, text: str, limit: int | None = None) -> str:
    """The text, when it is within the field's limit."""
    most = LIMITS[str(field)] if limit is None else limit
    if len(text) > most:
        raise refuse("meta_too_long", Code.TOO_LONG, field=field, length=len(text), limit=most)
    return text


def filled(field: str, text: str, limit: int | None = None) -> str:
    """The text, when there is one and it is within the field's limit."""
    if not text.strip():
        raise refuse("meta_empty", field=field)
    return within(field, text, limit)


def counted(field: str, count: int) -> None:
    """That there are neither too few nor too many."""
    low, high = COUNTS[field]
    name = field.removeprefix("template ")
    if count < low:
        raise refuse("meta_too_few", field=name, count=count, limit=low)
    if count > high:
        raise refuse("meta_too_many", field=name, count=count, limit=high)


def unique(field: str, values: Iterable[str]) -> None:
    """That no value comes twice."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise refuse("meta_not_unique", field=field, value=value)
        seen.add(value)


def web_link(field: Name, url: str) -> str:
    """A web address, as Meta can fetch or open it."""
    rest = url.partition("://")[2]
    if not url.lower().startswith(("https://", "http://")) or not rest or re.search(r"\s", url):
        raise refuse("meta_bad_link", field=field, value=url)
    return url


def one_of(field: Name, id: str | None, link: str | None) -> dict[str, str]:
    """Meta's `{"id"}` or `{"link"}`; exactly one must be given."""
    if bool(id) == bool(link):
        raise refuse("meta_id_or_link", field=field, found=term("both") if id else term("neither"))
    if id:
        return {"id": id}
    assert link is not None
    return {"link": web_link(link_of(field), link)}


def matched(field: str, value: str, pattern: re.Pattern[str], rule: str) -> str:
    if not pattern.fullmatch(value):
        raise refuse("meta_bad_pattern", field=field, value=value, rule=rule)
    return value


def between(field: str, value: float, low: int, high: int) -> None:
    if not low <= value <= high:
        raise refuse("meta_out_of_range", field=field, value=value, low=low, high=high)


def alike(shapes: Sequence[object]) -> None:
    """That every card of a carousel has the first one's shape."""
    for index, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise refuse("meta_cards_differ", index=index + 1)
