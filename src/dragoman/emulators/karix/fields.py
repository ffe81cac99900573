"""What each part of a request must be, as data, and the one reader that holds it to that.

A path is read from the object that its table is for; `[]` is each member of a list, and `*` in a
map's place is left to `kind`. A field inside something that is not there is not looked for, so a
required one is required where its object is given. Lengths count code points.

Which fields there are is known from integrations; that Karix checks them, and how, is UNSURE (see
`check_table`). The limits are WhatsApp's; 120 for the text of a card is Karix's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from .checks import invalid

Kind = Literal[
    "text", "object", "list", "map", "flag", "phone", "degrees", "link", "index", "number", "name"
]


class Field(msgspec.Struct, frozen=True):
    """`most`: code points of a text, members of a list (`least` too). `choices`: its words."""

    path: str
    kind: Kind = "text"
    required: bool = True
    most: int = 0
    least: int = 1
    choices: tuple[str, ...] = ()


def _maybe(path: str, kind: Kind = "text", most: int = 0, **more: Any) -> Field:
    return Field(path, kind, False, most, **more)


def _one_of(path: str, *choices: str, required: bool = True) -> Field:
    return Field(path, "text", required, choices=choices)


Table = tuple[Field, ...]

_RECIPIENT: Table = (
    Field("to", "phone"),
    _one_of("recipient_type", "individual", required=False),
    _maybe("reference", "object"),
    _maybe("reference.cust_ref"),
    _maybe("reference.messageTag1"),
    _maybe("reference.messageTag2"),
    _maybe("reference.messageTag3"),
    _maybe("reference.conversationId"),
)
_ACCOUNT: Table = (
    _one_of("channel", "WABA", required=False),
    Field("sender", "object"),
    Field("sender.from", "phone"),
    _maybe("sender.name"),
    _maybe("preferences", "object"),
    Field("preferences.webHookDNId"),
)
TABLES: Mapping[str, Table] = {
    "sendMessage": (Field("message", "object"),),
    "sendMessage message": (
        Field("content", "object"),
        *_ACCOUNT,
        _maybe("recipients", "list", 1000),
    ),
    "sendBulkMessage": (*_ACCOUNT, _maybe("campaignId"), Field("messages", "list")),
    "sendBulkMessage message": (Field("content", "object"), Field("recipient", "object")),
    "recipient": _RECIPIENT,
    "upload": (Field("mediaUrl", "link"), Field("senderId", "phone"), Field("MimeType")),
    "content": (
        Field("type"),
        _maybe("preview_url", "flag"),
        _maybe("shorten_url", "flag"),
    ),
    "TEXT": (Field("text", most=4096),),
    "TEMPLATE": (
        Field("template", "object"),
        Field("template.templateId", "name", most=512),
        _maybe("template.parameterValues", "map"),
    ),
    "MEDIA_TEMPLATE": (
        Field("mediaTemplate", "object"),
        Field("mediaTemplate.templateId", "name", most=512),
        _maybe("mediaTemplate.headerParameterValues", "map"),
        _maybe("mediaTemplate.bodyParameterValues", "map"),
        _maybe("mediaTemplate.media", "object"),
        _one_of("mediaTemplate.media.type", "image", "video", "document"),
        Field("mediaTemplate.media.url", "link"),
        _maybe("mediaTemplate.media.fileName"),
        _maybe("mediaTemplate.buttons", "object"),
        _maybe("mediaTemplate.buttons.actions", "list", 10),
        _one_of("mediaTemplate.buttons.actions[].type", "url"),
        Field("mediaTemplate.buttons.actions[].index", "index"),
        Field("mediaTemplate.buttons.actions[].payload", most=2000),
        _maybe("mediaTemplate.buttons.quickReplies", "list", 10),
        Field("mediaTemplate.buttons.quickReplies[].index", "index"),
        Field("mediaTemplate.buttons.quickReplies[].payload"),
    ),
    "autoTemplate": (
        Field("mediaTemplate", "object"),
        Field("mediaTemplate.autoTemplate", most=1024),
        _maybe("mediaTemplate.buttons", "map"),
    ),
    "ATTACHMENT": (
        Field("attachment", "object"),
        _one_of("attachment.type", "image", "video", "audio", "document"),
        Field("attachment.url", "link"),
        _maybe("attachment.fileName"),
        _maybe("attachment.caption", most=1024),
    ),
    "attachmentData": (
        Field("attachment", "object"),
        _one_of("attachment.type", "image", "video", "audio", "document"),
        Field("attachment.mimeType"),
        Field("attachment.attachmentData"),
        _maybe("attachment.fileName"),
        _maybe("attachment.caption", most=1024),
    ),
    "LOCATION": (
        Field("location", "object"),
        Field("location.latitude", "degrees", most=90),
        Field("location.longitude", "degrees", most=180),
        _maybe("location.name"),
        _maybe("location.address"),
    ),
    "INTERACTIVE": (Field("interactive", "object"), Field("interactive.type")),
    "interactive button": (
        Field("body", "object"),
        Field("body.text", most=1024),
        _maybe("header", "object"),
        _one_of("header.type", "text", "image", "video", "document"),
        _maybe("header.text", most=60),
        _maybe("header.image", "object"),
        Field("header.image.link", "link"),
        _maybe("header.video", "object"),
        Field("header.video.link", "link"),
        _maybe("header.document", "object"),
        Field("header.document.link", "link"),
        _maybe("footer", "object"),
        Field("footer.text", most=60),
        Field("action", "object"),
        Field("action.buttons", "list", most=3),
        _one_of("action.buttons[].type", "reply"),
        Field("action.buttons[].reply", "object"),
        Field("action.buttons[].reply.id", most=256),
        Field("action.buttons[].reply.title", most=20),
    ),
    "interactive list": (
        Field("body", "object"),
        Field("body.text", most=4096),
        _maybe("header", "object"),
        _one_of("header.type", "text"),
        Field("header.text", most=60),
        _maybe("footer", "object"),
        Field("footer.text", most=60),
        Field("action", "object"),
        Field("action.button", most=20),
        Field("action.sections", "list", most=10),
        _maybe("action.sections[].title", most=24),
        Field("action.sections[].rows", "list", most=10),
        Field("action.sections[].rows[].id", most=200),
        Field("action.sections[].rows[].title", most=24),
        _maybe("action.sections[].rows[].description", most=72),
    ),
    "interactive carousel": (
        Field("body", "object"),
        Field("body.text", most=1024),
        Field("action", "object"),
        Field("action.cards", "list", most=10, least=2),
        Field("action.cards[].card_index", "number"),
        _one_of("action.cards[].type", "cta_url", "product"),
        Field("action.cards[].action", "object"),
    ),
    "card cta_url": (
        Field("header", "object"),
        _one_of("header.type", "image", "video"),
        _maybe("header.image", "object"),
        Field("header.image.link", "link"),
        _maybe("header.video", "object"),
        Field("header.video.link", "link"),
        _maybe("body", "object"),
        Field("body.text", most=120),
        _maybe("action.buttons", "list", most=2),
        _one_of("action.buttons[].type", "quick_reply"),
        Field("action.buttons[].quick_reply", "object"),
        Field("action.buttons[].quick_reply.id", most=256),
        Field("action.buttons[].quick_reply.title", most=20),
        _maybe("action.parameters", "object"),
        Field("action.parameters.display_text", most=20),
        Field("action.parameters.url", "link"),
    ),
    "card product": (
        Field("action.catalog_id"),
        Field("action.product_retailer_id"),
    ),
    # UNSURE: Meta's objects, of which only this is looked at.
    "interactive": (
        Field("action", "object"),
        _maybe("body", "object"),
        Field("body.text", most=1024),
        _maybe("footer", "object"),
        Field("footer.text", most=60),
    ),
}


def check(table: str, value: Mapping[str, Any], at: str = "") -> None:
    """Hold an object to its table; the first problem raises Refusal. `at`: how it is called."""
    for field in TABLES[table]:
        for said, place, key in _places(value, field.path.split("."), at):
            _judge(field, place.get(key), said)


def _places(value: Any, steps: list[str], at: str) -> Iterator[tuple[str, Any, str]]:
    """Where a path leads: its name, the object it is in, its key there."""
    first, rest = steps[0], steps[1:]
    if not isinstance(value, Mapping):
        return
    key = first.removesuffix("[]")
    said = f"{at}.{key}" if at else key
    if not rest:
        yield said, value, key
    elif not first.endswith("[]"):
        yield from _places(value.get(key), rest, said)
    elif isinstance(value.get(key), list):
        for index, member in enumerate(value[key]):
            yield from _places(member, rest, f"{said}[{index}]")


def _judge(field: Field, value: Any, said: str) -> None:
    if value is None:
        if field.required:
            raise invalid(f"{said} is missing")
        return
    problem = _KINDS[field.kind](value, field)
    if problem:
        raise invalid(f"{said} {problem}")


def _text(value: Any, field: Field) -> str:
    if not isinstance(value, str):
        return "must be a string"
    if field.required and not value:
        return "is empty"
    if field.most and len(value) > field.most:
        return f"is longer than {field.most} characters"
    if field.choices and value not in field.choices:
        return f"must be one of {', '.join(field.choices)}"
    return ""


def _object(value: Any, field: Field) -> str:
    return "" if isinstance(value, dict) else "must be an object"


def _list(value: Any, field: Field) -> str:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return "must be a list of objects"
    if len(value) < field.least or (field.most and len(value) > field.most):
        most = f" to {field.most}" if field.most else " or more"
        return f"must have {field.least}{most} members"
    return ""


def _map(value: Any, field: Field) -> str:
    good = isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    return "" if good else "must be an object of strings"


def _flag(value: Any, field: Field) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _number(value: Any, field: Field) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return "" if whole else "must be a whole number"


def _phone(value: Any, field: Field) -> str:
    """Digits with country code; an int and a leading plus were seen as well."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    good = isinstance(text, str) and re.fullmatch(r"\+?[1-9][0-9]{6,14}", text)
    return "" if good else "must be a phone number with country code"


