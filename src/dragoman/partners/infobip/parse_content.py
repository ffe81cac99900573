"""What a person wrote, in Infobip's two formats: its WhatsApp one (`MO_OTT_CONTACT`), flat with a
`type`, and the Messages API's, a list of contents.

Nested parts are Meta's in camel case, so Meta's readers read them.

Source: Infobip OpenAPI, "Receive WhatsApp messages", "Messages API: receive messages" (2026).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from dragoman.domain import content as c
from dragoman.partners._cloud.content import read_content
from dragoman.partners._cloud.payments import paid_word, total
from dragoman.partners._cloud.shape import Malformed, missing, need, obj, opt, opt_obj

from .settings import Settings
from .shape import snake, time_of

_FILE_NAME = re.compile(r"[^\n/\\]{1,200}\.[A-Za-z0-9]{1,8}")
_MEDIA_ID = re.compile(r"/media/([^/?#]+)")


def without_keyword(text: str, settings: Settings) -> str:
    """A text without the sandbox keyword before it, where the channel has one.

    NOT CONFIRMED: whether Infobip takes it off; the samples keep it. A text that is the keyword
    alone is left as it is, so that there is something to answer. A webhook does not say whether
    its number is the shared one, so the keyword is taken off on every number of the channel.
    """
    first, *rest = text.split(None, 1) or [""]
    if settings.keyword and rest and first.casefold() == settings.keyword.casefold():
        return rest[0]
    return text


def _text(item: dict[str, Any], settings: Settings) -> c.Inbound:
    return c.TextReceived(without_keyword(need(item, "text"), settings))


# --- files ---------------------------------------------------------------------------------------


def media(item: dict[str, Any], name: str | None = None) -> c.MediaReceived:
    url = need(item, "url")
    id = _MEDIA_ID.search(url)
    return c.MediaReceived(id[1] if id else None, url, filename=name)


def _document(item: dict[str, Any], caption: str | None) -> c.Inbound:
    """NOT CONFIRMED: a document's caption was seen to be the file's name, so what looks like one
    is taken for it."""
    name = caption if caption and _FILE_NAME.fullmatch(caption) else None
    return c.DocumentReceived(media(item, name), None if name else caption)


def _file(kind: str, item: dict[str, Any], caption: str | None) -> c.Inbound:
    if kind == "IMAGE":
        return c.ImageReceived(media(item), caption)
    if kind == "VIDEO":
        return c.VideoReceived(media(item), caption)
    if kind in ("AUDIO", "VOICE"):
        return c.AudioReceived(media(item), kind == "VOICE")
    if kind == "STICKER":
        return c.StickerReceived(media(item))
    return _document(item, caption)


# --- what both formats have ----------------------------------------------------------------------


def _place(item: dict[str, Any], settings: Settings) -> c.Inbound:
    return read_content({"type": "location", "location": item})


def _flow(item: dict[str, Any], settings: Settings) -> c.Inbound:
    reply = {"response_json": item.get("response"), "body": opt(item, "text")}
    return read_content(
        {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": reply}}
    )


def _reaction(item: dict[str, Any], about: str | None) -> c.Inbound:
    """The emoji of one that is taken back does not count, should it come."""
    removed = (opt(item, "action") or "").upper() == "REMOVED"
    return c.Reaction(about or "", "" if removed else opt(item, "emoji") or "")


def payment_key(id: str, word: str, transaction: str | None) -> str:
    """One for the person's confirmation and Infobip's own notification of the same step, whichever
    comes first: to the agent they are one message."""
    return f"p:{id}:{word}:{transaction or ''}"


# --- the WhatsApp format -------------------------------------------------------------------------


def read_message(message: dict[str, Any], about: str | None, settings: Settings) -> c.Inbound:
    """`message` of an item. `about`: the message that it answers. Raises Malformed."""
    kind = need(message, "type").upper()
    if kind in ("IMAGE", "VIDEO", "AUDIO", "VOICE", "STICKER", "DOCUMENT"):
        return _file(kind, message, opt(message, "caption") or None)
    if kind == "REACTION":
        return _reaction(message, about)
    reader = _READERS.get(kind)
    return c.Unknown(kind.lower(), message) if reader is None else reader(message, settings)


def _contacts(message: dict[str, Any], settings: Settings) -> c.Inbound:
    cards = snake(message.get("contacts"))
    return read_content({"type": "contacts", "contacts": cards})


def _button(message: dict[str, Any], settings: Settings) -> c.Inbound:
    return read_content({"type": "button", "button": message})


def _button_reply(message: dict[str, Any], settings: Settings) -> c.Inbound:
    return c.ButtonReply(need(message, "id"), opt(message, "title") or "")


def _list_reply(message: dict[str, Any], settings: Settings) -> c.Inbound:
    return c.ListReply(
        need(message, "id"), opt(message, "title") or "", opt(message, "description")
    )


def _order(message: dict[str, Any], settings: Settings) -> c.Inbound:
    return read_content({"type": "order", "order": snake(message)})


def _payment(message: dict[str, Any], settings: Settings) -> c.Inbound:
    """The id that we gave the payment is `paymentId`; `referenceId` is Infobip's."""
    return c.PaymentReceived(
        need(message, "paymentId"),
        paid_word(need(message, "status")),
        opt(message, "transactionId"),
        opt(message, "transactionType"),
        opt(message, "currency"),
        total(message.get("totalAmount")),
        {key: value for key, value in message.items() if key not in ("type", "context")},
    )


