"""Every refusal of the emulated Graph API, in one table: status, code and words, as Meta's.

A check has an id, an HTTP status (0: it comes later, in a `failed` status webhook) and templates
for its message and details. `docs/emulators.md` prints this table; a test provokes each row and
compares the whole body. Wordings marked UNSURE are not confirmed by a text of Meta's.

Source: Meta, "Error codes" (15 May 2026), and bodies quoted in integrators' public threads.
"""

from __future__ import annotations

import msgspec


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """`http` 0: asynchronous. `raw`: the answer is this text and no JSON. `unsure`: the wording
    or the status is a guess."""

    id: str
    http: int
    code: int
    message: str
    details: str = ""
    when: str
    type: str = "OAuthException"
    subcode: int | None = None
    user_title: str = ""
    user_message: str = ""
    raw: str = ""
    unsure: bool = False


def _value(check_id: str, details: str, when: str, *, unsure: bool = False) -> Check:
    message = "(#131009) Parameter value is not valid"
    return Check(
        id=check_id,
        http=400,
        code=131009,
        message=message,
        details=details,
        when=when,
        unsure=unsure,
    )


def _parameter(check_id: str, details: str, when: str, *, unsure: bool = False) -> Check:
    message = "(#100) Invalid parameter"
    return Check(
        id=check_id, http=400, code=100, message=message, details=details, when=when, unsure=unsure
    )


def _template(check_id: str, subcode: int, title: str, text: str, when: str) -> Check:
    return Check(
        id=check_id,
        http=400,
        code=100,
        message="Invalid parameter",
        subcode=subcode,
        user_title=title,
        user_message=text,
        when=when,
        unsure=True,
    )


def _later(check_id: str, code: int, title: str, details: str, when: str) -> Check:
    return Check(id=check_id, http=0, code=code, message=title, details=details, when=when)


