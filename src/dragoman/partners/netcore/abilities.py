"""What Netcore does with each kind of message, and the native objects that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.partners.contract import NATIVE, Ability, Capability, degraded, refused

_NO_TYPE = refused("Netcore has no message_type for it that is known")

CAPABILITIES: Mapping[str, Mapping[str, Ability]] = {
    "": {
        "text": NATIVE,
        "image": NATIVE,
        "video": NATIVE,
        "audio": NATIVE,
        "document": NATIVE,
        "sticker": NATIVE,
        "location": Ability(Capability.NATIVE, note="the name of its member is not confirmed"),
        "contacts": degraded("cards"),
        "reaction": _NO_TYPE,
        "buttons": NATIVE,
        "list": NATIVE,
        "cta_url": Ability(Capability.NATIVE, note="seen in one integration only"),
        "flow": _NO_TYPE,
        "product": _NO_TYPE,
        "products": _NO_TYPE,
        "catalog": _NO_TYPE,
        "location_request": degraded("question"),
        "address_request": degraded("question"),
        "contact_request": degraded("question"),
        "call_permission_request": _NO_TYPE,
        "call_button": _NO_TYPE,
        "carousel": degraded("carousel"),
        "product_carousel": _NO_TYPE,
        "order_details": _NO_TYPE,
        "order_status": degraded("status"),
        "template": NATIVE,
        "raw": NATIVE,
    }
}

_SEND = "POST /api/v2/message/nc"
NATIVE_SHAPES: Sequence[tuple[str, str]] = (
    (
        "A message element, its `message_type` and the member it names, like "
        '{"message_type": "text", "type_text": [{"content": "Hello"}]}; `message_type` may be '
        "left out where one such member is there",
        f"{_SEND}; texts and templates to {_SEND}/priority where the channel has the priority lane",
    ),
    (
        'A whole request with one element: {"message": [{"message_type": "media", "type_media": '
        "[…]}]}",
        "the same",
    ),
)
