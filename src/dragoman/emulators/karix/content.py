"""The content object of a send: its checks, and how the test phone shows it.

Source: reconstructed from public integrations of the RCM API, 2020–2026.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from .checks import invalid
from .fields import check

# UNSURE: that Meta's other objects pass through `interactive` as well.
PASSED_ON = frozenset(
    {"flow", "product", "product_list", "catalog_message", "order_details", "order_status"}
)
MEMBERS = {
    "TEXT": "text",
    "TEMPLATE": "template",
    "MEDIA_TEMPLATE": "mediaTemplate",
    "ATTACHMENT": "attachment",
    "LOCATION": "location",
    "INTERACTIVE": "interactive",
}
# A member inside it that puts other fields in place of the usual ones: names of further tables.
RARER = {"MEDIA_TEMPLATE": ("autoTemplate",), "ATTACHMENT": ("attachmentData",)}
Keep = Callable[[bytes, str, str | None], str]
"""Keeps a file that came inside a request; gives the id that the phone asks for it by."""


def part_of(kind: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The member that goes with a type; an empty object where it is none."""
    part = content.get(MEMBERS[kind])
    return part if isinstance(part, dict) else {}


def kind_of(content: Mapping[str, Any], at: str) -> str:
    """The content's type after its checks. Raises Refusal.

    UNSURE: LOCATION is taken in capitals and in small letters, as either was seen; the other types
    only as every integration writes them.
    """
    check("content", content, at)
    kind = str(content["type"])
    kind = "LOCATION" if kind == "location" else kind
    if kind not in MEMBERS:
        raise invalid(f"{at}.type must be one of {', '.join(MEMBERS)}")
    table = next((rarer for rarer in RARER.get(kind, ()) if rarer in part_of(kind, content)), kind)
    check(table, content, at)
    if kind == "INTERACTIVE":
        _interactive(content["interactive"], f"{at}.interactive")
    if table == "attachmentData":
        _data(content["attachment"], f"{at}.attachment")
    return kind


def _data(attachment: Mapping[str, Any], at: str = "") -> bytes:
    try:
        return base64.b64decode(attachment["attachmentData"], validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"{at}.attachmentData must be base 64") from None


def _interactive(value: Mapping[str, Any], at: str) -> None:
    kind = value["type"]
    if kind in PASSED_ON:
        check("interactive", value, at)
        return
    if kind not in ("button", "list", "carousel"):
        known = ", ".join(("button", "list", "carousel", *sorted(PASSED_ON)))
        raise invalid(f"{at}.type must be one of {known}")
    check(f"interactive {kind}", value, at)
    if kind == "button":
        _header(value.get("header"), f"{at}.header")
        replies = [one["reply"] for one in value["action"]["buttons"]]
        _unique(replies, "id", f"{at}.action.buttons")
        _unique(replies, "title", f"{at}.action.buttons")
    elif kind == "list":
        sections = value["action"]["sections"]
        rows = [row for section in sections for row in section["rows"]]
        if len(rows) > 10:
            raise invalid(f"{at}.action.sections must have 1 to 10 rows in all")
        if len(sections) > 1 and not all(section.get("title") for section in sections):
            raise invalid(f"{at}.action.sections[].title is missing")
        _unique(rows, "id", f"{at}.action.sections")
    else:
        _cards(value["action"]["cards"], f"{at}.action.cards")


def _header(header: Mapping[str, Any] | None, at: str) -> None:
    """A header has the member that its type names."""
    if header is not None and not header.get(header["type"]):
        raise invalid(f"{at}.{header['type']} is missing")


def _cards(cards: list[Mapping[str, Any]], at: str) -> None:
    for index, card in enumerate(cards):
        said = f"{at}[{index}]"
        check(f"card {card['type']}", card, said)
        if card["type"] == "product":
            continue
        _header(card["header"], f"{said}.header")
        action = card["action"]
        if bool(action.get("buttons")) == bool(action.get("parameters")):
            raise invalid(f"{said}.action must have buttons or parameters")