_ACCESS = [
    Check(
        id="path_unknown",
        http=400,
        code=2500,
        message="Unknown path components: /{path}",
        when="The version is newer than the newest, or the path names nothing.",
    ),
    Check(
        id="token_missing",
        http=401,
        code=104,
        message="An access token is required to request this resource.",
        when="No Authorization header and no access_token.",
        unsure=True,
    ),
    Check(
        id="token_unknown",
        http=401,
        code=190,
        message="Invalid OAuth access token - Cannot parse access token",
        when="The token is none of the account's.",
    ),
    Check(
        id="token_expired",
        http=401,
        code=190,
        subcode=463,
        message="Error validating access token: Session has expired on {expired}. "
        "The current time is {now}.",
        when="The token's time is over, or the fault token_expired is on.",
    ),
    Check(
        id="proof_missing",
        http=400,
        code=100,
        type="GraphMethodException",
        message="API calls from the server require an appsecret_proof argument",
        when="The app requires the app secret and the call brings no proof.",
    ),
    Check(
        id="proof_wrong",
        http=400,
        code=100,
        type="GraphMethodException",
        message="Invalid appsecret_proof provided in the API argument",
        when="The proof is not HMAC-SHA256 of the token under the app secret.",
    ),
    Check(
        id="object_missing",
        http=400,
        code=100,
        subcode=33,
        type="GraphMethodException",
        message="Unsupported {method} request. Object with ID '{object}' does not exist, cannot "
        "be loaded due to missing permissions, or does not support this operation. Please read "
        "the Graph API documentation at https://developers.facebook.com/docs/graph-api",
        when="No number, account, media or template has this id.",
    ),
    Check(
        id="scope_missing",
        http=403,
        code=10,
        message="(#10) Application does not have permission for this action",
        when="The token lacks the permission that the call needs.",
    ),
    Check(
        id="asset_missing",
        http=403,
        code=200,
        message="(#200) You do not have the necessary permissions required to send messages on "
        "behalf of this WhatsApp Business Account",
        when="The token is valid, but not for this account.",
    ),
    Check(
        id="app_token_needed",
        http=400,
        code=15,
        message="(#15) This method must be called with an app access_token.",
        when="App subscriptions are called with another token than APP_ID|APP_SECRET.",
    ),
    Check(
        id="number_not_registered",
        http=400,
        code=133010,
        message="(#133010) Account not registered",
        when="The number is not registered.",
    ),
    Check(
        id="account_locked",
        http=403,
        code=131031,
        message="(#131031) Business Account locked",
        details="Business account has been locked.",
        when="The rule account_locked is on.",
        unsure=True,
    ),
    Check(
        id="maintenance",
        http=500,
        code=131057,
        message="(#131057) Account in maintenance mode",
        details="Business Account is in maintenance mode",
        when="The rule maintenance is on.",
        unsure=True,
    ),
    Check(
        id="name_not_approved",
        http=400,
        code=131037,
        message="(#131037) Display name approval needed",
        details="This message could not be sent because the display name of the phone number "
        "has not been approved yet.",
        when="The rule name_not_approved is on.",
        unsure=True,
    ),
    Check(
        id="rate_number",
        http=429,
        code=130429,
        message="(#130429) Rate limit hit",
        details="Message failed to send because there were too many messages sent from this "
        "phone number in a short period of time",
        when="More than the number's messages a second, or the fault rate_429 is on.",
    ),
    Check(
        id="rate_pair",
        http=400,
        code=131056,
        message="(#131056) (Business Account, Consumer Account) pair rate limit hit",
        details="Message failed to send because there were too many messages sent from this "
        "phone number to the same phone number in a short period of time.",
        when="More messages to one person than the pair's allowance.",
    ),
    Check(
        id="rate_management",
        http=400,
        code=80007,
        message="(#80007) There have been too many calls to this WhatsApp Business account. Wait "
        "a bit and try again.",
        when="More management calls in an hour than the account may make.",
    ),
    Check(
        id="service_down",
        http=503,
        code=2,
        message="Service temporarily unavailable",
        when="The fault error_503 is on.",
    ),
    Check(
        id="server_error",
        http=500,
        code=0,
        message="",
        raw="<!DOCTYPE html><html><head><title>Error</title></head>"
        "<body><h1>Sorry, something went wrong.</h1></body></html>",
        when="The fault error_500 is on; the body is HTML.",
    ),
    Check(
        id="callback_failed",
        http=400,
        code=2200,
        message="(#2200) Callback verification failed with the following errors: {errors}",
        when="The verification GET to a callback URL did not bring the challenge back.",
    ),
    Check(
        id="override_first",
        http=400,
        code=100,
        message="(#100) Before override the current callback uri, your app must be subscribed to "
        "receive messages for WhatsApp Business Account",
        when="An override is set while the app is not subscribed to the account.",
    ),
    Check(
        id="object_type",
        http=400,
        code=100,
        message='(#100) Param object must be one of {{WHATSAPP_BUSINESS_ACCOUNT}} - got "{value}".',
        when="A subscription names another object than whatsapp_business_account.",
    ),
]

