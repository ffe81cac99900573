"""What Infobip refuses or fails a message with, in neutral words, with what to do.

`ERRORS` maps a key to its meaning: `7010` is an error's id in a report, `status/12` a status (in a
report without an error, or in the answer to a send), `http/401` a refusal of a call.

What is marked *permanent: false* by Infobip is worth sending again by hand; after a report of
failure the platform never does that by itself.

NOT CONFIRMED: which status goes with which error, and the wording of both; only ids are read.

Source: Infobip, "Response, status and error codes" (2026).
"""

from __future__ import annotations

from dragoman.domain.errors import Code, Concerns
from dragoman.domain.sentences import Sentence, words
from dragoman.partners._cloud.known import Known
from dragoman.partners.replies import reason, shown_raw

_MESSAGE = Concerns.MESSAGE
_CONTACT = Concerns.CONTACT
_NUMBER = Concerns.NUMBER
_ACCOUNT = Concerns.ACCOUNT
_TOKEN = Concerns.TOKEN
_PARTNER = Concerns.PARTNER

REPORTED: dict[str, Known] = {
    "1": Known(
        Code.NOT_ON_WHATSAPP,
        _CONTACT,
        "The person's number does not exist or is not in use: check it, or reach them another way.",
    ),
    "255": Known(
        Code.UNKNOWN,
        _MESSAGE,
        "Infobip could not deliver the message and does not say why: try it again later.",
    ),
    "351": Known(
        Code.INVALID,
        _CONTACT,
        "Infobip says that the person's number is not a valid one: check it.",
    ),
    "2052": Known(
        Code.BLOCKED,
        _CONTACT,
        "The person's number is on a list of blocked recipients at Infobip: take it off there, or "
        "reach them another way.",
    ),
    "2053": Known(
        Code.ACCOUNT_LOCKED,
        _NUMBER,
        "Our number is on a list of blocked senders at Infobip: ask Infobip's support why.",
    ),
    "4100": Known(
        Code.EXPIRED,
        _MESSAGE,
        "The message was canceled at Infobip before it was delivered: send it again if it is "
        "still wanted.",
    ),
    "4101": Known(
        Code.EXPIRED,
        _CONTACT,
        "The person's phone was not reached before the message's time was over: try again when "
        "they are back.",
    ),
    "4103": Known(
        Code.PAIR_RATE,
        Concerns.PAIR,
        "The person got too many messages from us in a short time: wait before the next one.",
    ),
    "7001": Known(
        Code.INVALID,
        _MESSAGE,
        "Infobip does not know the application that the message names: check applicationId.",
    ),
    "7002": Known(
        Code.NOT_ON_WHATSAPP,
        _CONTACT,
        "The person is not on WhatsApp, or their number is wrong: reach them another way.",
    ),
    "7003": Known(
        Code.BLOCKED,
        _CONTACT,
        "The person has blocked our number, or WhatsApp restricts them: reach them another way.",
    ),
    "7004": Known(
        Code.PERMISSION,
        _NUMBER,
        "Infobip's own access to WhatsApp was refused for this number: ask Infobip's support.",
    ),
    "7005": Known(
        Code.PERMISSION,
        _NUMBER,
        "WhatsApp forbids this to our number: ask Infobip's support what it lacks.",
    ),
    "7006": Known(
        Code.INVALID,
        _MESSAGE,
        "WhatsApp refused a value in this message ({said}): correct it and send it again.",
    ),
    "7007": Known(
        Code.UNSUPPORTED,
        _MESSAGE,
        "This kind of message does not fit the sort of traffic that our number is set up for: ask "
        "Infobip's support to change it.",
    ),
    "7008": Known(
        Code.TEMPLATE_PARAMETERS,
        _MESSAGE,
        "The values do not fit the template ({said}): give one for each place, and one for each "
        "quick reply and each address with a variable.",
    ),
    "7009": Known(
        Code.TEMPLATE_MISSING,
        _MESSAGE,
        "The template does not exist in this language, is not approved, or is built otherwise: "
        "check it under Infobip portal › WhatsApp › Templates.",
    ),
    "7010": Known(
        Code.WINDOW_CLOSED,
        _CONTACT,
        "More than 24 hours have passed since the person last wrote, so free-form messages are not "
        "delivered: send an approved template, or wait for them to write.",
    ),
    "7011": Known(
        Code.ACCOUNT_LOCKED,
        _ACCOUNT,
        "Something is wrong with our WhatsApp account: see Infobip portal › WhatsApp, and ask "
        "Infobip's support.",
    ),
    "7012": Known(
        Code.UNAVAILABLE,
        _NUMBER,
        "Our number is not set up completely at Infobip: ask Infobip's support.",
    ),
    "7013": Known(
        Code.MEDIA,
        _MESSAGE,
        "Infobip could not fetch the file from its address: check that it can be reached without "
        "a login.",
    ),
    "7014": Known(
        Code.MEDIA,
        _MESSAGE,
        "Infobip could not hand the file over to WhatsApp: send it again, and check its type and "
        "size if that fails.",
    ),
    "7015": Known(
        Code.MEDIA,
        _MESSAGE,
        "The file's type or size is not what WhatsApp allows for this kind of message.",
    ),
    "7016": Known(
        Code.SPAM_RATE,
        _NUMBER,
        "WhatsApp limits our number for its quality, or its daily limit is reached: send less, to "
        "people who asked, and see its rating under Infobip portal › WhatsApp › Senders.",
    ),
    "7017": Known(
        Code.RATE,
        _NUMBER,
        "Our number sent faster than WhatsApp allows: send the message again, more slowly.",
    ),
    "7018": Known(
        Code.UNKNOWN,
        _MESSAGE,
        "Infobip could not translate the message for WhatsApp: ask Infobip's support.",
    ),
    "7019": Known(
        Code.BILLING,
        _ACCOUNT,
        "WhatsApp did not deliver because of the account's payment method: ask Infobip's support.",
    ),
    "7020": Known(
        Code.UNSUPPORTED,
        _CONTACT,
        "The person's phone cannot show this message, or they have not accepted WhatsApp's terms: "
        "send plain text.",
    ),
    "7021": Known(
        Code.ACCOUNT_LOCKED,
        _NUMBER,
        "WhatsApp restricts what our number may do: see WhatsApp Manager › Account quality.",
    ),
    "7022": Known(
        Code.MEDIA,
        _MESSAGE,
        "WhatsApp does not support this sort of file: send it as a document, or in another format.",
    ),
    "7023": Known(
        Code.INVALID,
        _MESSAGE,
        "What the message says of itself does not fit together ({said}): correct it and send it "
        "again.",
    ),
    "7024": Known(
        Code.UNAVAILABLE,
        _MESSAGE,
        "Messages may not be sent at this time of day: send it again within the allowed hours.",
    ),
    "7025": Known(
        Code.UNSUPPORTED,
        _CONTACT,
        "The person's WhatsApp is too old for this message: send plain text.",
    ),
    "7026": Known(
        Code.RATE,
        _NUMBER,
        "WhatsApp's limit for this kind of message is reached: wait, or send another kind.",
    ),
    "7027": Known(
        Code.INVALID,
        _MESSAGE,
        "WhatsApp blocked the content of the message for breaking its policy: change it.",
    ),
    "7029": Known(
        Code.IDENTITY_CHANGED,
        _CONTACT,
        "The person's security code has changed, and the channel asks for it to be confirmed "
        "before it writes to them again.",
    ),
    "7030": Known(
        Code.OPTED_OUT,
        _CONTACT,
        "The person has blocked messages made from this template: do not send it to them again.",
    ),
    "7031": Known(
        Code.FLOW,
        _MESSAGE,
        "The Flow is a draft, blocked, slowed down or retired: check its state in WhatsApp "
        "Manager › Flows.",
    ),
    "7032": Known(
        Code.MARKETING_CAPPED,
        _CONTACT,
        "WhatsApp held this marketing message back because the person gets enough of them: wait "
        "at least a day before another.",
    ),
    "7033": Known(
        Code.OPTED_OUT,
        _CONTACT,
        "The person has stopped marketing messages from your business: send them none until they "
        "resume; replies still arrive.",
    ),
    "7034": Known(
        Code.NUMBER_NOT_REGISTERED,
        _NUMBER,
        "Our number is not registered with WhatsApp at Infobip: check it under Infobip portal › "
        "WhatsApp › Senders.",
    ),
    "7035": Known(
        Code.PAIR_RATE,
        Concerns.PAIR,
        "The person was asked too often whether they may be called: wait before asking again.",
    ),
    "7036": Known(
        Code.UNAVAILABLE,
        _MESSAGE,
        "The template is not ready for marketing messages yet: send it again in ten minutes.",
    ),
    "7037": Known(
        Code.TEMPLATE_MISSING,
        _MESSAGE,
        "The template cannot be used for marketing messages: check it in WhatsApp Manager.",
    ),
    "7038": Known(
        Code.UNSUPPORTED,
        _ACCOUNT,
        "A WhatsApp account of this type may not send this: ask Infobip's support to migrate it.",
    ),
    "7050": Known(
        Code.UNAVAILABLE,
        _PARTNER,
        "WhatsApp's service failed for the moment: send the message again.",
    ),
    "7051": Known(
        Code.UNAVAILABLE,
        _PARTNER,
        "WhatsApp did not answer Infobip in time: send the message again if it did not arrive.",
    ),
    "7052": Known(
        Code.UNKNOWN,
        _MESSAGE,
        "WhatsApp reported the message as failed and did not say why ({said}).",
    ),
    "7080": Known(
        Code.UNAVAILABLE,
        _PARTNER,
        "Infobip's service failed within: send the message again.",
    ),
    "7081": Known(
        Code.PERMISSION,
        _NUMBER,
        "Our number may not send this, or not to this country, as it is set up at Infobip: ask "
        "Infobip's support.",
    ),
    "7082": Known(
        Code.UNAVAILABLE,
        _PARTNER,
        "Infobip's way to WhatsApp was interrupted: send the message again.",
    ),
    "7083": Known(
        Code.PERMISSION,
        _ACCOUNT,
        "WhatsApp is not switched on for our Infobip account: ask Infobip's support.",
    ),
    "7084": Known(
        Code.NUMBER_NOT_REGISTERED,
        _NUMBER,
        "Infobip lacks data about our number: finish its registration under Infobip portal › "
        "WhatsApp › Senders.",
    ),
    "7102": Known(
        Code.INVALID,
        _CONTACT,
        "The person cannot be found by their phone number: write to their user id instead.",
    ),
    "7201": Known(
        Code.UNSUPPORTED,
        _CONTACT,
        "The person's device does not support this message: send something simpler.",
    ),
    "7280": Known(
        Code.UNKNOWN,
        _MESSAGE,
        "WhatsApp has had this message before: the first one counts.",
    ),
    "7281": Known(
        Code.PERMISSION,
        _TOKEN,
        "Infobip does not accept where the message came from: ask its support.",
    ),
}

