"""What Gupshup does with each kind of message, by dialect, and the native objects that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.partners._cloud.envelope import NATIVE as META
from dragoman.partners.contract import NATIVE, Ability, Capability, degraded, refused

_NAMES = Ability(Capability.NATIVE, note="Gupshup does not publish the names of its fields")
_NO_PARAMETER = refused("Enterprise has no field for it that is known")
_NO_TYPE = refused("the Access API has no type for it that is known")

ENTERPRISE: Mapping[str, Ability] = {
    "text": NATIVE,
    "image": NATIVE,
    "video": NATIVE,
    "audio": NATIVE,
    "document": NATIVE,
    "sticker": NATIVE,
    "location": degraded("place"),
    "contacts": degraded("cards"),
    "reaction": _NO_PARAMETER,
    "buttons": NATIVE,
    "list": NATIVE,
    "cta_url": degraded("link"),
    "flow": _NO_PARAMETER,
    "product": _NO_PARAMETER,
    "products": _NO_PARAMETER,
    "catalog": _NO_PARAMETER,
    "location_request": degraded("question"),
    "address_request": degraded("question"),
    "contact_request": degraded("question"),
    "call_permission_request": _NO_PARAMETER,
    "call_button": _NO_PARAMETER,
    "carousel": degraded("carousel"),
    "product_carousel": _NO_PARAMETER,
    "order_details": _NAMES,
    "order_status": _NAMES,
    "template": NATIVE,
    "raw": NATIVE,
}

ACCESS: Mapping[str, Ability] = {
    **{kind: ability for kind, ability in ENTERPRISE.items() if ability is not _NO_PARAMETER},
    **{kind: _NO_TYPE for kind, ability in ENTERPRISE.items() if ability is _NO_PARAMETER},
    "location": NATIVE,
    "contacts": NATIVE,
    "location_request": NATIVE,
    "order_details": _NO_TYPE,
    "order_status": degraded("status"),
}

CAPABILITIES: Mapping[str, Mapping[str, Ability]] = {
    "enterprise": ENTERPRISE,
    "access": {kind: ACCESS[kind] for kind in ENTERPRISE},
    "v3": {str(kind.__struct_config__.tag): NATIVE for kind in META},
}

_FILE = (
    'A file with its texts, as scripts for Gupshup write it: {"type": "document", "message_text": '
    '"…", "caption": "…", "filename": "…", "document": {"url": "https://…"}}; `type` may also be '
    "image, video, audio or sticker, with the member that it names"
)
NATIVE_SHAPES: Sequence[tuple[str, str]] = (
    (_FILE, "every dialect: the file of that dialect, both texts in its one caption"),
    (
        "Enterprise: an object of form fields with `msg` or `media_url` or `whatsAppTemplateId`, "
        "like {"
        '"msg_type": "HSM", "isHSM": true, "msg": "Hi Asha"}; objects in it are written as JSON',
        "POST /GatewayAPI/rest, with isHSM through the HSM account",
    ),
    (
        'Access API: a message with a `type` of its own, like {"type": "quick_reply", "content": '
        '{…}, "options": […]}',
        "POST /wa/api/v1/msg",
    ),
    (
        'Access API: {"template": {"id": "…", "params": […]}}, with `message` for its header',
        "POST /wa/api/v1/template/msg",
    ),
    (
        'v3: an object with a `type` of the Cloud API and the member it names, like {"type": '
        '"text", "text": {…}}',
        "POST /partner/app/{app id}/v3/message",
    ),
)
