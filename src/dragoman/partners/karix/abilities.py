"""What Karix does with each kind of message, and the native objects that it takes.

`render` refuses what is not native here.

Source: reconstructed from public integrations of the RCM API, 2020–2026; Karix publishes no
reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.partners.contract import NATIVE, Ability, Capability, degraded, refused

# NOT CONFIRMED: Karix passes Meta's `interactive` object through; that it does so for these too is
# only presumed. Change one to `refused` where it turns out that it does not.
PASSED_ON = Ability(
    Capability.NATIVE, note="Meta's own object is passed on; no integration is known to send it"
)
_NO_TYPE = refused("the RCM API has no type for it that is known")

ABILITIES: Mapping[str, Ability] = {
    "text": NATIVE,
    "image": NATIVE,
    "video": NATIVE,
    "audio": NATIVE,
    "document": NATIVE,
    "sticker": refused(
        "the RCM API has no type for it that is known, and WhatsApp takes no WebP as a picture"
    ),
    "location": NATIVE,
    "contacts": degraded("cards"),
    "reaction": _NO_TYPE,
    "buttons": NATIVE,
    "list": NATIVE,
    "cta_url": degraded("link"),
    "flow": PASSED_ON,
    "product": PASSED_ON,
    "products": PASSED_ON,
    "catalog": PASSED_ON,
    "location_request": degraded("question"),
    "address_request": degraded("question"),
    "contact_request": degraded("question"),
    "call_permission_request": _NO_TYPE,
    "call_button": _NO_TYPE,
    "carousel": NATIVE,
    "product_carousel": PASSED_ON,
    "order_details": PASSED_ON,
    "order_status": PASSED_ON,
    "template": NATIVE,
    "raw": NATIVE,
}
CAPABILITIES: Mapping[str, Mapping[str, Ability]] = {"": ABILITIES}

_SEND = "POST /services/rcm/sendMessage"
NATIVE_SHAPES: Sequence[tuple[str, str]] = (
    (
        "A content object of Karix's: one of `text` (a text), `template`, `mediaTemplate`, "
        '`attachment`, `location` and `interactive`, with its `type` or without, like {"type": '
        '"TEXT", "text": "Hi"} or {"mediaTemplate": {"templateId": "offer", "media": {…}}}',
        f"{_SEND}, as message.content; the type is put in where it is left out, and kept as it is "
        "spelled where it is given",
    ),
    (
        "A `mediaTemplate` with `autoTemplate`, with whatever `type` your account has for it",
        f"{_SEND}, as message.content",
    ),
    (
        'A whole request: {"message": {"content": {…}, …}, "metaData": {…}}',
        f"{_SEND}, as it stands; channel, sender, recipient and our cust_ref are always Dragoman's",
    ),
)