def _unique(members: list[Mapping[str, Any]], key: str, at: str) -> None:
    values = [member[key] for member in members]
    if len(set(values)) < len(values):
        raise invalid(f"{at} has a {key} twice")


# --- for the phone -------------------------------------------------------------------------------


def shown(
    kind: str, content: Mapping[str, Any], rendered: Mapping[str, Any] | None, keep: Keep
) -> dict[str, Any]:
    """The content as a Cloud API send body. `rendered`: a template with its values in it, and its
    `language`."""
    body = _SHOWN[kind](content, keep)
    if rendered is None:
        return body
    told = dict(rendered)
    if "language" in told:
        body["template"]["language"] = {"code": told.pop("language")}
    return {**body, "rendered": told}


def _shown_text(content: Mapping[str, Any], keep: Keep) -> dict[str, Any]:
    preview = bool(content.get("preview_url"))
    return {"type": "text", "text": {"body": content["text"], "preview_url": preview}}


def _shown_template(content: Mapping[str, Any], keep: Keep) -> dict[str, Any]:
    given = part_of(str(content["type"]), content)
    if "autoTemplate" in given:
        return {"type": "template", "template": {"name": ""}}
    parts = [
        ("header", [*_texts(given.get("headerParameterValues")), *_media(given.get("media"))]),
        ("body", _texts(given.get("bodyParameterValues") or given.get("parameterValues"))),
    ]
    components = [{"type": kind, "parameters": told} for kind, told in parts if told]
    components += _buttons(given.get("buttons") or {})
    template = {"name": given["templateId"]}
    return {
        "type": "template",
        "template": {**template, "components": components} if components else template,
    }


def _texts(values: Mapping[str, str] | None) -> list[dict[str, Any]]:
    """Values by their place."""
    places = sorted((values or {}).items(), key=lambda pair: (len(pair[0]), pair[0]))
    return [{"type": "text", "text": value} for _, value in places]


def _media(media: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if media is None:
        return []
    file = {"link": media["url"], "filename": media.get("fileName")}
    told = {key: value for key, value in file.items() if value}
    return [{"type": media["type"], media["type"]: told}]


def _buttons(buttons: Mapping[str, Any]) -> list[dict[str, Any]]:
    def one(kind: str, button: Mapping[str, str], member: str) -> dict[str, Any]:
        value = {"type": member, member: button["payload"]}
        told = {"type": "button", "sub_type": kind, "index": button["index"]}
        return {**told, "parameters": [value]}

    actions, replies = buttons.get("actions") or [], buttons.get("quickReplies") or []
    urls = [one("url", button, "text") for button in actions]
    return urls + [one("quick_reply", button, "payload") for button in replies]


def _shown_file(content: Mapping[str, Any], keep: Keep) -> dict[str, Any]:
    given = content["attachment"]
    name = given.get("fileName")
    if "attachmentData" in given:
        file = {"id": keep(_data(given), given["mimeType"], name)}
    else:
        file = {"link": given["url"]}
    told = {**file, "filename": name, "caption": given.get("caption")}
    return {"type": given["type"], given["type"]: {k: v for k, v in told.items() if v}}


def _shown_place(content: Mapping[str, Any], keep: Keep) -> dict[str, Any]:
    return {"type": "location", "location": dict(content["location"])}


def _shown_interactive(content: Mapping[str, Any], keep: Keep) -> dict[str, Any]:
    return {"type": "interactive", "interactive": dict(content["interactive"])}


_SHOWN: Mapping[str, Callable[[Mapping[str, Any], Keep], dict[str, Any]]] = {
    "TEXT": _shown_text,
    "TEMPLATE": _shown_template,
    "MEDIA_TEMPLATE": _shown_template,
    "ATTACHMENT": _shown_file,
    "LOCATION": _shown_place,
    "INTERACTIVE": _shown_interactive,
}
