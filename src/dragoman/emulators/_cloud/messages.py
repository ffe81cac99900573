"""The checks of a send body that need no state but the media store: Meta's limits, field by field.

Source: Meta, "Messages" pages (2026). Lengths are counted in code points.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dragoman.domain.identity import Bsuid
from dragoman.domain.sentences import SentenceError

from .checks import Refusal
from .interactive import check_interactive
from .reading import MediaKnown, Part, check_media

MEDIA = ("image", "video", "audio", "document", "sticker")
TYPES = (*MEDIA, "text", "location", "contacts", "reaction", "template", "interactive")


def _text(part: Part, media_known: MediaKnown) -> None:
    part.text("body", most=4096)


def _media(part: Part, media_known: MediaKnown) -> None:
    check_media(part, media_known)
    if part.kind in ("image", "video", "document"):
        part.text("caption", most=1024, required=False)
    part.text("filename", required=False)


def _degrees(part: Part, key: str, most: float) -> None:
    if not part.has(key):
        raise part.missing(key)
    try:
        value = float(part.value[key])
    except (TypeError, ValueError):
        raise Refusal("number_wrong", what=part.at(key)) from None
    if not -most <= value <= most:
        raise Refusal("number_wrong", what=part.at(key))


def _location(part: Part, media_known: MediaKnown) -> None:
    _degrees(part, "latitude", 90)
    _degrees(part, "longitude", 180)
    part.text("name", required=False)
    part.text("address", required=False)


def _reaction(part: Part, media_known: MediaKnown) -> None:
    part.text("message_id")
    if "emoji" not in part.value:
        raise part.missing("emoji")
    part.text("emoji", required=False)


_NAMES = ("first_name", "last_name", "middle_name", "suffix", "prefix")


def _contacts(body: Part) -> None:
    for card in body.objects("contacts", "Contacts", 1, 257):
        name = card.object("name")
        name.text("formatted_name")
        if not any(name.has(key) for key in _NAMES):
            raise Refusal("contact_name")
        for key in ("addresses", "emails", "phones", "urls"):
            card.objects(key, key.capitalize(), 0, 1000)


_SIMPLE: dict[str, Callable[[Part, MediaKnown], None]] = {
    "text": _text,
    "location": _location,
    "reaction": _reaction,
    "interactive": check_interactive,
    **dict.fromkeys(MEDIA, _media),
}


def check_envelope(body: dict[str, Any]) -> None:
    """What every use of /messages needs. Raises Refusal."""
    product = body.get("messaging_product")
    if product is None:
        raise Refusal("required", param="messaging_product")
    if product != "whatsapp":
        raise Refusal("choice", param="messaging_product", choices="WHATSAPP", value=product)


def message_type(body: dict[str, Any]) -> str:
    """The type of a send body; `text` where it is left out beside a text object, as Meta does."""
    kind = body.get("type")
    if kind is None and "text" in body:
        return "text"
    if kind is None:
        raise Refusal("missing", param="type", kind="message")
    if not isinstance(kind, str):
        raise Refusal("kind", param="type", kind="a string")
    if kind.lower() not in TYPES:
        raise Refusal("type_unsupported", value=kind)
    return kind.lower()


def check_recipient(body: dict[str, Any]) -> None:
    """`to` or `recipient` is there and shaped right; `to` wins. A BSUID in `to` passes, as at
    Meta, where it is accepted and lost."""
    part = Part(body, "", "message")
    part.choice("recipient_type", ("individual", "group"), required=False)
    if not body.get("to") and not body.get("recipient"):
        raise Refusal("to_missing")
    if body.get("to"):
        part.text("to")
    else:
        try:
            Bsuid(part.text("recipient"))
        except SentenceError:
            raise Refusal("bsuid_wrong") from None


def check_message(body: dict[str, Any], kind: str, media_known: MediaKnown) -> None:
    """Everything of a send body except who gets it and the template's own rules."""
    top = Part(body, "", kind)
    top.text("biz_opaque_callback_data", most=512, required=False)
    top.text("recipient_identity_key_hash", required=False)
    context = top.maybe("context")
    if context is not None and kind != "reaction":
        context.text("message_id")
    if kind == "contacts":
        _contacts(top)
    elif kind == "template":
        template = top.object("template")
        template.text("name")
        template.object("language").text("code")
        template.objects("components", "Components", 0, 100)
    else:
        _SIMPLE[kind](top.object(kind), media_known)