def _call_permission(message: dict[str, Any], settings: Settings) -> c.Inbound:
    reply = obj(message, "callPermissionReply")
    try:
        until = time_of(reply.get("expirationTimestamp"))
    except Malformed:
        until = None
    return c.CallPermissionReply(need(reply, "response").upper() == "ACCEPT", expires_at=until)


def _infected(message: dict[str, Any], settings: Settings) -> c.Inbound:
    """A file in which Infobip found a virus, and which it does not hand over."""
    found = c.Problem("malware", opt(message, "malware") or "")
    return c.Unsupported("infected_content", (found,))


def _unsupported(message: dict[str, Any], settings: Settings) -> c.Inbound:
    return c.Unsupported()


_READERS: Mapping[str, Callable[[dict[str, Any], Settings], c.Inbound]] = {
    "TEXT": _text,
    "LOCATION": _place,
    "CONTACT": _contacts,
    "BUTTON": _button,
    "INTERACTIVE_BUTTON_REPLY": _button_reply,
    "INTERACTIVE_LIST_REPLY": _list_reply,
    "INTERACTIVE_FLOW_REPLY": _flow,
    "INTERACTIVE_PAYMENT_CONFIRMATION": _payment,
    "INTERACTIVE_CALL_PERMISSION_REPLY": _call_permission,
    "ORDER": _order,
    "INFECTED_CONTENT": _infected,
    "UNSUPPORTED": _unsupported,
}


# --- the Messages API's format -------------------------------------------------------------------


def read_part(part: dict[str, Any], about: str | None, settings: Settings) -> c.Inbound:
    """One element of `content`. Raises Malformed."""
    kind = need(part, "type").upper()
    if kind in ("IMAGE", "VIDEO", "AUDIO", "DOCUMENT", "FILE"):
        return _file(kind, part, opt(part, "text") or None)
    if kind == "REACTION":
        return _reaction(part, about)
    reader = _PARTS.get(kind)
    return c.Unknown(kind.lower(), part) if reader is None else reader(part, settings)


def _button_part(part: dict[str, Any], settings: Settings) -> c.Inbound:
    """A tap on a template's quick reply and one on a reply button look alike here: the payload is
    the first's, the id the second's, and both may be there."""
    id, payload = opt(part, "id"), opt(part, "payload")
    text = opt(part, "text") or ""
    if id:
        return c.ButtonReply(id, text)
    if payload or text:
        return c.TemplateReply(payload or text, text)
    raise missing("id")


def _list_part(part: dict[str, Any], settings: Settings) -> c.Inbound:
    return c.ListReply(need(part, "id"), opt(part, "text") or "", opt(part, "description"))


def _url_part(part: dict[str, Any], settings: Settings) -> c.Inbound:
    return c.TextReceived(need(part, "url"))


def _payment_part(part: dict[str, Any], settings: Settings) -> c.Inbound:
    done = opt_obj(part, "transaction")
    return c.PaymentReceived(
        need(part, "paymentId"),
        paid_word(need(part, "status")),
        opt(done, "id"),
        opt(done, "type"),
        opt(opt_obj(part, "total"), "currency"),
        total(part.get("total")),
        {key: value for key, value in part.items() if key != "type"},
    )


_PARTS: Mapping[str, Callable[[dict[str, Any], Settings], c.Inbound]] = {
    "TEXT": _text,
    "URL": _url_part,
    "LOCATION": _place,
    "BUTTON_REPLY": _button_part,
    "LIST_REPLY": _list_part,
    "FLOW_RESPONSE": _flow,
    "PAYMENT_RESPONSE": _payment_part,
}
