"""What Pigeon Post flies, and the native objects that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.partners.contract import NATIVE, Ability, degraded, refused

_NO_BIRD = refused("no bird carries it")

ABILITIES: Mapping[str, Ability] = {
    "text": NATIVE,
    "image": NATIVE,
    "video": _NO_BIRD,
    "audio": _NO_BIRD,
    "document": NATIVE,
    "sticker": degraded("image"),
    "location": degraded("place"),
    "contacts": degraded("cards"),
    "reaction": _NO_BIRD,
    "buttons": NATIVE,
    "list": degraded("numbered"),
    "cta_url": degraded("link"),
    "flow": _NO_BIRD,
    "product": _NO_BIRD,
    "products": _NO_BIRD,
    "catalog": _NO_BIRD,
    "location_request": degraded("question"),
    "address_request": degraded("question"),
    "contact_request": degraded("question"),
    "call_permission_request": _NO_BIRD,
    "call_button": _NO_BIRD,
    "carousel": degraded("carousel"),
    "product_carousel": _NO_BIRD,
    "order_details": _NO_BIRD,
    "order_status": degraded("status"),
    "template": NATIVE,
    "raw": NATIVE,
}
CAPABILITIES: Mapping[str, Mapping[str, Ability]] = {"": ABILITIES}

NATIVE_SHAPES: Sequence[tuple[str, str]] = (
    (
        'A note by its type: {"type": "words", "words": "Hi"}',
        "POST /loft/v1/flights; from, to and ring are always Dragoman's",
    ),
)
