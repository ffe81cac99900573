"""What a person does, as Gupshup passes it on: three forms of the same Cloud-shaped body.

NOT CONFIRMED on Enterprise: contact cards, stickers, reactions, baskets and forms; they go as Meta
writes them, under their type, as texts of JSON.

Source: Gupshup, "Inbound messages", "Interactive"; the platform's own sample of a payment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dragoman.emulators._cloud.contacts import contact_entry
from dragoman.emulators.phone.handsets import HandsetContact

from . import wire
from .reports import envelope, metadata

if TYPE_CHECKING:
    from .emulator import Emulator

Body = dict[str, Any]
_FILES = frozenset({"image", "video", "audio", "document", "sticker"})
_ENTERPRISE = _FILES | {
    *("text", "location", "button", "interactive", "contacts", "reaction", "order"),
}
_WEEK_MS = 7 * 24 * 3_600_000


class Said(msgspec.Struct):
    """What one person said: `quoted` is our or her message that it answers."""

    contact: HandsetContact
    body: Body
    quoted: str | None
    id: str
    at: int


# --- Enterprise ----------------------------------------------------------------------------------


def enterprise(emulator: Emulator, said: Said) -> Body | None:
    """Flat: texts only, what is nested as JSON. None for what is not passed on."""
    kind = str(said.body.get("type", "text"))
    if kind not in _ENTERPRISE:
        return None
    name, value = _flat(emulator, kind, said)
    made = {
        "waNumber": emulator.number,
        "mobile": str(said.contact.phone),
        "name": said.contact.name,
        "type": name,
        "timestamp": str(said.at),
        name: value,
    }
    record = emulator.books.sent(said.quoted) if said.quoted else None
    if record is not None and record["dialect"] == "enterprise":
        made["replyId"], _, made["messageId"] = record["id"].partition("-")
    return made


def _flat(emulator: Emulator, kind: str, said: Said) -> tuple[str, str]:
    value: Any = said.body[kind]
    if kind == "text":
        return "text", str(value["body"])
    if kind in _FILES:
        name = "voice" if value.get("voice") else kind
        url, signature = emulator.signed(str(value["id"]))
        file = {"mime_type": value.get("mime_type", ""), "signature": signature, "url": url}
        if value.get("caption"):
            file["caption"] = value["caption"]
        return name, wire.compact(file)
    if kind == "location":
        order = ("longitude", "latitude", "address", "name", "url")
        place = {key: str(value[key]) for key in order if key in value}
        return kind, wire.compact(place)
    if kind == "button":
        return kind, wire.compact({"text": value["text"], "payload": value.get("payload", "")})
    return kind, wire.compact(value)


# --- Access API ----------------------------------------------------------------------------------


def access(emulator: Emulator, said: Said) -> Body | None:
    """Version 2. None for what is not passed on."""
    named = _named(emulator, said)
    if named is None:
        return None
    kind, inner = named
    digits = str(said.contact.phone)
    code = _country(digits)
    payload: Body = {
        "id": said.id,
        "source": digits,
        "type": kind,
        "payload": inner,
        "sender": {
            "phone": digits,
            "name": said.contact.name,
            "country_code": code,
            "dial_code": digits.removeprefix(code),
        },
    }
    record = emulator.books.sent(said.quoted) if said.quoted else None
    if record is not None:
        payload["context"] = {"id": record["whatsapp_id"], "gsId": record["id"]}
    elif said.quoted:
        payload["context"] = {"id": said.quoted}
    return envelope(emulator, "message", payload, said.at)


def _country(digits: str) -> str:
    import phonenumbers  # 20 ms of import, for the one dialect that wants it

    try:
        return str(phonenumbers.parse("+" + digits).country_code)
    except phonenumbers.NumberParseException:
        return ""


def _named(emulator: Emulator, said: Said) -> tuple[str, Body] | None:
    """`payload.type` and `payload.payload`."""
    body, kind = said.body, str(said.body.get("type", "text"))
    value: Any = body.get(kind)
    if kind == "text":
        return "text", {"text": value["body"]}
    if kind in _FILES:
        return "file" if kind == "document" else kind, _file(emulator, value)
    if kind == "location":
        place = {"longitude": str(value["longitude"]), "latitude": str(value["latitude"])}
        return "location", place
    if kind == "contacts":
        return "contact", {"contacts": value}
    if kind == "button":
        return "quick_reply", {"text": value["text"], "type": "button"}
    if kind == "interactive" and value["type"] in ("button_reply", "list_reply"):
        return str(value["type"]), _tapped(emulator, value[value["type"]], said.quoted)
    return None


def _file(emulator: Emulator, value: Body) -> Body:
    made: Body = {}
    if value.get("caption"):
        made["caption"] = value["caption"]
    if value.get("filename"):
        made["name"] = value["filename"]
    made["url"] = f"{emulator.base_url}/wa/files/{value['id']}?download=false"
    made["urlExpiry"] = emulator.clock.now() + _WEEK_MS
    made["contentType"] = value.get("mime_type", "")
    return made


def _tapped(emulator: Emulator, chosen: Body, quoted: str | None) -> Body:
    """`id` is the one that was given with the message; `reply` is the title and its place."""
    record = emulator.books.sent(quoted) if quoted else None
    options = record["options"] if record is not None else []
    title = chosen["title"]
    place = options.index(title) + 1 if title in options else 1
    made = {
        "title": title,
        "id": (record["msgid"] if record is not None else "") or quoted or "",
        "reply": f"{title} {place}",
        "postbackText": chosen["id"],
    }
    if chosen.get("description"):
        made["description"] = chosen["description"]
    return made


# --- v3 ------------------------------------------------------------------------------------------


def v3(emulator: Emulator, said: Said) -> Body | None:
    """The `value` of Meta's webhook."""
    message: Body = {}
    record = emulator.books.sent(said.quoted) if said.quoted else None
    if record is not None:
        message["context"] = {
            "from": emulator.number,
            "gs_id": record["id"],
            "id": record["whatsapp_id"],
            "meta_msg_id": record["whatsapp_id"],
        }
    elif said.quoted:
        message["context"] = {"from": emulator.number, "id": said.quoted}
    if said.contact.phone:
        message["from"] = said.contact.phone
    if said.contact.bsuid:
        message["from_user_id"] = said.contact.bsuid
    message |= {"id": said.id, "timestamp": str(said.at // 1000), **said.body}
    return {
        "messaging_product": "whatsapp",
        "metadata": metadata(emulator),
        "contacts": [contact_entry(said.contact, username=True)],
        "messages": [message],
    }
