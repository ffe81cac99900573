"""Every row of the table of checks is provoked over real HTTP, and its whole body compared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio
from emulator_rig import (
    APP,
    ASHA,
    DISPLAY,
    PNID,
    SECRET,
    TRACE,
    WABA,
    Callback,
    Rig,
    callback_server,
    config,
    running,
    text,
)

from dragoman.domain.clock import FixedClock
from dragoman.emulators._cloud.checks import CHECKS, markdown
from dragoman.emulators._cloud.template_seeds import seed, seeds
from dragoman.emulators._cloud.wire import ERROR_PAGE
from dragoman.emulators.cloud_api.config import Rates, Token
from dragoman.emulators.cloud_api.emulator import FAULTS
from dragoman.emulators.cloud_api.oauth_table import OAUTH_CHECKS
from dragoman.emulators.kit import faults_markdown

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

NOON = 1_795_435_200_000  # Monday, 23 November 2026, 12:00 UTC
APP_TOKEN = f"{APP}|{SECRET}"
BSUID = "US.10000000000000000144"
HTML = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>{}</h1></body></html>"
WRONG = "(#131009) Parameter value is not valid"
INVALID = "(#100) Invalid parameter"


class Case(msgspec.Struct):
    """One request, what makes it fail, and the whole answer. `later`: the failure comes as a
    status of an accepted send."""

    id: str
    http: int
    error: Any
    body: Any = None
    path: str = f"{PNID}/messages"
    method: str = "POST"
    token: str = "test-access-token"
    rules: dict[str, Any] = {}
    fault: str = ""
    before: tuple[dict[str, Any], ...] = ()
    upload: tuple[bytes, str] | None = None
    spoken: bool = True
    skip_ms: int = 0


def e(
    code: int,
    message: str,
    details: str = "",
    *,
    subcode: int | None = None,
    kind: str = "OAuthException",
    user: tuple[str, str] | None = None,
) -> dict[str, Any]:
    error: dict[str, Any] = {"message": message, "type": kind, "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
    if details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    if user:
        error |= {
            "is_transient": False,
            "error_user_title": user[0],
            "error_user_msg": user[1],
        }
    return {"error": {**error, "fbtrace_id": TRACE}}


def later(code: int, title: str, details: str) -> dict[str, Any]:
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details},
        "href": ERROR_PAGE,
    }


def says(kind: str, value: Any, **more: Any) -> dict[str, Any]:
    base = text(**more)
    del base["text"]
    return {**base, "type": kind, kind: value}


def interactive(kind: str, action: Any, **more: Any) -> dict[str, Any]:
    inner = {"type": kind, "body": {"text": "चाय?"}, "action": action, **more}
    return says("interactive", inner)


def buttons(*titles: str) -> dict[str, Any]:
    made = [
        {"type": "reply", "reply": {"id": f"b{n}", "title": title}}
        for n, title in enumerate(titles)
    ]
    return interactive("button", {"buttons": made})


def rows(count: int) -> dict[str, Any]:
    made = [{"id": f"r{n}", "title": f"Row {n}"} for n in range(count)]
    return interactive("list", {"button": "Choose", "sections": [{"title": "Teas", "rows": made}]})


def template(name: str, *components: Any, language: str = "en_US", **more: Any) -> dict[str, Any]:
    value = {"name": name, "language": {"code": language}, "components": list(components)}
    return says("template", value, **more)


def part(kind: str, *texts: str) -> dict[str, Any]:
    return {"type": kind, "parameters": [{"type": "text", "text": t} for t in texts]}


def card(button: str = "link") -> dict[str, Any]:
    image = {"type": "image", "image": {"link": "https://www.example.com/0.jpeg"}}
    action: dict[str, Any] = {"parameters": {"display_text": "Buy", "url": "https://example.com"}}
    if button == "reply":
        reply = {"type": "quick_reply", "quick_reply": {"id": "1", "title": "More"}}
        action = {"buttons": [reply]}
    return {"card_index": 0, "type": "cta_url", "header": image, "action": action}


def order(total: int = 21000) -> dict[str, Any]:
    items = [{"name": "Tea", "amount": {"value": 10000, "offset": 100}, "quantity": 2}]
    parameters = {
        "reference_id": "order-1",
        "type": "digital-goods",
        "payment_settings": [],
        "currency": "INR",
        "total_amount": {"value": total, "offset": 100},
        "order": {
            "status": "pending",
            "items": items,
            "subtotal": {"value": 20000, "offset": 100},
            "tax": {"value": 1000, "offset": 100},
        },
    }
    return interactive("order_details", {"name": "review_and_pay", "parameters": parameters})


def order_status(status: str, **payment: Any) -> dict[str, Any]:
    parameters = {"reference_id": "order-1", "order": {"status": status}, **payment}
    return interactive("order_status", {"name": "review_order", "parameters": parameters})


def new(**changes: Any) -> dict[str, Any]:
    body = {"type": "BODY", "text": changes.pop("text", "Your tea is on its way to you now.")}
    components = [body, *changes.pop("parts", [])]
    plain = {"name": "tea_news", "language": "en_US", "category": "UTILITY"}
    return {**plain, "components": components, **changes}


def refused(subcode: int, title: str, words: str) -> dict[str, Any]:
    return e(100, "Invalid parameter", subcode=subcode, user=(title, words))


GONE = (
    "Unsupported {} request. Object with ID '{}' does not exist, cannot be loaded due to missing "
    "permissions, or does not support this operation. Please read the Graph API documentation at "
    "https://developers.facebook.com/docs/graph-api"
)
EXPIRED = (
    "Error validating access token: Session has expired on Monday, 23-Nov-26 03:00:00 PST. The "
    "current time is Monday, 23-Nov-26 04:00:00 PST."
)
TEMPLATES = f"{WABA}/message_templates"
UNKNOWN_WAMID = "wamid.nothing"
ALL_TYPES = (
    "audio/aac, audio/mp4, audio/mpeg, audio/amr, audio/ogg, text/plain, application/pdf, "
    "application/msword, application/vnd.ms-excel, application/vnd.ms-powerpoint, "
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document, "
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet, "
    "application/vnd.openxmlformats-officedocument.presentationml.presentation, "
    "image/jpeg, image/png, image/webp, video/mp4, video/3gpp"
)
_MISMATCH = "(#132012) Parameter format does not match format in the created template"
_MISSING = "(#131008) Required parameter is missing"
_NO_BSUID = (
    "(#131062) Business-scoped User ID (BSUID) recipients are not supported for this message."
)

ACCESS = [
    Case(
        "path_unknown",
        400,
        e(2500, "Unknown path components: /v27.0/me"),
        path="/v27.0/me",
        method="GET",
    ),
    Case(
        "token_missing",
        401,
        e(104, "An access token is required to request this resource."),
        text(),
        token="",
    ),
    Case(
        "token_unknown",
        401,
        e(190, "Invalid OAuth access token - Cannot parse access token"),
        text(),
        token="nobody",
    ),
    Case("token_expired", 401, e(190, EXPIRED, subcode=463), text(), token="old-token"),
    Case(
        "proof_missing",
        400,
        e(
            100,
            "API calls from the server require an appsecret_proof argument",
            kind="GraphMethodException",
        ),
        text(),
        rules={"require_appsecret_proof": True},
    ),
    Case(
        "proof_wrong",
        400,
        e(
            100,
            "Invalid appsecret_proof provided in the API argument",
            kind="GraphMethodException",
        ),
        text(),
        path=f"{PNID}/messages?appsecret_proof=00",
    ),
    Case(
        "object_missing",
        400,
        e(100, GONE.format("post", "000"), subcode=33, kind="GraphMethodException"),
        text(),
        path="000/messages",
    ),
    Case(
        "scope_missing",
        403,
        e(10, "(#10) Application does not have permission for this action"),
        text(),
        token="management-token",
    ),
    Case(
        "asset_missing",
        403,
        e(
            200,
            "(#200) You do not have the necessary permissions required to send messages on "
            "behalf of this WhatsApp Business Account",
        ),
        text(),
        token="stranger-token",
    ),
    Case(
        "app_token_needed",
        400,
        e(15, "(#15) This method must be called with an app access_token."),
        {},
        path=f"{APP}/subscriptions",
    ),
    Case(
        "number_not_registered",
        400,
        e(133010, "(#133010) Account not registered"),
        text(),
        before=({"path": f"{PNID}/deregister", "body": {}},),
    ),
    Case(
        "account_locked",
        403,
        e(131031, "(#131031) Business Account locked", "Business account has been locked."),
        text(),
        rules={"account_locked": True},
    ),
    Case(
        "maintenance",
        500,
        e(
            131057,
            "(#131057) Account in maintenance mode",
            "Business Account is in maintenance mode",
        ),
        text(),
        rules={"maintenance": True},
    ),
    Case(
        "name_not_approved",
        400,
        e(
            131037,
            "(#131037) Display name approval needed",
            "This message could not be sent because the display name of the phone number has not "
            "been approved yet.",
        ),
        text(),
        rules={"name_not_approved": True},
    ),
    Case(
        "rate_number",
        429,
        e(
            130429,
            "(#130429) Rate limit hit",
            "Message failed to send because there were too many messages sent from this phone "
            "number in a short period of time",
        ),
        text(),
        fault="rate_429",
    ),
    Case(
        "rate_pair",
        400,
        e(
            131056,
            "(#131056) (Business Account, Consumer Account) pair rate limit hit",
            "Message failed to send because there were too many messages sent from this phone "
            "number to the same phone number in a short period of time.",
        ),
        text(),
        before=({"body": text()},) * 4,
    ),
    Case(
        "rate_management",
        400,
        e(
            80007,
            "(#80007) There have been too many calls to this WhatsApp Business account. Wait a "
            "bit and try again.",
        ),
        path=WABA,
        method="GET",
        before=({"path": WABA, "method": "GET"},) * 5,
    ),
    Case("service_down", 503, e(2, "Service temporarily unavailable"), text(), fault="error_503"),
    Case(
        "server_error",
        500,
        HTML.format("Sorry, something went wrong."),
        text(),
        fault="error_500",
    ),
    Case(
        "callback_failed",
        400,
        e(
            2200,
            "(#2200) Callback verification failed with the following errors: HTTP Status Code = "
            "403; HTTP Message = Forbidden",
        ),
        {
            "object": "whatsapp_business_account",
            "callback_url": "CALLBACK",
            "verify_token": "wrong",
        },
        path=f"{APP}/subscriptions",
        token=APP_TOKEN,
    ),
    Case(
        "override_first",
        400,
        e(
            100,
            "(#100) Before override the current callback uri, your app must be subscribed to "
            "receive messages for WhatsApp Business Account",
        ),
        {"override_callback_uri": "CALLBACK", "verify_token": "verify+me"},
        path=f"{WABA}/subscribed_apps",
        before=({"path": f"{WABA}/subscribed_apps", "method": "DELETE"},),
    ),
    Case(
        "object_type",
        400,
        e(100, '(#100) Param object must be one of {WHATSAPP_BUSINESS_ACCOUNT} - got "page".'),
        {"object": "page", "callback_url": "CALLBACK", "verify_token": "x"},
        path=f"{APP}/subscriptions",
        token=APP_TOKEN,
    ),
]

SCHEMA = [
    Case("json_invalid", 400, e(100, INVALID, "The request body is not valid JSON."), b"{"),
    Case(
        "required",
        400,
        e(100, "(#100) The parameter messaging_product is required."),
        {"to": "+" + ASHA},
    ),
    Case("to_missing", 400, e(100, "The parameter to is required."), text(to="")),
    Case(
        "choice",
        400,
        e(
            100,
            "(#100) Param interactive['type'] must be one of {BUTTON, LIST, CTA_URL, FLOW, "
            "PRODUCT, PRODUCT_LIST, CATALOG_MESSAGE, LOCATION_REQUEST_MESSAGE, ADDRESS_MESSAGE, "
            "CAROUSEL, CALL_PERMISSION_REQUEST, VOICE_CALL, REQUEST_CONTACT_INFO, "
            'CONTACT_REQUEST, ORDER_DETAILS, ORDER_STATUS} - got "wheel".',
        ),
        interactive("wheel", {}),
    ),
    Case(
        "kind",
        400,
        e(100, "(#100) Param text must be a JSON object."),
        says("text", "hello"),
    ),
    Case(
        "too_long",
        400,
        e(100, INVALID, "Param text['body'] must be at most 4096 characters long."),
        text("क" * 4097),
    ),
    Case(
        "type_unsupported",
        400,
        e(
            131051,
            "(#131051) Unsupported message type",
            "Message type hologram is not currently supported.",
        ),
        says("hologram", {}),
    ),
    Case(
        "missing",
        400,
        e(131008, _MISSING, "Parameter 'text['body']' is mandatory for type 'text'"),
        says("text", {}),
    ),
    Case(
        "phone_wrong",
        400,
        e(131009, WRONG, "Parameter 'to' is not a valid phone number."),
        text(to="+12x"),
    ),
    Case(
        "bsuid_wrong",
        400,
        e(131009, WRONG, "Parameter 'recipient' is not a valid business-scoped user ID."),
        {"messaging_product": "whatsapp", "recipient": "us.1", "text": {"body": "x"}},
    ),
    Case(
        "self",
        400,
        e(
            131021,
            "(#131021) Recipient cannot be sender",
            "Recipient phone number cannot be the same as the sender phone number.",
        ),
        text(to="+" + DISPLAY),
    ),
    Case(
        "group_unknown",
        400,
        e(
            131041,
            "(#131041) Group unknown",
            "The group Y2FwaV9n does not exist or this number is not in it.",
        ),
        text(to="Y2FwaV9n", recipient_type="group"),
    ),
    Case(
        "not_allowed",
        400,
        e(
            131030,
            "(#131030) Recipient phone number not in allowed list",
            "Recipient phone number not in allowed list: Add recipient phone number to recipient "
            "list and try again.",
        ),
        text(),
        rules={"allowed_recipients": []},
    ),
    Case(
        "direct_send_off",
        400,
        e(100, INVALID, "Direct Send isn't enabled for this account"),
        text(category="utility"),
        rules={"direct_send": False},
    ),
    Case(
        "terms_missing",
        400,
        e(
            134011,
            "(#134011) WhatsApp Payments terms of service has not been accepted",
            "WhatsApp Payments Terms of Service acceptance pending for this WhatsApp Business "
            "Account. Please use the following link to accept terms of service before using "
            "Business APIs: https://fb.me/12345",
        ),
        order(),
        rules={"payments_terms_missing": True},
    ),
    Case(
        "length",
        400,
        e(131009, WRONG, "Button title length invalid. Min length: 1, Max length: 20"),
        buttons("अ" * 21),
    ),
    Case(
        "count",
        400,
        e(131009, WRONG, "Buttons count invalid. Min allowed: 1, Max allowed: 3"),
        buttons("a", "b", "c", "d"),
    ),
    Case(
        "rows_total",
        400,
        e(131009, WRONG, "Total row count exceed max allowed count: 10"),
        rows(11),
    ),
    Case("duplicate", 400, e(131009, WRONG, "Duplicated button title: a"), buttons("a", "a")),
    Case(
        "not_allowed_here",
        400,
        e(131009, WRONG, "Footer is not allowed for interactive type location_request_message"),
        interactive("location_request_message", {"name": "send_location"}, footer={"text": "x"}),
    ),
    Case(
        "url_wrong",
        400,
        e(131009, WRONG, "interactive['action']['parameters']['url'] is not a valid URL"),
        interactive(
            "cta_url",
            {"name": "cta_url", "parameters": {"display_text": "Go", "url": "ftp://x"}},
        ),
    ),
    Case(
        "number_wrong",
        400,
        e(131009, WRONG, "location['latitude'] must be a number"),
        says("location", {"latitude": "north", "longitude": 1}),
    ),
    Case(
        "contact_name",
        400,
        e(
            131009,
            WRONG,
            "At least one other name component must be set besides formatted_name",
        ),
        says("contacts", [{"name": {"formatted_name": "Asha"}}]),
    ),
    Case(
        "reaction_target",
        400,
        e(
            131009,
            WRONG,
            "Message wamid.nothing cannot be reacted to: it is unknown or older than 30 days",
        ),
        says("reaction", {"message_id": UNKNOWN_WAMID, "emoji": "👍"}),
    ),
    Case(
        "read_target",
        400,
        e(131009, WRONG, "Message ID wamid.nothing is not valid"),
        {"messaging_product": "whatsapp", "status": "read", "message_id": UNKNOWN_WAMID},
    ),
    Case(
        "cards_differ",
        400,
        e(131009, WRONG, "All cards must have the same components and buttons"),
        interactive("carousel", {"cards": [card(), card("reply")]}),
    ),
    Case(
        "order",
        400,
        e(
            131009,
            WRONG,
            "order_details: total_amount is not subtotal + tax + shipping - discount",
        ),
        order(total=1),
    ),
    Case(
        "media_source",
        400,
        e(100, INVALID, "Exactly one of image['id'] and image['link'] must be given"),
        says("image", {"id": "1", "link": "https://example.com/a.png"}),
    ),
    Case(
        "media_unknown",
        400,
        e(
            100,
            "(#100) Param image['id'] is not a valid whatsapp business account media attachment ID",
        ),
        says("image", {"id": "1"}),
    ),
    Case(
        "media_link",
        400,
        e(100, "(#100) Param image['link'] is not a valid URI."),
        says("image", {"link": "file:///etc/hosts"}),
    ),
    Case(
        "media_type",
        400,
        e(
            100,
            f"(#100) Param file must be a file with one of the following types: {ALL_TYPES}. "
            "Received file of type 'audio/webm'.",
        ),
        path=f"{PNID}/media",
        upload=(b"abc", "audio/webm"),
    ),
    Case(
        "media_size",
        400,
        e(100, "(#100) Param file is too large: sticker files may have at most 512000 bytes."),
        path=f"{PNID}/media",
        upload=(b"x" * 512_001, "image/webp"),
    ),
    Case(
        "media_url_expired",
        404,
        HTML.format("This content isn't available right now"),
        path="/whatsapp_business/attachments/?mid=1&ext=1&hash=x",
        method="GET",
    ),
]

TEMPLATE = [
    Case(
        "template_missing",
        404,
        e(
            132001,
            "(#132001) Template name does not exist in the translation",
            "template name (order_x) does not exist in en_US",
        ),
        template("order_x"),
    ),
    Case(
        "template_paused",
        400,
        e(
            132015,
            "(#132015) Template is Paused",
            "Template is paused due to low quality so it cannot be sent in a template message.",
        ),
        template("winter_sale_paused"),
    ),
    Case(
        "template_disabled",
        400,
        e(
            132016,
            "(#132016) Template is Disabled",
            "Template has been paused too many times due to low quality and is now permanently "
            "disabled.",
        ),
        template("spam_disabled"),
    ),
    Case(
        "template_count",
        400,
        e(
            132000,
            "(#132000) Number of parameters does not match the expected number of params",
            "body: number of localizable_params (1) does not match the expected number of params "
            "(2)",
        ),
        template("order_delay_named", part("header", "Asha"), part("body", "1")),
    ),
    Case(
        "template_format",
        400,
        e(132012, _MISMATCH, "header: Format mismatch, expected IMAGE, received UNKNOWN"),
        template("promo_image", part("body", "Asha")),
    ),
    Case(
        "template_name",
        400,
        e(132012, _MISMATCH, "header: Parameter name is missing or empty: customer"),
        template("order_delay_named", part("header", "Asha"), part("body", "1", "2")),
    ),
    Case(
        "template_cards",
        400,
        e(
            132012,
            _MISMATCH,
            "carousel: number of cards (0) does not match the expected number of cards (3)",
        ),
        template("carousel_template_media_cards_v1", part("body", "a", "b", "c")),
    ),
    Case(
        "template_long",
        400,
        e(
            132005,
            "(#132005) Translated text too long",
            "body: translated text has 1027 characters, at most 1024 are allowed",
        ),
        template("promo_buttons", part("body", "क" * 992)),
    ),
    Case(
        "template_text",
        400,
        e(
            132018,
            "(#132018) There was an issue with the parameters of your template",
            "body: Param text cannot have new-line/tab characters or more than 4 consecutive "
            "spaces",
        ),
        template("promo_buttons", part("body", "a\nb")),
    ),
    Case(
        "template_button",
        400,
        e(131008, _MISSING, "buttons: Button at index 1 of type Url requires a parameter"),
        template("promo_buttons", part("body", "Asha")),
    ),
    Case(
        "template_part",
        400,
        e(131008, _MISSING, "Parameters of the template are missing: order_status"),
        template("order_status_tpl"),
    ),
    Case(
        "bsuid_code",
        400,
        e(
            131062,
            _NO_BSUID,
            "Authentication templates cannot be sent to a Business-scoped user ID (BSUID) "
            "recipient.",
        ),
        template(
            "authentication_code_copy_code_button",
            part("body", "123456"),
            {**part("button", "123456"), "sub_type": "url", "index": "0"},
            to="",
            recipient=BSUID,
        ),
    ),
    Case(
        "bsuid_bid",
        400,
        e(
            131062,
            _NO_BSUID,
            "The template specified in the request uses bid_spec, which is not supported for "
            "Business-scoped user ID (BSUID) recipients.",
        ),
        template("bidding", to="", recipient=BSUID),
    ),
    Case(
        "marketing_disabled",
        400,
        e(
            131063,
            "(#131063) Marketing templates disabled for Cloud API",
            "Your template is categorized as Marketing, but marketing templates are currently "
            "disabled for your Cloud API configuration.",
        ),
        template("bidding"),
        rules={"marketing_disabled": True},
    ),
    Case(
        "marketing_only",
        400,
        e(
            134100,
            "(#134100) Only marketing messages are supported",
            "Only marketing templates can be sent with the Marketing Messages API.",
        ),
        template("hello_world"),
        path=f"{PNID}/marketing_messages",
    ),
    Case(
        "create_name",
        400,
        refused(
            2388042,
            "Name is not valid",
            "Template names use lower-case letters, digits and underscores, at most 512.",
        ),
        new(name="Tea News"),
        path=TEMPLATES,
    ),
    Case(
        "create_exists",
        400,
        refused(
            2388024,
            "Content in This Language Already Exists",
            "There is already en_US content for this template. You can create a new template and "
            "try again.",
        ),
        new(name="hello_world"),
        path=TEMPLATES,
    ),
    Case(
        "create_body",
        400,
        refused(
            2388072,
            "Message Template Body Format Is Not Valid",
            "The template needs a BODY component with text.",
        ),
        new(components=[{"type": "FOOTER", "text": "x"}]),
        path=TEMPLATES,
    ),
    Case(
        "create_long",
        400,
        refused(
            2388040,
            "Character Limit Exceeded",
            "The BODY field has 1025 characters; at most 1024 are allowed.",
        ),
        new(text="x" * 1025),
        path=TEMPLATES,
    ),
    Case(
        "create_header",
        400,
        refused(
            2388047,
            "Message Header Format Is Incorrect",
            "The header format HOLOGRAM is not one of TEXT, IMAGE, VIDEO, GIF, DOCUMENT, "
            "LOCATION, PRODUCT.",
        ),
        new(parts=[{"type": "HEADER", "format": "HOLOGRAM"}]),
        path=TEMPLATES,
    ),
    Case(
        "create_footer",
        400,
        refused(2388073, "Message Footer Format Is Incorrect", "The footer cannot have variables."),
        new(parts=[{"type": "FOOTER", "text": "for {{1}}"}]),
        path=TEMPLATES,
    ),
    Case(
        "create_edges",
        400,
        refused(
            2388299,
            "Leading or Trailing Params Are Not Allowed",
            "Variables can't be at the start or end of the template.",
        ),
        new(text="Hello {{1}}"),
        path=TEMPLATES,
    ),
    Case(
        "create_dense",
        400,
        refused(
            2388293,
            "Parameters Words Ratio Exceeds Limit",
            "This template has too many variables for its length. Reduce the number of variables "
            "or increase the message length.",
        ),
        new(text="Hi {{1}} ok {{2}} !"),
        path=TEMPLATES,
    ),
    Case(
        "delete_missing",
        400,
        refused(
            2593002, "Message Template Not Found", "The message template nothing was not found."
        ),
        path=f"{TEMPLATES}?name=nothing",
        method="DELETE",
    ),
]

PROMO = template("bidding")
LATER = [
    Case(
        "undeliverable",
        0,
        later(131026, "Message undeliverable", "Message undeliverable."),
        text(to="+12025550199"),
    ),
    Case(
        "no_payment",
        0,
        later(
            131042,
            "Business eligibility payment issue",
            "Message failed to send because there were one or more errors related to your payment "
            "method.",
        ),
        text(),
        rules={"no_payment_method": True},
    ),
    Case(
        "window_closed",
        0,
        later(
            131047,
            "Re-engagement message",
            "Message failed to send because more than 24 hours have passed since the customer "
            "last replied to this number.",
        ),
        text(),
        skip_ms=24 * 3_600_000,
    ),
    Case(
        "capped",
        0,
        later(
            131049,
            "This message was not delivered to maintain healthy ecosystem engagement.",
            "In order to maintain a healthy ecosystem engagement, the message failed to be "
            "delivered.",
        ),
        PROMO,
        rules={"capped_marketing": [ASHA]},
    ),
    Case(
        "stopped",
        0,
        later(
            131050,
            "User has stopped marketing messages from this business",
            "Unable to deliver the message. This recipient has chosen to stop receiving marketing "
            "messages on WhatsApp from your business.",
        ),
        PROMO,
        rules={"stopped_marketing": [ASHA]},
    ),
    Case(
        "experiment",
        0,
        later(
            130472,
            "User's number is part of an experiment",
            "Failed to send message because this user's phone number is part of an experiment",
        ),
        PROMO,
        rules={"in_experiment": [ASHA]},
    ),
    Case(
        "media_download",
        0,
        later(
            131052, "Media download error", "Failed to download the media from the sender: HTTP 404"
        ),
        says("image", {"link": "ORIGIN/nothing.png"}),
    ),
    Case(
        "media_upload",
        0,
        later(
            131053,
            "Media upload error",
            "Unsupported Audio mime type text/plain. Please use one of audio/aac, audio/mp4, "
            "audio/mpeg, audio/amr, audio/ogg; codecs=opus.",
        ),
        says("audio", {"link": "CALLBACK?hub.verify_token=verify%2Bme&hub.challenge=1"}),
    ),
    Case(
        "held_dropped",
        0,
        later(
            132015,
            "Template is Paused",
            "Template is paused due to low quality so it cannot be sent in a template message.",
        ),
        PROMO,
        rules={"hold_templates": {"bidding": "drop"}},
    ),
    Case(
        "identity",
        0,
        later(
            137000,
            "Recipient identity key hash mismatch",
            "The recipient identity key hash supplied does not match the current one.",
        ),
        text(recipient_identity_key_hash="old"),
        rules={"identity_hashes": {ASHA: "new"}},
    ),
    Case(
        "order_transition",
        0,
        later(
            2046,
            "Order status transition is not allowed",
            "The order order-1 cannot go from completed to shipped.",
        ),
        order_status("shipped"),
        before=({"body": order_status("completed")},),
    ),
    Case(
        "order_cancel",
        0,
        later(2047, "Cannot cancel order", "The order order-1 is paid and cannot be canceled."),
        order_status("canceled"),
        before=({"body": order_status("processing", payment={"status": "captured"})},),
    ),
]

CASES = [*ACCESS, *SCHEMA, *TEMPLATE, *LATER]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared() -> AsyncIterator[tuple[Rig, FixedClock]]:
    """One emulator for all rows, reset between them: 80 servers would take longer."""
    clock = FixedClock(NOON)
    bidding = seed(
        "bidding",
        "MARKETING",
        {"type": "BODY", "text": "Tea at half price this week."},
        bid_spec={"max_price": 1},
    )
    async with callback_server() as callback:
        settings = config(
            callback_url=callback.url,
            tokens=[
                Token(token="test-access-token"),
                Token(token="old-token", expires_at=NOON - 3_600_000),
                Token(token="management-token", scopes=("whatsapp_business_management",)),
                Token(token="stranger-token", wabas=("1",)),
            ],
            rates=Rates(pair_burst=4, management_per_hour=5),
            templates=[*seeds(), bidding],
        )
        async with running(callback, settings, clock) as made:
            yield made, clock


def _placed(value: Any, callback: Callback) -> Any:
    """The case's body with the addresses of this run."""
    origin = callback.url.removesuffix("/hook")
    if isinstance(value, dict):
        return {key: _placed(inner, callback) for key, inner in value.items()}
    if isinstance(value, str):
        return value.replace("CALLBACK", callback.url).replace("ORIGIN", origin)
    return value


