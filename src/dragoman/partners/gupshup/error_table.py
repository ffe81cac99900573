"""What Gupshup refuses a message with, in neutral words, with what to do.

`ERRORS` maps `table/code` to its meaning: `enterprise` are the numbers in an Enterprise answer,
`report` the causes in its delivery reports, `access` the codes of the Access API (in answers and in
*failed* events), `http` what a bare status means. Codes of five digits and more are Meta's, whose
table is `_cloud.error_table`.

NOT CONFIRMED: of the Enterprise numbers only 101, 102 and 105 are known, and the causes of failed
deliveries are not published; what is not here is shown as Gupshup wrote it.

Source: Gupshup, "Error and status messages"; partner documentation, "Error codes".
"""

from __future__ import annotations

from dragoman.domain.errors import Code, Concerns
from dragoman.domain.sentences import Sentence, words
from dragoman.partners._cloud.errors import meaning
from dragoman.partners._cloud.known import Known
from dragoman.partners.replies import reason, shown_raw

_MESSAGE = Concerns.MESSAGE
_CONTACT = Concerns.CONTACT
_NUMBER = Concerns.NUMBER
_ACCOUNT = Concerns.ACCOUNT
_TOKEN = Concerns.TOKEN
_PARTNER = Concerns.PARTNER

ENTERPRISE: dict[str, Known] = {
    "enterprise/101": Known(
        Code.TOKEN,
        _TOKEN,
        "Gupshup does not know the account ({said}): check WABA ID and User id in the channel. "
        "Sending waits meanwhile.",
    ),
    "enterprise/102": Known(
        Code.TOKEN,
        _TOKEN,
        "Gupshup does not accept the WABA ID (or User id) together with the password ({said}): "
        "copy both again from the Gupshup WhatsApp Dashboard. Sending waits meanwhile.",
    ),
    "enterprise/105": Known(
        Code.INVALID,
        _CONTACT,
        "Gupshup says that the person's phone number is not one ({said}): check it.",
    ),
    "report/UNKNOWN_SUBSCRIBER": Known(
        Code.NOT_ON_WHATSAPP,
        _CONTACT,
        "The person's number is not on WhatsApp ({said}): reach them another way.",
    ),
}

ACCESS: dict[str, Known] = {
    "access/470": Known(
        Code.WINDOW_CLOSED,
        _CONTACT,
        "More than 24 hours have passed since the person last wrote ({said}): send an approved "
        "template, or wait for them to write.",
    ),
    "access/500": Known(
        Code.UNAVAILABLE,
        _PARTNER,
        "Gupshup's service failed for the moment ({said}); the message is tried again.",
        retryable=True,
    ),
    "access/1001": Known(
        Code.UNKNOWN,
        _MESSAGE,
        "Gupshup could not route the message, because the bot that was last mapped to the person "
        "failed ({said}): check the app's mapping at Gupshup.",
    ),
    "access/1002": Known(
        Code.NOT_ON_WHATSAPP,
        _CONTACT,
        "The person's number does not exist on WhatsApp ({said}): reach them another way.",
    ),
    "access/1003": Known(
        Code.BILLING,
        _ACCOUNT,
        "Gupshup did not send because the wallet's balance is too low ({said}): recharge it. "
        "Sending waits meanwhile.",
    ),
    "access/1004": Known(
        Code.WINDOW_CLOSED,
        _CONTACT,
        "The person's session has ended, and template messages are switched off for the account "
        "({said}): have them switched on at Gupshup, or wait for the person to write.",
    ),
    "access/1005": Known(
        Code.TEMPLATE_MISSING,
        _MESSAGE,
        "The message matches no approved template ({said}): compare text and values with the "
        "template, letter by letter.",
    ),
    "access/1006": Known(
        Code.NOT_OPTED_IN,
        _CONTACT,
        "The person has not opted in to templates ({said}): record their consent at Gupshup first.",
    ),
    "access/1007": Known(
        Code.NOT_OPTED_IN,
        _CONTACT,
        "The person has not opted in, and the message matches no template ({said}): record their "
        "consent, and compare the message with the template.",
    ),
    "access/1008": Known(
        Code.NOT_OPTED_IN,
        _CONTACT,
        "The person has not opted in, and their session has ended ({said}): record their consent "
        "and send a template, or wait for them to write.",
    ),
    "access/1010": Known(
        Code.MEDIA,
        _MESSAGE,
        "Gupshup cannot use the file's address ({said}): check that it is public and answers "
        "without a login.",
    ),
    "access/1011": Known(
        Code.MEDIA,
        _MESSAGE,
        "The file is larger than its kind may be ({said}): send a smaller one.",
    ),
    "access/1012": Known(
        Code.OPTED_OUT,
        _CONTACT,
        "The person has opted out of your messages ({said}): send none until they opt in again.",
    ),
    "access/4001": Known(
        Code.RATE,
        _NUMBER,
        "The app sends faster than Gupshup allows ({said}); sending slows down and the message is "
        "tried again.",
        retryable=True,
    ),
    "access/4002": Known(
        Code.UNAVAILABLE,
        _MESSAGE,
        "WhatsApp gave Gupshup an answer that it could not read ({said}): look at the message, and "
        "send it again by hand where it did not arrive.",
    ),
    "access/4003": Known(
        Code.TEMPLATE_MISSING,
        _MESSAGE,
        "Gupshup has no template of this id or text ({said}): check it in Gupshup's console.",
    ),
    "access/4004": Known(
        Code.UNSUPPORTED,
        _MESSAGE,
        "This message is possible for numbers on Meta's Cloud API only ({said}): ask Gupshup to "
        "migrate the number, or send something else.",
    ),
    "access/4005": Known(
        Code.TEMPLATE_PAUSED,
        _MESSAGE,
        "The template is paused for low quality ({said}): wait until it is resumed, or use "
        "another.",
    ),
}

