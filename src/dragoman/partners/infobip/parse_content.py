"""What a person wrote, in Infobip's two formats: its WhatsApp one (`MO_OTT_CONTACT`), flat with a
`type`, and the Messages API's, a list of contents, which are put into the words of the first.

Nested parts are Meta's in camel case, so Meta's readers read them.

Source: Infobip OpenAPI, "Receive WhatsApp messages", "Messages API: receive messages" (2026).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from dragoman.domain import content as c
from dragoman.partners._cloud.content import read_content
from dragoman.partners._cloud.payments import paid_word, total
from dragoman.partners._cloud.shape import missing, need, obj, opt
from dragoman.partners.mapping import Is, Need, Table, mapped

from .settings import Settings
from .shape import moment, snake

_FILE_NAME = re.compile(r"[^\n/\\]{1,200}\.[A-Za-z0-9]{1,8}")
_MEDIA_ID = re.compile(r"/media/([^/?#]+)")


def payment_key(id: str, word: str, transaction: str | None) -> str:
    """One for the person's confirmation and Infobip's own notification of the same step, whichever
    comes first: to the agent they are one message."""
    return f"p:{id}:{word}:{transaction or ''}"


# --- the WhatsApp format -------------------------------------------------------------------------


_INTERACTIVE = Is("type", "interactive")
# Infobip's type → the message of Meta's that says the same.
_META: Mapping[str, Table] = {
    "LOCATION": (Is("type", "location"), Need("location")),
    "CONTACT": (Is("type", "contacts"), Need("contacts", "contacts", make=snake)),
    "BUTTON": (Is("type", "button"), Need("button")),
    "INTERACTIVE_BUTTON_REPLY": (
        _INTERACTIVE,
        Is("interactive.type", "button_reply"),
        Need("interactive.button_reply"),
    ),
    "INTERACTIVE_LIST_REPLY": (
        _INTERACTIVE,
        Is("interactive.type", "list_reply"),
        Need("interactive.list_reply"),
    ),
    "INTERACTIVE_FLOW_REPLY": (
        _INTERACTIVE,
        Is("interactive.type", "nfm_reply"),
        Need("interactive.nfm_reply.response_json", "response"),
        Need("interactive.nfm_reply.body", "text"),
    ),
    "ORDER": (Is("type", "order"), Need("order", make=snake)),
}
_FILES = {
    "IMAGE": "image",
    "VIDEO": "video",
    "AUDIO": "audio",
    "VOICE": "audio",
    "STICKER": "sticker",
    "DOCUMENT": "document",
}


def read_message(message: dict[str, Any], about: str | None, settings: Settings) -> c.Inbound:
    """`message` of an item. `about`: the message that it answers. Raises Malformed."""
    kind = need(message, "type").upper()
    if kind == "TEXT":
        return c.TextReceived(without_keyword(need(message, "text"), settings))
    if kind in _FILES:
        return _file(kind, message)
    if kind in _META:
        return read_content(mapped(message, _META[kind]))
    if kind == "REACTION":
        # The emoji of one that is taken back does not count, should it come.
        removed = (opt(message, "action") or "").upper() == "REMOVED"
        return c.Reaction(about or "", "" if removed else opt(message, "emoji") or "")
    if kind == "INTERACTIVE_PAYMENT_CONFIRMATION":
        return _payment(message)
    if kind == "INTERACTIVE_CALL_PERMISSION_REPLY":
        reply = obj(message, "callPermissionReply")
        accepted, until = need(reply, "response"), moment(reply.get("expirationTimestamp"))
        return c.CallPermissionReply(accepted.upper() == "ACCEPT", expires_at=until)
    if kind == "INFECTED_CONTENT":  # a file with a virus in it, which is not handed over
        found = c.Problem("malware", opt(message, "malware") or "")
        return c.Unsupported("infected_content", (found,))
    return c.Unsupported() if kind == "UNSUPPORTED" else c.Unknown(kind.lower(), message)


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


def _file(kind: str, message: dict[str, Any]) -> c.Inbound:
    url, caption = need(message, "url"), opt(message, "caption") or None
    name = _document(caption) if kind == "DOCUMENT" else None
    id = _MEDIA_ID.search(url)
    body = {"id": id and id[1], "url": url, "filename": name, "voice": kind == "VOICE"}
    body["caption"] = None if name else caption
    return read_content({"type": _FILES[kind], _FILES[kind]: body})


def _document(caption: str | None) -> str | None:
    """NOT CONFIRMED: a document's caption was seen to be the file's name, so what looks like one
    is taken for it."""
    return caption if caption and _FILE_NAME.fullmatch(caption) else None


def _payment(message: dict[str, Any]) -> c.PaymentReceived:
    """The id that we gave the payment is `paymentId`; `referenceId` is Infobip's."""
    id, word = need(message, "paymentId"), paid_word(need(message, "status"))
    names = ("transactionId", "transactionType", "currency")
    transaction, kind, currency = (opt(message, name) for name in names)
    data = {key: value for key, value in message.items() if key not in ("type", "context")}
    amount = total(message.get("totalAmount"))
    return c.PaymentReceived(id, word, transaction, kind, currency, amount, data)


# --- the Messages API's format -------------------------------------------------------------------

_CAPTIONED = (Need("caption", "text"),)
_TITLED = (Need("title", "text"),)
# Its type → the type of the WhatsApp format, and the members that are called otherwise there.
_PARTS: Mapping[str, tuple[str, Table]] = {
    "TEXT": ("TEXT", ()),
    "IMAGE": ("IMAGE", _CAPTIONED),
    "VIDEO": ("VIDEO", _CAPTIONED),
    "AUDIO": ("AUDIO", _CAPTIONED),
    "DOCUMENT": ("DOCUMENT", _CAPTIONED),
    "FILE": ("DOCUMENT", _CAPTIONED),
    "LOCATION": ("LOCATION", ()),
    "REACTION": ("REACTION", ()),
    "BUTTON_REPLY": ("INTERACTIVE_BUTTON_REPLY", _TITLED),
    "LIST_REPLY": ("INTERACTIVE_LIST_REPLY", _TITLED),
    "FLOW_RESPONSE": ("INTERACTIVE_FLOW_REPLY", ()),
    "PAYMENT_RESPONSE": (
        "INTERACTIVE_PAYMENT_CONFIRMATION",
        (
            Need("transactionId", "transaction.id"),
            Need("transactionType", "transaction.type"),
            Need("currency", "total.currency"),
            Need("totalAmount", "total"),
        ),
    ),
}


def read_part(part: dict[str, Any], about: str | None, settings: Settings) -> c.Inbound:
    """One element of `content`. Raises Malformed."""
    kind = need(part, "type").upper()
    if kind == "URL":
        return c.TextReceived(need(part, "url"))
    if kind == "BUTTON_REPLY" and not opt(part, "id"):
        return _quick_reply(opt(part, "payload"), opt(part, "text") or "")
    if kind not in _PARTS:
        return c.Unknown(kind.lower(), part)
    kind, others = _PARTS[kind]
    content = read_message({**part, "type": kind, **mapped(part, others)}, about, settings)
    if isinstance(content, c.PaymentReceived):
        data = {key: value for key, value in part.items() if key != "type"}
        return msgspec.structs.replace(content, data=data)
    return content


def _quick_reply(payload: str | None, text: str) -> c.Inbound:
    """A tap on a template's quick reply and one on a reply button look alike here: the payload is
    the first's, the id the second's, and both may be there."""
    if not payload and not text:
        raise missing("id")
    return c.TemplateReply(payload or text, text)