async def _ask(rig: Rig, case: Case) -> tuple[int, Any]:
    path = case.path
    if path.startswith("/"):
        path = f"{rig.address}{rig.emulator.config.prefix}{path}"
    if case.upload is not None:
        form = aiohttp.FormData()
        form.add_field("messaging_product", "whatsapp")
        form.add_field("file", case.upload[0], filename="x", content_type=case.upload[1])
        return await rig.call(case.method, path, token=case.token, data=form)
    if isinstance(case.body, bytes):
        kind = {"Content-Type": "application/json"}
        return await rig.call("POST", path, token=case.token, data=case.body, headers=kind)
    body = _placed(case.body, rig.callback)
    return await rig.call(case.method, path, body, token=case.token)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_each_check_answers_its_whole_body(
    shared: tuple[Rig, FixedClock], case: Case
) -> None:
    rig, clock = shared
    clock.at = NOON
    await rig.control("reset", {})
    rig.callback.posts.clear()
    await rig.writes()
    if case.rules:
        await rig.control("rules", case.rules)
    for step in case.before:
        status, _ = await rig.call(
            step.get("method", "POST"), step.get("path", f"{PNID}/messages"), step.get("body")
        )
        assert status == 200
    clock.at += case.skip_ms
    if case.fault:
        await rig.control("faults", {"name": case.fault})
    status, answer = await _ask(rig, case)
    if case.http:
        assert (status, answer) == (case.http, case.error)
        assert rig.emulator.counts[f"refused {case.id}"] == 1
        return
    assert status == 200
    wamid = answer["messages"][0]["id"]
    await rig.callback.wait(lambda: bool(rig.callback.statuses(wamid)))
    await asyncio.sleep(0)
    value = next(v for v in rig.callback.values() if v.get("statuses", [{}])[0].get("id") == wamid)
    assert value == {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": DISPLAY, "phone_number_id": PNID},
        "statuses": [
            {
                "id": wamid,
                "status": "failed",
                "timestamp": value["statuses"][0]["timestamp"],
                "recipient_id": case.body["to"].removeprefix("+"),
                "errors": [case.error],
            }
        ],
    }


def test_every_row_has_its_case() -> None:
    assert [case.id for case in CASES] == list(CHECKS)


def test_the_docs_print_the_table() -> None:
    docs = Path(__file__).parents[2] / "docs" / "emulators.md"
    assert markdown((*CHECKS.values(), *OAUTH_CHECKS.values())) in docs.read_text(encoding="utf-8")
    assert faults_markdown(FAULTS) in docs.read_text(encoding="utf-8")
