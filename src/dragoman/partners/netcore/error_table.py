"""What Netcore refuses a message with, in neutral words, with what to do.

`ERRORS` maps Netcore's code to its meaning; `denied` is its "Access Denied", and `http/…` what a
bare status means. Reports of failed messages say why in words only (`status_remark`), which
`REMARKS` maps to the same codes.

NOT CONFIRMED: the words of remarks, except that of a person who is not opted in, and the HTTP
statuses of refusals.

Source: Netcore Cloud, "Error codes".
"""

from __future__ import annotations

import re

from dragoman.domain.errors import Code, Concerns
from dragoman.domain.sentences import Sentence, term, words
from dragoman.partners._cloud.known import Known
from dragoman.partners.replies import reason, shown_raw

_MESSAGE = Concerns.MESSAGE
_CONTACT = Concerns.CONTACT
_NUMBER = Concerns.NUMBER
_PARTNER = Concerns.PARTNER

ERRORS: dict[str, Known] = {
    "8001": Known(
        Code.INVALID,
        _MESSAGE,
        "The message lacks a value that Netcore needs ({said}): add it and send it again.",
    ),
    "8002": Known(
        Code.NOT_OPTED_IN,
        _CONTACT,
        "The person is not opted in at Netcore ({said}): record their consent there, or switch "
        "*Bypass opt-in* on if Netcore granted it.",
    ),
    "8003": Known(
        Code.NOT_ON_WHATSAPP,
        _CONTACT,
        "The person's number is not on WhatsApp ({said}): reach them another way.",
    ),
    "8004": Known(
        Code.TOKEN,
        Concerns.TOKEN,
        "Netcore does not know the client behind the API Key of {number} ({said}): copy the key "
        "again, or ask Netcore whether the account is active. Sending from it waits meanwhile.",
    ),
    "8005": Known(
        Code.UNAVAILABLE,
        _PARTNER,
        "Netcore had a technical error ({said}); the message is tried again.",
        retryable=True,
    ),
    "8006": Known(
        Code.INVALID,
        _MESSAGE,
        "Netcore refused a value in this message ({said}): correct it and send it again.",
    ),
    "8007": Known(
        Code.WINDOW_CLOSED,
        _CONTACT,
        "More than 24 hours have passed since the person last wrote ({said}): send an approved "
        "template, or wait for them to write.",
    ),
    "8008": Known(
        Code.MEDIA,
        _MESSAGE,
        "Netcore cannot use the file ({said}): check that its address is public and its type "
        "allowed, or upload it again.",
    ),
    "denied": Known(
        Code.TOKEN,
        Concerns.TOKEN,
        'Netcore answered "Access Denied" to the API Key of {number}: each number has a key of '
        "its own; copy the one of {number} again, or make a new one with *Create API Key*. Sending "
        "from it waits meanwhile.",
    ),
    "template": Known(
        Code.TEMPLATE_MISSING,
        _MESSAGE,
        "Netcore knows no such template ({said}): check its name and language against the "
        "approved ones of this number.",
    ),
    "http/400": Known(
        Code.INVALID,
        _MESSAGE,
        "Netcore refused this call without one of its codes ({said}): check the message's values.",
    ),
    "http/404": Known(
        Code.INVALID,
        Concerns.ACCOUNT,
        "Netcore does not know the address of this call ({said}): check Base URL in the channel. "
        "Sending waits meanwhile.",
    ),
    "http/413": Known(
        Code.TOO_LONG, _MESSAGE, "The message is larger than Netcore takes ({said}): shorten it."
    ),
    "http/429": Known(
        Code.RATE,
        _NUMBER,
        "{number} sends faster than Netcore allows ({said}); sending slows down and the message is "
        "tried again.",
        retryable=True,
    ),
}

REMARKS: tuple[tuple[str, str], ...] = (
    (r"not opted[ -]?in|opt[ -]?in", "8002"),
    (r"template.*(?:does not exist|not found|unknown|not approved)", "template"),
    (r"does not exist|not (?:a|on) whatsapp|invalid (?:whatsapp )?(?:user|contact)", "8003"),
    (r"24[ -]?(?:hours?|hrs?)|session|window", "8007"),
    (r"media|attachment", "8008"),
)

words({f"netcore_error_{key}": known.text for key, known in ERRORS.items()})
words(
    {
        "netcore_error_unknown": "Netcore refused the message: {said}",
        "netcore_failed": "Netcore reported the message as failed: {said}",
        "netcore_failed_silently": "Netcore reported the message as failed and did not say why.",
    }
)

_UNKNOWN = Known(Code.UNKNOWN, _MESSAGE, "")


def code_in(remark: str) -> str:
    """The code that a report's words name; "" for none."""
    written = re.search(r"\b800[1-8]\b", remark)
    return "" if written is None else written[0]


def code_of(remark: str) -> str:
    """The code that a report's words name or stand for; "" for none."""
    said = remark.lower()
    meant = (code for pattern, code in REMARKS if re.search(pattern, said))
    return code_in(remark) or next(meant, "")


def problem(code: str, said: str, number: str, *, reported: bool = False) -> tuple[Known, Sentence]:
    """What a code means, and the sentence with Netcore's words in it."""
    if code in ERRORS:
        args = {
            "said": reason(said, code.removeprefix("http/")),
            "number": f"+{number}" if number else term("this number"),
        }
        used = {key: value for key, value in args.items() if f"{{{key}}}" in ERRORS[code].text}
        return ERRORS[code], Sentence(f"netcore_error_{code}", used)
    if reported and not code and not said:
        return _UNKNOWN, Sentence("netcore_failed_silently")
    name = "netcore_failed" if reported else "netcore_error_unknown"
    return _UNKNOWN, Sentence(name, {"said": shown_raw(code, said)})
