"""One neutral message as Meta's message object: envelope, recipient, type and body.

Every outbound kind is native here. What Meta would refuse for its size or shape is refused before
any I/O. `Raw` passes through: the platform adds envelope and recipient, which an author's own
`to` or `messaging_product` never override; `extra` is merged last, under the same rule.

Source: Meta, "Send messages" (2026); "Business-scoped user IDs" (2026).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.identity import Bsuid, Group
from dragoman.domain.sentences import Sentence, term, words
from dragoman.partners.contract import OutboundMessage
from dragoman.partners.extra import merge

from . import bodies, interactive, orders
from .limits import Refuse, filled, refuse, within
from .templates import template

words(
    {
        "meta_raw_type": "The structured payload does not say its type, and it has {found}: add "
        '"type" with one of {known}.',
        "meta_raw_body": "The structured payload is of type {type!r} but has no member {type!r}: "
        "add it.",
        "meta_group_kind": "A group chat takes text, files and templates only: WhatsApp has no "
        "{kind} for groups.",
        "meta_bsuid_code": "A one-time code cannot go to a business-scoped user id: WhatsApp "
        "needs the person's phone number. Ask for it with a contact request.",
        "meta_category_kind": "A category belongs to text and interactive messages (direct "
        "utility messages), not to {kind}: leave it out.",
        "meta_category_unknown": "The category {value!r} is not one that can be sent directly: "
        "WhatsApp knows utility.",
    }
)

_SIMPLE: dict[type[Any], tuple[str, Callable[[Any], Any]]] = {
    c.Text: ("text", bodies.text),
    c.Image: ("image", bodies.image),
    c.Video: ("video", bodies.video),
    c.Audio: ("audio", bodies.audio),
    c.Document: ("document", bodies.document),
    c.Sticker: ("sticker", bodies.sticker),
    c.Location: ("location", bodies.location),
    c.Contacts: ("contacts", bodies.contacts),
    c.Reaction: ("reaction", bodies.reaction),
    c.Template: ("template", template),
}
_INTERACTIVE: dict[type[Any], Callable[[Any], dict[str, Any]]] = {
    c.Buttons: interactive.buttons,
    c.List: interactive.list_,
    c.CtaUrl: interactive.cta_url,
    c.Flow: interactive.flow,
    c.Product: interactive.product,
    c.Products: interactive.products,
    c.Catalog: interactive.catalog,
    c.LocationRequest: interactive.location_request,
    c.AddressRequest: interactive.address_request,
    c.ContactRequest: interactive.contact_request,
    c.CallPermissionRequest: interactive.call_permission_request,
    c.CallButton: interactive.call_button,
    c.Carousel: interactive.carousel,
    c.ProductCarousel: interactive.product_carousel,
    c.OrderDetails: orders.order_details,
    c.OrderStatus: orders.order_status,
}
NATIVE: tuple[type[Any], ...] = (*_SIMPLE, *_INTERACTIVE, c.Raw)

_TYPES = (
    *("text", "image", "video", "audio", "document", "sticker", "location", "contacts"),
    *("reaction", "template", "interactive"),
)
OURS = frozenset({"messaging_product", "recipient_type", "to", "recipient"})
_GROUP_KINDS = frozenset(
    {"text", "image", "video", "audio", "document", "sticker", "template", "raw"}
)


def interactive_object(content: c.Outbound) -> dict[str, Any]:
    """The `interactive` alone, for the kinds that are one, within Meta's limits. Raises Refuse."""
    return _INTERACTIVE[type(content)](content)


def message_body(message: OutboundMessage) -> dict[str, Any]:
    """The JSON of one message. Raises Refuse for what cannot be said."""
    content = message.content
    kind = c.kind_of(content)
    out = _envelope(message)
    _allowed(message, kind)
    if isinstance(content, c.Raw):
        author = _raw(content.payload)
        for key, value in author.items():
            out.setdefault(key, value)
    elif (simple := _SIMPLE.get(type(content))) is not None:
        name, build = simple
        out["type"] = name
        _category(out, message, name)
        out[name] = build(content)
    else:
        out["type"] = "interactive"
        _category(out, message, "interactive")
        out["interactive"] = interactive_object(content)
    if isinstance(content, c.Template) and content.marketing is not None:
        strict = content.marketing.strict
        out["product_policy"] = "STRICT" if strict else "CLOUD_API_FALLBACK"
        if content.marketing.share_activity is not None:
            out["message_activity_sharing"] = content.marketing.share_activity
    if message.extra:
        merge(out, {key: v for key, v in message.extra.items() if key not in OURS})
    return out


def _envelope(message: OutboundMessage) -> dict[str, Any]:
    """Everything before the type. A phone always has its `+`: without it Meta would put the
    business's own country code before the number."""
    whom = message.recipient
    out: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "group" if isinstance(whom, Group) else "individual",
    }
    # A BSUID under `to` is answered 200 and then lost without a word.
    out["recipient" if isinstance(whom, Bsuid) else "to"] = str(whom)
    if message.identity_hash:
        out["recipient_identity_key_hash"] = message.identity_hash
    if message.reply_to and not isinstance(message.content, c.Reaction):
        out["context"] = {"message_id": message.reply_to}
    if message.reference:
        out["biz_opaque_callback_data"] = within("reference", message.reference)
    return out


def _allowed(message: OutboundMessage, kind: str) -> None:
    """What a kind of recipient cannot be sent."""
    if isinstance(message.recipient, Group) and kind not in _GROUP_KINDS:
        raise refuse("meta_group_kind", Code.UNSUPPORTED, kind=kind)
    content = message.content
    if (
        isinstance(message.recipient, Bsuid)
        and isinstance(content, c.Template)
        and content.code is not None
    ):
        raise Refuse(Sentence("meta_bsuid_code"), Code.UNSUPPORTED)


def _category(out: dict[str, Any], message: OutboundMessage, name: str) -> None:
    if not message.category:
        return
    if name not in ("text", "interactive"):
        raise refuse("meta_category_kind", kind=name)
    if message.category != "utility":
        raise refuse("meta_category_unknown", value=message.category)
    out["category"] = message.category


def is_template(payload: Mapping[str, Any], settings: Any) -> bool:
    """By its type; without one, by the only body that it has."""
    kind = payload.get("type")
    return kind == "template" if kind is not None else _named(payload) == ["template"]


def _named(payload: Mapping[str, Any]) -> list[str]:
    """The types whose bodies an object has."""
    return [name for name in _TYPES if name in payload]


def _raw(payload: dict[str, Any]) -> dict[str, Any]:
    """The author's object without what is ours, and with its type."""
    out = {key: value for key, value in payload.items() if key not in OURS}
    kind = out.get("type")
    if kind is None:
        named = _named(out)
        if len(named) != 1:
            found = ", ".join(named) or term("none of its bodies")
            raise refuse("meta_raw_type", found=found, known=", ".join(_TYPES))
        return {"type": named[0], **{key: v for key, v in out.items() if key != "type"}}
    filled("type of the structured payload", str(kind), 100)
    if kind in _TYPES and kind not in out:
        raise refuse("meta_raw_body", type=kind)
    return out
