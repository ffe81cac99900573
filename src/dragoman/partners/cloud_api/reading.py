"""Settings as people paste them, and what is wrong with them.

The values come from four different pages of Meta's, so each usual slip has its own sentence.

Source: Meta, "Get started", "Access tokens" (2026).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from dragoman.domain.sentences import Sentence, term, words
from dragoman.partners.contract import Complaint
from dragoman.partners.form import Reading, Slip, in_order

from .settings import GRAPH_URL, NEWEST_GRAPH, SETTINGS, Number, Settings

OLDEST_GRAPH = 21  # v20 ended on 24 September 2026

words(
    {
        "cloud_numbers_missing": "There is no number yet: copy the Phone Number ID from Meta app "
        "› WhatsApp › API Setup.",
        "cloud_token_missing": "There is no access token yet: make a permanent one for a system "
        "user in Meta Business settings › Users › System users.",
        "cloud_app_id_missing": "There is no App ID yet, which a temporary authorization needs: "
        "copy it from Meta app › App settings › Basic.",
        "cloud_app_secret_needed": "There is no app secret yet, which a temporary authorization "
        "needs: copy it from Meta app › App settings › Basic.",
        "cloud_not_authorized": "The channel is not authorized yet: press Authorize in the "
        "console, or run `dragoman channel authorize`, and sign in at Meta.",
        "cloud_secret_missing": "There is no app secret, so a webhook could come from anyone: "
        "copy it from Meta app › App settings › Basic, or tick *Accept webhooks without a "
        "signature*.",
        "cloud_verify_missing": "There is no verify token yet: make one, and paste the same at "
        "Meta app › WhatsApp › Configuration › Webhook.",
        "cloud_proof_needs_secret": "Calls cannot be proved with the app secret, because there "
        "is none: copy it from Meta app › App settings › Basic.",
        "cloud_token_short": "The access token is only {length} characters long: copy it whole.",
        "cloud_token_is_app": "This is an app token (app id, a bar, app secret), which cannot "
        "send messages: paste a system user's access token.",
        "cloud_token_is_secret": "This looks like the app secret (32 letters and digits): paste "
        "the access token here, and the secret under *App secret*.",
        "cloud_secret_is_token": "This looks like an access token: paste the app secret here (32 "
        "letters and digits from Meta app › App settings › Basic).",
        "cloud_secret_wrong": "The app secret is {length} characters long, Meta's have 32, of "
        "the digits 0-9 and the letters a-f: copy it again from Meta app › App settings › Basic.",
        "cloud_number_is_phone": "{value!r} looks like a phone number: paste the Phone Number "
        "ID, the longer number under it in Meta app › WhatsApp › API Setup.",
        "cloud_number_wrong": "{value!r} is not a Phone Number ID: those are 14 to 20 digits, "
        "from Meta app › WhatsApp › API Setup.",
        "cloud_number_is_waba": "{value!r} is given both as Phone Number ID and as WhatsApp "
        "Business Account ID, which are two different numbers in Meta app › WhatsApp › API "
        "Setup: copy the one under the phone number.",
        "cloud_number_is_app": "{value!r} is the Meta app's id: copy the Phone Number ID from "
        "Meta app › WhatsApp › API Setup.",
        "cloud_waba_is_app": "{value!r} is given both as Meta app ID and as WhatsApp Business "
        "Account ID, which are two different numbers: copy each from its own page.",
        "cloud_number_twice": "The Phone Number ID {value!r} is there twice: leave one out.",
        "cloud_id_wrong": "The {label} {value!r} is not an id of Meta's, which are digits only.",
        "cloud_version_wrong": "{value!r} is not a Graph API version: write it like {newest}.",
        "cloud_version_ended": "Meta has ended the Graph API version {value}: use {newest}.",
        "cloud_config_is_app": "{value!r} is given both as App ID and as login configuration ID, "
        "which are two different numbers: copy each from its own page.",
        "cloud_url_wrong": "{value!r} is not an address: it must begin with https:// (or "
        "http:// for an emulator).",
        "cloud_url_has_version": "The Graph API address ends in a version: write the version in "
        "its own field and leave it out here.",
    }
)

_HEX32 = "[0-9a-fA-F]{32}"
_VERSION = re.compile(r"v(\d{1,3})\.\d")
_PHONE_LIKE = re.compile(r"\+[\d\s().-]+|\(?\d+\)?[\s().-]+[\d\s().-]+|\d{5,13}")
_ID = re.compile(r"\d{14,20}")
# The id, the number for display, and the account's id: `106540352242922 +1 202 555 0100 waba 1022…`
_LINE = re.compile(
    r"(?P<key>\d{14,20})\s+(?P<display>.*?)\s*(?:\bwaba\b\s*[:=]?\s*(?P<waba_id>\S+))?",
    re.IGNORECASE,
)
_TOKEN = (
    Slip(r"\d{8,}\|\S+", "cloud_token_is_app"),
    Slip(_HEX32, "cloud_token_is_secret"),
    Slip(".{1,7}", "cloud_token_short", ("length",)),
)
_SLIPS: Mapping[str, Sequence[Slip]] = {
    "app_secret": (
        Slip(rf"(?!{_HEX32}$)EAA.*", "cloud_secret_is_token"),
        Slip(rf"(?!{_HEX32}$).+", "cloud_secret_wrong", ("length",)),
    ),
}
_AS_THEY_ARE = (
    *("authorization", "app_secret", "verify_token", "webhook_version"),
    *("allow_unsigned", "appsecret_proof"),
)

# What stands in the way of enabling: a field, its sentence, and the settings with which it does. Of
# most settings counts only whether they are set.
_GAPS: tuple[tuple[str, str, Mapping[str, str | bool]], ...] = (
    ("numbers", "cloud_numbers_missing", {"numbers": False}),
    ("app_id", "cloud_app_id_missing", {"authorization": "temporary", "app_id": False}),
    (
        "app_secret",
        "cloud_app_secret_needed",
        {"authorization": "temporary", "app_secret": False},
    ),
    (
        "authorization",
        "cloud_not_authorized",
        {"authorization": "temporary", "app_id": True, "app_secret": True, "token": False},
    ),
    ("token", "cloud_token_missing", {"authorization": "permanent", "token": False}),
    (
        "app_secret",
        "cloud_secret_missing",
        {"authorization": "permanent", "app_secret": False, "allow_unsigned": False},
    ),
    (
        "appsecret_proof",
        "cloud_proof_needs_secret",
        {"authorization": "permanent", "app_secret": False, "appsecret_proof": True},
    ),
    ("verify_token", "cloud_verify_missing", {"verify_token": False}),
)


class _Reading(Reading):
    """A form of Meta's values, whose own slips have sentences of their own, without the label."""

    def complain(self, name: str, sentence_id: str, **args: Any) -> None:
        if sentence_id.startswith("form_"):
            super().complain(name, sentence_id, **args)
        else:
            self.complaints.append(Complaint(name, Sentence(sentence_id, args)))

    def id(self, name: str) -> str:
        """An id of Meta's: digits only."""
        value = self.pasted(name)
        if value and self.fine(name) and not re.fullmatch(r"[0-9]{5,20}", value):
            self.complain(name, "cloud_id_wrong", label=self.label(name), value=value)
        return value


