"""Access API: a form with the message as JSON in one field, in Gupshup's own words.

Source: Gupshup, "Send message", "Message types", "Template messages" (self-serve).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.sentences import words
from dragoman.partners._cloud import bodies
from dragoman.partners._cloud.envelope import interactive_object
from dragoman.partners._cloud.limits import filled, header_file, refuse, within
from dragoman.partners.contract import HttpCall, OutboundMessage
from dragoman.partners.extra import merge

from .native import cannot, digits_of, link_of, meant, unknown
from .settings import Settings
from .templates import access as template

words(
    {
        "gupshup_one_card": "Gupshup's Access API sends one contact card with a message, and here "
        "are {count}: send them one by one.",
    }
)

# type → members of which one makes it that message, and what they are
_FILE: tuple[tuple[str, ...], tuple[type, ...]] = (("url", "id"), (str,))
TYPES: Mapping[str, tuple[tuple[str, ...], tuple[type, ...]]] = {
    "text": (("text",), (str,)),
    "image": (("originalUrl", "id"), (str,)),
    "video": _FILE,
    "audio": _FILE,
    "file": _FILE,
    "sticker": _FILE,
    "location": (("longitude",), (int, float, str)),
    "contact": (("contact",), (dict,)),
    "list": (("items",), (list,)),
    "quick_reply": (("content",), (dict,)),
    "location_request_message": (("body", "action"), (dict,)),
}
SHAPES = (
    "a message of the Access API with a `type` of text, image, video, audio, file, sticker, "
    "location, contact, list, quick_reply or location_request_message, and its members; or an "
    "object with "
    "`template` ({id, params}) and, for its header, `message`"
)
_OURS = frozenset({"channel", "source", "destination", "src.name"})
_encode = msgspec.json.Encoder().encode


def render(message: OutboundMessage, settings: Settings) -> HttpCall:
    """Raises Refuse."""
    to = digits_of(message.recipient, "Access")
    given = _given(message, settings)
    merge(given, {k: v for k, v in (message.extra or {}).items() if k not in _OURS})
    by_template = "template" in given
    body = {
        **({} if by_template else {"channel": "whatsapp"}),
        "source": message.number,
        "destination": to,
        "src.name": settings.app_name,
        **given,
    }
    endpoint = "/wa/api/v1/template/msg" if by_template else "/wa/api/v1/msg"
    return access_call(settings, "POST", endpoint, "send", _form(body))


def access_call(
    settings: Settings,
    method: Any,
    path: str,
    purpose: str,
    form: tuple[tuple[str, str], ...] = (),
) -> HttpCall:
    return HttpCall(
        method,
        f"{settings.host}{path}",
        purpose,
        {"apikey": settings.api_key},
        form=form,
        secret_headers=frozenset({"apikey"}),
    )


def opt_in_call(settings: Settings, digits: str, out: bool) -> HttpCall:
    """The opt-out is not confirmed, and the opt-in is marked as old."""
    word = "out" if out else "in"
    path = f"/sm/api/v1/app/opt/{word}/{quote(settings.app_name, safe='')}"
    return access_call(settings, "POST", path, f"opt_{word}", (("user", digits),))


def users_call(settings: Settings) -> HttpCall:
    """Who opted in; it also tells whether key and app name belong together."""
    path = f"/sm/api/v1/users/{quote(settings.app_name, safe='')}"
    return access_call(settings, "GET", path, "probe")


def _form(body: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, value if isinstance(value, str) else _encode(value).decode())
        for name, value in body.items()
    )


def _given(message: OutboundMessage, settings: Settings) -> dict[str, Any]:
    """What stands beside the envelope: `message`, or `template` with its header."""
    content = meant(message)
    if isinstance(content, c.Template):
        return template(content, settings)
    if isinstance(content, c.Raw):
        return _native(content.payload)
    return {"message": _message(content, message.reference)}


def is_template(payload: Mapping[str, Any]) -> bool:
    return type(payload.get("template")) is dict and "type" not in payload


def knows_native(payload: Mapping[str, Any]) -> bool:
    """A template, or a message with its type's own members: Meta's have other ones."""
    kind = payload.get("type")
    if is_template(payload) or type(kind) is not str or kind not in TYPES:
        return is_template(payload)
    names, shapes = TYPES[kind]
    return any(type(payload.get(name)) in shapes for name in names)


def _native(payload: dict[str, Any]) -> dict[str, Any]:
    if is_template(payload):
        return {name: value for name, value in payload.items() if name not in _OURS}
    if not knows_native(payload):
        raise unknown("Access", SHAPES)
    return {"message": dict(payload)}


def _message(content: c.Outbound, reference: str | None) -> dict[str, Any]:
    if isinstance(content, c.Text):
        text = {"type": "text", "text": filled("text", content.text)}
        return {**text, "previewUrl": True} if content.preview_url else text
    if isinstance(content, c.Image | c.Video | c.Audio | c.Document | c.Sticker):
        return _file(content)
    if isinstance(content, c.Location):
        place = bodies.location(content)
        order = ("longitude", "latitude", "name", "address")
        return {"type": "location", **{key: place[key] for key in order if key in place}}
    if isinstance(content, c.Contacts):
        return _contact(content)
    if isinstance(content, c.Buttons):
        return _quick_reply(content, reference)
    if isinstance(content, c.List):
        return _list(content, reference)
    if isinstance(content, c.LocationRequest):
        # NOT CONFIRMED: body and action are taken for Meta's.
        meta = interactive_object(content)
        return {"type": meta["type"], "body": {"type": "text", **meta["body"]}, **_action(meta)}
    raise cannot("Access", content)


def _action(meta: dict[str, Any]) -> dict[str, Any]:
    return {"action": meta["action"]}


def _file(content: c.Image | c.Video | c.Audio | c.Document | c.Sticker) -> dict[str, Any]:
    kind = c.kind_of(content)
    link = link_of(kind, content.id, content.link)
    if isinstance(content, c.Image):
        out = {"type": "image", "originalUrl": link, "previewUrl": link}
    else:
        out = {"type": "file" if kind == "document" else kind, "url": link}
    if isinstance(content, c.Document) and content.filename:
        out["filename"] = content.filename
    if isinstance(content, c.Image | c.Video | c.Document) and content.caption:
        out["caption"] = within("caption", content.caption)
    return out


def _contact(content: c.Contacts) -> dict[str, Any]:
    """One card, Meta's members in Gupshup's spelling."""
    if len(content.contacts) != 1:
        count = len(content.contacts)
        raise refuse("gupshup_one_card", Code.UNSUPPORTED, count=count)
    return {"type": "contact", "contact": _camel(bodies.contacts(content)[0])}


# NOT CONFIRMED beyond name and phones: members are spelled as in a name.
_KEPT = frozenset({"wa_id"})


def _camel(value: Any) -> Any:
    if type(value) is list:
        return [_camel(item) for item in value]
    if type(value) is not dict:
        return value
    return {_camel_name(key): _camel(item) for key, item in value.items()}


def _camel_name(name: str) -> str:
    if name in _KEPT:
        return name
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _quick_reply(content: c.Buttons, reference: str | None) -> dict[str, Any]:
    meta = interactive_object(content)
    header = meta.get("header") or {"type": "text"}
    kind = header["type"]
    body: dict[str, Any] = {"type": "file" if kind == "document" else kind}
    if kind == "text":
        body |= {"header": header["text"]} if "text" in header else {}
    else:
        media = header[kind]
        body["url"] = link_of(header_file(kind), media.get("id"), media.get("link"))
        body |= {"filename": media["filename"]} if media.get("filename") else {}
    body["text"] = meta["body"]["text"]
    if "footer" in meta:
        body["caption"] = meta["footer"]["text"]
    options = [_option(b.title, b.id) for b in content.buttons]
    return {"type": "quick_reply", **_msgid(reference), "content": body, "options": options}


def _option(title: str, id: str) -> dict[str, str]:
    """`postbackText` comes back with the tap; where it is missing the title does."""
    out = {"type": "text", "title": title}
    return out if id == title else {**out, "postbackText": id}


def _msgid(reference: str | None) -> dict[str, str]:
    """It comes back with a tap, and not in reports."""
    return {"msgid": reference} if reference else {}


def _list(content: c.List, reference: str | None) -> dict[str, Any]:
    meta = interactive_object(content)
    action, header = meta["action"], meta.get("header")
    if "footer" in meta:
        # The Access API's list has no footer: it goes below the body.
        meta["body"]["text"] = within(
            "list body", f"{meta['body']['text']}\n\n{meta['footer']['text']}"
        )
    items = []
    for section in action["sections"]:
        options = []
        for row in section["rows"]:
            option = {"type": "text", "title": row["title"]}
            option |= {"description": row["description"]} if "description" in row else {}
            options.append({**option, "postbackText": row["id"]})
        title = {"title": section["title"]} if "title" in section else {}
        items.append({**title, "options": options})
    return {
        "type": "list",
        **({"title": header["text"]} if header else {}),
        "body": meta["body"]["text"],
        **_msgid(reference),
        "globalButtons": [{"type": "text", "title": action["button"]}],
        "items": items,
    }
