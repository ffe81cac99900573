"""What a person sees of a message of the Messages API, and its template data as the other API's.

Parts that WhatsApp lacks become words, as `adaptationMode` does. UNSURE: `subtext` of a list is the
label that opens it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import shown
from .schema_messages import NOT_WHATSAPP

Body = dict[str, Any]


def _words(button: Body) -> str:
    """A button that WhatsApp does not have, as a line of the text."""
    kind = button["type"]
    if kind == "DIAL_PHONE":
        return f"{button['text']}: {button['phoneNumber']}"
    if kind == "SHOW_LOCATION":
        return f"{button['text']}: {button['latitude']}, {button['longitude']}"
    return str(button["text"])


def _file(body: Body) -> Body:
    kind = body["type"].lower()
    given = {"url": body["url"], "caption": body.get("text"), "filename": body.get("filename")}
    return {"type": kind, kind: shown.media(given)}


def _list(body: Body) -> Body:
    sections = [
        {
            "title": section.get("sectionTitle", ""),
            "rows": [
                {"title": row["text"], **{k: row[k] for k in ("id", "description") if k in row}}
                for row in section["items"]
            ],
        }
        for section in body["sections"]
    ]
    action = {"button": body.get("subtext") or "Choose", "sections": sections}
    return shown.interactive("list", {"body": body}, action)


def _contact(body: Body) -> Body:
    whole = body["name"]
    digits = "".join(c for c in body["phoneNumber"] if c.isdigit())
    card = {
        "name": {"first_name": whole.split(" ")[0], "formatted_name": whole},
        "phones": [{"phone": body["phoneNumber"], "wa_id": digits}],
    }
    return {"type": "contacts", "contacts": [card]}


def _product(body: Body) -> Body:
    action = {
        "catalog_id": body["catalogId"],
        "sections": shown.product_sections(body["sections"]),
    }
    return shown.interactive("product_list", {"body": body}, action)


def _flow(body: Body) -> Body:
    action = body.get("action") or {}
    given = {
        "flowId": body["id"],
        "flowToken": body["token"],
        "mode": body.get("mode"),
        "flowAction": action.get("type"),
        "flowActionPayload": action.get("payload"),
    }
    return shown.interactive("flow", {"body": body}, shown.flow_action(given, body["buttonText"]))


def _location(body: Body) -> Body:
    return shown.CONTENTS["location"](body)


def _sticker(body: Body) -> Body:
    return {"type": "sticker", "sticker": {"link": body["reference"]}}


def _plain(body: Body) -> Body:
    lines = [body.get("text") or body["type"].replace("_", " ").capitalize(), body.get("url", "")]
    return {"type": "text", "text": {"body": "\n".join(filter(None, lines))}}


_BODIES: dict[str, Callable[[Body], Body]] = {
    "IMAGE": _file,
    "VIDEO": _file,
    "DOCUMENT": _file,
    "LIST": _list,
    "LOCATION": _location,
    "CONTACT": _contact,
    "STICKER": _sticker,
    "PRODUCT": _product,
    "FLOW": _flow,
}


def _tapped(content: Body, buttons: list[Body], more: list[str]) -> Body:
    """A text or a picture with what can be tapped below it."""
    body = content["body"]
    top = content.get("header") or (body if body["type"] != "TEXT" else None)
    text = "\n".join([body.get("text") or "", *more]).strip()
    outside = {"header": top, "body": {"text": text}}
    replies = [one for one in buttons if one["type"] == "REPLY"]
    if replies:
        made = [shown.reply(one["postbackData"], one["text"]) for one in replies]
        return shown.interactive("button", outside, {"buttons": made})
    first = buttons[0]
    if first["type"] == "OPEN_URL":
        action = shown.link_action(first["text"], first["url"])
        return shown.interactive("cta_url", outside, action)
    return shown.interactive("location_request_message", outside, {"name": "send_location"})


def content_shown(content: Body) -> Body:
    buttons = content.get("buttons") or []
    more = [_words(one) for one in buttons if one["type"] in NOT_WHATSAPP]
    kept = [one for one in buttons if one["type"] not in NOT_WHATSAPP]
    body = content["body"]
    if kept and body["type"] in ("TEXT", "IMAGE", "VIDEO", "DOCUMENT"):
        return _tapped(content, kept, more)
    if more or (content.get("header") and body["type"] == "TEXT"):
        top = content.get("header") or {}
        lines = [top.get("text", ""), body.get("text") or "", *more]
        body = {**body, "text": "\n".join(filter(None, lines))}
    if body["type"] in _BODIES:
        return _BODIES[body["type"]](body)
    return _plain(body)


# --- templates -----------------------------------------------------------------------------------


def _placeholders(body: Body | None) -> list[str]:
    """`{"1": "Asha", "2": "8841"}` → the words in their order."""
    numbered = {key: value for key, value in (body or {}).items() if key.isdigit()}
    return [str(numbered[key]) for key in sorted(numbered, key=int)]


def _button(given: Body) -> Body | None:
    kind = given["type"]
    if kind == "QUICK_REPLY":
        return {"type": kind, "parameter": given["postbackData"]}
    if kind == "OPEN_URL":
        return {"type": "URL", "parameter": given["suffix"]}
    if kind == "COPY_CODE":
        return {"type": kind, "parameter": given["code"]}
    if kind == "FLOW":
        return {"type": kind, "flowToken": given.get("token"), "data": given.get("data")}
    if kind == "PHONE_NUMBER":
        return None
    made = {"type": kind, "thumbnailProductRetailerId": given.get("productId")}
    return {**made, "sections": given["sections"]} if "sections" in given else made


def _buttons(given: list[Body] | None) -> list[Body]:
    return [made for one in given or [] if (made := _button(one)) is not None]


def _header(given: Body | None) -> Body | None:
    if given is None:
        return None
    if given["type"] == "TEXT":
        words = _placeholders(given)
        return {"type": "TEXT", "placeholder": words[0]} if words else None
    return {**given, "mediaUrl": given["url"]} if "url" in given else given


def template_data(content: Body) -> Body:
    """The content of a template in the WhatsApp API's form."""
    body = content.get("body") or {}
    data: Body = {
        "body": {"placeholders": _placeholders(body)},
        "buttons": _buttons(content.get("buttons")),
    }
    header = _header(content.get("header"))
    if header is not None:
        data["header"] = header
    if content.get("expirationTime"):
        data["limitedTimeOffer"] = {"expirationTime": content["expirationTime"]}
    if body.get("type") == "CAROUSEL":
        data["carousel"] = {
            "cards": [
                {
                    "header": _header(card["header"]),
                    "body": {"placeholders": _placeholders(card.get("body"))},
                    "buttons": _buttons(card.get("buttons")),
                }
                for card in body["cards"]
            ]
        }
    return data