def _degrees(value: Any, field: Field) -> str:
    problem = f"must be decimal degrees within {field.most}"
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return problem
    try:
        return "" if abs(float(value)) <= field.most else problem
    except ValueError:
        return problem


def _link(value: Any, field: Field) -> str:
    good = isinstance(value, str) and re.fullmatch(r"https?://[^\s/]+(/\S*)?", value)
    return "" if good else "must be a web address"


def _index(value: Any, field: Field) -> str:
    good = isinstance(value, str) and re.fullmatch(r"[0-9]", value)
    return "" if good else "must be a digit as a string"


def _name(value: Any, field: Field) -> str:
    good = isinstance(value, str) and re.fullmatch(r"[a-z0-9_]+", value)
    return _text(value, field) if good else "must be small letters, digits and _"


_KINDS: Mapping[str, Callable[[Any, Field], str]] = {
    "text": _text,
    "object": _object,
    "list": _list,
    "map": _map,
    "flag": _flag,
    "phone": _phone,
    "degrees": _degrees,
    "link": _link,
    "index": _index,
    "number": _number,
    "name": _name,
}


def markdown() -> str:
    """The tables of fields, as docs/emulators/karix.md prints them."""
    lines = ["| of | field | what | needed |", "|---|---|---|---|"]
    for table, fields in TABLES.items():
        for field in fields:
            what = str(field.kind)
            if field.choices:
                what = ", ".join(f"`{choice}`" for choice in field.choices)
            elif field.kind == "list":
                what += f" of {field.least}" + (f" to {field.most}" if field.most else " or more")
            elif field.most:
                what += f", at most {field.most}"
            needed = "yes" if field.required else ""
            lines.append(f"| {table} | `{field.path}` | {what} | {needed} |")
    return "\n".join(lines) + "\n"
