"""What Infobip does with each kind of message, by API, and the native objects that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.partners.contract import NATIVE, Ability, Capability, degraded, refused

_NO_ENDPOINT = refused("Infobip has no endpoint for it")
_NO_SMS = Ability(Capability.NATIVE, note="sent by the WhatsApp outbound API, without an SMS")

WHATSAPP: Mapping[str, Ability] = {
    "text": NATIVE,
    "image": NATIVE,
    "video": NATIVE,
    "audio": NATIVE,
    "document": NATIVE,
    "sticker": NATIVE,
    "location": NATIVE,
    "contacts": NATIVE,
    "reaction": _NO_ENDPOINT,
    "buttons": NATIVE,
    "list": NATIVE,
    "cta_url": NATIVE,
    "flow": NATIVE,
    "product": NATIVE,
    "products": NATIVE,
    "catalog": _NO_ENDPOINT,
    "location_request": NATIVE,
    "address_request": degraded("question"),
    "contact_request": NATIVE,
    "call_permission_request": Ability(
        Capability.NATIVE, note="WhatsApp asks in its own words: Infobip has no place for ours"
    ),
    "call_button": NATIVE,
    "carousel": NATIVE,
    "product_carousel": _NO_ENDPOINT,
    "order_details": NATIVE,
    "order_status": Ability(
        Capability.NATIVE, note="the payment's type is the channel's, see Payment of orders"
    ),
    "template": NATIVE,
    "raw": NATIVE,
}

# What the Messages API itself carries; see `messages_api.carries` for which messages of these.
_CARRIED = frozenset(
    {"text", "image", "video", "document", "buttons", "list", "flow", "template", "raw"}
)

MESSAGES: Mapping[str, Ability] = {
    kind: _NO_SMS if ability == NATIVE and kind not in _CARRIED else ability
    for kind, ability in WHATSAPP.items()
} | {"text": Ability(Capability.NATIVE, note="addresses in it have no preview")}

CAPABILITIES: Mapping[str, Mapping[str, Ability]] = {"whatsapp": WHATSAPP, "messages": MESSAGES}

NATIVE_SHAPES: Sequence[tuple[str, str]] = (
    (
        'Templates: {"messages": [{"content": {"templateName": "…", "templateData": {"body": '
        '{"placeholders": []}}, "language": "…"}}]}, with one message; or that message alone',
        "POST /whatsapp/1/message/template",
    ),
    (
        "The body of any other send of the WhatsApp outbound API, without `from` and `to`: "
        '{"content": {"text": "…"}}, {"content": {"body": {…}, "action": {"buttons": […]}}}, …',
        "POST /whatsapp/1/message/ and the endpoint that the content belongs to",
    ),
    (
        'The same with the endpoint as `type`, needed where the content does not tell it: {"type": '
        '"image", "content": {"mediaUrl": "https://…"}}, {"type": '
        '"interactive/location-request", "content": {"body": {…}}}, {"type": '
        '"interactive/in-thread-authentication-request"}',
        "POST /whatsapp/1/message/ and that endpoint; `type` is not sent",
    ),
    (
        "A message of the Messages API, without `channel`, `sender` and `destinations`: "
        '{"content": {"body": {"type": "TEXT", "text": "…"}}} or {"template": {…}, "content": '
        "{…}}, alone or as the only one of `messages`; `failover` as you write it",
        "POST /messages-api/1/messages",
    ),
)
