"""Settings as people paste them from Infobip's portal, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from dragoman.domain.sentences import Sentence, words
from dragoman.partners.contract import Complaint, Field
from dragoman.partners.form import MOST_NUMBERS, Reading, is_meta_token, lacking

from .settings import (
    ACCOUNT_FIELDS,
    EXAMPLE_HOST,
    MOST_ACCOUNTS,
    SETTINGS,
    Account,
    Check,
    Dialect,
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

_KEY = re.compile(r"[0-9a-fA-F]{32}-[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SITE = re.compile(r"(https?://)?((www|portal|dev)\.)?infobip\.com(/.*)?", re.IGNORECASE)
_OTHERS = re.compile(r"(facebook|gupshup|smsgupshup|karix|netcore\w*|pepipost)\.", re.IGNORECASE)
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,79}")
_SHORTEST_KEY = 20
_SHORTEST_SECRET = 8
_LONGEST_KEYWORD = 50
_LONGEST_SENDER = 24


def read_settings(values: Mapping[str, Any]) -> tuple[Settings, Sequence[Complaint]]:
    """Settings from a form, a file or the CLI, and what is wrong with them, in the form's order."""
    reading = Reading(SETTINGS, values)
    dialect = cast(Dialect, reading.choice("dialect"))
    first = _account(reading, "")
    named = [_account(one, name) for name, one in reading.group("accounts")]
    accounts = (*(() if _is_empty(first) else (first,)), *named)
    _shared_limits(reading, accounts, len(named))
    settings = Settings(
        dialect=dialect,
        accounts=accounts,
        keyword=_keyword(reading),
        check=cast(Check, reading.choice("check")),
        check_username=_username(reading, "check_username"),
        check_password=_secret(reading, "check_password"),
        hmac_secret=_secret(reading, "hmac_secret"),
        hmac_header=_header(reading),
        hmac_algorithm=reading.choice("hmac_algorithm"),
        sms_sender=_sms_sender(reading),
        sms_after=_minutes(reading),
        order_payment=reading.choice("order_payment"),
        pull_reports=reading.switch("pull_reports"),
    )
    order = {field.name: place for place, field in enumerate(SETTINGS)}
    found = sorted(reading.complaints, key=lambda one: order[one.field.partition(".")[0]])
    return settings, found


def _is_empty(account: Account) -> bool:
    return account == Account(account.name)


# --- one account ---------------------------------------------------------------------------------


def _account(reading: Reading, name: str) -> Account:
    numbers = reading.numbers("numbers")
    username = _username(reading, "username", numbers)
    return Account(
        name,
        numbers,
        _base_url(reading),
        username,
        _password(reading, username),
        _api_key(reading),
        proactive=not name or reading.switch("proactive"),
        enabled=not name or reading.switch("enabled"),
    )


def _base_url(reading: Reading) -> str:
    name, value = "base_url", reading.text("base_url")
    told = {"value": value, "example": EXAMPLE_HOST}
    if _SITE.fullmatch(value):
        reading.complain(name, "infobip_base_is_site", **told)
    elif "@" in value:
        reading.complain(name, "infobip_base_is_mail", **told)
    elif _OTHERS.search(value):
        reading.complain(name, "infobip_base_other", **told)
    else:
        return reading.base_url(name, EXAMPLE_HOST)
    return value


def _username(reading: Reading, name: str, numbers: Sequence[str] = ()) -> str:
    value = reading.pasted(name)
    if value and reading.fine(name):
        if ":" in value:
            reading.complain(name, "infobip_name_is_pair")
        elif _KEY.fullmatch(value):
            reading.complain(name, "infobip_is_key")
        elif re.sub(r"[^0-9]", "", value) in numbers and not re.search(r"[A-Za-z]", value):
            reading.complain(name, "infobip_name_is_number")
    return value


def _password(reading: Reading, username: str) -> str:
    value = reading.pasted("password")
    if value and reading.fine("password"):
        if _KEY.fullmatch(value):
            reading.complain("password", "infobip_is_key")
        elif value == username:
            reading.complain("password", "infobip_password_is_name")
    return value


def _api_key(reading: Reading) -> str:
    """A key is usually 32 hexadecimal digits, a hyphen and a UUID; that is not promised."""
    value = reading.pasted("api_key")
    if value and reading.fine("api_key"):
        if is_meta_token(value):
            reading.complain("api_key", "infobip_key_is_meta")
        elif _UUID.fullmatch(value):
            reading.complain("api_key", "infobip_key_is_session")
        elif ":" in value:
            reading.complain("api_key", "infobip_key_is_pair")
        elif len(value) < _SHORTEST_KEY:
            reading.complain("api_key", "infobip_key_short", length=len(value))
    return value


