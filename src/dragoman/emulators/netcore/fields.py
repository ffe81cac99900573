"""What a message must look like, as one table of members, and the reader that checks against it.

Which members exist is documented; their limits are WhatsApp's, in code points. Members that the
table does not have are let through, as Netcore does.

Source: Netcore Cloud, "WhatsApp API" (text, media, template, interactive), public integrations.
`type_location`, and header and footer of interactive messages, are UNSURE.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from .checks import Refusal


class Member(msgspec.Struct, frozen=True):
    """One member of an object.

    kind: text, word (one of `words`), url, number, flag, texts (a list of text), object, list (of
    objects). most: of a text its length, of a list its items; least: of a list.
    either: exactly one of these and of this is given, which makes each of them optional alone.
    """

    name: str
    kind: str = "text"
    required: bool = True
    most: int = 0
    least: int = 1
    words: tuple[str, ...] = ()
    inside: tuple[Member, ...] = ()
    either: str = ""


def _text(name: str, most: int = 0, *, required: bool = True) -> Member:
    return Member(name, "text", required, most)


def _one(name: str, *inside: Member) -> Member:
    """An array of one object, as Netcore writes most things."""
    return Member(name, "list", most=1, inside=inside)


_REPLY = Member("reply", "object", inside=(_text("id", 256), _text("title", 20)))
_ROW = (_text("id", 200), _text("title", 24), _text("description", 72, required=False))
_SECTION = (_text("title", 24, required=False), Member("rows", "list", most=10, inside=_ROW))
_HEADER = Member(
    "header",
    "object",
    required=False,
    inside=(
        Member("type", "word", words=("text", "image", "video", "document")),
        _text("text", 60, required=False),
        Member("url", "url", required=False),
        _text("media_id", required=False),
        _text("filename", required=False),
    ),
)
_AROUND = (_HEADER, _text("footer", 60, required=False))
_BUTTON = (Member("type", "word", words=("reply",)), _REPLY)
_PARAMETERS = Member(
    "parameters", "object", inside=(_text("display_text", 20), Member("url", "url"))
)

INTERACTIVE: Mapping[str, tuple[Member, ...]] = {
    "button": (
        _text("body", 1024),
        *_AROUND,
        _one("action", Member("buttons", "list", most=3, inside=_BUTTON)),
    ),
    "list": (
        _text("body", 4096),
        *_AROUND,
        _one("action", _text("button", 20), Member("sections", "list", most=10, inside=_SECTION)),
    ),
    "cta_url": (
        _text("body", 1024),
        *_AROUND,
        _one("action", _one("buttons", _text("name"), _PARAMETERS)),
    ),
}

_LANGUAGE = Member(
    "language",
    "object",
    inside=(_text("locale", 20), Member("policy", "word", words=("deterministic", "fallback"))),
)
_TEMPLATE = _one("type_template", _text("name", 512), Member("attributes", "texts"), _LANGUAGE)
_BESIDE = Member(
    "type_media_template",
    "object",
    inside=(
        Member("type", "word", required=False, words=("image", "video", "document")),
        Member("url", "url", required=False),
        _text("media_id", required=False),
        _text("filename", required=False),
        Member(
            "button",
            "list",
            required=False,
            most=10,
            inside=(_text("index", 1), _text("payload", 2000)),
        ),
    ),
)
_KINDS = ("image", "video", "audio", "document", "sticker")
_ATTACHMENT = (
    Member("attachment_url", "url", required=False, either="attachment_id"),
    Member("attachment_id", "text", required=False, either="attachment_url"),
    Member("attachment_type", "word", required=False, words=_KINDS),
    _text("caption", 1024, required=False),
    _text("filename", required=False),
)

MESSAGES: Mapping[str, tuple[Member, ...]] = {
    "text": (
        _one(
            "type_text",
            _text("content", 4096),
            Member("preview_url", "word", required=False, words=("true", "false")),
        ),
    ),
    "media": (_one("type_media", _one("attachments", *_ATTACHMENT)),),
    "location": (
        _one(
            "type_location",
            Member("latitude", "number", most=90),
            Member("longitude", "number", most=180),
            _text("name", 1000, required=False),
            _text("address", 1000, required=False),
        ),
    ),
    "template": (_TEMPLATE,),
    "media_template": (_TEMPLATE, _BESIDE),
    "interactive": (_one("type_interactive", Member("type", "word", words=tuple(INTERACTIVE))),),
}

ENVELOPE: tuple[Member, ...] = (
    Member("recipient_type", "word", required=False, words=("individual", "group")),
    Member("message_type", "word", words=tuple(MESSAGES)),
    _text("source", required=False),
    _text("x-apiheader", required=False),
    Member("cta_link_track", "flag", required=False),
    Member("ttl", "number", required=False, most=30),
)


def check(value: Mapping[str, Any], members: tuple[Member, ...]) -> None:
    """An object against its members, in the table's order. Raises Refusal."""
    for member in members:
        given = value.get(member.name)
        absent = given is None or (given == "" and member.required)
        if member.either and value.get(member.either) is None and absent:
            raise Refusal("required", field=member.name)
        if not absent:
            _READERS[member.kind](member, given)
        elif member.required:
            raise Refusal("required", field=member.name)


