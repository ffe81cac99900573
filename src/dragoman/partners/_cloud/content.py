"""What a person sent, read from one element of Meta's `messages[]`.

A type that this table does not know becomes `Unknown` and keeps the whole item: it reaches the log
and the agent all the same. A known type whose body is not as documented raises Malformed.

Source: Meta, "Webhooks: messages" reference (2025–2026).
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any

import msgspec

from dragoman.domain.content import (
    AddressReply,
    AudioReceived,
    ButtonReply,
    CallPermissionReply,
    ContactAddress,
    ContactCard,
    ContactEmail,
    ContactName,
    ContactOrg,
    ContactPhone,
    Contacts,
    ContactUrl,
    Deleted,
    DocumentReceived,
    Edited,
    FlowReply,
    ImageReceived,
    Inbound,
    ListReply,
    Location,
    MediaReceived,
    NumberChanged,
    OrderedItem,
    OrderReceived,
    PaymentMethodChosen,
    Reaction,
    StickerReceived,
    SystemNotice,
    TemplateReply,
    TextReceived,
    Unknown,
    Unsupported,
    UserIdChanged,
    VideoReceived,
)

from .shape import dicts, missing, need, obj, opt, opt_obj, problems, seconds


def read_content(item: dict[str, Any]) -> Inbound:
    """The content of one message. Raises Malformed."""
    kind = item.get("type")
    if type(kind) is not str:
        kind = _infer(item)
    reader = _READERS.get(kind)
    if reader is None:
        return Unknown(kind, item)
    if "errors" in item and kind not in item:
        # A file that Meta could not hand over (over 100 MB) comes with its type and no body.
        return Unsupported(kind, problems(item["errors"]))
    return reader(item)


def _infer(item: dict[str, Any]) -> str:
    """The type of a message that does not say it: some of Meta's own samples leave it out."""
    named = [key for key in _READERS if type(item.get(key)) in (dict, list)]
    if len(named) != 1:
        raise missing("type")
    return named[0]


def _text(item: dict[str, Any]) -> Inbound:
    return TextReceived(need(obj(item, "text"), "body"))


def _file(body: dict[str, Any]) -> MediaReceived:
    size = body.get("file_size")
    media = MediaReceived(
        opt(body, "id"),
        opt(body, "url"),
        opt(body, "mime_type"),
        opt(body, "sha256"),
        opt(body, "filename"),
        size if type(size) is int else None,
    )
    if media.id is None and media.url is None:
        raise missing("id")
    return media


def _image(item: dict[str, Any]) -> Inbound:
    body = obj(item, "image")
    return ImageReceived(_file(body), opt(body, "caption"))


def _video(item: dict[str, Any]) -> Inbound:
    body = obj(item, "video")
    return VideoReceived(_file(body), opt(body, "caption"))


def _audio(item: dict[str, Any]) -> Inbound:
    body = obj(item, "audio")
    return AudioReceived(_file(body), body.get("voice") is True)


def _document(item: dict[str, Any]) -> Inbound:
    body = obj(item, "document")
    return DocumentReceived(_file(body), opt(body, "caption"))


def _sticker(item: dict[str, Any]) -> Inbound:
    body = obj(item, "sticker")
    return StickerReceived(_file(body), body.get("animated") is True)


def _degrees(body: dict[str, Any], key: str) -> float:
    """A number, whichever way the partner writes it: an agent reckons with it."""
    value = body.get(key)
    if isinstance(value, float | int | str) and not isinstance(value, bool):
        with contextlib.suppress(ValueError):
            degrees = float(value)
            if math.isfinite(degrees):
                return degrees
    raise missing(key)


def _location(item: dict[str, Any]) -> Inbound:
    body = obj(item, "location")
    return Location(
        _degrees(body, "latitude"),
        _degrees(body, "longitude"),
        opt(body, "name"),
        opt(body, "address"),
        opt(body, "url"),
    )


def _contacts(item: dict[str, Any]) -> Inbound:
    if type(item.get("contacts")) is not list:
        raise missing("contacts")
    return Contacts(tuple(_card(card) for card in dicts(item["contacts"])))


def _card(card: dict[str, Any]) -> ContactCard:
    name = opt_obj(card, "name")
    org = opt_obj(card, "org")
    return ContactCard(
        name=_card_name(name) if name else None,
        phones=tuple(
            ContactPhone(opt(p, "phone"), opt(p, "wa_id"), opt(p, "type"))
            for p in dicts(card.get("phones"))
        ),
        emails=tuple(
            ContactEmail(opt(e, "email") or "", opt(e, "type")) for e in dicts(card.get("emails"))
        ),
        urls=tuple(
            ContactUrl(opt(u, "url") or "", opt(u, "type")) for u in dicts(card.get("urls"))
        ),
        addresses=tuple(
            ContactAddress(*(opt(a, key) for key in ContactAddress.__struct_fields__))
            for a in dicts(card.get("addresses"))
        ),
        org=ContactOrg(opt(org, "company"), opt(org, "department"), opt(org, "title"))
        if org
        else None,
        birthday=opt(card, "birthday"),
        vcard=opt(card, "vcard"),
        origin=opt(card, "origin"),
    )


def _card_name(name: dict[str, Any]) -> ContactName:
    first, last = opt(name, "first_name"), opt(name, "last_name")
    formatted = opt(name, "formatted_name") or " ".join(part for part in (first, last) if part)
    return ContactName(
        formatted,
        first,
        last,
        opt(name, "middle_name"),
        opt(name, "suffix"),
        opt(name, "prefix"),
    )


