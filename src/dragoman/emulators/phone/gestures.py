"""What a person can do on the phone, and the message body that each gesture becomes.

Bodies are shaped like Meta's inbound messages. `body_of` is pure: the page sends a gesture, the
route turns it into a body and the quoted message.
Source: Meta, "Webhooks: messages reference" (2026).
"""

from __future__ import annotations

import json
from typing import Any

import msgspec


class _Gesture(msgspec.Struct, forbid_unknown_fields=True, tag_field="do"):
    """`line` and `contact` say whose phone and which chat."""

    line: str
    contact: str


class Write(_Gesture, tag="write"):
    text: str
    quoted: str | None = None


class TapButton(_Gesture, tag="button"):
    message: str
    id: str
    title: str


class TapRow(_Gesture, tag="row"):
    message: str
    id: str
    title: str
    description: str | None = None


class TapTemplate(_Gesture, tag="template_button"):
    message: str
    payload: str
    text: str


class SendLocation(_Gesture, tag="location"):
    latitude: float
    longitude: float
    name: str = ""
    address: str = ""
    message: str | None = None


class SendContact(_Gesture, tag="contact"):
    """`message` is set where the business asked for the person's own number."""

    name: str
    phone: str
    message: str | None = None


class React(_Gesture, tag="react"):
    message: str
    emoji: str


class FinishForm(_Gesture, tag="form"):
    """A Flow or an address form is sent: `name` is `flow` or `address_message`."""

    message: str
    name: str
    answers: dict[str, Any]
    shown: str = "Sent"


class AllowCalls(_Gesture, tag="calls"):
    message: str
    accept: bool
    until: int = 0


class Basket(_Gesture, tag="order"):
    """`items` maps a product's id to how many of it."""

    message: str
    catalog: str
    items: dict[str, int]
    text: str = ""


Gesture = (
    Write
    | TapButton
    | TapRow
    | TapTemplate
    | SendLocation
    | SendContact
    | React
    | FinishForm
    | AllowCalls
    | Basket
)

_PRICE = 25  # the emulated catalogue has one price for everything


def body_of(gesture: Gesture) -> tuple[dict[str, Any], str | None]:
    """The message body of a gesture, and the id of the message that it answers or quotes."""
    match gesture:
        case Write():
            return {"type": "text", "text": {"body": gesture.text}}, gesture.quoted
        case TapButton():
            reply = {"id": gesture.id, "title": gesture.title}
            return _interactive("button_reply", reply), gesture.message
        case TapRow():
            row = {"id": gesture.id, "title": gesture.title}
            if gesture.description:
                row["description"] = gesture.description
            return _interactive("list_reply", row), gesture.message
        case TapTemplate():
            button = {"payload": gesture.payload, "text": gesture.text}
            return {"type": "button", "button": button}, gesture.message
        case SendLocation():
            return _location(gesture), gesture.message
        case SendContact():
            return _card(gesture), gesture.message
        case React():
            reaction = {"message_id": gesture.message, "emoji": gesture.emoji}
            if not gesture.emoji:  # Meta leaves the emoji out when a reaction is taken back
                del reaction["emoji"]
            return {"type": "reaction", "reaction": reaction}, None
        case FinishForm():
            answers = json.dumps(gesture.answers, ensure_ascii=False)
            form = {"name": gesture.name, "body": gesture.shown, "response_json": answers}
            return _interactive("nfm_reply", form), gesture.message
        case AllowCalls():
            return _interactive("call_permission_reply", _permission(gesture)), gesture.message
        case Basket():
            return _order(gesture), gesture.message


def _interactive(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "interactive", "interactive": {"type": kind, kind: value}}


def _location(gesture: SendLocation) -> dict[str, Any]:
    place: dict[str, Any] = {"latitude": gesture.latitude, "longitude": gesture.longitude}
    if gesture.name:
        place["name"] = gesture.name
    if gesture.address:
        place["address"] = gesture.address
    return {"type": "location", "location": place}


def _card(gesture: SendContact) -> dict[str, Any]:
    digits = "".join(c for c in gesture.phone if c.isdigit())
    phone = {"phone": gesture.phone, "wa_id": digits, "type": "CELL"}
    if gesture.message is None:
        first = gesture.name.split(" ")[0]
        name = {"first_name": first, "formatted_name": gesture.name}
        return {"type": "contacts", "contacts": [{"name": name, "phones": [phone]}]}
    vcard = (
        f"BEGIN:VCARD\nVERSION:3.0\nFN:{gesture.name}\n"
        f"TEL;type=CELL;waid={digits}:{gesture.phone}\nEND:VCARD"
    )
    shared = {"vcard": vcard, "origin": "contact_request", "phones": [phone]}
    return {"type": "contacts", "contacts": [shared]}


def _permission(gesture: AllowCalls) -> dict[str, Any]:
    if not gesture.accept:
        return {"response": "reject", "response_source": "user_action"}
    return {
        "response": "accept",
        "is_permanent": False,
        "expiration_timestamp": str(gesture.until),
        "response_source": "user_action",
    }


def _order(gesture: Basket) -> dict[str, Any]:
    items = [
        {"product_retailer_id": product, "quantity": count, "item_price": _PRICE, "currency": "USD"}
        for product, count in gesture.items.items()
        if count > 0
    ]
    order: dict[str, Any] = {"catalog_id": gesture.catalog, "product_items": items}
    if gesture.text:
        order["text"] = gesture.text
    return {"type": "order", "order": order}