def _as_text(member: Member, given: Any) -> None:
    if not isinstance(given, str):
        raise Refusal("invalid", field=member.name)
    if member.most and len(given) > member.most:
        raise Refusal("too_long", field=member.name, most=member.most)


def _as_word(member: Member, given: Any) -> None:
    if not isinstance(given, str) or given not in member.words:
        raise Refusal("invalid", field=member.name)


def _as_url(member: Member, given: Any) -> None:
    if not isinstance(given, str) or not given.startswith(("http://", "https://")):
        raise Refusal("invalid", field=member.name)


def _as_number(member: Member, given: Any) -> None:
    try:
        number = math.nan if isinstance(given, bool) else float(given)
    except (TypeError, ValueError):
        number = math.nan
    if not abs(number) <= member.most:
        raise Refusal("invalid", field=member.name)


def _as_flag(member: Member, given: Any) -> None:
    if given not in ("0", "1", 0, 1):
        raise Refusal("invalid", field=member.name)


def _as_texts(member: Member, given: Any) -> None:
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise Refusal("invalid", field=member.name)


def _as_object(member: Member, given: Any) -> None:
    if not isinstance(given, dict):
        raise Refusal("invalid", field=member.name)
    check(given, member.inside)


def _as_list(member: Member, given: Any) -> None:
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise Refusal("invalid", field=member.name)
    if not member.least <= len(given) <= member.most:
        raise Refusal("count", field=member.name, least=member.least, most=member.most)
    for one in given:
        check(one, member.inside)


_READERS: Mapping[str, Callable[[Member, Any], None]] = {
    "text": _as_text,
    "word": _as_word,
    "url": _as_url,
    "number": _as_number,
    "flag": _as_flag,
    "texts": _as_texts,
    "object": _as_object,
    "list": _as_list,
}


def check_digits(given: Any, name: str) -> str:
    """A recipient: ten to fifteen digits. Raises Refusal."""
    if given is None or given == "":
        raise Refusal("required", field=name)
    if not isinstance(given, str) or not (given.isascii() and given.isdigit()):
        raise Refusal("recipient_numeric")
    if len(given) < 10:
        raise Refusal("recipient_short")
    if len(given) > 15:
        raise Refusal("recipient_long")
    return given


def check_message(body: Any) -> dict[str, Any]:
    """The one element of a send. Raises Refusal."""
    if not isinstance(body, dict):
        raise Refusal("json_invalid")
    if body.get("message") is None:
        raise Refusal("required", field="message")
    _as_list(Member("message", "list", most=1), body["message"])
    element: dict[str, Any] = body["message"][0]
    check_digits(element.get("recipient_whatsapp"), "recipient_whatsapp")
    check(element, ENVELOPE)
    kind = element["message_type"]
    check(element, MESSAGES[kind])
    if kind == "interactive":
        inner = element["type_interactive"][0]
        check(inner, INTERACTIVE[inner["type"]])
    if kind == "media":
        attachment = element["type_media"][0]["attachments"][0]
        if attachment.get("attachment_url") and not attachment.get("attachment_type"):
            raise Refusal("required", field="attachment_type")
    if kind == "media_template":
        _check_beside(element["type_media_template"])
    return element


def _check_beside(beside: dict[str, Any]) -> None:
    """A file has its type and a place where it is; without a file there is a button."""
    places = [name for name in ("url", "media_id") if beside.get(name)]
    if (places or not beside.get("button")) and not beside.get("type"):
        raise Refusal("required", field="type")
    if beside.get("type") and not places:
        raise Refusal("required", field="url")