STATUSES: dict[str, Known] = {
    "status/4": Known(
        Code.UNKNOWN,
        _MESSAGE,
        "WhatsApp refused the message and Infobip does not say why ({said}).",
    ),
    "status/6": Known(
        Code.UNSUPPORTED,
        _CONTACT,
        "Infobip has no way to the person's network: reach them another way.",
    ),
    "status/8": Known(
        Code.INVALID,
        _CONTACT,
        "The person's number lacks a known country code: write it with one.",
    ),
    "status/9": Known(
        Code.UNKNOWN,
        _CONTACT,
        "The message was sent and did not reach the person ({said}).",
    ),
    "status/10": Known(
        Code.OPTED_OUT,
        _CONTACT,
        "The person is on a do-not-disturb list: do not write to them.",
    ),
    "status/11": Known(
        Code.BLOCKED,
        _NUMBER,
        "Our number is blocked as a sender in the Infobip account: take it off that list. Sending "
        "waits meanwhile.",
    ),
    "status/12": Known(
        Code.BILLING,
        _ACCOUNT,
        "The Infobip account has no credit left: top it up. Sending waits meanwhile.",
    ),
    "status/13": Known(
        Code.NUMBER_NOT_REGISTERED,
        _NUMBER,
        "Infobip refuses our number as a sender: check it under Infobip portal › WhatsApp › "
        "Senders. Sending waits meanwhile.",
    ),
    "status/14": Known(
        Code.BLOCKED,
        _CONTACT,
        "The person is on the Infobip account's list of blocked recipients: take them off it, or "
        "do not write to them.",
    ),
    "status/15": Known(
        Code.EXPIRED,
        _CONTACT,
        "The message waited too long for the person's phone: try again when they are back.",
    ),
    "status/17": Known(
        Code.BILLING,
        _ACCOUNT,
        "The Infobip account's prepaid package has ended: buy another. Sending waits meanwhile.",
    ),
    "status/18": Known(
        Code.NOT_ALLOWED_RECIPIENT,
        _CONTACT,
        "A trial account of Infobip writes only to numbers that were verified: verify this one in "
        "the portal, or upgrade the account.",
    ),
    "status/19": Known(
        Code.UNSUPPORTED,
        _ACCOUNT,
        "The Infobip account has no route for WhatsApp: ask Infobip's support. Sending waits "
        "meanwhile.",
    ),
    "status/20": Known(
        Code.PAIR_RATE,
        Concerns.PAIR,
        "Infobip's flood filter held the message back: the same went to this person too often.",
    ),
    "status/21": Known(
        Code.UNAVAILABLE,
        _PARTNER,
        "Infobip's service failed on this message: send it again.",
    ),
    "status/23": Known(
        Code.UNKNOWN,
        _MESSAGE,
        "Infobip has had a message of this id before and did not send it twice: the first one "
        "counts, and its report tells what became of it.",
    ),
    "status/25": Known(
        Code.TOO_LONG,
        _MESSAGE,
        "The message is longer than Infobip takes ({said}): shorten it.",
    ),
    "status/29": Known(
        Code.UNKNOWN,
        _MESSAGE,
        "Nobody told Infobip what became of the message in time; it may have arrived.",
    ),
    "status/31": Known(
        Code.UNAVAILABLE,
        _MESSAGE,
        "Infobip did not send the message ({said}): send it again.",
    ),
    "status/51": Known(
        Code.INVALID,
        _CONTACT,
        "The message names no recipient that Infobip can read ({said}): check the number.",
    ),
    "status/52": Known(
        Code.INVALID,
        _CONTACT,
        "Infobip refuses the person's number ({said}): check it.",
    ),
    "status/87": Known(
        Code.BLOCKED,
        _MESSAGE,
        "Infobip's protection against fraud blocked the message: ask Infobip's support.",
    ),
    "status/100": Known(
        Code.UNKNOWN,
        _MESSAGE,
        "Infobip's platform refused the message ({said}).",
    ),
}

