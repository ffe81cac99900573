"""The settings of a Pigeon Post channel: as a value, as a form, and read from what people paste."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from dragoman.partners.contract import Complaint, Field, Give
from dragoman.partners.form import Reading, lacking

BASE_URL = "https://loft.pigeon.example"
_KEY = re.compile(r"LK-[A-Z0-9]{12}")
_SEAL = re.compile(r"[a-z]+(-[a-z]+){3}")


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """number: digits with country code. seal: what webhooks are sealed with, empty where the loft
    has none."""

    number: str = ""
    loft_key: str = ""
    seal: str = ""
    base_url: str = BASE_URL


SETTINGS: Sequence[Field] = (
    Field(
        "number",
        "Loft number",
        "The WhatsApp business number of this loft, with its country code.",
        kind="number",
        required=True,
        where_to_find="Loft > Numbers",
    ),
    Field(
        "loft_key",
        "Loft key",
        "It goes with every note.",
        kind="secret",
        required=True,
        where_to_find="Loft > Keys > Show",
    ),
    Field(
        "seal",
        "Seal",
        "Four words. What arrives without them in its seal is refused.",
        kind="secret",
        where_to_find="Loft > Arrivals",
    ),
    Field(
        "base_url",
        "Base URL",
        "Change it only for an emulator.",
        kind="url",
        default=BASE_URL,
        advanced=True,
    ),
)

GIVES: Sequence[Give] = (
    Give("webhook_url", "Arrivals address", "{webhook_url}", "Loft > Arrivals > Address"),
    Give("authorization", "Authorization", "{authorization}", "Loft > Arrivals, if it is asked"),
)


def read_settings(values: Mapping[str, Any]) -> tuple[Settings, Sequence[Complaint]]:
    reading = Reading(SETTINGS, values)
    settings = Settings(
        number=reading.number("number"),
        loft_key=_shaped(reading, "loft_key", _KEY, "LK- and twelve capitals or digits."),
        seal=_shaped(reading, "seal", _SEAL, "four words with hyphens between them."),
        base_url=reading.base_url("base_url", BASE_URL.removeprefix("https://")),
    )
    return settings, reading.complaints


def _shaped(reading: Reading, name: str, pattern: re.Pattern[str], shape: str) -> str:
    """A secret of a known shape; the complaint shows no more of it than its beginning."""
    value = reading.pasted(name)
    if value and reading.fine(name) and not pattern.fullmatch(value):
        reading.complain(name, "form_id_wrong", value=value[:3] + "…", shape=shape)
    return value


def missing(settings: Settings) -> Sequence[Complaint]:
    return [lacking(f) for f in SETTINGS if f.required and not getattr(settings, f.name)]


def numbers(settings: Settings) -> Sequence[str]:
    return (settings.number,) if settings.number else ()