def _shared_limits(reading: Reading, accounts: Sequence[Account], named: int) -> None:
    """What holds over all accounts of the channel."""
    if len(accounts) > MOST_ACCOUNTS >= named:
        args = {"most": MOST_ACCOUNTS, "count": len(accounts)}
        reading.complain("accounts", "infobip_accounts_many", **args)
    whose: dict[str, str] = {}
    for account in accounts:
        path = f"accounts.{account.name}.numbers" if account.name else "numbers"
        for number in account.numbers:
            if whose.setdefault(number, path) != path:
                told = {"label": reading.label("numbers"), "value": f"+{number}"}
                sentence = Sentence("infobip_number_of_two", told)
                reading.complaints.append(Complaint(path, sentence))
    if len(whose) > MOST_NUMBERS and all(len(a.numbers) <= MOST_NUMBERS for a in accounts):
        reading.complain("numbers", "form_numbers_many", most=MOST_NUMBERS, count=len(whose))


# --- the rest ------------------------------------------------------------------------------------


def _keyword(reading: Reading) -> str:
    value = reading.pasted("keyword")
    if reading.fine("keyword") and len(value) > _LONGEST_KEYWORD:
        args = {"length": len(value), "most": _LONGEST_KEYWORD}
        reading.complain("keyword", "infobip_too_long", **args)
    return value


def _secret(reading: Reading, name: str) -> str:
    value = reading.pasted(name)
    if value and reading.fine(name) and len(value) < _SHORTEST_SECRET:
        args = {"length": len(value), "least": _SHORTEST_SECRET}
        reading.complain(name, "infobip_secret_short", **args)
    return value


def _header(reading: Reading) -> str:
    value = reading.pasted("hmac_header")
    if reading.fine("hmac_header") and not _HEADER.fullmatch(value):
        shape = "a header's name has letters, digits and hyphens only."
        reading.complain("hmac_header", "form_id_wrong", value=value, shape=shape)
    elif value.lower() == "authorization":
        shape = "Authorization carries a username and password; choose that check instead."
        reading.complain("hmac_header", "form_id_wrong", value=value, shape=shape)
    return value


def _sms_sender(reading: Reading) -> str:
    """It may have a space inside: *Acme Shop*."""
    value = reading.text("sms_sender")
    if len(value) > _LONGEST_SENDER:
        args = {"length": len(value), "most": _LONGEST_SENDER}
        reading.complain("sms_sender", "infobip_too_long", **args)
    return value


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
    for field in SETTINGS:
        shown = field.only_if is not None and field.only_if == ("check", (settings.check,))
        if field.required and shown and not getattr(settings, field.name):
            out.append(lacking(field))
    if settings.check == "account" and not pairs(settings):
        label = _field("check").label
        sentence = Sentence("infobip_check_without_pair", {"label": label})
        out.append(Complaint("check", sentence))
    return out


def _field(name: str, fields: Sequence[Field] = SETTINGS) -> Field:
    return next(field for field in fields if field.name == name)


def _lacks(account: Account) -> list[Complaint]:
    path = f"accounts.{account.name}." if account.name else ""
    out = [
        lacking(field, path)
        for field in ACCOUNT_FIELDS
        if field.required and not getattr(account, field.name)
    ]
    if account.api_key or (account.username and account.password):
        return out
    name, sentence_id = "api_key", "infobip_login_missing"
    if account.username or account.password:
        name = "password" if account.username else "username"
        sentence_id = "infobip_login_half"
    label = _field(name, ACCOUNT_FIELDS).label
    if path:
        label = f"{label} ({path.rstrip('.')})"
    out.append(Complaint(path + name, Sentence(sentence_id, {"label": label})))
    return out


def pairs(settings: Settings) -> tuple[tuple[str, str], ...]:
    """The usernames and passwords that a webhook may carry, by the chosen check."""
    both: tuple[tuple[str, str], ...]
    if settings.check == "own":
        both = ((settings.check_username, settings.check_password),)
    elif settings.check == "account":
        both = tuple((a.username, a.password) for a in settings.accounts)
    else:
        return ()
    return tuple((name, password) for name, password in both if name and password)


def numbers(settings: Settings) -> Sequence[str]:
    return settings.numbers


def in_use(number: str, settings: Settings) -> bool:
    return account_of(settings, number).enabled


def may_notify(number: str, settings: Settings) -> bool:
    return account_of(settings, number).proactive


def dialect(settings: Settings) -> str:
    return settings.dialect
