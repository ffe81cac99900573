"""Every refusal of the emulated Netcore, in one table: HTTP status, code and words.

A check with `http` 0 comes later: the message was accepted, and its report says *failed* with
these words as `status_remark`. `docs/emulators/netcore.md` prints this table; a test provokes each
row and compares the whole body. Where Netcore publishes a code and no words, or neither, the row
is `unsure`.

Source: Netcore Cloud, "Error codes", "Consent API"; captured answers.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """`code` "": the answer has none. `raw`: the answer is this text and no JSON. `unsure`: the
    code, the words or the HTTP status is a guess."""

    id: str
    http: int = 200
    code: str = ""
    message: str = ""
    when: str
    raw: str = ""
    unsure: bool = False


def _wrong(check_id: str, message: str, when: str, *, unsure: bool = True) -> Check:
    """A value that is not as it should be: 8006."""
    return Check(id=check_id, code="8006", message=message, when=when, unsure=unsure)


def _page(title: str) -> str:
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"


_ACCESS = [
    Check(
        id="server_error",
        http=500,
        raw=_page("500 Internal Server Error"),
        when="The fault error_500 is on; the body is HTML.",
    ),
    Check(
        id="service_down",
        http=503,
        code="8005",
        message="Technical error.",
        when="The fault error_503 is on.",
        unsure=True,
    ),
    Check(
        id="path_unknown",
        http=404,
        message="Not found",
        when="No call has this path and method.",
        unsure=True,
    ),
    Check(
        id="key_bare",
        http=403,
        raw=_page("403 Forbidden"),
        when="No Authorization header, or a key without *Bearer*; the body is HTML, as of a wall.",
    ),
    Check(
        id="access_denied",
        http=401,
        message="Access Denied",
        when="The key is none of the account's, `source` is another number of the account, or the "
        "fault key_denied is on.",
        unsure=True,
    ),
    Check(
        id="rate",
        http=429,
        code="8005",
        message="Too many requests.",
        when="More than the number's messages a second or the allowance to one person, or the "
        "fault rate_429 is on.",
        unsure=True,
    ),
]

_BODY = [
    _wrong("json_invalid", "Invalid JSON.", "Unreadable JSON, or no object."),
    Check(
        id="required",
        code="8001",
        message="{field} is required.",
        when="A member that a message needs is missing, null or empty.",
        unsure=True,
    ),
    _wrong(
        "invalid", "{field} is invalid.", "A member of another type, or a word not in its list."
    ),
    _wrong("count", "{field} must have {least} to {most} items.", "Too few or too many in a list."),
    _wrong(
        "too_long",
        "{field} must be at most {most} characters long.",
        "A text, caption, body, title, id or name is longer than WhatsApp allows.",
    ),
    _wrong("recipient_numeric", "recipient should be numeric.", "A recipient that is no digits."),
    _wrong("recipient_short", "recipient should be at least 10 digits.", "Fewer than ten digits."),
    _wrong("recipient_long", "recipient should be at most 15 digits.", "More than 15 digits."),
    Check(
        id="media_unknown",
        code="8008",
        message="Invalid media id.",
        when="The media id is unknown, deleted, past its life or another number's.",
        unsure=True,
    ),
]

_CONSENT = [
    _wrong("type_required", "type is required.", "Consent without a type.", unsure=False),
    _wrong("type_invalid", "type is invalid.", "Consent of another type than optin and optout."),
    _wrong("recipients_required", "recipients is required.", "Consent without recipients."),
    _wrong("source_empty", "source cannot be empty.", "Consent without a source.", unsure=False),
    _wrong("source_long", "source must be at most 25 characters long.", "A source over 25."),
    Check(
        id="already",
        code="8005",
        message="Opt-in already present.",
        when="The person is opted in already.",
        unsure=True,
    ),
    Check(
        id="consent_missing",
        message="Optin details not found for {phone}",
        when="The look-up of a person who is not opted in.",
    ),
]

_FILES = [
    Check(
        id="file_required",
        code="8001",
        message="file is required.",
        when="An upload without the part `file`.",
        unsure=True,
    ),
    Check(
        id="file_type",
        code="8008",
        message="Unsupported media type {mime}.",
        when="An upload of a type that WhatsApp does not take.",
        unsure=True,
    ),
    Check(
        id="file_size",
        code="8008",
        message="Media is larger than {most} bytes.",
        when="An upload over the size of its kind.",
        unsure=True,
    ),
    Check(
        id="template_unknown",
        message="Template details not found for {name}",
        when="The status or the preview of a template that the account does not have.",
        unsure=True,
    ),
    _wrong("template_exists", "Template {name} already exists.", "Creating one that exists."),
]


def _later(check_id: str, code: str, message: str, when: str, *, unsure: bool = True) -> Check:
    return Check(id=check_id, http=0, code=code, message=message, when=when, unsure=unsure)


_LATER = [
    _later(
        "not_opted_in",
        "8002",
        "Phone number is not opted in",
        "The person is not opted in, and there is no bypass.",
        unsure=False,
    ),
    _later(
        "unreachable",
        "8003",
        "WhatsApp contact does not exist",
        "The person is not on WhatsApp, or has blocked the business.",
    ),
    _later(
        "window_closed",
        "8007",
        "Message is outside the 24 hour window, use a template",
        "Free-form more than 24 hours after the person's last message.",
    ),
    _later(
        "template_missing",
        "",
        "Template {name} does not exist in {locale}",
        "No approved template has this name and language.",
    ),
    _later(
        "template_values",
        "",
        "Template {name} takes {want} attributes, {got} were given",
        "Another number of values than the template has places.",
    ),
    _later(
        "template_media",
        "",
        "Template {name} takes {want} as header",
        "A template with a file is sent without it, or the other way round.",
    ),
    _later(
        "template_button",
        "",
        "Template {name} needs a payload for the button {index}",
        "A button's address has a place and gets no value.",
    ),
]

CHECKS: dict[str, Check] = {
    check.id: check for check in (*_ACCESS, *_BODY, *_CONSENT, *_FILES, *_LATER)
}


class Refusal(Exception):
    """A check said no. `values` fill the template of the row."""

    def __init__(self, check_id: str, **values: Any) -> None:
        super().__init__(check_id)
        self.check = CHECKS[check_id]
        self.values = values

    @property
    def words(self) -> str:
        return self.check.message.format_map(self.values)

    def body(self) -> bytes:
        if self.check.raw:
            return self.check.raw.encode()
        error = {"code": self.check.code} if self.check.code else {}
        told = {"status": "failure", "error": {**error, "message": self.words}}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def markdown() -> str:
    """The table of every check, as docs/emulators/netcore.md prints it."""
    lines = ["| check | answer | code | body says | when |", "|---|---|---|---|---|"]
    for check in CHECKS.values():
        answer = f"HTTP {check.http}" if check.http else "`failed` report"
        text = check.message or check.raw
        when = check.when + (" *(unsure)*" if check.unsure else "")
        lines.append(f"| {check.id} | {answer} | {check.code or '–'} | `{text}` | {when} |")
    return "\n".join(lines) + "\n"
