"""A header that both sides know, where a partner signs nothing but can send one along with each of
its webhooks. Two settings, `header_name` and `header_value`, which belong together; `guarded` and
`uses_authorization` are the partner's own, imported by name.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from typing import Protocol

from dragoman.domain.sentences import Sentence, term, words

from .contract import Complaint, Field, Hook, HookAnswer, Refused
from .form import Reading, Slip, slip

words(
    {
        "fixed_header_missing": "The webhook had no header {name}, so it did not come from "
        "{partner}, or the header is not set there yet.",
        "fixed_header_wrong": "The webhook's header {name} is another than the channel's: have the "
        "same value set at {partner}.",
        "fixed_header_short": "{label}: it is only {length} characters long; make it 16 or more, "
        "so that nobody can guess it.",
        "fixed_header_line": "{label}: there is a line break inside; a header is one line.",
        "fixed_header_letters": "{label}: it has letters that no header can carry; use plain "
        "letters, digits and signs.",
        "fixed_header_half": "{label} is missing: name and value of the webhook header belong "
        "together; give both, or neither.",
    }
)

_SHAPE = {"shape": term("a header's name is letters, digits and hyphens, without the colon.")}
_NAME = (Slip("(?![A-Za-z0-9-]{1,64}$).+", "form_id_wrong", ("value",), _SHAPE),)
_VALUE = re.compile(r"[\x20-\x7e]*")
_LEAST = 16
_INVALID = HookAnswer(401, b"Invalid webhook header")


class _Settings(Protocol):
    @property
    def header_name(self) -> str: ...

    @property
    def header_value(self) -> str: ...


def fields(help: str) -> tuple[Field, Field]:
    """The two of the form. help: whether and how the partner sends such a header."""
    return (
        Field(
            "header_name",
            "Name of the webhook header",
            help,
            advanced=True,
            guards=True,
        ),
        Field(
            "header_value",
            "Value of the webhook header",
            "A long random text. Webhooks without it are refused.",
            kind="secret",
            advanced=True,
            guards=True,
        ),
    )


def guarded(settings: _Settings) -> bool:
    return bool(settings.header_name and settings.header_value)


def uses_authorization(settings: _Settings) -> bool:
    return guarded(settings) and settings.header_name.lower() == "authorization"


def read_name(reading: Reading) -> str:
    return reading.pasted("header_name", _NAME)


def read_value(reading: Reading) -> str:
    """Any text of one line: *Bearer* and a space belong to it, where they stand there."""
    value = reading.text("header_value")
    if not value or not reading.fine("header_value"):
        return value
    found = slip(value)
    if "\n" in value or "\r" in value:
        reading.complain("header_value", "fixed_header_line")
    elif found is not None and found[0] not in ("form_has_scheme", "form_has_space"):
        reading.complain("header_value", found[0], **found[1])
    elif len(value) < _LEAST:
        reading.complain("header_value", "fixed_header_short", length=len(value))
    elif not _VALUE.fullmatch(value):
        reading.complain("header_value", "fixed_header_letters")
    return value


def half(settings: _Settings) -> list[Complaint]:
    """That one of the two is there without the other."""
    if bool(settings.header_name) == bool(settings.header_value):
        return []
    lacks = "header_value" if settings.header_name else "header_name"
    label = next(field.label for field in fields("") if field.name == lacks)
    return [Complaint(lacks, Sentence("fixed_header_half", {"label": label}))]


def checked(partner: str) -> Callable[[Hook, _Settings, int], Refused | None]:
    """The `authenticate` of a partner: compared in constant time; nothing where none is set."""

    def authenticate(hook: Hook, settings: _Settings, now: int) -> Refused | None:
        if not guarded(settings):
            return None
        told = {"name": settings.header_name, "partner": partner}
        given = hook.headers.get(settings.header_name.lower())
        if given is None:
            return Refused(_INVALID, Sentence("fixed_header_missing", told))
        ours = settings.header_value.encode()
        if not hmac.compare_digest(given.strip().encode("utf-8", "replace"), ours):
            return Refused(_INVALID, Sentence("fixed_header_wrong", told))
        return None

    return authenticate