_SCHEMA = [
    _parameter(
        "json_invalid", "The request body is not valid JSON.", "Unreadable JSON.", unsure=True
    ),
    Check(
        id="required",
        http=400,
        code=100,
        message="(#100) The parameter {param} is required.",
        when="A field that the endpoint itself needs is missing (messaging_product, file, …).",
    ),
    Check(
        id="to_missing",
        http=400,
        code=100,
        message="The parameter to is required.",
        when="Neither to nor recipient.",
    ),
    Check(
        id="choice",
        http=400,
        code=100,
        message='(#100) Param {param} must be one of {{{choices}}} - got "{value}".',
        when="A word that is not in the field's list.",
    ),
    Check(
        id="kind",
        http=400,
        code=100,
        message="(#100) Param {param} must be {kind}.",
        when="The field has another JSON type.",
    ),
    _parameter(
        "too_long",
        "Param {param} must be at most {most} characters long.",
        "text.body over 4096, a caption over 1024, biz_opaque_callback_data over 512.",
    ),
    Check(
        id="type_unsupported",
        http=400,
        code=131051,
        message="(#131051) Unsupported message type",
        details="Message type {value} is not currently supported.",
        when="type is none of the message types.",
        unsure=True,
    ),
    Check(
        id="missing",
        http=400,
        code=131008,
        message="(#131008) Required parameter is missing",
        details="Parameter '{param}' is mandatory for type '{kind}'",
        when="A field that this kind of message needs is missing or empty.",
    ),
    _value("phone_wrong", "Parameter 'to' is not a valid phone number.", "to is no number."),
    _value(
        "bsuid_wrong",
        "Parameter 'recipient' is not a valid business-scoped user ID.",
        "recipient is not shaped like US.1349….",
        unsure=True,
    ),
    Check(
        id="self",
        http=400,
        code=131021,
        message="(#131021) Recipient cannot be sender",
        details="Recipient phone number cannot be the same as the sender phone number.",
        when="to is the business number itself.",
        unsure=True,
    ),
    Check(
        id="group_unknown",
        http=400,
        code=131041,
        message="(#131041) Group unknown",
        details="The group {group} does not exist or this number is not in it.",
        when="recipient_type is group: groups are not emulated.",
        unsure=True,
    ),
    Check(
        id="not_allowed",
        http=400,
        code=131030,
        message="(#131030) Recipient phone number not in allowed list",
        details="Recipient phone number not in allowed list: Add recipient phone number to "
        "recipient list and try again.",
        when="The number is in test mode and the person is not on its list (also when Argentina "
        "or Mexico is written the other way).",
    ),
    _parameter(
        "direct_send_off",
        "Direct Send isn't enabled for this account",
        "category is given while the rule direct_send is off.",
    ),
    Check(
        id="terms_missing",
        http=400,
        code=134011,
        message="(#134011) WhatsApp Payments terms of service has not been accepted",
        details="WhatsApp Payments Terms of Service acceptance pending for this WhatsApp Business "
        "Account. Please use the following link to accept terms of service before using Business "
        "APIs: https://fb.me/12345",
        when="order_details while the rule payments_terms_missing is on.",
    ),
    _value(
        "length",
        "{what} length invalid. Min length: {least}, Max length: {most}",
        "A label, title, id or text has too many or too few characters.",
    ),
    _value(
        "count",
        "{what} count invalid. Min allowed: {least}, Max allowed: {most}",
        "Too many or too few buttons, sections, rows, cards, products, contacts.",
        unsure=True,
    ),
    _value(
        "rows_total",
        "Total row count exceed max allowed count: 10",
        "More than ten rows over all sections of a list.",
    ),
    _value("duplicate", "Duplicated {what}: {value}", "Two buttons or rows alike.", unsure=True),
    _value(
        "not_allowed_here",
        "{what} is not allowed for interactive type {kind}",
        "A header, body or footer that this interactive type cannot have.",
        unsure=True,
    ),
    _value("url_wrong", "{what} is not a valid URL", "A link is not http or https.", unsure=True),
    _value("number_wrong", "{what} must be a number", "Latitude or longitude.", unsure=True),
    _value(
        "contact_name",
        "At least one other name component must be set besides formatted_name",
        "A contact card has formatted_name alone.",
        unsure=True,
    ),
    _value(
        "reaction_target",
        "Message {message_id} cannot be reacted to: it is unknown or older than 30 days",
        "The message reacted to is none of this chat's, or too old.",
        unsure=True,
    ),
    _value(
        "read_target",
        "Message ID {message_id} is not valid",
        "Mark as read of a message that is unknown or older than 30 days.",
        unsure=True,
    ),
    _value(
        "cards_differ",
        "All cards must have the same components and buttons",
        "The cards of a carousel are not alike.",
        unsure=True,
    ),
    _value(
        "order",
        "order_details: {problem}",
        "reference_id, amounts, total or status of an order.",
        unsure=True,
    ),
    _parameter(
        "media_source",
        "Exactly one of {param}['id'] and {param}['link'] must be given",
        "Media with both id and link, or neither.",
        unsure=True,
    ),
    Check(
        id="media_unknown",
        http=400,
        code=100,
        message="(#100) Param {param}['id'] is not a valid whatsapp business account media "
        "attachment ID",
        when="The media id is unknown, deleted, past its life or another number's.",
    ),
    Check(
        id="media_link",
        http=400,
        code=100,
        message="(#100) Param {param}['link'] is not a valid URI.",
        when="The link is not http or https.",
    ),
    Check(
        id="media_type",
        http=400,
        code=100,
        message="(#100) Param file must be a file with one of the following types: {types}. "
        "Received file of type '{got}'.",
        when="An upload of another type.",
    ),
    Check(
        id="media_size",
        http=400,
        code=100,
        message="(#100) Param file is too large: {what} files may have at most {most} bytes.",
        when="An upload over the size of its kind.",
        unsure=True,
    ),
    Check(
        id="media_url_expired",
        http=404,
        code=0,
        message="",
        raw="<!DOCTYPE html><html><head><title>Error</title></head>"
        "<body><h1>This content isn't available right now</h1></body></html>",
        when="A media URL is older than 5 minutes or its hash is wrong; the body is HTML.",
    ),
]

