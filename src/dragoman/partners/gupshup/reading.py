"""Settings as people paste them from Gupshup's dashboard, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from dragoman.domain.sentences import term, words
from dragoman.partners.contract import Complaint
from dragoman.partners.form import META_TOKEN, UUID, Reading, Slip, in_order, lacking, lacks, wrong

from .settings import HOSTS, SETTINGS, Dialect, KnownTemplate, Settings

words(
    {
        "gupshup_id_is_number": "{label}: this is the mobile number; the {label} is another row "
        "of digits on the same page.",
        "gupshup_password_is_id": "{label}: this is the WABA ID or a user id; the password stands "
        "beside it.",
        "gupshup_key_is_meta": "{label}: this is an access token of Meta's; paste Gupshup's own.",
        "gupshup_key_is_app_id": "{label}: this is an app's id (five groups with hyphens); paste "
        "the secret that belongs to it.",
        "gupshup_hsm_half": "{label} is missing: user id and password of the HSM account belong "
        "together; give both, or neither.",
        "gupshup_host_other": "{label}: {value!r} is Gupshup's host of another API; leave this "
        "empty.",
    }
)

_DIGITS = re.compile(r"[0-9]{6,20}")
_PATHS = re.compile(r"/(GatewayAPI(/rest)?|(wa|sm)/api(/.*)?|partner(/.*)?)$", re.IGNORECASE)
_KEY = (
    Slip(META_TOKEN, "gupshup_key_is_meta"),
    Slip(UUID, "gupshup_key_is_app_id"),
    Slip(".{1,7}", "form_short", ("length",)),
)
_NAME_IS_ID = {"shape": term("this is the app's id; give the name that the list of apps shows.")}
_NAME_WRONG = {"shape": term("a name has letters, digits, hyphens and underscores only.")}
_APP_NAME = (
    Slip(UUID, "form_id_wrong", ("value",), _NAME_IS_ID),
    Slip("(?![A-Za-z0-9_.-]{2,100}$).+", "form_id_wrong", ("value",), _NAME_WRONG),
)
_ID_WRONG = {"shape": term("it looks like 82ed0000-0000-4000-8000-000000000001.")}
_APP_ID = (Slip(f"(?!{UUID}$).+", "form_id_wrong", ("value",), _ID_WRONG),)


def read_settings(values: Mapping[str, Any]) -> tuple[Settings, Sequence[Complaint]]:
    """Settings from a form, a file or the CLI, and what is wrong with them, in the form's order."""
    reading = Reading(SETTINGS, values)
    dialect = cast(Dialect, reading.choice("dialect"))
    number = reading.number("number")
    ids = [_id(reading, name, number) for name in ("waba_id", "user_id", "hsm_user_id")]
    settings = Settings(
        dialect=dialect,
        number=number,
        waba_id=ids[0],
        password=_password(reading, "password", ids),
        user_id=ids[1],
        hsm_user_id=ids[2],
        hsm_password=_password(reading, "hsm_password", ids),
        api_key=reading.pasted("api_key", _KEY),
        app_name=reading.pasted("app_name", _APP_NAME),
        app_id=reading.pasted("app_id", _APP_ID),
        app_token=reading.pasted("app_token", _KEY),
        opt_in=reading.switch("opt_in"),
        templates=_templates(reading),
        bearer=reading.switch("bearer"),
        base_url=_base_url(reading, dialect),
    )
    return settings, in_order(reading)


def _id(reading: Reading, name: str, number: str) -> str:
    """An id of digits, which people mix up with the number beside it."""
    value = reading.pasted(name)
    if not value or not reading.fine(name):
        return value
    if re.sub(r"[^0-9]", "", value) == number:
        reading.complain(name, "gupshup_id_is_number")
    elif not _DIGITS.fullmatch(value):
        shape = term("it is digits only.")
        reading.complain(name, "form_id_wrong", value=value, shape=shape)
    return value


def _password(reading: Reading, name: str, ids: Sequence[str]) -> str:
    """A password may hold any character; a space inside comes from copying more than it."""
    value = reading.pasted(name)
    if value and reading.fine(name) and value in ids:
        reading.complain(name, "gupshup_password_is_id")
    return value


def _templates(reading: Reading) -> Mapping[str, KnownTemplate]:
    out = {}
    for name, one in reading.group("templates"):
        # A text keeps its spaces, which WhatsApp compares as well.
        text, header, footer = (_verbatim(one, key) for key in ("text", "header", "footer"))
        id, buttons = one.pasted("template_id"), one.switch("buttons")
        known = KnownTemplate(id, text, header, footer, buttons)
        if not known.template_id and not known.text:
            reading.complaints.append(lacking(one.fields["template_id"], one.path))
        out[name] = known
    return out


def _verbatim(reading: Reading, name: str) -> str:
    stripped = reading.text(name)
    value = reading.values.get(name)
    return value if stripped and isinstance(value, str) else stripped


def _base_url(reading: Reading, dialect: Dialect) -> str:
    url = reading.base_url("base_url", HOSTS[dialect].removeprefix("https://"), _PATHS)
    if url and reading.fine("base_url"):
        host = (urlsplit(url).hostname or "").lower()
        others = {h.removeprefix("https://") for d, h in HOSTS.items() if d != dialect}
        if host in others or (host.endswith(".smsgupshup.com") and dialect != "enterprise"):
            reading.complain("base_url", "gupshup_host_other", value=reading.text("base_url"))
    return url


def missing(settings: Settings) -> Sequence[Complaint]:
    """What stands in the way of enabling the channel."""
    instead = "waba_id" if settings.user_id else ""  # of which the user id is sent
    out = lacks(settings, [field for field in SETTINGS if field.name != instead])
    if bool(settings.hsm_user_id) != bool(settings.hsm_password):
        name = "hsm_password" if settings.hsm_user_id else "hsm_user_id"
        out += [wrong(field, "gupshup_hsm_half") for field in SETTINGS if field.name == name]
    return out


def numbers(settings: Settings) -> Sequence[str]:
    """The one number of the channel."""
    return (settings.number,) if settings.number else ()


def dialect(settings: Settings) -> str:
    return settings.dialect
