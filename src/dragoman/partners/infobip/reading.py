"""Settings as people paste them from Infobip's portal, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dragoman.domain.sentences import Sentence, term, words
from dragoman.partners.contract import Complaint
from dragoman.partners.form import (
    META_TOKEN,
    MOST_NUMBERS,
    UUID,
    Reading,
    Slip,
    in_order,
    lacks,
    wrong,
)

from .settings import (
    ACCOUNT_FIELDS,
    EXAMPLE_HOST,
    MOST_ACCOUNTS,
    SETTINGS,
    Account,
    Settings,
    account_of,
)

words(
    {
        "infobip_base_is_site": "{label}: {value!r} is Infobip's website; your account's own host "
        "looks like {example}.",
        "infobip_base_is_mail": "{label}: this is a mail address; your account's own host looks "
        "like {example}.",
        "infobip_base_other": "{label}: {value!r} belongs to another messaging partner; your "
        "account's own host looks like {example}.",
        "infobip_name_is_pair": "{label}: username and password were pasted in one, with a colon "
        "between; give each in its own field.",
        "infobip_name_is_number": "{label}: this is the WhatsApp number; give the name that you "
        "sign in to the Infobip portal with.",
        "infobip_is_key": "{label}: this is an API key; paste it under *API key* and leave the "
        "password empty.",
        "infobip_password_is_name": "{label}: it is the same as the username; paste the password.",
        "infobip_key_is_meta": "{label}: this is an access token of Meta's; paste Infobip's own "
        "API key.",
        "infobip_key_is_session": "{label}: this is the second half of a key, or the token of a "
        "session, which ends after an hour; an API key has 32 letters and digits more before it.",
        "infobip_key_short": "{label}: it is only {length} characters long; copy it whole, with "
        "the part before the hyphens.",
        "infobip_key_is_pair": "{label}: this is a username with its password; give each in its "
        "own field, or paste an API key here.",
        "infobip_login_missing": "{label} is missing, and so are username and password. Give "
        "either: the key is under Infobip portal › Developer tools › API keys.",
        "infobip_login_half": "{label} is missing: username and password belong together.",
        "infobip_number_of_two": "{label}: {value} belongs to another account of this channel; "
        "leave it in one of them.",
        "infobip_accounts_many": "{label}: one channel takes at most {most} accounts with the one "
        "on top, and here are {count}.",
        "infobip_too_long": "{label}: it is {length} characters long, and Infobip takes {most}.",
        "infobip_minutes_wrong": "{label}: {value!r} is not a number of minutes from 1 to 2,880.",
        "infobip_check_without_pair": "{label}: no account of this channel has a username and "
        "password that webhooks could carry; give them, or choose another check.",
        "infobip_secret_short": "{label}: it is only {length} characters long, which can be "
        "guessed; use at least {least}.",
    }
)

_IS_KEY = Slip(rf"[0-9a-fA-F]{{32}}-{UUID}", "infobip_is_key")
_NAME = (Slip(".*:.*", "infobip_name_is_pair"), _IS_KEY)
_SECRET = (Slip(".{1,7}", "infobip_secret_short", ("length",), {"least": 8}),)
_HOST = {"example": EXAMPLE_HOST}
_LETTERS = {"shape": term("a header's name has letters, digits and hyphens only.")}
_BASIC = {
    "shape": term("Authorization carries a username and password; choose that check instead.")
}

# What is pasted into each field by mistake.
_SLIPS: Mapping[str, Sequence[Slip]] = {
    "base_url": (
        Slip(
            r"(?i)(https?://)?((www|portal|dev)\.)?infobip\.com(/.*)?",
            "infobip_base_is_site",
            ("value",),
            _HOST,
        ),
        Slip("(?s).*@.*", "infobip_base_is_mail", ("value",), _HOST),
        Slip(
            r"(?is).*(facebook|gupshup|smsgupshup|karix|netcore\w*|pepipost)\..*",
            "infobip_base_other",
            ("value",),
            _HOST,
        ),
    ),
    "username": _NAME,
    "password": (_IS_KEY,),
    # A key is usually 32 hexadecimal digits, a hyphen and a UUID; that is not promised.
    "api_key": (
        Slip(META_TOKEN, "infobip_key_is_meta"),
        Slip(UUID, "infobip_key_is_session"),
        Slip(".*:.*", "infobip_key_is_pair"),
        Slip(".{1,19}", "infobip_key_short", ("length",)),
    ),
    "keyword": (Slip(".{51,}", "infobip_too_long", ("length",), {"most": 50}),),
    "check_username": _NAME,
    "check_password": _SECRET,
    "hmac_secret": _SECRET,
    "hmac_header": (
        Slip("(?![A-Za-z0-9][A-Za-z0-9-]{0,79}$).*", "form_id_wrong", ("value",), _LETTERS),
        Slip("(?i)authorization", "form_id_wrong", ("value",), _BASIC),
    ),
    "sms_sender": (Slip("(?s).{25,}", "infobip_too_long", ("length",), {"most": 24}),),
}
_FIELD = {field.name: field for field in SETTINGS}
_OF_CHANNEL = (
    *("dialect", "keyword", "check", "check_username", "check_password"),
    *("hmac_secret", "hmac_header", "hmac_algorithm", "order_payment", "pull_reports"),
)


def read_settings(values: Mapping[str, Any]) -> tuple[Settings, Sequence[Complaint]]:
    """Settings from a form, a file or the CLI, and what is wrong with them, in the form's order."""
    reading = Reading(SETTINGS, values)
    first = _account(reading, "")
    named = [_account(one, name) for name, one in reading.group("accounts")]
    accounts = (*(() if first == Account() else (first,)), *named)
    _shared_limits(reading, accounts, len(named))
    # A sender may have a space inside: *Acme Shop*.
    sender = reading.text("sms_sender", _SLIPS["sms_sender"])
    told = {name: reading.read(name, _SLIPS.get(name, ())) for name in _OF_CHANNEL}
    settings = Settings(accounts=accounts, sms_sender=sender, sms_after=_minutes(reading), **told)
    return settings, in_order(reading)