def read_settings(values: Mapping[str, Any]) -> tuple[Settings, Sequence[Complaint]]:
    """Settings from a form, a file or the CLI, and what is wrong with them, in the form's order.

    `numbers` is a list of ids or of objects `{key, display, waba_id}`, or text with one number
    per line: the id, then the digits for display.
    """
    reading = _Reading(SETTINGS, values)
    app_id, config_id = reading.id("app_id"), reading.id("config_id")
    if config_id and config_id == app_id:
        reading.complain("config_id", "cloud_config_is_app", value=config_id)
    told = {name: reading.read(name, _SLIPS.get(name, ())) for name in _AS_THEY_ARE}
    settings = Settings(
        numbers=_numbers(reading, app_id),
        # A pasted token is kept for switching back, and is not what a temporary one stands on.
        token=reading.pasted("token", _TOKEN) if told["authorization"] == "permanent" else "",
        app_id=app_id,
        config_id=config_id,
        graph_version=_version(reading),
        graph_url=_url(reading),
        **told,
    )
    return settings, in_order(reading)


def _version(reading: _Reading) -> str:
    version = reading.text("graph_version") or NEWEST_GRAPH
    match = _VERSION.fullmatch(version)
    if match is None or int(match[1]) < OLDEST_GRAPH:
        wrong = "cloud_version_wrong" if match is None else "cloud_version_ended"
        reading.complain("graph_version", wrong, value=version, newest=NEWEST_GRAPH)
    return version


def _url(reading: _Reading) -> str:
    url = (reading.text("graph_url") or GRAPH_URL).rstrip("/")
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", url, re.IGNORECASE):
        reading.complain("graph_url", "cloud_url_wrong", value=url)
    elif re.search(r"/v\d+(\.\d+)?$", url):
        reading.complain("graph_url", "cloud_url_has_version")
    return url


def _numbers(reading: _Reading, app_id: str) -> tuple[Number, ...]:
    """Each number once; one that is no id of Meta's is left out."""
    numbers: dict[str, Number] = {}
    for number in map(_number, reading.pieces("numbers")):
        key, waba_id = number.key, number.waba_id
        if not _ID.fullmatch(key):
            phone = _PHONE_LIKE.fullmatch(key) is not None
            wrong = "cloud_number_is_phone" if phone else "cloud_number_wrong"
            reading.complain("numbers", wrong, value=key)
            continue
        if waba_id is not None and not waba_id.isdigit():
            label = term("WhatsApp Business Account ID")
            reading.complain("numbers", "cloud_id_wrong", label=label, value=waba_id)
        if key in numbers:
            reading.complain("numbers", "cloud_number_twice", value=key)
        elif waba_id == key:
            reading.complain("numbers", "cloud_number_is_waba", value=key)
        elif app_id and key == app_id:
            reading.complain("numbers", "cloud_number_is_app", value=key)
        elif app_id and waba_id == app_id:
            reading.complain("numbers", "cloud_waba_is_app", value=app_id)
        numbers.setdefault(key, number)
    return tuple(numbers.values())


def _number(piece: Any) -> Number:
    """A number as one of the forms of `read_settings` has it, right or wrong."""
    if isinstance(piece, Number):
        piece = msgspec.structs.asdict(piece)
    elif not isinstance(piece, Mapping):
        text = str(piece).strip()
        line = _LINE.fullmatch(text)
        piece = {"key": text} if line is None else line.groupdict()
    given = {name: str(piece.get(name) or "").strip() for name in Number.__struct_fields__}
    digits = re.sub(r"\D", "", given["display"])
    return Number(given["key"], digits or None, given["waba_id"] or None)


def missing(settings: Settings) -> Sequence[Complaint]:
    """What stands in the way of enabling the channel."""

    def has(name: str, value: str | bool) -> bool:
        given = getattr(settings, name)
        return bool(given) is value if isinstance(value, bool) else given == value

    return [
        Complaint(field, Sentence(sentence_id))
        for field, sentence_id, state in _GAPS
        if all(has(name, value) for name, value in state.items())
    ]


def numbers(settings: Settings) -> Sequence[str]:
    """The phone number ids."""
    return tuple(number.key for number in settings.numbers)
