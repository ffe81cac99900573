"""Native objects: the bodies of Infobip's own calls, without the person.

The WhatsApp outbound API has an endpoint for each kind and no word for it in the body, so an
object's endpoint is told by the members of its `content`; where those are no help, by `type`, which
is the endpoint's name and is not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dragoman.domain.errors import Code
from dragoman.domain.sentences import words
from dragoman.partners._cloud.limits import Refuse, refuse

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
NO_CONTENT = frozenset(
    {"interactive/call-permission-request", "interactive/in-thread-authentication-request"}
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


def _has(*names: str) -> Callable[[Content, Content], bool]:
    return lambda content, action: all(name in content for name in names)


def _does(*names: str) -> Callable[[Content, Content], bool]:
    return lambda content, action: all(name in action for name in names)


# Endpoint, and how its content is known; asked in this order.
_TESTS: tuple[tuple[str, Callable[[Content, Content], bool]], ...] = (
    (TEMPLATE, _has("templateName")),
    ("text", _has("text")),
    ("location", _has("latitude", "longitude")),
    ("contact", _has("contacts")),
    ("audio", _has("mediaUrl", "voice")),
    ("document", _has("mediaUrl", "filename")),
    ("interactive/buttons", _does("buttons")),
    ("interactive/media-carousel", _does("cards")),
    ("interactive/multi-product", _does("catalogId", "sections")),
    ("interactive/list", _does("sections")),
    ("interactive/product", _does("productRetailerId")),
    ("interactive/flow", _does("flowId")),
    ("interactive/url-button", _does("url")),
    ("interactive/order-details", _does("payment", "order")),
    ("interactive/order-status", _does("payment", "status")),
    ("interactive/voice-button", _does("buttonDisplayText")),
    ("interactive/voice-button", _does("callContextPayload")),
    ("interactive/voice-button", _does("callValidityPeriod")),
)


def taken_apart(payload: Content) -> tuple[str, Content, Content]:
    """Endpoint (empty for the Messages API), the message, and what stands beside `messages`.
    Raises Refuse."""
    message, root = payload, {}
    if "messages" in payload:
        listed = payload["messages"]
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise _unknown()
        if len(listed) != 1:
            raise refuse("infobip_raw_many", count=len(listed))
        message = listed[0]
        root = {name: value for name, value in payload.items() if name != "messages"}
    if _is_messages_api(message):
        return "", dict(message), root
    message = dict(message)
    endpoint = _endpoint(message, message.pop("type", None))
    if endpoint != TEMPLATE and root:
        raise _unknown()
    return endpoint, message, root


def knows_native(payload: Mapping[str, Any], settings: Any) -> bool:
    """In either API; an object that is only short of a `type` is known, and refused for that."""
    try:
        taken_apart(dict(payload))
    except Refuse as refusal:
        return refusal.sentence.id != "infobip_raw_unknown"
    return True


def is_template(payload: Mapping[str, Any], settings: Any) -> bool:
    """In either API, whatever the channel's dialect: an object says itself where it goes."""
    try:
        endpoint, message, _ = taken_apart(dict(payload))
    except Refuse:
        return False
    return endpoint == TEMPLATE or (not endpoint and isinstance(message.get("template"), dict))


def _is_messages_api(message: Content) -> bool:
    if isinstance(message.get("template"), dict):
        return True
    content = message.get("content")
    body = content.get("body") if isinstance(content, dict) else None
    return isinstance(body, dict) and isinstance(body.get("type"), str)


def _endpoint(message: Content, named: Any) -> str:
    content = message.get("content")
    if named is not None:
        if named not in ENDPOINTS or (named not in NO_CONTENT and not isinstance(content, dict)):
            raise _unknown()
        return str(named)
    if not isinstance(content, dict):
        raise _unknown()
    inner = content.get("action")
    action = inner if isinstance(inner, dict) else {}
    for endpoint, fits in _TESTS:
        if fits(content, action):
            return endpoint
    if "mediaUrl" in content or "body" in content:
        raise refuse("infobip_raw_type", Code.INVALID)
    raise _unknown()


def _unknown() -> Exception:
    return refuse("infobip_raw_unknown", known=SHAPES)