# --- one account ---------------------------------------------------------------------------------


def _account(reading: Reading, name: str) -> Account:
    numbers = reading.numbers("numbers")
    username = reading.pasted("username", _SLIPS["username"])
    is_number = re.sub(r"[^0-9]", "", username) in numbers and not re.search("[A-Za-z]", username)
    if is_number and reading.fine("username"):
        reading.complain("username", "infobip_name_is_number")
    base_url = reading.base_url("base_url", EXAMPLE_HOST, slips=_SLIPS["base_url"])
    password = reading.pasted("password", _SLIPS["password"])
    if password and password == username and reading.fine("password"):
        reading.complain("password", "infobip_password_is_name")
    key = reading.pasted("api_key", _SLIPS["api_key"])
    switches = (not name or reading.switch(switch) for switch in ("proactive", "enabled"))
    return Account(name, numbers, base_url, username, password, key, *switches)


def _shared_limits(reading: Reading, accounts: Sequence[Account], named: int) -> None:
    """What holds over all accounts of the channel."""
    if len(accounts) > MOST_ACCOUNTS >= named:
        count = len(accounts)
        reading.complain("accounts", "infobip_accounts_many", most=MOST_ACCOUNTS, count=count)
    whose: dict[str, str] = {}
    for account in accounts:
        path = f"accounts.{account.name}.numbers" if account.name else "numbers"
        for number in account.numbers:
            if whose.setdefault(number, path) != path:
                told = {"label": reading.label("numbers"), "value": f"+{number}"}
                reading.complaints.append(Complaint(path, Sentence("infobip_number_of_two", told)))
    if len(whose) > MOST_NUMBERS and all(len(a.numbers) <= MOST_NUMBERS for a in accounts):
        reading.complain("numbers", "form_numbers_many", most=MOST_NUMBERS, count=len(whose))


def _minutes(reading: Reading) -> int:
    value = reading.text("sms_after")
    if not re.fullmatch(r"[0-9]{1,4}", value) or not 1 <= int(value) <= 2880:
        reading.complain("sms_after", "infobip_minutes_wrong", value=value)
        return Settings().sms_after
    return int(value)


# --- what is missing -----------------------------------------------------------------------------


def missing(settings: Settings) -> Sequence[Complaint]:
    """What stands in the way of enabling the channel. An account that is switched off may lack
    anything, unless there is no other."""
    out: list[Complaint] = []
    for account in [a for a in settings.accounts if a.enabled] or [Account()]:
        out += _lacks(account)
    out += lacks(settings, [field for field in SETTINGS if field.only_if])
    if settings.check == "account" and not logins(settings):
        out.append(wrong(_FIELD["check"], "infobip_check_without_pair"))
    return out


def _lacks(account: Account) -> list[Complaint]:
    path = f"accounts.{account.name}." if account.name else ""
    out = lacks(account, ACCOUNT_FIELDS, path)
    if account.has_login:
        return out
    if not account.username and not account.password:
        return [*out, wrong(_FIELD["api_key"], "infobip_login_missing", path)]
    half = _FIELD["password" if account.username else "username"]
    return [*out, wrong(half, "infobip_login_half", path)]


def logins(settings: Settings) -> tuple[bytes, ...]:
    """`username:password` as a webhook may carry it, by the chosen check."""
    both: Mapping[str, list[tuple[str, str]]] = {
        "own": [(settings.check_username, settings.check_password)],
        "account": [(a.username, a.password) for a in settings.accounts],
    }
    return tuple(":".join(pair).encode() for pair in both.get(settings.check, ()) if all(pair))


def numbers(settings: Settings) -> Sequence[str]:
    return settings.numbers


def in_use(number: str, settings: Settings) -> bool:
    return account_of(settings, number).enabled


def may_notify(number: str, settings: Settings) -> bool:
    return account_of(settings, number).proactive


def dialect(settings: Settings) -> str:
    return settings.dialect
