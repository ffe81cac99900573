"""Settings as people paste them out of a mail, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dragoman.domain.sentences import term, words
from dragoman.partners import fixed_header
from dragoman.partners.contract import Complaint
from dragoman.partners.form import Reading, is_meta_token, lacks, slip

from .settings import BASE_URL, SETTINGS, WEBHOOK_DN_ID, Settings

words(
    {
        "karix_key_is_number": "{label}: {value!r} is a number; the key is letters and digits "
        "that end in ==.",
        "karix_key_is_meta": "{label}: this is an access token of Meta's; paste the key that the "
        "Karix support team sent.",
        "karix_key_cut": "{label}: the == at its end is missing; copy the key again, whole.",
        "karix_dn_is_link": "{label}: this is a web address; the id is a short word like 1001, "
        "and the address goes to Karix support by mail.",
        "karix_vendor_is_number": "{label}: {value!r} is a number; the vendor is a name, and the "
        "number belongs to Phone Number or From.",
        "karix_vendor_is_key": "{label}: this looks like the Account Key, which belongs to its own "
        "field, where it is kept secret.",
        "karix_vendor_long": "{label}: it is {length} characters long; give the name alone.",
    }
)

_KEY = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,40}")


def read_settings(values: Mapping[str, Any]) -> tuple[Settings, Sequence[Complaint]]:
    """Settings from a form, a file or the CLI, and what is wrong with them."""
    reading = Reading(SETTINGS, values)
    settings = Settings(
        number=reading.number("number"),
        account_key=_key(reading),
        sender=reading.number("sender"),
        vendor=_vendor(reading),
        base_url=reading.base_url("base_url", BASE_URL.removeprefix("https://")) or BASE_URL,
        webhook_dn_id=_dn_id(reading),
        header_name=fixed_header.read_name(reading),
        header_value=fixed_header.read_value(reading),
    )
    return settings, reading.complaints


def _key(reading: Reading) -> str:
    """Keys that were seen are sixteen bytes in base64: 22 letters and ==, which a double click
    leaves behind. Others are let through where they could be base64."""
    key = reading.pasted("account_key")
    if not key or not reading.fine("account_key"):
        return key
    if re.fullmatch(r"\+?[0-9]{5,}", key):
        reading.complain("account_key", "karix_key_is_number", value=key)
    elif is_meta_token(key):
        reading.complain("account_key", "karix_key_is_meta")
    elif not _KEY.fullmatch(key):
        shape = term("Karix's keys are letters and digits that end in ==.")
        reading.complain("account_key", "form_id_wrong", value=_hint(key), shape=shape)
    elif len(key) == 22 and "=" not in key:
        reading.complain("account_key", "karix_key_cut")
    return key


def _hint(key: str) -> str:
    """Enough of a wrong value to know it by, and too little to be a secret."""
    return key[:3] + "…"


def _vendor(reading: Reading) -> str:
    """A name, which may have spaces. A secret that was pasted here would be shown everywhere."""
    value = reading.text("vendor")
    found = slip(value)
    if found is not None and found[0] not in ("form_has_space", "form_has_label"):
        reading.complain("vendor", found[0], **found[1])
    elif re.fullmatch(r"\+?[0-9 ()-]{5,}", value):
        reading.complain("vendor", "karix_vendor_is_number", value=value)
    elif re.fullmatch(r"[A-Za-z0-9+/]{8,}==?", value):
        reading.complain("vendor", "karix_vendor_is_key")
        return ""
    elif len(value) > 100:
        reading.complain("vendor", "karix_vendor_long", length=len(value))
    return value


def _dn_id(reading: Reading) -> str:
    value = reading.text("webhook_dn_id") or WEBHOOK_DN_ID
    if value.lower().startswith(("http://", "https://")):
        reading.complain("webhook_dn_id", "karix_dn_is_link")
    elif not _WORD.fullmatch(value):
        shape = term("it is a short word like 1001.")
        reading.complain("webhook_dn_id", "form_id_wrong", value=value, shape=shape)
    return value


def missing(settings: Settings) -> Sequence[Complaint]:
    """What stands in the way of enabling the channel."""
    return lacks(settings, SETTINGS) + fixed_header.half(settings)


def numbers(settings: Settings) -> Sequence[str]:
    """The one number of the channel."""
    return (settings.number,) if settings.number else ()
