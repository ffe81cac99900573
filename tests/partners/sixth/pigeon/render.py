"""One neutral message as a flight of Pigeon Post."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.identity import Phone
from dragoman.domain.sentences import words
from dragoman.partners._cloud.limits import (
    Refuse,
    counted,
    filled,
    refuse,
    unique,
    web_link,
    within,
)
from dragoman.partners.contract import HttpCall, OutboundMessage, Unsupported
from dragoman.partners.extra import merge

from .settings import Settings
from .slips import first, written

words(
    {
        "pigeon_needs_phone": "Pigeon Post flies to phone numbers only, and this person is known "
        "by {whom}: ask them for their number.",
        "pigeon_cannot": "Pigeon Post has no {kind} message: leave it out.",
        "pigeon_part": "Pigeon Post's notes have no place for {part}: leave it out.",
        "pigeon_raw_unknown": "The structured payload is none that Pigeon Post knows: give an "
        "note with a type of {known}; or an object with `kind`, which goes to every partner.",
    }
)

_OURS = ("from", "to", "ring", "answers")
TYPES = ("words", "picture", "scroll", "perches", "stamp")
Pairs = list[tuple[str, str | list[str] | None]]


def render(message: OutboundMessage, settings: Settings) -> HttpCall | Unsupported:
    try:
        body = _body(message)
    except Refuse as refusal:
        return Unsupported(refusal.sentence, refusal.code)
    return HttpCall(
        "POST",
        f"{settings.base_url}/loft/v1/flights",
        "send",
        {"X-Loft-Key": settings.loft_key},
        json=body,
        secret_headers=frozenset({"x-loft-key"}),
    )


def _body(message: OutboundMessage) -> dict[str, Any]:
    whom = message.recipient
    if not isinstance(whom, Phone):
        raise refuse("pigeon_needs_phone", Code.UNSUPPORTED, whom=str(whom))
    body: dict[str, Any] = _native(message.content)
    merge(body, message.extra or {})
    theirs = {name: value for name, value in body.items() if name not in _OURS}
    values = message.number, whom.digits, message.reference, message.reply_to
    return {**written(zip(_OURS, values, strict=True)), **theirs}


def _native(content: c.Outbound) -> dict[str, Any]:
    if not isinstance(content, c.Raw):
        return written(_note(content))
    if not knows_native(content.payload, None):
        raise refuse("pigeon_raw_unknown", known=", ".join(TYPES))
    return dict(content.payload)


def _note(content: c.Outbound) -> Pairs:
    kind = c.kind_of(content)
    if isinstance(content, c.Text):
        return [("type", "words"), ("words", filled("text", content.text))]
    if isinstance(content, c.Image | c.Document):
        word = "picture" if isinstance(content, c.Image) else "scroll"
        at = ("at", _link(kind, content.id, content.link))
        called = content.filename if isinstance(content, c.Document) else None
        beneath = ("beneath", within("caption", content.caption or ""))
        return [("type", word), at, ("called", called), beneath]
    if isinstance(content, c.Buttons):
        return _perches(content)
    if isinstance(content, c.Template):
        return _stamp(content)
    raise refuse("pigeon_cannot", Code.UNSUPPORTED, kind=kind)


def knows_native(payload: Mapping[str, Any], settings: Settings | None) -> bool:
    return first(dict(payload), "type") in TYPES


def is_template(payload: Mapping[str, Any], settings: Settings) -> bool:
    """Whether a native note is a stamp, which flies when the window is closed."""
    return payload.get("type") == "stamp"


def _link(kind: str, id: str | None, link: str | None) -> str:
    if id or not link:
        raise refuse("pigeon_part", Code.UNSUPPORTED, part=f"a {kind} without a link")
    return web_link(f"{kind} link", link)


def _perches(content: c.Buttons) -> Pairs:
    header = content.header
    if header is not None and not header.text:
        raise refuse("pigeon_part", Code.UNSUPPORTED, part="a header that is a file")
    above = within("header text", header.text or "") if header is not None else None
    counted("buttons", len(content.buttons))
    unique("button titles", [button.title for button in content.buttons])
    perches = []
    for button in content.buttons:
        id, title = filled("button id", button.id), filled("button title", button.title)
        if "|" in id:
            raise refuse("pigeon_part", part="a | in a button's id")
        perches.append(f"{id}|{title}")
    body = filled("body", content.body)
    foot = within("footer", content.footer or "")
    return [
        ("type", "perches"),
        ("above", above),
        ("words", body),
        ("foot", foot),
        ("perch", perches),
    ]


def _stamp(content: c.Template) -> Pairs:
    """A template by name and language, its values in their order."""
    for part in ("header", "buttons", "cards", "code", "components"):
        if getattr(content, part):
            raise refuse("pigeon_part", Code.UNSUPPORTED, part=f"a template's {part}")
    fills = []
    for param in content.body:
        if not isinstance(param, c.TextParam):
            raise refuse("pigeon_part", Code.UNSUPPORTED, part="values that are no text")
        fills.append(filled("template value", param.text, 1024))
    return [
        ("type", "stamp"),
        ("stamp", content.name),
        ("tongue", content.language),
        ("fill", fills),
    ]
