"""Settings as people paste them from Netcore's console, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dragoman.domain.sentences import Sentence, words
from dragoman.partners.contract import Complaint
from dragoman.partners.form import Reading, lacking, read_number, slip

from .settings import NUMBER_FIELDS, SEND_HOST, SETTINGS, Number, Settings

words(
    {
        "netcore_key_is_number": "{label}: this is a phone number; paste the API key that belongs "
        "to it.",
        "netcore_key_is_meta": "{label}: this is an access token of Meta's; paste Netcore's own "
        "API key.",
        "netcore_key_short": "{label}: it is only {length} characters long; copy it whole.",
        "netcore_key_twice": "{label}: this is the key of another number as well; Netcore has one "
        "for each number.",
        "netcore_source_twice": "{label}: another number has the same one, so reports could not be "
        "told apart; leave it empty, and the number is sent in its place.",
        "netcore_header_short": "{label}: it is only {length} characters long; make it 16 or more, "
        "so that nobody can guess it.",
        "netcore_header_line": "{label}: there is a line break inside; a header is one line.",
        "netcore_header_half": "{label} is missing: name and value of the webhook header belong "
        "together; give both, or neither.",
        "netcore_base_has_path": "{label}: {value!r} ends in the path of a call, which is added "
        "for each one; leave it out.",
    }
)

_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_SOURCE = re.compile(r"[\x21-\x7e]{1,64}")
_PATH = re.compile(r"/api(/v2(/.*)?)?$", re.IGNORECASE)
_LEAST_KEY, _LEAST_HEADER = 8, 16
_LABELS = {field.name: field.label for field in SETTINGS}


def read_settings(values: Mapping[str, Any]) -> tuple[Settings, Sequence[Complaint]]:
    """Settings from a form, a file or the CLI, and what is wrong with them."""
    reading = Reading(SETTINGS, values)
    settings = Settings(
        numbers=_numbers(reading),
        bypass_opt_in=reading.switch("bypass_opt_in"),
        priority=reading.switch("priority"),
        header_name=_header_name(reading),
        header_value=_header_value(reading),
        base_url=_base_url(reading),
    )
    return settings, reading.complaints


def _numbers(reading: Reading) -> Mapping[str, Number]:
    """Numbers in any spelling, each once, each with a key that no other has."""
    out: dict[str, Number] = {}
    for spelled, one in reading.group("numbers"):
        digits, wrong = read_number(str(spelled))
        if wrong is not None:
            reading.complain("numbers", wrong, value=str(spelled))
            continue
        if digits in out:
            reading.complain("numbers", "form_number_twice", value=str(spelled))
            continue
        key = _key(one)
        if key and one.fine("api_key") and any(key == other.api_key for other in out.values()):
            one.complain("api_key", "netcore_key_twice")
        source = _source(one)
        if source and one.fine("source") and any(source == n.source for n in out.values()):
            one.complain("source", "netcore_source_twice")
        out[digits] = Number(key, source)
    return out


def _key(reading: Reading) -> str:
    key = reading.pasted("api_key")
    if not key or not reading.fine("api_key"):
        return key
    if re.fullmatch(r"\+?[0-9][0-9()-]{6,18}", key):
        reading.complain("api_key", "netcore_key_is_number")
    elif key.startswith("EAA") and len(key) > 40:
        reading.complain("api_key", "netcore_key_is_meta")
    elif len(key) < _LEAST_KEY:
        reading.complain("api_key", "netcore_key_short", length=len(key))
    return key


def _source(reading: Reading) -> str:
    value = reading.pasted("source")
    if value and reading.fine("source") and not _SOURCE.fullmatch(value):
        shape = "a source is letters, digits and hyphens, as Netcore issued it."
        reading.complain("source", "form_id_wrong", value=value, shape=shape)
    return value


def _header_name(reading: Reading) -> str:
    value = reading.pasted("header_name")
    if value and reading.fine("header_name") and not _HEADER.fullmatch(value):
        shape = "a header's name is letters, digits and hyphens, without the colon."
        reading.complain("header_name", "form_id_wrong", value=value, shape=shape)
    return value


def _header_value(reading: Reading) -> str:
    """Any text of one line: *Bearer* and a space belong to it, where they stand there."""
    value = reading.text("header_value")
    if not value or not reading.fine("header_value"):
        return value
    found = slip(value)
    if "\n" in value or "\r" in value:
        reading.complain("header_value", "netcore_header_line")
    elif found is not None and found[0] not in ("form_has_scheme", "form_has_space"):
        reading.complain("header_value", found[0], **found[1])
    elif len(value) < _LEAST_HEADER:
        reading.complain("header_value", "netcore_header_short", length=len(value))
    return value


def _base_url(reading: Reading) -> str:
    """A host. People paste the whole address of a call, which has its own sentence."""
    value = reading.text("base_url")
    if value and not re.search(r"\s", value) and _PATH.search(value.rstrip("/")):
        reading.complain("base_url", "netcore_base_has_path", value=value)
        return value
    return reading.base_url("base_url", SEND_HOST.removeprefix("https://"))


def missing(settings: Settings) -> Sequence[Complaint]:
    """What stands in the way of enabling the channel."""
    out = [lacking(field) for field in SETTINGS if field.required and not settings.numbers]
    for digits, number in settings.numbers.items():
        if not number.api_key:
            out.append(lacking(NUMBER_FIELDS[0], f"numbers.{digits}."))
    if bool(settings.header_name) != bool(settings.header_value):
        name = "header_value" if settings.header_name else "header_name"
        out.append(Complaint(name, Sentence("netcore_header_half", {"label": _LABELS[name]})))
    return out


def numbers(settings: Settings) -> Sequence[str]:
    """The channel's numbers, which are their own keys."""
    return tuple(settings.numbers)
