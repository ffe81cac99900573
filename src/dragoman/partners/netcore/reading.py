"""Settings as people paste them from Netcore's console, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dragoman.domain.sentences import term, words
from dragoman.partners import fixed_header
from dragoman.partners.contract import Complaint
from dragoman.partners.form import META_TOKEN, Reading, Slip, lacking, read_number

from .settings import NUMBER_FIELDS, SEND_HOST, SETTINGS, Number, Settings

words(
    {
        "netcore_key_is_number": "{label}: this is a phone number; paste the API key that belongs "
        "to it.",
        "netcore_key_is_meta": "{label}: this is an access token of Meta's; paste Netcore's own "
        "API key.",
        "netcore_key_twice": "{label}: this is the key of another number as well; Netcore has one "
        "for each number.",
        "netcore_source_twice": "{label}: another number has the same one, so reports could not be "
        "told apart; leave it empty, and the number is sent in its place.",
    }
)

_PATH = re.compile(r"/api(/v2(/.*)?)?$", re.IGNORECASE)
_KEY = (
    Slip(r"\+?[0-9][0-9()-]{6,18}", "netcore_key_is_number"),
    Slip(META_TOKEN, "netcore_key_is_meta"),
    Slip(".{1,7}", "form_short", ("length",)),
)
_SHAPE = {"shape": term("a source is letters, digits and hyphens, as Netcore issued it.")}
_SOURCE = (Slip(r"(?![\x21-\x7e]{1,64}$).+", "form_id_wrong", ("value",), _SHAPE),)


def read_settings(values: Mapping[str, Any]) -> tuple[Settings, Sequence[Complaint]]:
    """Settings from a form, a file or the CLI, and what is wrong with them."""
    reading = Reading(SETTINGS, values)
    settings = Settings(
        numbers=_numbers(reading),
        bypass_opt_in=reading.switch("bypass_opt_in"),
        priority=reading.switch("priority"),
        header_name=fixed_header.read_name(reading),
        header_value=fixed_header.read_value(reading),
        base_url=reading.base_url("base_url", SEND_HOST.removeprefix("https://"), _PATH),
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
        key = one.pasted("api_key", _KEY)
        if key and one.fine("api_key") and any(key == other.api_key for other in out.values()):
            one.complain("api_key", "netcore_key_twice")
        source = one.pasted("source", _SOURCE)
        if source and one.fine("source") and any(source == n.source for n in out.values()):
            one.complain("source", "netcore_source_twice")
        out[digits] = Number(key, source)
    return out


def missing(settings: Settings) -> Sequence[Complaint]:
    """What stands in the way of enabling the channel."""
    out = [lacking(field) for field in SETTINGS if field.required and not settings.numbers]
    for digits, number in settings.numbers.items():
        if not number.api_key:
            out.append(lacking(NUMBER_FIELDS[0], f"numbers.{digits}."))
    return out + fixed_header.half(settings)


def numbers(settings: Settings) -> Sequence[str]:
    """The channel's numbers, which are their own keys."""
    return tuple(settings.numbers)
