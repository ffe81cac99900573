"""The bodies of the WhatsApp API, field by field, as data. What no single field can say is in
`crosschecks`.

Source: Infobip, OpenAPI document of WhatsApp 3.210 (July 2026).
"""

from __future__ import annotations

from collections.abc import Mapping

from .fields import (
    Field,
    Flag,
    Text,
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

Fields = Mapping[str, Field]

URL_OPTIONS = maybe(
    {
        "shortenUrl": Flag(),
        "trackClicks": Flag(),
        "trackingUrl": may(),
        "removeProtocol": Flag(),
        "customDomain": may(),
    }
)
_NO_URL_OPTIONS = ("audio", "sticker", "location", "contact")
_NO_CONTENT = (
    "interactive/call-permission-request",
    "interactive/in-thread-authentication-request",
)
_NO_CONTEXT = ("interactive/voice-button",)

DETAILS: Fields = {
    "from": need(1, 24),
    "to": need(1, 150),
    "messageId": may(200),
    "callbackData": may(4000),
    "notifyUrl": may(2048),
    "entityId": may(255),
    "applicationId": may(255),
}
CONTEXT: Fields = {"context": maybe({"replyToMessageId": need()})}

# --- parts that several kinds share --------------------------------------------------------------

_TEXT: Fields = {"text": need(1, 60)}
MEDIA: Fields = {"mediaUrl": link()}
_FILE: Fields = {"mediaUrl": link(), "filename": may(240)}
_HEADERS = {"TEXT": _TEXT, "IMAGE": MEDIA, "VIDEO": MEDIA, "DOCUMENT": _FILE}
_ANY_HEADER: Fields = {"header": kinds(_HEADERS, needed=False)}
_TEXT_HEADER: Fields = {"header": kinds({"TEXT": _TEXT}, needed=False)}
_BODY: Fields = {"body": obj({"text": need(1, 1024)})}
_BODY_TOO: Fields = {"body": maybe({"text": need(1, 1024)})}
_FOOTER: Fields = {"footer": maybe({"text": need(1, 60)})}

PLACE: Fields = {"latitude": number(-90, 90), "longitude": number(-180, 180)}

# --- orders --------------------------------------------------------------------------------------

_ID = {"id": need(pattern=r"[A-Za-z0-9\-_.]{1,35}")}
_BENEFICIARY = {
    "beneficiary": maybe(
        {
            "name": need(1, 200),
            "firstAddressLine": need(1, 100),
            "secondAddressLine": may(100),
            "city": may(),
            "state": may(),
            "country": one_of("INDIA"),
            "postalCode": may(pattern="[0-9]{6}"),
        }
    )
}
_PIX: Fields = {
    **_ID,
    "code": may(),
    "merchantName": may(),
    "keyType": one_of("CPF", "CNPJ", "EMAIL", "PHONE", "EVP", needed=False),
    "key": may(),
    "flowType": one_of("REDIRECT", "COPYPASTE", "APPSWITCH", needed=False),
}
_BRAZIL_LINK: Fields = {**_ID, "paymentLink": may()}
_BOLETO: Fields = {**_ID, "code": may()}
PAYMENTS: Mapping[str, Fields] = {
    "UPI_PAYU": {
        "id": need(1, 25),
        "productDescription": need(1, 100),
        "customerFirstName": need(1, 60),
        "customerLastName": may(20),
        "customerEmail": Text(needed=True, least=1, most=50, form="email"),
        "callbackData": items(may(255), 0, 5, needed=False),
    },
    "PG_PAYU": {**_ID, **_BENEFICIARY, "callbackData": items(may(255), 0, 4, needed=False)},
    "PG_RAZORPAY": {**_ID, **_BENEFICIARY, "callbackData": maybe()},
    "UPI_INTENT": {
        **_ID,
        **_BENEFICIARY,
        "format": kinds({"LINK": {"paymentLink": need()}}, needed=False),
    },
    "UPI_LINK": {**_ID, **_BENEFICIARY, "paymentLink": may()},
    "BRAZIL": _ID,
    "BRAZIL_PIX_DC": _PIX,
    "BRAZIL_LINK": _BRAZIL_LINK,
    "BRAZIL_BOLETO": _BOLETO,
    "BRAZIL_PAYMENTS": {
        "payments": items(
            kinds({"BRAZIL_PIX_DC": _PIX, "BRAZIL_BOLETO": _BOLETO, "BRAZIL_LINK": _BRAZIL_LINK}),
            1,
            2,
        )
    },
}
_VALUE = {"value": number(0, whole=True)}
_WORDED: Fields = {**_VALUE, "description": may(60)}
ORDER: Fields = {
    "payment": kinds(PAYMENTS),
    "paymentConfiguration": may(60, 1),
    "orderCurrency": one_of("INR", "BRL"),
    "orderType": one_of("PHYSICAL_GOODS", "DIGITAL_GOODS"),
    "totalAmount": obj(_VALUE),
    "order": obj(
        {
            "items": items(
                obj(
                    {
                        "retailerId": need(),
                        "name": need(1, 60),
                        "amount": obj(_VALUE),
                        "saleAmount": maybe(_VALUE),
                        "quantity": number(1, whole=True),
                        "originCountry": may(),
                        "importerName": may(),
                        "importerAddress": maybe(),
                    }
                )
            ),
            "subtotal": obj(_VALUE),
            "tax": obj(_WORDED),
            "shipping": maybe(_WORDED),
            "discount": maybe({"amount": obj(_WORDED), "programName": may(60)}),
            "orderExpiration": maybe(
                {"expirationSeconds": number(360, whole=True), "description": may(120)}
            ),
            "catalogId": may(),
            "orderDetailsType": one_of("QUICK_PAY", needed=False),
        }
    ),
}
_ORDER_STATES = (
    "PENDING",
    "PROCESSING",
    "PARTIALLY_SHIPPED",
    "SHIPPED",
    "COMPLETED",
    "CANCELED",
)
ORDER_STATUS: Fields = {
    "payment": obj({"type": one_of(*PAYMENTS), "id": need()}),
    "status": one_of(*_ORDER_STATES),
    "description": may(120),
}

# --- contents by endpoint ------------------------------------------------------------------------

_CONTACT: Fields = {
    "name": obj(
        {
            "firstName": need(),
            "formattedName": need(),
            "lastName": may(),
            "middleName": may(),
            "nameSuffix": may(),
            "namePrefix": may(),
        }
    ),
    "phones": items(
        maybe(
            {
                "phone": may(),
                "type": one_of("CELL", "MAIN", "IPHONE", "HOME", "WORK", needed=False),
                "waId": may(),
            }
        ),
        needed=False,
    ),
    "emails": items(
        maybe({"email": Text(form="email"), "type": one_of("HOME", "WORK", needed=False)}),
        needed=False,
    ),
    "urls": items(maybe({"url": may(), "type": may()}), needed=False),
    "addresses": items(maybe(), needed=False),
    "org": maybe({"company": may(), "department": may(), "title": may()}),
    "birthday": Text(form="date"),
}
_CARD_HEADER = {"header": kinds({"IMAGE": {"url": link()}, "VIDEO": {"url": link()}})}
_CARD_BODY = {"body": maybe({"text": need(1, 160)})}
_CAROUSELS = {
    "QUICK_REPLY": {
        "cards": items(
            obj(
                {
                    **_CARD_HEADER,
                    **_CARD_BODY,
                    "buttons": items(obj({"id": need(1, 20), "title": need(1, 20)}), 1, 3),
                }
            ),
            2,
            10,
        )
    },
    "URL": {
        "cards": items(
            obj(
                {
                    **_CARD_HEADER,
                    **_CARD_BODY,
                    "button": obj({"displayText": need(1, 20), "url": link()}),
                }
            ),
            2,
            10,
        )
    },
}
_ROW: Fields = {"id": need(1, 200), "title": need(1, 24), "description": may(72)}

CONTENTS: Mapping[str, Fields] = {
    "text": {"text": need(1, 4096), "previewUrl": Flag()},
    "image": {**MEDIA, "caption": may(3000)},
    "document": {**_FILE, "caption": may(3000)},
    "audio": {**MEDIA, "voice": Flag()},
    "video": {**MEDIA, "caption": may(3000)},
    "sticker": MEDIA,
    "location": {**PLACE, "name": may(1000), "address": may(1000)},
    "contact": {"contacts": items(obj(_CONTACT))},
    "interactive/buttons": {
        **_BODY,
        "action": obj(
            {
                "buttons": items(
                    obj({"type": one_of("REPLY"), "id": need(1, 256), "title": need(1, 20)}), 1, 3
                )
            }
        ),
        **_ANY_HEADER,
        **_FOOTER,
    },
    "interactive/list": {
        **_BODY,
        "action": obj(
            {
                "title": need(1, 20),
                "sections": items(obj({"title": may(24), "rows": items(obj(_ROW))}), 1, 10),
            }
        ),
        **_TEXT_HEADER,
        **_FOOTER,
    },
    "interactive/media-carousel": {**_BODY, "action": kinds(_CAROUSELS)},
    "interactive/location-request": _BODY,
    "interactive/product": {
        "action": obj({"catalogId": need(), "productRetailerId": need()}),
        **_BODY_TOO,
        **_FOOTER,
    },
    "interactive/multi-product": {
        "header": kinds({"TEXT": _TEXT}),
        **_BODY,
        "action": obj(
            {
                "catalogId": need(),
                "sections": items(
                    obj({"title": may(24), "productRetailerIds": items(need())}), 1, 10
                ),
            }
        ),
        **_FOOTER,
    },
    "interactive/flow": {
        **_BODY,
        "action": obj(
            {
                "flowId": need(),
                "flowToken": need(),
                "callToActionButton": need(1, 20),
                "mode": one_of("DRAFT", "PUBLISHED", needed=False),
                "flowMessageVersion": number(needed=False, whole=True),
                "flowAction": one_of("NAVIGATE", "DATA_EXCHANGE", needed=False),
                "flowActionPayload": maybe({"screen": need(), "data": maybe()}),
            }
        ),
        **_TEXT_HEADER,
        **_FOOTER,
    },
    "interactive/url-button": {
        **_BODY,
        "action": obj({"displayText": need(1, 20), "url": link()}),
        **_ANY_HEADER,
        **_FOOTER,
    },
    "interactive/order-details": {
        **_BODY,
        "action": obj(ORDER),
        "header": kinds({"IMAGE": MEDIA}, needed=False),
        **_FOOTER,
    },
    "interactive/order-status": {"action": obj(ORDER_STATUS), **_BODY_TOO, **_FOOTER},
    "interactive/call-permission-request": {},
    "interactive/voice-button": {
        **_BODY,
        "action": maybe(
            {
                "buttonDisplayText": may(20),
                "callValidityPeriod": number(1, 43200, needed=False, whole=True),
                "callContextPayload": may(512, 1),
            }
        ),
    },
    "interactive/in-thread-authentication-request": {},
    "interactive/request-contact-info": _BODY,
}
"""The path below /whatsapp/1/message/ → the fields of `content`."""


def _whole(kind: str) -> Fields:
    fields = dict(DETAILS)
    if kind not in _NO_CONTENT:
        fields["content"] = obj(CONTENTS[kind])
    if kind not in _NO_URL_OPTIONS:
        fields["urlOptions"] = URL_OPTIONS
    if kind not in _NO_CONTEXT:
        fields |= CONTEXT
    return fields


SENDS: Mapping[str, Fields] = {kind: _whole(kind) for kind in CONTENTS}
