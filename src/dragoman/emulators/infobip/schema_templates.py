"""Templates, field by field, as data: their sends and their management.

Source: Infobip, OpenAPI document of WhatsApp 3.210 (July 2026).
"""

from __future__ import annotations

from collections.abc import Mapping

from .fields import Flag, items, kinds, link, may, maybe, need, number, obj, one_of
from .schema import CONTEXT, DETAILS, MEDIA, ORDER, ORDER_STATUS, PLACE, URL_OPTIONS, Fields

_TEMPLATE_HEADERS: Mapping[str, Fields] = {
    "TEXT": {"placeholder": need()},
    "IMAGE": MEDIA,
    "VIDEO": MEDIA,
    "GIF": MEDIA,
    "DOCUMENT": {"mediaUrl": link(), "filename": need(1, 240)},
    "LOCATION": PLACE,
}
_PRODUCTS: Fields = {"title": need(1, 24), "productRetailerIds": items(need())}
_TEMPLATE_BUTTONS: Mapping[str, Fields] = {
    "QUICK_REPLY": {"parameter": need(1, 128)},
    "URL": {"parameter": need()},
    "COPY_CODE": {"parameter": need(1, 15)},
    "FLOW": {"flowToken": may(3000), "data": maybe()},
    "CATALOG": {"thumbnailProductRetailerId": may(3000)},
    "MULTI_PRODUCT": {
        "thumbnailProductRetailerId": may(3000),
        "sections": items(obj(_PRODUCTS), 1, 10),
    },
    "ORDER_DETAILS": {"action": obj(ORDER)},
    "VOICE_CALL": {
        "callValidityPeriod": number(1, 43200, needed=False, whole=True),
        "callContextPayload": may(512, 1),
    },
}
_PLACEHOLDERS: Fields = {"placeholders": items(need())}
_CARD_BUTTONS = {key: _TEMPLATE_BUTTONS[key] for key in ("QUICK_REPLY", "URL")}
_TEMPLATE_CARD: Fields = {
    "header": kinds({"IMAGE": MEDIA, "VIDEO": MEDIA}),
    "body": maybe(_PLACEHOLDERS),
    "buttons": items(kinds(_CARD_BUTTONS), 1, 2, needed=False),
}
TEMPLATE_CONTENT: Fields = {
    "templateName": need(1, 512, pattern="[a-z0-9_]+"),
    "language": need(),
    "templateData": obj(
        {
            "body": obj(_PLACEHOLDERS),
            "header": kinds(_TEMPLATE_HEADERS, needed=False),
            "buttons": items(kinds(_TEMPLATE_BUTTONS), 0, 10, needed=False),
            "limitedTimeOffer": maybe({"expirationTime": need()}),
            "carousel": maybe({"cards": items(obj(_TEMPLATE_CARD), 1, 10)}),
            "orderStatus": maybe(
                {"orderStatuses": items(kinds({"ORDER_STATUS": ORDER_STATUS}), 1, 1)}
            ),
        }
    ),
}
TEMPLATE_MESSAGE: Fields = {
    **DETAILS,
    **CONTEXT,
    "content": obj(TEMPLATE_CONTENT),
    "urlOptions": URL_OPTIONS,
    "smsFailover": maybe({"from": need(1, 24), "text": need(1, 4096)}),
}
TEMPLATE_BULK: Fields = {"messages": items(obj()), "bulkId": may(100)}

_HEADER_FORMATS: Mapping[str, Fields] = {
    "TEXT": {"text": need(1, 60), "example": may()},
    **{form: {"example": may()} for form in ("IMAGE", "VIDEO", "DOCUMENT", "GIF")},
    "LOCATION": {},
}
_LABEL = {"text": need(1, 25)}
_NEW_BUTTONS: Mapping[str, Fields] = {
    "PHONE_NUMBER": {**_LABEL, "phoneNumber": need()},
    "URL": {**_LABEL, "url": need(), "example": may()},
    "QUICK_REPLY": _LABEL,
    "COPY_CODE": {"example": may(15, 1), "text": may(25)},
    "FLOW": {
        **_LABEL,
        "flowId": number(whole=True),
        "flowAction": one_of("NAVIGATE", "DATA_EXCHANGE"),
        "navigateScreen": may(),
    },
    "CATALOG": {"text": may()},
    "MULTI_PRODUCT": {"text": may()},
    "ORDER_DETAILS": {"variant": one_of("BRAZIL", "INDIA")},
    "VOICE_CALL": {
        **_LABEL,
        "callValidityPeriod": number(1440, 43200, needed=False, whole=True),
    },
    "REQUEST_CONTACT_INFO": {"text": may()},
}
_NEW_BODY = obj({"text": need(), "examples": items(may(), needed=False)})
STRUCTURE: Fields = {
    "header": kinds(_HEADER_FORMATS, needed=False, tag="format"),
    "body": _NEW_BODY,
    "footer": maybe({"text": need(1, 60)}),
    "buttons": items(kinds(_NEW_BUTTONS), 1, 10, needed=False),
    "carousel": maybe(
        {
            "cards": items(
                obj(
                    {
                        "header": kinds(_HEADER_FORMATS, tag="format"),
                        "body": _NEW_BODY,
                        "buttons": items(kinds(_NEW_BUTTONS), 1, 2),
                    }
                ),
                1,
                10,
            )
        }
    ),
    "limitedTimeOffer": maybe({"text": need(1, 16), "hasExpiration": Flag()}),
    "callPermissionRequest": maybe(),
    "shorteningOptions": maybe({"customDomain": need()}),
    "type": one_of("TEXT", "MEDIA", "UNSUPPORTED", needed=False),
}
AUTHENTICATION_STRUCTURE: Fields = {
    "body": maybe({"addSecurityRecommendation": Flag()}),
    "footer": maybe({"codeExpirationMinutes": number(1, 90, needed=False, whole=True)}),
    "buttons": items(
        kinds(
            {
                "COPY_CODE": {"text": may(25)},
                "ONE_TAP": {
                    "text": may(25),
                    "autofillText": may(25),
                    "packageName": need(),
                    "signatureHash": need(11, 11),
                },
            },
            tag="otpType",
        ),
        1,
        1,
    ),
}
NEW_TEMPLATE: Fields = {
    "name": need(1, 512, pattern="[a-z0-9_]+"),
    "language": need(),
    "category": one_of("MARKETING", "AUTHENTICATION", "UTILITY"),
    "structure": obj(),
    "platform": maybe({"entityId": may(255), "applicationId": may(255)}),
    "subCategory": one_of("ORDER_STATUS", needed=False),
    "validityPeriod": maybe({"amount": number(whole=True), "timeUnit": may()}),
}
