"""What people send, in Infobip's words: the default renderer, and that of the Messages API.

Source: Infobip, "Receive WhatsApp inbound messages", "Messages API inbound" (2026). UNSURE, here in
one place each: `from` of somebody without a phone is the BSUID; `context.id` and
`pairedMessageId` are our own message id; a taken-back reaction has no emoji; the answer to a
request for contact info is CONTACT; a tap on a carousel's button is INTERACTIVE_BUTTON_REPLY.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dragoman.emulators.kit import Record
from dragoman.emulators.phone.handsets import HandsetContact

from . import wire
from .reports import contact_entry
from .senders import keyword_of, matches

if TYPE_CHECKING:
    from .emulator import Emulator

Body = dict[str, Any]
Words = Callable[[Body, Callable[[str], str]], Body]
"""(Cloud-shaped body, media id → address) → Infobip's `message` without context."""

_VCARD_NAME = re.compile(r"^FN:(.+)$", re.MULTILINE)
_CAMEL = re.compile(r"_([a-z])")


def camel(value: Any) -> Any:
    """`wa_id` → `waId` in every key."""
    if isinstance(value, dict):
        return {_CAMEL.sub(lambda m: m[1].upper(), key): camel(one) for key, one in value.items()}
    return [camel(one) for one in value] if isinstance(value, list) else value


def _picked(value: Body, *keys: str) -> Body:
    return {key: value[key] for key in keys if key in value}


def _media(kind: str, *, caption: bool = True) -> Words:
    def words(body: Body, address: Callable[[str], str]) -> Body:
        said = body[body["type"]]
        message = {"url": said.get("url") or address(str(said["id"]))}
        text = said.get("caption") or (said.get("filename") if kind == "DOCUMENT" else None)
        if caption and text:
            message["caption"] = text
        return {**message, "type": kind}

    return words


def _text(body: Body, address: Callable[[str], str]) -> Body:
    return {"text": body["text"]["body"], "type": "TEXT"}


def _audio(body: Body, address: Callable[[str], str]) -> Body:
    return _media("VOICE" if body["audio"].get("voice") else "AUDIO")(body, address)


def _location(body: Body, address: Callable[[str], str]) -> Body:
    place = _picked(body["location"], "latitude", "longitude", "address", "name", "url")
    return {**place, "type": "LOCATION"}


def _contacts(body: Body, address: Callable[[str], str]) -> Body:
    cards = []
    for card in body["contacts"]:
        made = {key: camel(value) for key, value in card.items() if key not in ("vcard", "origin")}
        if "name" not in made:
            found = _VCARD_NAME.search(card.get("vcard", ""))
            whole = found[1].strip() if found else ""
            made = {"name": {"firstName": whole.split(" ")[0], "formattedName": whole}, **made}
        cards.append(made)
    return {"contacts": cards, "type": "CONTACT"}


def _button(body: Body, address: Callable[[str], str]) -> Body:
    tapped = body["button"]
    return {"text": tapped["text"], "payload": tapped["payload"], "type": "BUTTON"}


def _reaction(body: Body, address: Callable[[str], str]) -> Body:
    emoji = body["reaction"].get("emoji")
    if not emoji:
        return {"action": "REMOVED", "type": "REACTION"}
    return {"emoji": emoji, "action": "ADDED", "type": "REACTION"}


def _order(body: Body, address: Callable[[str], str]) -> Body:
    order = camel(body["order"])
    message = {"catalogId": order["catalogId"], "productItems": order["productItems"]}
    return {**message, **({"text": order["text"]} if "text" in order else {}), "type": "ORDER"}


def _flow(reply: Body) -> Body:
    answers = json.loads(reply["response_json"])
    return {"text": reply["body"], "response": answers, "type": "INTERACTIVE_FLOW_REPLY"}


def _calls(reply: Body) -> Body:
    said = {"response": reply["response"].upper()}
    if "expiration_timestamp" in reply:
        said["expirationTimestamp"] = wire.moment(int(reply["expiration_timestamp"]) * 1000)
    return {"callPermissionReply": said, "type": "INTERACTIVE_CALL_PERMISSION_REPLY"}


_REPLIES: dict[str, Callable[[Body], Body]] = {
    "button_reply": lambda reply: {**reply, "type": "INTERACTIVE_BUTTON_REPLY"},
    "list_reply": lambda reply: {**reply, "type": "INTERACTIVE_LIST_REPLY"},
    "nfm_reply": _flow,
    "call_permission_reply": _calls,
    "payment": lambda reply: {**reply, "type": "INTERACTIVE_PAYMENT_CONFIRMATION"},
}
_KINDS: dict[str, Words] = {
    "text": _text,
    "image": _media("IMAGE"),
    "video": _media("VIDEO"),
    "document": _media("DOCUMENT"),
    "sticker": _media("STICKER", caption=False),
    "audio": _audio,
    "location": _location,
    "contacts": _contacts,
    "button": _button,
    "reaction": _reaction,
    "order": _order,
    "unsupported": lambda body, address: {"type": "UNSUPPORTED"},
}


def words_of(body: Body, address: Callable[[str], str]) -> Body | None:
    """The `message` of a person's Cloud-shaped body; None for a kind that does not exist here."""
    if body.get("type") == "interactive":
        reply = body["interactive"]
        made = _REPLIES.get(reply["type"])
        if made is None or reply.get(reply["type"], {}).get("name") == "address_message":
            return None
        return made(reply[reply["type"]])
    words = _KINDS.get(str(body.get("type")))
    return None if words is None else words(body, address)


