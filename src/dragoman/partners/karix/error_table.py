"""What Karix can refuse a message with, in neutral words, with what to do.

NOT CONFIRMED as a whole: Karix publishes no codes. `statusCode` of an answer is "200" for success
and is taken for the HTTP status that it looks like otherwise; one of 4xx and 5xx that has no row
here counts as 400 or 500. `code` of a delivery report is taken for Meta's own code, whose table is
`_cloud.error_table`.
"""

from __future__ import annotations

from dragoman.domain.errors import Code, Concerns
from dragoman.domain.sentences import words
from dragoman.partners._cloud.known import Known

_MESSAGE = Concerns.MESSAGE

ERRORS: dict[str, Known] = {
    "400": Known(
        Code.INVALID,
        _MESSAGE,
        "Karix refused a value in this message ({said}): correct it and send it again.",
    ),
    "401": Known(
        Code.TOKEN,
        Concerns.TOKEN,
        "Karix does not accept the Account Key ({said}): copy it again, whole, from the mail of "
        "the Karix support team. Sending waits meanwhile.",
    ),
    "402": Known(
        Code.BILLING,
        Concerns.ACCOUNT,
        "Karix did not send because of the account's balance ({said}): settle it with Karix. "
        "Sending waits meanwhile.",
    ),
    "403": Known(
        Code.PERMISSION,
        Concerns.NUMBER,
        "Karix does not let this account send from this number ({said}): check From with the "
        "Karix support team. Sending waits meanwhile.",
    ),
    "404": Known(
        Code.INVALID,
        _MESSAGE,
        "Karix does not know something that this message names ({said}): check the template's "
        "name, and the Base URL in the channel.",
    ),
    "413": Known(
        Code.TOO_LONG, _MESSAGE, "The message is larger than Karix takes ({said}): shorten it."
    ),
    "429": Known(
        Code.RATE,
        Concerns.NUMBER,
        "This number sends faster than Karix allows; sending slows down and the message is tried "
        "again.",
        retryable=True,
    ),
    "500": Known(
        Code.UNAVAILABLE,
        Concerns.PARTNER,
        "Karix's service failed for the moment ({said}); the message is tried again.",
        retryable=True,
    ),
    "503": Known(
        Code.UNAVAILABLE,
        Concerns.PARTNER,
        "Karix's service is busy or down for the moment; the message is tried again.",
        retryable=True,
    ),
}

words({f"karix_error_{key}": known.text for key, known in ERRORS.items()})
