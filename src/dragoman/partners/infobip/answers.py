"""What Infobip says to a call: an id and a status, or why not, in two shapes of error.

A 200 may refuse: its status says so. A refusal in Infobip's own words is trusted, nothing was sent;
so is 4xx in any words, which no gateway says of a call that went through.

NOT CONFIRMED: whether Infobip's own 500 may come after it took the message. It is tried again under
the same id, of which Infobip knows a second message to be a duplicate.

Source: Infobip OpenAPI, "Handling errors", "Response, status and error codes" (2026).
"""

from __future__ import annotations

from typing import Any

import msgspec

from dragoman.domain.errors import Code, SendError
from dragoman.domain.sentences import Sentence, words
from dragoman.domain.status import Status
from dragoman.domain.wire import HttpCall, NoReply, Reply
from dragoman.partners._cloud.answer import json_object
from dragoman.partners._cloud.shape import dicts, opt, opt_obj
from dragoman.partners.contract import MediaFile, Probe, Sent
from dragoman.partners.replies import GATEWAY, Replies, file_in, refused, snippet

from .error_table import ERRORS, problem
from .parse_reports import said, step_of
from .settings import Settings
from .shape import digits

words(
    {
        "infobip_had_it": "Infobip says that it has had a message of this id before, so this one "
        "was not sent a second time; the first one's report will tell what became of it.",
        "infobip_media_gone": "Infobip no longer hands this file over (it answered {status}): it "
        "keeps files for seven days.",
        "infobip_sender_absent": "{whose} does not have the number {numbers} as a WhatsApp sender: "
        "check it under Infobip portal › WhatsApp › Senders, and which account it belongs to.",
        "infobip_sender_state": "The number {number} is {state} at WhatsApp and cannot send: see "
        "Infobip portal › WhatsApp › Senders.",
    }
)

SIGNALS = frozenset({"mark_read", "typing"})
_REPLIES = Replies("infobip", "Infobip")
read_no_reply = _REPLIES.none
_TAKEN_BEFORE = "23"
_CANNOT_SEND = frozenset({"BANNED", "DELETED", "DISCONNECTED", "MIGRATED", "UNVERIFIED"})


class Complaint(msgspec.Struct, frozen=True):
    """An error body of Infobip's, in either shape: its code, its word, and what is wrong where."""

    code: str
    said: str


def complaint_of(body: bytes) -> Complaint | None:
    """None for what is no error of Infobip's.

    The older shape is `requestError.serviceException`, with `validationErrors` as lists of words by
    field; the newer one has `errorCode`, `description` and a list of `violations`.
    """
    data = json_object(body)
    if older := opt_obj(opt_obj(data, "requestError"), "serviceException"):
        named = opt_obj(older, "validationErrors").items()
        wrong = [(field, ", ".join(map(str, told))) for field, told in named if type(told) is list]
        return _complaint(opt(older, "messageId"), opt(older, "text"), wrong)
    if "errorCode" in data:
        listed = dicts(data.get("violations"))
        wrong = [(opt(one, "property") or "", opt(one, "violation") or "") for one in listed]
        return _complaint(opt(data, "errorCode"), opt(data, "description"), wrong)
    if type(data.get("error")) is str and len(data) == 1:  # of marking as read alone
        return Complaint("", data["error"])
    return None


def _complaint(code: str | None, text: str | None, wrong: list[tuple[str, str]]) -> Complaint:
    parts = [text or "", *(f"{field}: {told}" for field, told in wrong)]
    return Complaint(code or "", "; ".join(part for part in parts if part))


# --- a send --------------------------------------------------------------------------------------


