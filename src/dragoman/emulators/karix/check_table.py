"""Every refusal of the emulated RCM API, in one table: where it stands, its code and its words.

`docs/emulators/karix.md` prints this table; a test provokes each row and compares the whole body.

UNSURE as a whole: Karix publishes no refusal. Known is that a success has the `statusCode` "200",
that integrations expect an `errorMessage` beside HTTP 4xx and 5xx, that a request without
`metaData` fails, and that reports carry `status`, `reason` and `code`; the codes of reports are
taken for Meta's. Which of these a refusal has, and every word, is invented here, in one place.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """`shape`: `error` is `{"errorMessage": text}` with this HTTP status; `status` is HTTP 200 with
    `{"statusCode": code, "statusDesc": text}`; `report` comes later, as a delivery event with the
    status `word`; `page` is HTML. `text` is a template."""

    id: str
    shape: Literal["error", "status", "report", "page"]
    text: str
    when: str
    http: int = 200
    code: str = ""
    word: str = "failed"


def _error(check_id: str, http: int, text: str, when: str) -> Check:
    return Check(id=check_id, shape="error", http=http, text=text, when=when)


def _status(check_id: str, code: str, text: str, when: str) -> Check:
    return Check(id=check_id, shape="status", code=code, text=text, when=when)


def _report(check_id: str, code: str, text: str, when: str, word: str = "failed") -> Check:
    return Check(id=check_id, shape="report", code=code, text=text, when=when, word=word)


_ROWS = [
    _error("path_unknown", 404, "Not Found", "The path is none of the API's."),
    _error("method_wrong", 405, "Method Not Allowed", "A call by another method than POST."),
    Check(
        id="server_error",
        shape="page",
        http=500,
        text="<html><head><title>Error</title></head><body>Internal Server Error</body></html>",
        when="The fault error_500 is on; the body is HTML.",
    ),
    _error("service_down", 503, "Service Unavailable", "The fault error_503 is on."),
    _error(
        "key_missing",
        401,
        "Authentication header missing",
        "No header Authentication (that is its name), or one without Bearer.",
    ),
    _error("key_wrong", 401, "Invalid authentication key", "The key is not the account's."),
    _error("json_invalid", 400, "Invalid JSON", "The body is no JSON object."),
    _status(
        "metadata_missing",
        "400",
        "metaData is missing",
        "The request has no metaData, or none with a version.",
    ),
    _status(
        "invalid",
        "400",
        "Invalid request: {problem}",
        "A field is missing, of another type, too long, or not one of its words: the table of "
        "fields below.",
    ),
    _status(
        "sender_unknown",
        "403",
        "Sender {number} is not registered for this account",
        "sender.from (senderId of an upload) is none of the account's numbers.",
    ),
    _error("rate_number", 429, "Too many requests", "More than the number's messages a second, "
           "or the fault rate_429 is on."),
    _report(
        "template_missing",
        "132001",
        "Template name does not exist in the translation",
        "No template has this templateId.",
        "rejected",
    ),
    _report(
        "template_paused",
        "132015",
        "Template is paused",
        "The template is paused or disabled.",
        "rejected",
    ),
    _report(
        "template_values",
        "132000",
        "Number of parameters does not match the expected number of params",
        'The values of body or header are not "0", "1", … for each place of the template.',
        "rejected",
    ),
    _report(
        "template_media",
        "132012",
        "Parameter format does not match format in the created template",
        "The template's header is a file and media is not of its type, or the other way round.",
        "rejected",
    ),
    _report(
        "template_button",
        "131008",
        "Required parameter is missing",
        "A button with a variable address has no action, or an action or quick reply has an index "
        "that is no such button.",
        "rejected",
    ),
    _report(
        "undeliverable",
        "131026",
        "Message undeliverable",
        "The person is not on WhatsApp, or has blocked the business (rules not_on_whatsapp, "
        "blocked_us).",
    ),
    _report(
        "window_closed",
        "131047",
        "Re-engagement message",
        "Anything but a template, more than 24 hours after the person last wrote.",
    ),
    _report(
        "rate_pair",
        "131056",
        "Pair rate limit hit",
        "More messages to one person than the pair's allowance.",
        "not sent",
    ),
]  # fmt: skip

CHECKS: dict[str, Check] = {check.id: check for check in _ROWS}
