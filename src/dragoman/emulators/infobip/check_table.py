"""Every refusal of the emulated Infobip, in one table: status and words, as Infobip's.

Three kinds. A *call* is refused as a whole, in the older or the newer shape of error, as its
endpoint has it. A *field* is one message among a body's violations. A *status* refuses a message
that was accepted: in the answer (`http` 200) or in its delivery report (0). The documentation
prints this table; a test provokes each row and compares the whole body. `unsure`: the words, the
status or the moment are the likeliest guess.

Source: Infobip's OpenAPI documents 3.210 (July 2026), "Response status and error codes", and
bodies that integrators published.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

LEGACY: dict[int, tuple[str, str]] = {
    400: ("BAD_REQUEST", "Bad request"),
    401: ("UNAUTHORIZED", "Unauthorized"),
    403: ("FORBIDDEN", "Forbidden"),
    404: ("NOT_FOUND", "Not found"),
    409: ("CONFLICT", "Conflict"),
    429: ("TOO_MANY_REQUESTS", "Too many requests"),
    500: ("GENERAL_ERROR", "Something went wrong. Please contact support."),
    503: ("GENERAL_ERROR", "Something went wrong. Please contact support."),
}
"""HTTP status → messageId and text of the older shape."""


def _page(name: str, path: str) -> list[dict[str, str]]:
    return [{"name": name, "url": f"https://www.infobip.com/docs/essentials/{path}"}]


PLATFORM: dict[int, tuple[str, str, str, list[dict[str, str]]]] = {
    400: (
        "E400",
        "Request cannot be processed.",
        "Check the syntax, violations and adjust the request.",
        [],
    ),
    401: (
        "E401",
        "The request lacks valid authentication credentials for the requested resource.",
        "Check the resources and adjust authentication credentials.",
        _page("API Authentication", "api-authentication"),
    ),
    403: (
        "E403",
        "Insufficient permissions to access the requested resource.",
        "Repeat the request with new or different credentials.",
        _page("API Scopes", "api-essentials/api-authorization#api-scopes"),
    ),
    404: (
        "E404",
        "Requested resource not found.",
        "Check the resource and try again.",
        [],
    ),
    429: (
        "E429",
        "Too many requests sent.",
        "Check request rate limit specified in the API endpoint documentation resource.",
        _page(
            "Throttling handling errors", "integration-best-practices#throttling-handling-errors"
        ),
    ),
    500: ("E500", "Something went wrong.", "Contact the support.", []),
    503: ("E500", "Something went wrong.", "Contact the support.", []),
}
"""HTTP status → errorCode, description, action, resources of the newer shape."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """`says` empty: the usual words of the HTTP status. `raw`: the answer is this text. `bare`:
    `{"error": …}`. `property`: the newer shape names it as a violation."""

    id: str
    when: str
    kind: Literal["call", "field", "status"] = "call"
    http: int = 400
    says: str = ""
    code: str = ""
    action: str = ""
    property: str = ""
    raw: str = ""
    bare: bool = False
    status: int = 0
    error: int = 0
    unsure: bool = False


def _call(check_id: str, http: int, when: str, **more: Any) -> Check:
    return Check(id=check_id, http=http, when=when, **more)


def _field(check_id: str, says: str, when: str, *, unsure: bool = False) -> Check:
    return Check(id=check_id, kind="field", says=says, when=when, unsure=unsure)


def _status(
    check_id: str, status: int, error: int, when: str, *, http: int = 0, unsure: bool = False
) -> Check:
    return Check(
        id=check_id,
        kind="status",
        http=http,
        status=status,
        error=error,
        when=when,
        unsure=unsure,
    )


_CALLS = [
    _call("path_unknown", 404, "The path is none of the API's, such as /whatsapp/1/logs."),
    _call("auth_missing", 401, "No Authorization header."),
    _call(
        "auth_wrong",
        401,
        "Wrong username, password, key or token.",
        says="Invalid login details",
    ),
    _call(
        "auth_expired",
        401,
        "The key or token has expired, or the fault credentials_expired is on.",
        says="Invalid login details",
        unsure=True,
    ),
    _call("scope_missing", 403, "The API key lacks the scope of the endpoint."),
    _call("sender_missing", 404, "The sender in the path is none of the account's."),
    _call("thing_missing", 404, "No template, payment, identity or configuration is there."),
    _call("media_missing", 404, "The media is unknown, deleted or older than 7 days.", unsure=True),
    _call(
        "read_target",
        400,
        "Mark as read of a message that is unknown.",
        says="Message {message_id} was not found.",
        bare=True,
        unsure=True,
    ),
    _call("too_many", 429, "More requests a second than the endpoint takes, or fault rate_429."),
    _call("general_error", 500, "The fault general_error is on."),
    _call("service_down", 503, "The fault error_503 is on.", unsure=True),
    _call(
        "server_error",
        500,
        "The fault error_500 is on; the body is HTML.",
        raw="<html><head><title>500 Internal Server Error</title></head><body></body></html>",
        unsure=True,
    ),
    _call("json_invalid", 400, "Unreadable JSON.", unsure=True),
    _call(
        "body_wrong",
        400,
        "A field has another JSON type, or a word that is not in its list.",
        unsure=True,
    ),
    _call(
        "template_null",
        400,
        "An object or array of a template send is missing.",
        says="messages.null.{path} must not be null",
        unsure=True,
    ),
    _call(
        "template_unknown",
        400,
        "The sender's account has no template of this name and language.",
        says="Template not found",
        property="template",
        unsure=True,
    ),
    _call(
        "template_exists",
        400,
        "A new template has the name and language of another.",
        says="Template with given name and language already exists",
        unsure=True,
    ),
    _call(
        "template_fixed",
        400,
        "Editing a template that is not approved, rejected or paused.",
        says="Template cannot be edited",
        unsure=True,
    ),
    _call("hash_conflict", 409, "Confirming an identity with a hash that is not current."),
    _call(
        "flow_sender",
        404,
        "A call on flows names a sender that is not the account's.",
        says="Sender not found.",
        code="WA-FLOW-SENDER404",
        action="Please check the sender and try again.",
    ),
]
_FIELDS = [
    _field("blank", "must not be blank", "A text that is needed is missing, empty or spaces."),
    _field("null", "must not be null", "An object, array, number or flag that is needed."),
    _field("size", "size must be between {least} and {most}", "A text or array is too long."),
    _field("url", "is not a valid url", "Not an http or https address."),
    _field("least", "must be greater than or equal to {least}", "A number is too small."),
    _field("most", "must be less than or equal to {most}", "A number is too large."),
    _field("date", "must be in the YYYY-MM-DD format", "A contact's birthday."),
    _field("email", "must be a well-formed email address", "A contact's or payer's e-mail."),
    _field(
        "pattern",
        'must match "{pattern}"',
        "A template's name, a payment's id, a postal code.",
        unsure=True,
    ),
    _field("buttons_unique", "ids and titles must be unique", "Two reply buttons alike."),
    _field(
        "rows_total",
        "number of rows must be between 1 and 10",
        "A list without rows, or with more than ten over all sections.",
    ),
    _field("rows_unique", "row's ids must be unique across sections", "Two rows with one id."),
    _field(
        "titles_blank",
        "titles must not be blank when more than one section provided",
        "Two sections, one without a title.",
    ),
    _field(
        "products_total",
        "number of products must be between 1 and 30",
        "More than thirty products over all sections.",
    ),
    _field("products_unique", "products in section must be unique", "One product twice."),
    _field(
        "placeholder_text",
        "cannot have new-line/tab characters or more than 4 consecutive spaces",
        "The placeholder of a template's text header.",
    ),
    _field(
        "order_total",
        "totalAmount must be sum of subtotal, tax and shipping reduced by discount",
        "The sum of an order is wrong.",
    ),
    _field(
        "order_catalog",
        "if catalogId is not present then originCountry, importerName and importerAddress must be "
        "specified",
        "UPI_PAYU without a catalogue, and an item without these.",
    ),
    _field("order_sale", "saleAmount must be less than amount", "An item's sale price."),
    _field(
        "not_null",
        "must be null",
        "paymentConfiguration with a payment that forbids it; flowActionPayload without NAVIGATE.",
        unsure=True,
    ),
    _field(
        "payments_same",
        "all payments must have the same id",
        "BRAZIL_PAYMENTS with two ids.",
        unsure=True,
    ),
    _field(
        "only_button",
        "must be the only button",
        "CATALOG, MULTI_PRODUCT or ORDER_DETAILS beside another button.",
        unsure=True,
    ),
    _field(
        "buttons_kinds",
        "at most 2 URL, 1 COPY_CODE and 1 FLOW buttons are allowed",
        "More of these buttons in a template send.",
        unsure=True,
    ),
    _field(
        "channels",
        "must have one destination for each channel",
        "Failover without byChannel, or with a channel missing.",
        unsure=True,
    ),
    _field(
        "adaptation",
        "is not supported by WHATSAPP",
        "adaptationMode false, and a part that WhatsApp does not have.",
        unsure=True,
    ),
    _field("flow_name", "Flow with given name already exists.", "A new flow's name is taken."),
]
_STATUSES = [
    _status(
        "duplicate_id",
        23,
        0,
        "messageId was used before.",
        http=200,
        unsure=True,
    ),
    _status("no_credit", 12, 0, "The rule no_credit is on; a report follows.", http=200),
    _status("not_registered", 18, 0, "A trial account, and the person is not verified."),
    _status("destination", 52, 351, "`to` is neither a number nor a BSUID.", unsure=True),
    _status("sender_unknown", 4, 7034, "`from` is none of the account's senders.", unsure=True),
    _status("unknown_user", 4, 7002, "The person is not on WhatsApp, or the BSUID is nobody's."),
    _status("blocked_user", 4, 7003, "The person has blocked the business."),
    _status("identity", 4, 7029, "The rule identity_hashes has a hash that is not confirmed."),
    _status("template_invalid", 4, 7009, "The template is not approved, or has other parts."),
    _status("template_args", 4, 7008, "Another number of placeholders, a button without its own."),
    _status("opted_out", 4, 7033, "A marketing template to a person in stopped_marketing."),
    _status("capped", 4, 7032, "A marketing template to a person in capped_marketing."),
    _status("no_session", 4, 7010, "Free-form more than 24 hours after the person's last message."),
    _status("flow_invalid", 4, 7031, "The rule bad_flows has the flow."),
    _status("tier", 4, 7016, "The rule tier_used_up is on."),
    _status("meta_rate", 4, 7017, "More messages a second than a number may send, or a pair."),
    _status("media_hosting", 4, 7013, "A link to this machine does not answer 200."),
    _status("media_metadata", 4, 7015, "A link to this machine brings more bytes than allowed."),
    _status("media_unsupported", 4, 7022, "A link to this machine brings another type."),
    _status("expired", 15, 4101, "The rule phones_off has the person.", unsure=True),
]

CHECKS: dict[str, Check] = {check.id: check for check in (*_CALLS, *_FIELDS, *_STATUSES)}