_TEMPLATES = [
    Check(
        id="template_missing",
        http=404,
        code=132001,
        message="(#132001) Template name does not exist in the translation",
        details="template name ({name}) does not exist in {language}",
        when="No approved template has this name and language.",
    ),
    Check(
        id="template_paused",
        http=400,
        code=132015,
        message="(#132015) Template is Paused",
        details="Template is paused due to low quality so it cannot be sent in a template message.",
        when="The template is paused.",
    ),
    Check(
        id="template_disabled",
        http=400,
        code=132016,
        message="(#132016) Template is Disabled",
        details="Template has been paused too many times due to low quality and is now "
        "permanently disabled.",
        when="The template is disabled.",
    ),
    Check(
        id="template_count",
        http=400,
        code=132000,
        message="(#132000) Number of parameters does not match the expected number of params",
        details="{part}: number of localizable_params ({got}) does not match the expected number "
        "of params ({want})",
        when="Header or body has another number of parameters.",
    ),
    Check(
        id="template_format",
        http=400,
        code=132012,
        message="(#132012) Parameter format does not match format in the created template",
        details="{part}: Format mismatch, expected {want}, received {got}",
        when="A parameter of another type; a media header without its media.",
    ),
    Check(
        id="template_name",
        http=400,
        code=132012,
        message="(#132012) Parameter format does not match format in the created template",
        details="{part}: Parameter name is missing or empty: {name}",
        when="A named parameter is not given by its name.",
        unsure=True,
    ),
    Check(
        id="template_cards",
        http=400,
        code=132012,
        message="(#132012) Parameter format does not match format in the created template",
        details="carousel: number of cards ({got}) does not match the expected number of cards "
        "({want})",
        when="A carousel with another number of cards than its template.",
        unsure=True,
    ),
    Check(
        id="template_long",
        http=400,
        code=132005,
        message="(#132005) Translated text too long",
        details="{part}: translated text has {got} characters, at most {most} are allowed",
        when="Header over 60 or body over 1024 characters with its parameters filled in.",
        unsure=True,
    ),
    Check(
        id="template_text",
        http=400,
        code=132018,
        message="(#132018) There was an issue with the parameters of your template",
        details="{part}: Param text cannot have new-line/tab characters or more than 4 "
        "consecutive spaces",
        when="A text parameter with a new line, a tab or five spaces.",
    ),
    Check(
        id="template_button",
        http=400,
        code=131008,
        message="(#131008) Required parameter is missing",
        details="buttons: Button at index {index} of type {kind} requires a parameter",
        when="A button with a variable gets no parameter.",
    ),
    Check(
        id="template_part",
        http=400,
        code=131008,
        message="(#131008) Required parameter is missing",
        details="Parameters of the template are missing: {part}",
        when="A limited-time offer, order details or order status without its component.",
        unsure=True,
    ),
    Check(
        id="bsuid_code",
        http=400,
        code=131062,
        message="(#131062) Business-scoped User ID (BSUID) recipients are not supported for this "
        "message.",
        details="Authentication templates cannot be sent to a Business-scoped user ID (BSUID) "
        "recipient.",
        when="An authentication template to a recipient without phone.",
        unsure=True,
    ),
    Check(
        id="bsuid_bid",
        http=400,
        code=131062,
        message="(#131062) Business-scoped User ID (BSUID) recipients are not supported for this "
        "message.",
        details="The template specified in the request uses bid_spec, which is not supported for "
        "Business-scoped user ID (BSUID) recipients.",
        when="A template with bid_spec to a recipient without phone.",
    ),
    Check(
        id="marketing_disabled",
        http=400,
        code=131063,
        message="(#131063) Marketing templates disabled for Cloud API",
        details="Your template is categorized as Marketing, but marketing templates are currently "
        "disabled for your Cloud API configuration.",
        when="A marketing template on /messages while the rule marketing_disabled is on.",
    ),
    Check(
        id="marketing_only",
        http=400,
        code=134100,
        message="(#134100) Only marketing messages are supported",
        details="Only marketing templates can be sent with the Marketing Messages API.",
        when="/marketing_messages with anything but a marketing template.",
        unsure=True,
    ),
    _template(
        "create_name",
        2388042,
        "Name is not valid",
        "Template names use lower-case letters, digits and underscores, at most 512.",
        "The name of a new template is not [a-z0-9_]{{1,512}}.",
    ),
    _template(
        "create_exists",
        2388024,
        "Content in This Language Already Exists",
        "There is already {language} content for this template. You can create a new template "
        "and try again.",
        "Name and language are taken.",
    ),
    _template(
        "create_body",
        2388072,
        "Message Template Body Format Is Not Valid",
        "The template needs a BODY component with text.",
        "A new template without body text.",
    ),
    _template(
        "create_long",
        2388040,
        "Character Limit Exceeded",
        "The {part} field has {got} characters; at most {most} are allowed.",
        "Header over 60, body over 1024, footer over 60, button text over 25.",
    ),
    _template(
        "create_header",
        2388047,
        "Message Header Format Is Incorrect",
        "The header format {format} is not one of TEXT, IMAGE, VIDEO, GIF, DOCUMENT, LOCATION, "
        "PRODUCT.",
        "The header has another format.",
    ),
    _template(
        "create_footer",
        2388073,
        "Message Footer Format Is Incorrect",
        "The footer cannot have variables.",
        "A variable in the footer.",
    ),
    _template(
        "create_edges",
        2388299,
        "Leading or Trailing Params Are Not Allowed",
        "Variables can't be at the start or end of the template.",
        "The body begins or ends with a variable.",
    ),
    _template(
        "create_dense",
        2388293,
        "Parameters Words Ratio Exceeds Limit",
        "This template has too many variables for its length. Reduce the number of variables or "
        "increase the message length.",
        "Fewer than two words a variable, or two variables side by side.",
    ),
    _template(
        "delete_missing",
        2593002,
        "Message Template Not Found",
        "The message template {name} was not found.",
        "Deleting a template that does not exist.",
    ),
]

