"""The bodies of the Messages API for WhatsApp, field by field, as data.

Source: Infobip, OpenAPI document of the Messages API (July 2026). UNSURE: lengths, which are
WhatsApp's own here, and the fields of RICH_LINK, CAROUSEL, ORDER_REQUEST and ORDER_STATUS, of which
only the words are read.
"""

from __future__ import annotations

from collections.abc import Mapping

from .fields import (
    Field,
    Flag,
    Free,
    items,
    kinds,
    link,
    may,
    maybe,
    need,
    number,
    obj,
    one_of,
)
from .schema_account import PLATFORM_TAGS

Fields = Mapping[str, Field]

_FILE: Fields = {"url": link(), "text": may(3000)}
_HEADERS: Mapping[str, Fields] = {
    "TEXT": {"text": need(1, 60)},
    "IMAGE": {"url": link()},
    "VIDEO": {"url": link()},
    "DOCUMENT": {"url": link(), "filename": may(240)},
}
_ROW: Fields = {"id": need(1, 200), "text": need(1, 24), "description": may(72)}
_SECTION: Fields = {"sectionTitle": may(24), "items": items(obj(_ROW), 1, 10)}
_GOODS: Fields = {"title": may(24), "productIds": items(need())}

BODIES: Mapping[str, Fields] = {
    "TEXT": {"text": need(1, 4096)},
    "IMAGE": _FILE,
    "VIDEO": _FILE,
    "DOCUMENT": {**_FILE, "filename": may(240)},
    "RICH_LINK": {"url": link(), "text": may(4096)},
    "LIST": {
        "text": need(1, 1024),
        "subtext": may(60),
        "sections": items(obj(_SECTION), 1, 10),
    },
    "CAROUSEL": {"text": may(1024), "cards": items(Free(), 1, 10)},
    "LOCATION": {
        "latitude": number(-90, 90),
        "longitude": number(-180, 180),
        "name": may(1000),
        "address": may(1000),
    },
    "CONTACT": {"name": need(), "phoneNumber": need()},
    "STICKER": {"reference": link()},
    "PRODUCT": {
        "catalogId": need(),
        "text": may(1024),
        "sections": items(obj(_GOODS), 1, 10),
    },
    "FLOW": {
        "id": need(),
        "token": need(),
        "text": need(1, 1024),
        "buttonText": need(1, 20),
        "mode": one_of("DRAFT", "PUBLISHED", needed=False),
        "action": kinds(
            {"NAVIGATE": {"payload": obj({"screen": need()})}, "DATA_EXCHANGE": {}}, needed=False
        ),
    },
    "ORDER_REQUEST": {"text": may(1024)},
    "ORDER_STATUS": {"text": may(1024)},
}
_LABEL = {"text": need(1, 20)}
_BUTTONS: Mapping[str, Fields] = {
    "REPLY": {**_LABEL, "postbackData": need(1, 256)},
    "OPEN_URL": {**_LABEL, "url": link()},
    "DIAL_PHONE": {**_LABEL, "phoneNumber": need()},
    "SHOW_LOCATION": {**_LABEL, "latitude": number(-90, 90), "longitude": number(-180, 180)},
    "REQUEST_LOCATION": _LABEL,
    "ADD_CALENDAR_EVENT": _LABEL,
}
NOT_WHATSAPP = ("DIAL_PHONE", "SHOW_LOCATION", "ADD_CALENDAR_EVENT")
"""Buttons that WhatsApp does not have: with adaptationMode (the default) they become words."""

CONTENT: Fields = {
    "header": kinds(_HEADERS, needed=False),
    "body": kinds(BODIES),
    "buttons": items(kinds(_BUTTONS), 0, 10, needed=False),
}
_TEMPLATE_HEADERS: Mapping[str, Fields] = {
    "TEXT": {},
    **{form: {"url": link()} for form in ("IMAGE", "VIDEO", "GIF")},
    "DOCUMENT": {"url": link(), "filename": may(240)},
    "LOCATION": {"latitude": number(-90, 90), "longitude": number(-180, 180)},
}
_TEMPLATE_BUTTONS: Mapping[str, Fields] = {
    "QUICK_REPLY": {"postbackData": need(1, 128)},
    "OPEN_URL": {"suffix": need()},
    "PHONE_NUMBER": {},
    "FLOW": {"token": may(3000), "data": maybe()},
    "COPY_CODE": {"code": need(1, 15)},
    "CATALOG": {"productId": may(3000)},
    "MULTI_PRODUCT": {
        "productId": may(3000),
        "sections": items(obj({"title": need(1, 24), "productIds": items(need())}), 1, 10),
    },
}
_CARD: Fields = {
    "header": kinds({"IMAGE": {"url": link()}, "VIDEO": {"url": link()}}),
    "body": maybe(),
    "buttons": items(kinds(_TEMPLATE_BUTTONS), 1, 2, needed=False),
}
TEMPLATE_CONTENT: Fields = {
    "header": kinds(_TEMPLATE_HEADERS, needed=False),
    "body": kinds({"TEXT": {}, "CAROUSEL": {"cards": items(obj(_CARD), 1, 10)}}, needed=False),
    "buttons": items(kinds(_TEMPLATE_BUTTONS), 0, 10, needed=False),
    "expirationTime": may(),
}
_SMS: Fields = {
    "channel": one_of("SMS"),
    "sender": need(1, 24),
    "content": obj({"body": kinds({"TEXT": {"text": need(1, 4096)}})}),
    "validityPeriod": maybe(),
}
MESSAGE: Fields = {
    "channel": one_of("WHATSAPP"),
    "sender": need(1, 24),
    "destinations": items(
        obj(
            {
                "to": may(150, 1),
                "messageId": may(200),
                "byChannel": items(
                    obj({"channel": one_of("WHATSAPP", "SMS"), "to": need(1, 150)}), needed=False
                ),
            }
        )
    ),
    "options": maybe(
        {
            "platform": PLATFORM_TAGS,
            "validityPeriod": maybe(),
            "adaptationMode": Flag(),
            "campaignReferenceId": may(255),
            "correlationData": may(),
        }
    ),
    "webhooks": maybe(
        {
            "delivery": maybe(
                {
                    "url": may(2048),
                    "intermediateReport": Flag(),
                    "receiveTriggeredFailoverReports": Flag(),
                }
            ),
            "seen": maybe({"url": may(2048)}),
            "contentType": may(),
            "callbackData": may(4000),
        }
    ),
    "failover": items(obj(_SMS), 0, 5, needed=False),
}
TEMPLATE: Fields = {"templateName": need(1, 512, pattern="[a-z0-9_]+"), "language": need()}
OPTIONS: Fields = {
    "messages": items(obj()),
    "options": maybe(
        {
            "schedule": maybe(
                {
                    "bulkId": may(100),
                    "sendAt": may(),
                    "sendingSpeedLimit": maybe(
                        {"amount": number(1, whole=True), "timeUnit": may()}
                    ),
                }
            ),
            "tracking": maybe(),
            "messageOrdering": maybe({"respectOrder": Flag(), "stopOnFailure": Flag()}),
        }
    ),
}
EVENTS: Fields = {
    "events": items(
        obj(
            {
                "channel": one_of("WHATSAPP"),
                "sender": need(1, 24),
                "destinations": items(obj({"to": need(1, 150), "messageId": may(200)})),
                "event": one_of("TYPING_STARTED"),
            }
        )
    )
}
