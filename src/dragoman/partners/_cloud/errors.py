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
from dragoman.domain.sentences import Sentence, words
from dragoman.domain.wire import NoReply, Phase, Reply

from .error_table import KNOWN
from .known import Known

words(
    {
        "meta_error_unknown": "WhatsApp refused the message with code {code}, which is not known "
        "here: {said}",
        "meta_error_passing": "Meta's service failed for the moment with code {code} ({said}); "
        "the message is tried again.",
        "meta_failed_silently": "WhatsApp reported the message as failed and did not say why.",
        "meta_no_connection": "Meta's service could not be reached ({detail}), nothing was sent; "
        "the message is tried again.",
        "meta_no_answer": "The message left for Meta but no whole answer came ({detail}), so it "
        "may have been sent; it is not repeated until that is known.",
        "meta_address_refused": "The call to Meta was not made: {detail} Check graph_url in the "
        "channel, or ask the operator to allow the address in egress_allow.",
        "meta_gateway": "Something between here and WhatsApp answered {status} in Meta's place, "
        "so the message may have been sent; it is not repeated until that is known.",
        "meta_not_understood": "Meta answered {status} in words that are not its own, so the "
        "message may have been sent; it is not repeated until that is known.",
        "meta_no_id": "Meta answered 200 without a message id, so the message may have been "
        "sent; it is not repeated until that is known.",
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
            return _TOKEN_SHAPED.sub("EAA…", text)
    return ""


def _ended(text: str) -> str:
    return text if not text or text[-1] in ".!?" else text + "."


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
        args = {"said": _ended(text) or "no detail given."} if "{said}" in known.text else {}
        return Meaning(known, Sentence(f"meta_error_{key}", args), written, text)
    args = {"code": written, "said": _ended(text) or "no detail given."}
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
        return in_doubt(Sentence("meta_gateway", {"status": reply.status}), reply)
    error = error_of(reply.body)
    if error is None:
        return in_doubt(Sentence("meta_not_understood", {"status": reply.status}), reply)
    found = meaning(error)
    known = found.known
    return SendError(
        known.code,
        found.sentence,
        retryable=known.retryable,
        concerns=known.concerns,
        partner_code=found.partner_code,
        partner_text=found.partner_text,
        retry_after=_later(retry_after(reply.headers), known.wait),
    )


def in_doubt(sentence: Sentence, reply: Reply | None = None) -> SendError:
    """It may have been sent: never to be repeated blindly."""
    return SendError(
        Code.IN_DOUBT,
        sentence,
        ambiguous=True,
        concerns=Concerns.PARTNER,
        partner_code="" if reply is None else f"HTTP {reply.status}",
        partner_text="" if reply is None else _snippet(reply.body),
    )


def _snippet(body: bytes) -> str:
    text = body[:300].decode("utf-8", "replace").strip()
    return _TOKEN_SHAPED.sub("EAA…", text)


def read_no_reply(reply: NoReply) -> SendError:
    """What it means that no answer came at all."""
    args = {"detail": reply.detail or "no detail"}
    if reply.phase is Phase.CONNECT:
        return SendError(
            Code.UNAVAILABLE,
            Sentence("meta_no_connection", args),
            retryable=True,
            concerns=Concerns.PARTNER,
        )
    if reply.phase is Phase.REFUSED:
        args = {"detail": _ended(reply.detail) or "the address is not allowed."}
        return SendError(Code.EGRESS, Sentence("meta_address_refused", args))
    return in_doubt(Sentence("meta_no_answer", args))


def _later(a: float | None, b: float | None) -> float | None:
    return max((v for v in (a, b) if v is not None), default=None)


def retry_after(headers: dict[str, str]) -> float | None:
    """Seconds that the answer asks to wait: `Retry-After`, or the minutes until access returns in
    `x-business-use-case-usage`. None when it asks for nothing."""
    asked: float | None = None
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        asked = float(text)
    usage = headers.get("x-business-use-case-usage")
    if usage:
        asked = _later(asked, _usage_wait(usage))
    return asked


def _usage_wait(usage: str) -> float | None:
    try:
        data = msgspec.json.decode(usage)
    except (msgspec.DecodeError, RecursionError):
        return None
    waits = [
        float(minutes) * 60
        for rows in (data.values() if type(data) is dict else ())
        for row in (rows if type(rows) is list else ())
        if type(row) is dict
        and type(minutes := row.get("estimated_time_to_regain_access")) is int
        and minutes > 0
    ]
    return max(waits, default=None)