_LATER = [
    _later(
        "undeliverable",
        131026,
        "Message undeliverable",
        "Message undeliverable.",
        "The person is not on WhatsApp, has blocked the business, or the BSUID is nobody's.",
    ),
    _later(
        "no_payment",
        131042,
        "Business eligibility payment issue",
        "Message failed to send because there were one or more errors related to your payment "
        "method.",
        "The rule no_payment_method is on.",
    ),
    _later(
        "window_closed",
        131047,
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last "
        "replied to this number.",
        "Free-form more than 24 hours after the person's last message, by the emulator's clock.",
    ),
    _later(
        "capped",
        131049,
        "This message was not delivered to maintain healthy ecosystem engagement.",
        "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
        "A marketing template to a person in the rule capped_marketing.",
    ),
    _later(
        "stopped",
        131050,
        "User has stopped marketing messages from this business",
        "Unable to deliver the message. This recipient has chosen to stop receiving marketing "
        "messages on WhatsApp from your business.",
        "A marketing template to a person who stopped them.",
    ),
    _later(
        "experiment",
        130472,
        "User's number is part of an experiment",
        "Failed to send message because this user's phone number is part of an experiment",
        "A marketing template to a person in the rule in_experiment.",
    ),
    _later(
        "media_download",
        131052,
        "Media download error",
        "Failed to download the media from the sender: {reason}",
        "A loopback link does not answer 200. Links to other machines are not fetched.",
    ),
    _later(
        "media_upload",
        131053,
        "Media upload error",
        "Unsupported {what} mime type {got}. Please use one of {types}.",
        "A loopback link answers with a type that this kind of message cannot have.",
    ),
    _later(
        "held_dropped",
        132015,
        "Template is Paused",
        "Template is paused due to low quality so it cannot be sent in a template message.",
        "A message held for quality assessment whose template did badly.",
    ),
    _later(
        "identity",
        137000,
        "Recipient identity key hash mismatch",
        "The recipient identity key hash supplied does not match the current one.",
        "recipient_identity_key_hash is not the person's current one.",
    ),
    _later(
        "order_transition",
        2046,
        "Order status transition is not allowed",
        "The order {reference} cannot go from {before} to {after}.",
        "An order_status that its order cannot reach.",
    ),
    _later(
        "order_cancel",
        2047,
        "Cannot cancel order",
        "The order {reference} is paid and cannot be canceled.",
        "Canceling an order that is paid.",
    ),
]

CHECKS: dict[str, Check] = {check.id: check for check in (*_ACCESS, *_SCHEMA, *_TEMPLATES, *_LATER)}