HTTP: dict[str, Known] = {
    "http/400": Known(
        Code.INVALID,
        _MESSAGE,
        "Infobip refused a value in this message ({said}): correct it and send it again.",
    ),
    "http/400/template": Known(
        Code.TEMPLATE_MISSING,
        _MESSAGE,
        "Infobip does not know this template in this language for this number: check name and "
        "language under Infobip portal › WhatsApp › Templates.",
    ),
    "http/401": Known(
        Code.TOKEN,
        _TOKEN,
        "Infobip does not accept the account's login ({said}): copy the API key, or the username "
        "and password, again, and check that this machine's address may use it. Sending waits "
        "meanwhile.",
    ),
    "http/403": Known(
        Code.PERMISSION,
        _TOKEN,
        "The account's login may not do this ({said}): give the API key the scope message:send, "
        "and check applicationId and entityId. Sending waits meanwhile.",
    ),
    "http/404": Known(
        Code.INVALID,
        _MESSAGE,
        "Infobip does not know something that this call names ({said}): check the number and the "
        "Base URL in the channel.",
    ),
    "http/429": Known(
        Code.RATE,
        _ACCOUNT,
        "The account calls Infobip faster than it may; sending slows down and the message is tried "
        "again.",
        retryable=True,
    ),
    "http/500": Known(
        Code.UNAVAILABLE,
        _PARTNER,
        "Infobip's service failed for the moment ({said}); the message is tried again under the "
        "same id.",
        retryable=True,
    ),
    "http/503": Known(
        Code.UNAVAILABLE,
        _PARTNER,
        "Infobip's service is busy or down for the moment; the message is tried again under the "
        "same id.",
        retryable=True,
    ),
}

ERRORS: dict[str, Known] = {**REPORTED, **STATUSES, **HTTP}

words({f"infobip_error_{key}": known.text for key, known in ERRORS.items()})
words(
    {
        "infobip_error_unknown": "Infobip refused the message: {said}",
        "infobip_failed": "Infobip reported the message as failed: {said}",
        "infobip_failed_silently": "Infobip reported the message as failed and did not say why.",
    }
)

_UNKNOWN = Known(Code.UNKNOWN, _MESSAGE, "")


def problem(key: str, otherwise: str, code: str, said: str) -> tuple[Known, Sentence]:
    """What a key means, and the sentence with Infobip's words in it. otherwise: the sentence of an
    unknown one, whose code is shown as it came."""
    known = ERRORS.get(key)
    if known is None:
        return _UNKNOWN, Sentence(otherwise, {"said": shown_raw(code, said)})
    args = {"said": reason(said)} if "{said}" in known.text else {}
    return known, Sentence(f"infobip_error_{key}", args)