def _reaction(item: dict[str, Any]) -> Inbound:
    """Meta leaves `emoji` out when a reaction is taken back."""
    body = obj(item, "reaction")
    return Reaction(need(body, "message_id"), opt(body, "emoji") or "")


def _button(item: dict[str, Any]) -> Inbound:
    body = obj(item, "button")
    text = opt(body, "text") or ""
    payload = opt(body, "payload")
    if payload is None and not text:
        raise missing("payload")
    return TemplateReply(text if payload is None else payload, text)


def _interactive(item: dict[str, Any]) -> Inbound:
    body = obj(item, "interactive")
    kind = need(body, "type")
    reader = _INTERACTIVE.get(kind)
    if reader is None:
        return Unknown(f"interactive.{kind}", item)
    return reader(obj(body, kind))


def _button_reply(body: dict[str, Any]) -> Inbound:
    return ButtonReply(need(body, "id"), opt(body, "title") or "")


def _list_reply(body: dict[str, Any]) -> Inbound:
    return ListReply(need(body, "id"), opt(body, "title") or "", opt(body, "description"))


def _form(body: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """`response_json` parsed, or the text itself when it is no JSON object."""
    text = body.get("response_json")
    if type(text) is dict:
        return text, None
    if type(text) is not str:
        raise missing("response_json")
    try:
        data = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return {}, text
    return (data, None) if type(data) is dict else ({}, text)


def _nfm_reply(body: dict[str, Any]) -> Inbound:
    """The answer to a Flow, or to an address message, which Meta sends in the same shape."""
    data, raw = _form(body)
    words = opt(body, "body")
    if body.get("name") == "address_message":
        values = data.get("values")
        saved = data.get("saved_address_id")
        return AddressReply(
            values if type(values) is dict else {},
            saved if type(saved) is str else None,
            words,
            raw,
        )
    token = data.get("flow_token")
    if type(token) is str:
        data = {key: value for key, value in data.items() if key != "flow_token"}
    return FlowReply(data, words, token if type(token) is str else None, raw)


def _call_permission_reply(body: dict[str, Any]) -> Inbound:
    return CallPermissionReply(
        need(body, "response") == "accept",
        body.get("is_permanent") is True,
        seconds(body.get("expiration_timestamp")),
        body.get("response_source") == "automatic",
    )


def _payment_method(body: dict[str, Any]) -> Inbound:
    return PaymentMethodChosen(
        need(body, "payment_method"),
        need(body, "reference_id"),
        opt(body, "credential_id"),
        opt(body, "last_four_digits"),
        seconds(body.get("payment_timestamp")),
    )


def _order(item: dict[str, Any]) -> Inbound:
    body = obj(item, "order")
    items = tuple(
        OrderedItem(
            need(product, "product_retailer_id"),
            int(_number(product, "quantity")),
            _number(product, "item_price"),
            opt(product, "currency") or "",
        )
        for product in dicts(body.get("product_items"))
    )
    return OrderReceived(need(body, "catalog_id"), items, opt(body, "text"))


def _number(body: dict[str, Any], key: str) -> float:
    value = body.get(key)
    if type(value) is int or type(value) is float:
        number = float(value)
    elif type(value) is str:
        try:
            number = float(value)
        except ValueError:
            raise missing(key) from None
    else:
        raise missing(key)
    if not abs(number) < 1e15:  # also refuses NaN and the infinities
        raise missing(key)
    return number


def _system(item: dict[str, Any]) -> Inbound:
    body = obj(item, "system")
    kind = need(body, "type")
    text = opt(body, "body") or ""
    ids = (
        opt(body, "user_id"),
        opt(body, "parent_user_id"),
        # Where the previous ids stand is not confirmed by Meta: see NOT_CONFIRMED.
        opt(body, "previous_user_id"),
        opt(body, "previous_parent_user_id"),
    )
    if kind in ("user_changed_number", "customer_changed_number"):
        return NumberChanged(text, opt(body, "wa_id") or opt(body, "new_wa_id"), *ids)
    if kind == "user_changed_user_id":
        return UserIdChanged(text, *ids)
    rest = {key: value for key, value in body.items() if key not in ("type", "body")}
    return SystemNotice(kind, text, rest)


def _welcome(item: dict[str, Any]) -> Inbound:
    """A person opened the chat for the first time (an old event that Meta no longer documents)."""
    return SystemNotice("request_welcome", "", {})


def _edit(item: dict[str, Any]) -> Inbound:
    body = obj(item, "edit")
    now = obj(body, "message")
    return Edited(need(body, "original_message_id"), opt(now, "type") or "", now)


def _revoke(item: dict[str, Any]) -> Inbound:
    return Deleted(need(obj(item, "revoke"), "original_message_id"))


def _unsupported(item: dict[str, Any]) -> Inbound:
    return Unsupported(opt(opt_obj(item, "unsupported"), "type"), problems(item.get("errors")))


_INTERACTIVE: dict[str, Callable[[dict[str, Any]], Inbound]] = {
    "button_reply": _button_reply,
    "list_reply": _list_reply,
    "nfm_reply": _nfm_reply,
    "call_permission_reply": _call_permission_reply,
    "payment_method": _payment_method,
}

_READERS: dict[str, Callable[[dict[str, Any]], Inbound]] = {
    "text": _text,
    "image": _image,
    "video": _video,
    "audio": _audio,
    "document": _document,
    "sticker": _sticker,
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "button": _button,
    "interactive": _interactive,
    "order": _order,
    "system": _system,
    "request_welcome": _welcome,
    "edit": _edit,
    "revoke": _revoke,
    "unsupported": _unsupported,
    "unknown": _unsupported,  # older payloads
}