def _referral(given: Body) -> Body:
    told = {
        "sourceType": str(given.get("source_type", "unknown")).upper(),
        "sourceId": given.get("source_id"),
        "sourceUrl": given.get("source_url", ""),
        "headline": given.get("headline"),
        "body": given.get("body"),
        "ctwaClickId": given.get("ctwa_clid"),
    }
    media = str(given.get("media_type", ""))
    if media:
        told["referralMedia"] = {"type": media.upper(), "url": given.get(f"{media}_url", "")}
    return {key: value for key, value in told.items() if value is not None}


def _context(body: Body, quoted: str | None, number: str) -> Body | None:
    if body.get("type") == "reaction":
        return {"id": body["reaction"]["message_id"]}
    if quoted is None:
        return None
    context: Body = {"from": number, "id": quoted}
    product = (body.get("context") or {}).get("referred_product")
    return {**context, "referredProduct": camel(product)} if product else context


def _whom(emulator: Emulator, contact: HandsetContact) -> Body:
    entry = contact_entry(contact)
    if emulator.config.inbound_style == "live":
        nulls = {"parentUserId": None, "username": entry.pop("username", None)}
        entry |= nulls
    return entry


def result_of(
    emulator: Emulator,
    contact: HandsetContact,
    body: Body,
    message: Body,
    quoted: str | None,
    *,
    number: str,
    message_id: str,
    at: int,
) -> Body:
    """A result of the default renderer. In live style nulls are written out and milliseconds are
    zero; the documentation leaves absent values out."""
    live = emulator.config.inbound_style == "live"
    context = _context(body, quoted, number)
    if context is not None:
        message = {**message, "context": context}
    if "referral" in body:
        message = {**message, "referral": _referral(body["referral"])}
    message = {**message, "type": message.pop("type")}
    paired: Record = (emulator.books.sent(quoted) if quoted else None) or {}
    keyword = keyword_of(emulator, number)
    result: Body = {
        "from": contact.phone or contact.bsuid,
        "to": number,
        "integrationType": "WHATSAPP",
        "receivedAt": wire.moment(at // 1000 * 1000 if live else at),
    }
    if keyword and message["type"] == "TEXT" and matches(keyword, message):
        result["keyword"] = keyword
    result["messageId"] = message_id
    for key, value in (("pairedMessageId", paired.get("id")), ("callbackData", _told(paired))):
        if live or value is not None:
            result[key] = value
    result |= {"message": message, "contact": _whom(emulator, contact)}
    price = 0.0 if live else 0
    result["price"] = {"pricePerMessage": price, "currency": emulator.config.currency}
    known = emulator.identity(contact)
    return {**result, "identity": known} if known else result


def _told(record: Record) -> str | None:
    told: str | None = record.get("callback")
    return told


# --- the Messages API's renderer -----------------------------------------------------------------

_API_FILES = {
    "IMAGE": "IMAGE",
    "VIDEO": "VIDEO",
    "DOCUMENT": "DOCUMENT",
    "AUDIO": "AUDIO",
    "VOICE": "AUDIO",
}


def _api_text(message: Body, keyword: str) -> Body:
    said = {"text": message["text"]}
    if keyword and matches(keyword, message):
        clean = message["text"].strip()[len(keyword) :].strip()
        said |= {"cleanText": clean, "keyword": keyword}
    return {**said, "type": "TEXT"}


def _api_payment(message: Body) -> Body:
    total = {"value": message["totalAmount"]["value"], "currency": message["currency"]}
    paid = {key: message[key] for key in ("referenceId", "paymentId", "status")}
    bank = {"id": message["transactionId"], "type": message["transactionType"]}
    return {**paid, "total": total, "transaction": bank, "type": "PAYMENT_RESPONSE"}


def api_content(message: Body, keyword: str) -> Body | None:
    """The member of `content` for a default `message`; None for what this renderer does not
    have (stickers, contacts, orders)."""
    kind = message["type"]
    if kind == "TEXT":
        return _api_text(message, keyword)
    if kind in _API_FILES:
        said = {"url": message["url"]}
        if "caption" in message:
            said["text"] = message["caption"]
        return {**said, "type": _API_FILES[kind]}
    if kind == "LOCATION":
        return _picked(message, "latitude", "longitude", "url", "type")
    if kind == "BUTTON":
        return {"text": message["text"], "payload": message["payload"], "type": "BUTTON_REPLY"}
    if kind == "INTERACTIVE_BUTTON_REPLY":
        said = {"text": message["title"], "payload": message["id"], "id": message["id"]}
        return {**said, "type": "BUTTON_REPLY"}
    if kind == "INTERACTIVE_LIST_REPLY":
        return {"text": message["title"], "id": message["id"], "type": "LIST_REPLY"}
    if kind == "INTERACTIVE_FLOW_REPLY":
        return {"response": message["response"], "type": "FLOW_RESPONSE"}
    if kind == "INTERACTIVE_PAYMENT_CONFIRMATION":
        return _api_payment(message)
    if kind == "REACTION":
        return _picked(message, "emoji", "action", "type")
    return None


def api_result(result: Body, keyword: str) -> Body:
    """A result of the Messages API's renderer, from one of the default renderer."""
    content = api_content(result["message"], keyword)
    made: Body = {
        "channel": "WHATSAPP",
        "sender": result["from"],
        "destination": result["to"],
        "content": [] if content is None else [content],
        "receivedAt": result["receivedAt"],
        "messageId": result["messageId"],
    }
    for key in ("pairedMessageId", "callbackData"):
        if result.get(key) is not None:
            made[key] = result[key]
    return {**made, "messageCount": 1, "event": "MO"}