def read(call: HttpCall, reply: Reply | NoReply) -> Sent | SendError:
    """Of a send in either API; and of a signal, which has no id: `Sent("")`. Its note is Infobip's
    word that something needs to be put right, although it took the message."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    if not 200 <= reply.status < 300:
        return read_refusal(reply)
    if call.purpose in SIGNALS:
        return Sent("")
    data = json_object(reply.body)
    told = (dicts(data.get("messages")) or [data])[0]
    status, id = opt_obj(told, "status"), opt(told, "messageId")
    if status and step_of(status) is Status.FAILED:
        return _rejected(status, reply)
    if not id:
        known = complaint_of(reply.body) is not None
        return read_refusal(reply) if known else _REPLIES.no_id(reply)
    whom = opt(told, "to") or opt(told, "destination")
    return Sent(id, whom or None, opt(status, "action") or None)


def _rejected(status: dict[str, Any], reply: Reply) -> SendError:
    """A 200 whose status refuses the message."""
    code, text = opt(status, "id") or "", said(status)
    if code == _TAKEN_BEFORE:
        doubt = _REPLIES.doubt(Sentence("infobip_had_it"), reply)
        return msgspec.structs.replace(doubt, partner_code=code, partner_text=text)
    found = problem(f"status/{code}", "infobip_error_unknown", code, text)
    return refused(*found, code, text, reply)


def read_refusal(reply: Reply) -> SendError:
    """An answer that is no success. Never both retryable and ambiguous."""
    told, status = complaint_of(reply.body), f"HTTP {reply.status}"
    if (strange := _REPLIES.strange(reply, told is not None)) is not None:
        return strange
    told = told or Complaint("", snippet(reply))
    found = problem(_key(reply.status, told.said), "infobip_error_unknown", status, told.said)
    return refused(*found, told.code or status, told.said, reply)


def _key(status: int, said: str) -> str:
    """NOT CONFIRMED: a template that Infobip does not know is told by its words alone."""
    if status == 400 and "template not found" in said.lower():
        return "http/400/template"
    usual = "http/500" if status >= 500 else "http/400"
    return f"http/{status}" if f"http/{status}" in ERRORS else usual


# --- files ---------------------------------------------------------------------------------------


def read_media(
    call: HttpCall, reply: Reply | NoReply, settings: Settings
) -> MediaFile | HttpCall | SendError:
    """The file, or where Infobip's redirect leads, to which the login does not go along."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    if (file := file_in(reply)) is not None:
        return file
    elsewhere = reply.headers.get("location", "")
    if reply.status in (301, 302, 303, 307, 308) and elsewhere.startswith("http"):
        return HttpCall("GET", elsewhere, call.purpose)
    if reply.status in (404, 410):
        return SendError(Code.MEDIA, Sentence("infobip_media_gone", {"status": reply.status}))
    return read_refusal(reply)


# --- asking --------------------------------------------------------------------------------------


def read_probe(probe: Probe, reply: Reply | NoReply) -> Sentence | None:
    """None when the login is right and the account has the numbers, else what is wrong. A key that
    may only send is refused the list, and is right all the same."""
    if isinstance(reply, NoReply):
        return _REPLIES.unchecked(probe, reply)
    told, results = complaint_of(reply.body), _results(reply)
    if reply.status == 403 and told is not None:
        return None
    if results is not None or (told is not None and reply.status == 404):
        return _senders(probe, dicts(results))
    if reply.status == 401 or (told is not None and reply.status not in GATEWAY):
        return read_refusal(reply).sentence
    return _REPLIES.unchecked(probe, reply)


def _results(reply: Reply) -> list[Any] | None:
    """What a question of ours found; None for an answer that is none."""
    results = json_object(reply.body).get("results") if 200 <= reply.status < 300 else None
    return results if type(results) is list else None


def _senders(probe: Probe, results: list[dict[str, Any]]) -> Sentence | None:
    states = {digits(opt(one, "sender")): (opt(one, "status") or "").upper() for one in results}
    wanted = probe.expect.split(",")
    if lacking := ", ".join(f"+{number}" for number in wanted if number not in states):
        whose = probe.about[:1].upper() + probe.about[1:]
        return Sentence("infobip_sender_absent", {"whose": whose, "numbers": lacking})
    for number in wanted:
        if states[number] in _CANNOT_SEND:
            args = {"number": f"+{number}", "state": states[number].lower()}
            return Sentence("infobip_sender_state", args)
    return None


def read_pull(reply: Reply | NoReply) -> bytes | SendError:
    """The answer is a body as the webhook has it; empty when there was nothing."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    results = _results(reply)
    if results is None:
        return read_refusal(reply)
    return reply.body if results else b""
