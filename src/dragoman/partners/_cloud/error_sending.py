"""Errors about messages and templates. See `error_table`."""

from __future__ import annotations

from dragoman.domain.errors import Code, Concerns

from .known import Known

_MESSAGE = Concerns.MESSAGE
_CONTACT = Concerns.CONTACT
_NUMBER = Concerns.NUMBER
_ACCOUNT = Concerns.ACCOUNT
_TOKEN = Concerns.TOKEN
_PARTNER = Concerns.PARTNER

SENDING: dict[str, Known] = {
    "1026": Known(
        Code.UNSUPPORTED,
        _CONTACT,
        "The person's WhatsApp cannot show this kind of message: send them plain text.",
    ),
    "2040": Known(
        Code.PAYMENT,
        _CONTACT,
        "The person's WhatsApp does not support payments: send a payment link as text.",
    ),
    "2046": Known(
        Code.PAYMENT,
        _MESSAGE,
        "The order cannot go from its last status to this one: completed and canceled are final, "
        "and nothing returns to pending.",
    ),
    "2047": Known(
        Code.PAYMENT,
        _MESSAGE,
        "The order cannot be canceled because it is paid: refund it instead.",
    ),
    "131000": Known(
        Code.UNAVAILABLE,
        _PARTNER,
        "Something went wrong at WhatsApp, it does not say what; the message is tried again. If "
        "it stays, open a ticket with Meta.",
        retryable=True,
    ),
    "131005": Known(
        Code.PERMISSION,
        _TOKEN,
        "The token may not do this: give it the permission whatsapp_business_messaging (and "
        "accept the payments terms, for payments).",
    ),
    "131008": Known(
        Code.INVALID,
        _MESSAGE,
        "The message lacks a value that WhatsApp needs: {said} Add it and send it again.",
    ),
    "131009": Known(
        Code.INVALID,
        _MESSAGE,
        "WhatsApp refused a value in this message: {said} Correct it and send it again.",
    ),
    "131016": Known(
        Code.UNAVAILABLE,
        _PARTNER,
        "WhatsApp's service is unavailable for the moment; the message is tried again.",
        retryable=True,
    ),
    "131020": Known(
        Code.GROUP,
        _MESSAGE,
        "The group has no one else in it: invite people before you write to it.",
    ),
    "131021": Known(
        Code.INVALID,
        _CONTACT,
        "The message is addressed to the number that sends it: choose another recipient.",
    ),
    "131026": Known(
        Code.NOT_ON_WHATSAPP,
        _CONTACT,
        "WhatsApp could not deliver this: the number is not on WhatsApp, its app is too old, or "
        "the person has blocked you or not accepted WhatsApp's terms. Reach them another way.",
    ),
    "131030": Known(
        Code.NOT_ALLOWED_RECIPIENT,
        _CONTACT,
        "Test numbers write only to allowed people: add this phone under Meta app › WhatsApp › "
        "API Setup › To. Write Argentina's mobiles with 54 (no 9) and Mexico's with 52 (no 1).",
    ),
    "131035": Known(
        Code.EXPIRED,
        _NUMBER,
        "WhatsApp could not hand over messages within your short storage time: keep the webhook "
        "reachable or store messages longer.",
    ),
    "131036": Known(
        Code.EXPIRED,
        _CONTACT,
        "One of the person's devices did not get the message, because WhatsApp no longer stored "
        "it: store messages longer in the number's settings.",
    ),
    "131037": Known(
        Code.PERMISSION,
        _NUMBER,
        "The number's display name is not approved yet: wait for the review, or change the name "
        "in WhatsApp Manager › Phone numbers.",
    ),
    "131041": Known(
        Code.GROUP,
        _MESSAGE,
        "WhatsApp does not know this group: it may have been deleted.",
    ),
    "131042": Known(
        Code.BILLING,
        _ACCOUNT,
        "WhatsApp did not deliver because of the account's payment method: check it in WhatsApp "
        "Manager › Billing. Sending waits meanwhile.",
    ),
    "131044": Known(
        Code.BILLING,
        _MESSAGE,
        "Calling needs a payment method: add one in WhatsApp Manager › Billing.",
    ),
    "131045": Known(
        Code.NUMBER_NOT_REGISTERED,
        _NUMBER,
        "The number's certificate is wrong, so it is not properly registered: register the "
        "number again with its two-step PIN.",
    ),
    "131047": Known(
        Code.WINDOW_CLOSED,
        _CONTACT,
        "More than 24 hours have passed since the person last wrote, so free-form messages are "
        "not delivered: send an approved template, or wait for them to write.",
    ),
    "131049": Known(
        Code.MARKETING_CAPPED,
        _CONTACT,
        "WhatsApp held this marketing message back because the person gets enough of them: wait "
        "at least 24 hours, and longer each time, before another.",
    ),
    "131050": Known(
        Code.OPTED_OUT,
        _CONTACT,
        "The person has stopped marketing messages from your business: send them none until "
        "they resume; replies and utility templates still arrive.",
    ),
    "131051": Known(
        Code.UNSUPPORTED,
        _MESSAGE,
        "WhatsApp does not support this type of message: {said} Use one of the documented types.",
    ),
    "131052": Known(
        Code.MEDIA,
        _MESSAGE,
        "WhatsApp could not fetch the file: {said} Check that its address is public, answers "
        "without a login and serves the right type, or upload the file.",
    ),
    "131053": Known(
        Code.MEDIA,
        _MESSAGE,
        "WhatsApp refused the file: {said} Check its type, codec and size.",
    ),
    "131055": Known(
        Code.UNSUPPORTED,
        _MESSAGE,
        "This endpoint does not take this message: only marketing templates may go through the "
        "marketing endpoint.",
    ),
    "131059": Known(
        Code.INVALID,
        _MESSAGE,
        "The page marker of the list is no longer valid: read the list again from its start.",
    ),
    "131060": Known(
        Code.UNKNOWN,
        _MESSAGE,
        "WhatsApp does not hand this message over: it was written before the number was "
        "connected, or on a device that has not synchronised. Ask the person to send it again.",
    ),
    "131062": Known(
        Code.UNSUPPORTED,
        _MESSAGE,
        "This message cannot go to a business-scoped user id: it needs the person's phone "
        "number. Ask for it with a contact request.",
    ),
    "131063": Known(
        Code.UNSUPPORTED,
        _MESSAGE,
        "Marketing templates are switched off for the ordinary endpoint of this account: send "
        "this one through the marketing endpoint.",
    ),
    "134011": Known(
        Code.PAYMENT,
        _MESSAGE,
        "The terms of WhatsApp Payments are not accepted: {said}",
    ),
    "134100": Known(
        Code.UNSUPPORTED,
        _MESSAGE,
        "Only marketing templates may go through the marketing endpoint: send this one the "
        "ordinary way.",
    ),
    "134101": Known(
        Code.UNAVAILABLE,
        _MESSAGE,
        "The template is still being copied to the marketing service, which takes about ten "
        "minutes; the message is tried again after that.",
        retryable=True,
        wait=600,
    ),
    "134102": Known(
        Code.TEMPLATE_MISSING,
        _MESSAGE,
        "The template is not available at the marketing endpoint: check it in WhatsApp Manager, "
        "or send it the ordinary way.",
    ),
    "135000": Known(
        Code.INVALID,
        _MESSAGE,
        "WhatsApp refused the message without saying what is wrong ({said}): check its values. "
        "Held template batches that were judged badly end this way too.",
    ),
    "137000": Known(
        Code.IDENTITY_CHANGED,
        _CONTACT,
        "The person's identity key has changed since you last checked it: verify who they are, "
        "then accept the new key.",
    ),
    "139200": Known(
        Code.UNSUPPORTED,
        _MESSAGE,
        "WhatsApp did not take this as a direct utility message: send it as an approved template.",
    ),
}

