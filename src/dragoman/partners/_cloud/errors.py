"""From Meta's error, in an answer or in a status report, to our own words.

Branches on `error.code`, some subcodes, and never on the HTTP status or the title.

Source: Graph API "Handling errors"; Meta, "Error codes" (May 2026).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from dragoman.domain.content import Problem
from dragoman.domain.errors import Code, Concerns, SendError
from dragoman.domain.events import SendProblem
from dragoman.domain.sentences import Sentence, term, words
from dragoman.domain.wire import Reply
from dragoman.partners.replies import Replies, ended, refused
from dragoman.partners.replies import retry_after as retry_after

from .error_table import KNOWN
from .known import Known

words(
    {
        "meta_error_unknown": "WhatsApp refused the message with code {code}, which is not known "
        "here: {said}",
        "meta_error_passing": "Meta's service failed for the moment with code {code} ({said}); "
        "the message is tried again.",
        "meta_failed_silently": "WhatsApp reported the message as failed and did not say why.",
        "meta_gateway": "Something between here and WhatsApp answered {status} in Meta's place, "
        "so the message may have been sent; it is not repeated until that is known.",
    }
)

_UNKNOWN = Known(Code.UNKNOWN, Concerns.MESSAGE, "")
_TOKEN_SHAPED = re.compile(r"EAA[A-Za-z0-9_-]{6,}")
_RANGES = tuple(
    (int(key.split("-")[0]), int(key.split("-")[1]), key) for key in KNOWN if "-" in key
)


def lookup(code: int, subcode: int | None = None) -> str | None:
    """The key of `KNOWN` for a code, None when it is not known."""
    if subcode is not None and f"{code}/{subcode}" in KNOWN:
        return f"{code}/{subcode}"
    if str(code) in KNOWN:
        return str(code)
    return next((key for low, high, key in _RANGES if low <= code <= high), None)


def _number(value: Any) -> int | None:
    if type(value) is int:
        return value
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    return None


def said(error: dict[str, Any]) -> str:
    """Meta's own words, most detailed first. Tokens, which Meta repeats at times, are cut out."""
    data = error.get("error_data")
    details = data.get("details") if type(data) is dict else data
    for text in (details, error.get("error_user_msg"), error.get("message"), error.get("title")):
        if type(text) is str and text:
            return _without_tokens(text)
    return ""


def _without_tokens(text: str) -> str:
    return _TOKEN_SHAPED.sub("EAA…", text)


REPLIES = Replies("meta", "Meta", "graph_url", _without_tokens)
read_no_reply = REPLIES.none


class Meaning(msgspec.Struct, frozen=True):
    """A code looked up: what it means here, and the sentence with Meta's detail in it."""

    known: Known
    sentence: Sentence
    partner_code: str
    partner_text: str


def meaning(error: dict[str, Any]) -> Meaning:
    """Of one error object of Meta's, whose `code` may be a number or digits."""
    code = _number(error.get("code"))
    subcode = _number(error.get("error_subcode"))
    text = said(error)
    key = None if code is None else lookup(code, subcode)
    if code == 100 and "appsecret_proof" in str(error.get("message", "")):
        key = "100/proof"
    written = "" if code is None else str(code)
    if subcode is not None and key == f"{code}/{subcode}":
        written = f"{code}/{subcode}"
    if key is not None:
        known = KNOWN[key]
        args = {"said": ended(text) or term("no detail given.")} if "{said}" in known.text else {}
        return Meaning(known, Sentence(f"meta_error_{key}", args), written, text)
    args = {"code": written, "said": ended(text) or term("no detail given.")}
    if error.get("is_transient") is True:
        known = Known(Code.UNAVAILABLE, Concerns.PARTNER, "", retryable=True)
        return Meaning(known, Sentence("meta_error_passing", args), written, text)
    return Meaning(_UNKNOWN, Sentence("meta_error_unknown", args), written, text)


def status_problem(errors: Any, read: tuple[Problem, ...]) -> SendProblem:
    """Why a report says *failed*: its first error in neutral words."""
    first = next((e for e in errors if type(e) is dict), None) if type(errors) is list else None
    if first is None or not read:
        sentence = Sentence("meta_failed_silently")
        return SendProblem(Code.UNKNOWN.value, sentence, Concerns.MESSAGE.value)
    found = meaning(first)
    return SendProblem(
        found.known.code.value,
        found.sentence,
        found.known.concerns.value,
        found.partner_code,
        found.partner_text,
    )


def error_of(body: bytes) -> dict[str, Any] | None:
    """The error object of a refusal in Meta's own shape, else None.

    Proxies answer `{"error": {"code": 502, …}}` too; Meta's carries a type or a trace id.
    """
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    error = data.get("error") if type(data) is dict else None
    if type(error) is not dict or _number(error.get("code")) is None:
        return None
    return error if "fbtrace_id" in error or type(error.get("type")) is str else None


def read_refusal(reply: Reply) -> SendError:
    """What an answer that is no success means. Never both retryable and ambiguous."""
    if reply.status in (502, 504):
        return REPLIES.doubt(Sentence("meta_gateway", {"status": reply.status}), reply)
    error = error_of(reply.body)
    if error is None:
        return REPLIES.not_understood(reply)
    found = meaning(error)
    return refused(found.known, found.sentence, found.partner_code, found.partner_text, reply)
