"""What is neither a message nor a template, field by field, as data.

Source: Infobip, OpenAPI documents of WhatsApp 3.210, Subscriptions and Resources (July 2026).
"""

from __future__ import annotations

from .fields import Flag, Free, items, link, may, maybe, need, number, obj, one_of
from .schema import Fields
from .wire import ALGORITHMS

_SCHEDULE: Fields = {
    "schedule": maybe(
        {
            "bulkId": may(100),
            "sendAt": may(),
            "sendingSpeedLimit": maybe({"amount": number(1, whole=True), "timeUnit": may()}),
        }
    )
}
PLATFORM_TAGS = maybe({"entityId": may(255), "applicationId": may(255)})
EVENTS: Fields = {
    "events": items(
        obj(
            {
                "sender": need(1, 24),
                "destinations": items(obj({"to": need(1, 150), "messageId": may(200)}), 1, 1),
                "content": obj({"type": one_of("TYPING_INDICATOR")}),
                "options": maybe({"platform": PLATFORM_TAGS, "validityPeriod": maybe()}),
            }
        )
    ),
    "options": maybe(_SCHEDULE),
}
CONVERSIONS: Fields = {
    "sourceId": need(),
    "conversions": items(
        obj(
            {
                "ctwaClickId": need(),
                "type": need(),
                "details": maybe({"currency": may(), "value": number(needed=False)}),
                "conversionTime": may(),
            }
        ),
        1,
        1000,
    ),
}
FLOW: Fields = {
    "name": need(1, 200),
    "categories": items(
        one_of(
            "SIGN_UP",
            "SIGN_IN",
            "APPOINTMENT_BOOKING",
            "LEAD_GENERATION",
            "CONTACT_US",
            "CUSTOMER_SUPPORT",
            "SURVEY",
            "OTHER",
            "SHOPPING",
            "UNKNOWN",
        )
    ),
    "cloneFlowId": may(),
}
SESSION: Fields = {"username": need(), "password": need(), "unsafe": Flag()}
IDENTITY: Fields = {"hash": need()}
MEDIA_DELETE: Fields = {"url": need()}
INBOUND_CONFIGURATION: Fields = {
    "channel": one_of("WHATSAPP"),
    "number": may(),
    "numberKey": may(),
    "keyword": may(50),
    "forwarding": maybe(
        {
            "type": one_of("HTTP_FORWARD"),
            "url": link(),
            "format": one_of(
                "MO_OTT_CONTACT", "MO_OTT_MSISDN", "MO_MESSAGES_API_JSON", needed=False
            ),
        }
    ),
}
SECURITY: Fields = {
    "authId": need(),
    "type": one_of("BASIC", "HMAC", "OAUTH", "CUSTOM"),
    "credentials": maybe(
        {
            "username": may(),
            "password": may(),
            "secretKey": may(),
            "algorithm": one_of(*ALGORITHMS, needed=False),
        }
    ),
}
EVENT_NAMES = (
    "ACCOUNT_REGISTRATION",
    "ACCOUNT_UPDATE_NOTIFICATION",
    "BILLING",
    "BUSINESS_APP_CONTACT_SYNC",
    "BUSINESS_APP_MESSAGE_ECHO",
    "BUSINESS_APP_MESSAGE_HISTORY",
    "CLICK",
    "DELIVERY",
    "IDENTITY_CHANGE",
    "INBOUND_MESSAGE",
    "MARKETING_SUBSCRIPTION_UPDATE",
    "PAYMENT_STATUS",
    "SEEN",
    "TEMPLATE_UPDATE",
)
SUBSCRIPTION: Fields = {
    "subscriptionId": need(),
    "name": may(),
    "events": items(one_of(*EVENT_NAMES)),
    "criteria": items(maybe(), needed=False),
    "resources": items(may(), needed=False),
    "profile": obj(
        {
            "profileId": need(),
            "webhook": obj({"contentType": may(), "notifyUrl": link()}),
            "security": maybe(SECURITY),
            "maxBucketSize": number(1, 2000, needed=False, whole=True),
            "windowSize": number(20, 10_000, needed=False, whole=True),
            "connectTimeout": number(300, 30_000, needed=False, whole=True),
            "readTimeout": number(1000, 90_000, needed=False, whole=True),
            "rateLimit": number(1, 5000, needed=False, whole=True),
            "headers": Free(),
        }
    ),
}