TEMPLATES: dict[str, Known] = {
    "132000": Known(
        Code.TEMPLATE_PARAMETERS,
        _MESSAGE,
        "The number of values does not match the template's variables ({said}): give exactly as "
        "many as it has.",
    ),
    "132001": Known(
        Code.TEMPLATE_MISSING,
        _MESSAGE,
        "There is no approved template of this name in this language ({said}): check the name "
        "and the language code in WhatsApp Manager.",
    ),
    "132005": Known(
        Code.TEMPLATE_PARAMETERS,
        _MESSAGE,
        "The template's text is too long with these values: shorten them.",
    ),
    "132007": Known(
        Code.TEMPLATE_PARAMETERS,
        _MESSAGE,
        "The template's text breaks a WhatsApp policy with these values: change them.",
    ),
    "132008": Known(
        Code.TEMPLATE_PARAMETERS,
        _MESSAGE,
        "A value for the template is not valid ({said}): correct it.",
    ),
    "132012": Known(
        Code.TEMPLATE_PARAMETERS,
        _MESSAGE,
        "A value has another format than the template was approved with ({said}): match its "
        "header, body and button types.",
    ),
    "132015": Known(
        Code.TEMPLATE_PAUSED,
        _MESSAGE,
        "The template is paused for low quality: wait until Meta resumes it, or use another.",
    ),
    "132016": Known(
        Code.TEMPLATE_DISABLED,
        _MESSAGE,
        "The template was paused too often for low quality and is disabled for good: make a new "
        "one with other content.",
    ),
    "132018": Known(
        Code.TEMPLATE_PARAMETERS,
        _MESSAGE,
        "A value for the template is not valid ({said}): no line breaks, tabs or more than four "
        "spaces in a row.",
    ),
    "132068": Known(
        Code.FLOW,
        _MESSAGE,
        "The Flow is blocked: repair it in WhatsApp Manager › Flows.",
    ),
    "132069": Known(
        Code.FLOW,
        _MESSAGE,
        "The Flow is throttled after many errors and sends ten messages an hour: repair its "
        "endpoint.",
    ),
}
