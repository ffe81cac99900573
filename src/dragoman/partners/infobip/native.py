"""Native objects: the bodies of Infobip's own calls, without the person.

The WhatsApp outbound API has an endpoint for each kind and no word for it in the body, so an
object's endpoint is told by the members of its `content`; where those are no help, by `type`, which
is the endpoint's name and is not sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.domain.sentences import words
from dragoman.partners._cloud.limits import Refuse, refuse, tried
from dragoman.partners.mapping import at

words(
    {
        "infobip_raw_unknown": "The structured payload is none that Infobip knows: give {known}; "
        "or an object with `kind`, which goes to every partner.",
        "infobip_raw_type": "The structured payload may be several kinds of message: add a `type`, "
        "the name of the endpoint that it goes to, such as image or "
        "interactive/location-request.",
        "infobip_raw_many": "The structured payload has {count} messages, and one goes to one "
        "person: give exactly one.",
    }
)

TEMPLATE = "template"
NO_CONTENT = (
    "interactive/call-permission-request",
    "interactive/in-thread-authentication-request",
)
ENDPOINTS = (
    *(TEMPLATE, "text", "document", "image", "audio", "video", "sticker", "location", "contact"),
    *("interactive/buttons", "interactive/list", "interactive/media-carousel"),
    *("interactive/location-request", "interactive/product", "interactive/multi-product"),
    *("interactive/flow", "interactive/url-button", "interactive/call-permission-request"),
    *("interactive/voice-button", "interactive/in-thread-authentication-request"),
    *("interactive/request-contact-info", "interactive/order-details"),
    "interactive/order-status",
)
SHAPES = (
    "the body of a call of the WhatsApp outbound API, like {content: {text: …}} or {messages: "
    "[{content: {templateName: …}}]}, with a `type` where the endpoint does not follow from it; or "
    "of the Messages API, like {content: {body: {type: TEXT, text: …}}} or {template: …}"
)

Content = dict[str, Any]

# Endpoint, and how its content is known: the members that all stand in the content, or in its
# `action`. Asked in this order.
_TELLS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (TEMPLATE, "content", ("templateName",)),
    ("text", "content", ("text",)),
    ("location", "content", ("latitude", "longitude")),
    ("contact", "content", ("contacts",)),
    ("audio", "content", ("mediaUrl", "voice")),
    ("document", "content", ("mediaUrl", "filename")),
    ("interactive/buttons", "action", ("buttons",)),
    ("interactive/media-carousel", "action", ("cards",)),
    ("interactive/multi-product", "action", ("catalogId", "sections")),
    ("interactive/list", "action", ("sections",)),
    ("interactive/product", "action", ("productRetailerId",)),
    ("interactive/flow", "action", ("flowId",)),
    ("interactive/url-button", "action", ("url",)),
    ("interactive/order-details", "action", ("payment", "order")),
    ("interactive/order-status", "action", ("payment", "status")),
    ("interactive/voice-button", "action", ("buttonDisplayText",)),
    ("interactive/voice-button", "action", ("callContextPayload",)),
    ("interactive/voice-button", "action", ("callValidityPeriod",)),
)


def taken_apart(payload: Content) -> tuple[str, Content, Content]:
    """Endpoint (empty for the Messages API), the message, and what stands beside `messages`.
    Raises Refuse."""
    listed = payload.get("messages", [payload])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise _unknown()
    if len(listed) != 1:
        raise refuse("infobip_raw_many", count=len(listed))
    message = dict(listed[0])
    root = {k: v for k, v in payload.items() if k != "messages"} if "messages" in payload else {}
    if isinstance(message.get("template"), dict) or isinstance(
        at(message, "content.body.type"), str
    ):
        return "", message, root
    endpoint = _endpoint(message, message.pop("type", None))
    if endpoint != TEMPLATE and root:
        raise _unknown()
    return endpoint, message, root


def knows_native(payload: Mapping[str, Any], settings: Any) -> bool:
    """In either API; an object that is only short of a `type` is known, and refused for that."""
    found = tried(taken_apart, dict(payload))
    return not isinstance(found, Refuse) or found.sentence.id != "infobip_raw_unknown"


def is_template(payload: Mapping[str, Any], settings: Any) -> bool:
    """In either API, whatever the channel's dialect: an object says itself where it goes."""
    found = tried(taken_apart, dict(payload))
    if isinstance(found, Refuse):
        return False
    endpoint, message, _ = found
    return endpoint == TEMPLATE or (not endpoint and isinstance(message.get("template"), dict))


def _endpoint(message: Content, named: Any) -> str:
    content = message.get("content")
    if named in NO_CONTENT or (named in ENDPOINTS and isinstance(content, dict)):
        return str(named)
    if named is not None or not isinstance(content, dict):
        raise _unknown()
    action = content.get("action")
    told = {"content": content, "action": action if isinstance(action, dict) else {}}
    for endpoint, where, members in _TELLS:
        if all(member in told[where] for member in members):
            return endpoint
    raise refuse("infobip_raw_type") if {"mediaUrl", "body"} & set(content) else _unknown()


def _unknown() -> Exception:
    return refuse("infobip_raw_unknown", known=SHAPES)
