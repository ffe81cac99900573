"""Pigeon Post's coos: what it refuses a note with, and why a bird was lost."""

from __future__ import annotations

from dragoman.domain.errors import Code, Concerns
from dragoman.domain.sentences import Sentence, words
from dragoman.partners._cloud.known import Known

ERRORS: dict[str, Known] = {
    "11": Known(
        Code.INVALID,
        Concerns.MESSAGE,
        "Pigeon Post refused a line of this note ({said}): correct it and send it again.",
    ),
    "12": Known(
        Code.TOKEN,
        Concerns.TOKEN,
        "Pigeon Post does not accept the Loft key: copy it again from Loft > Keys > Show. Sending "
        "waits meanwhile.",
    ),
    "13": Known(
        Code.PERMISSION,
        Concerns.NUMBER,
        "Pigeon Post does not know the Loft number: correct it in the channel. Sending waits "
        "meanwhile.",
    ),
    "17": Known(
        Code.RATE,
        Concerns.NUMBER,
        "The loft is full: sending slows down and the message is tried again.",
        retryable=True,
    ),
    "21": Known(
        Code.WINDOW_CLOSED,
        Concerns.CONTACT,
        "The person has not written for 24 hours: send a template.",
    ),
    "22": Known(
        Code.NOT_ON_WHATSAPP,
        Concerns.CONTACT,
        "The person is not on WhatsApp: check the number.",
    ),
    "31": Known(
        Code.TEMPLATE_MISSING,
        Concerns.MESSAGE,
        "Pigeon Post has no such stamp ({said}): check the template's name and language.",
    ),
    "50": Known(
        Code.UNAVAILABLE,
        Concerns.PARTNER,
        "Pigeon Post does not fly for the moment; the message is tried again.",
        retryable=True,
    ),
}

words({f"pigeon_coo_{coo}": known.text for coo, known in ERRORS.items()})
words(
    {
        "pigeon_coo_unknown": "Pigeon Post refused the message with coo {code}, which is not known "
        "here: {said}",
    }
)

_UNKNOWN = Known(Code.UNKNOWN, Concerns.MESSAGE, "")


def problem(coo: str, said: str) -> tuple[Known, Sentence]:
    """What a coo means, and its sentence."""
    known = ERRORS.get(coo)
    told = said or "no reason given"
    if known is None:
        return _UNKNOWN, Sentence("pigeon_coo_unknown", {"code": coo, "said": told})
    args = {"said": told} if "{said}" in known.text else {}
    return known, Sentence(f"pigeon_coo_{coo}", args)