HTTP: dict[str, Known] = {
    "http/400": Known(
        Code.INVALID,
        _MESSAGE,
        "Gupshup refused a value in this message ({said}): correct it and send it again.",
    ),
    "http/401": Known(
        Code.TOKEN,
        _TOKEN,
        "Gupshup does not accept the channel's credentials ({said}): copy them again, and check "
        "that they are of the API that the channel is set to. Sending waits meanwhile.",
    ),
    "http/403": Known(
        Code.PERMISSION,
        _NUMBER,
        "Gupshup does not let this account send from this number ({said}): check both with "
        "Gupshup. Sending waits meanwhile.",
    ),
    "http/404": Known(
        Code.INVALID,
        _MESSAGE,
        "Gupshup does not know something that this call names ({said}): check app name, app ID "
        "and Base URL in the channel.",
    ),
    "http/429": Known(
        Code.RATE,
        _NUMBER,
        "Gupshup takes no more messages for the moment ({said}); sending slows down and the "
        "message is tried again.",
        retryable=True,
    ),
}

ERRORS: dict[str, Known] = {**ENTERPRISE, **ACCESS, **HTTP}

words({f"gupshup_error_{key}": known.text for key, known in ERRORS.items()})
words(
    {
        "gupshup_error_unknown": "Gupshup refused the message: {said}",
        "gupshup_failed": "Gupshup reported the message as failed: {said}",
        "gupshup_failed_silently": "Gupshup reported the message as failed and did not say why.",
    }
)

_UNKNOWN = Known(Code.UNKNOWN, _MESSAGE, "")


def problem(table: str, code: str, said: str) -> tuple[Known, Sentence]:
    """What a code means, and the sentence with Gupshup's words in it."""
    for key in (f"{table}/{code}", f"{table}/{said.strip().upper()}", f"access/{code}"):
        # The Access API's codes are those of delivery as well.
        if key in ERRORS and (not key.startswith("access/") or table in ("access", "report")):
            args = {"said": reason(said, code)}
            return ERRORS[key], Sentence(f"gupshup_error_{key}", args)
    if len(code) >= 5:
        meta = meaning({"code": code, "message": said})
        if meta.known.text:
            return meta.known, meta.sentence
    name = "gupshup_failed" if table == "report" else "gupshup_error_unknown"
    return _UNKNOWN, Sentence(name, {"said": shown_raw(code, said)})
