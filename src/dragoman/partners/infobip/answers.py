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
from dragoman.partners.replies import GATEWAY, Replies, refused, snippet

from .error_table import ERRORS, problem, unknown
from .parse_reports import step_of
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
    older = opt_obj(opt_obj(data, "requestError"), "serviceException")
    if older:
        wrong = [
            f"{field}: {', '.join(str(word) for word in told)}"
            for field, told in opt_obj(older, "validationErrors").items()
            if type(told) is list
        ]
        return _complaint(opt(older, "messageId"), opt(older, "text"), wrong)
    if "errorCode" in data:
        wrong = [
            f"{opt(one, 'property') or ''}: {opt(one, 'violation') or ''}"
            for one in dicts(data.get("violations"))
        ]
        return _complaint(opt(data, "errorCode"), opt(data, "description"), wrong)
    if type(data.get("error")) is str and len(data) == 1:  # of marking as read alone
        return Complaint("", data["error"])
    return None


def _complaint(code: str | None, text: str | None, wrong: list[str]) -> Complaint:
    return Complaint(code or "", "; ".join(part for part in (text or "", *wrong) if part))


# --- a send --------------------------------------------------------------------------------------


def read(call: HttpCall, reply: Reply | NoReply) -> Sent | SendError:
    """Of a send in either API; and of a signal, which has no id: `Sent("")`."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    if not 200 <= reply.status < 300:
        return read_refusal(reply)
    if call.purpose in SIGNALS:
        return Sent("")
    data = json_object(reply.body)
    messages = dicts(data.get("messages"))
    told = messages[0] if messages else data
    status, id = opt_obj(told, "status"), opt(told, "messageId") or ""
    if status and step_of(status) is Status.FAILED:
        return _rejected(status, reply)
    if not id:
        if complaint_of(reply.body) is not None:
            return read_refusal(reply)
        return _REPLIES.no_id(reply)
    whom = opt(told, "to") or opt(told, "destination")
    return Sent(id, whom or None, _note(status))


def _note(status: dict[str, Any]) -> str | None:
    """Infobip's word that something needs to be put right, although it took the message."""
    return opt(status, "action") or None


def _rejected(status: dict[str, Any], reply: Reply) -> SendError:
    """A 200 whose status refuses the message."""
    code, said = opt(status, "id") or "", opt(status, "description") or opt(status, "name") or ""
    if code == _TAKEN_BEFORE:
        doubt = _REPLIES.doubt(Sentence("infobip_had_it"), reply)
        return msgspec.structs.replace(doubt, partner_code=code, partner_text=said)
    found = problem(f"status/{code}", said) or unknown("infobip_refused", code, said)
    return refused(*found, code, said, reply)


def read_refusal(reply: Reply) -> SendError:
    """An answer that is no success. Never both retryable and ambiguous."""
    told, status = complaint_of(reply.body), reply.status
    if status in GATEWAY or (told is None and not 400 <= status < 500):
        return _REPLIES.not_understood(reply)
    if told is None and (lost := _REPLIES.nobody_there(reply)) is not None:
        return lost
    said = told.said if told is not None else snippet(reply)
    key = _key(status, said)
    found = problem(key, said) or unknown("infobip_refused", f"HTTP {status}", said)
    code = (told.code if told is not None else "") or f"HTTP {status}"
    return refused(*found, code, said, reply)


def _key(status: int, said: str) -> str:
    """NOT CONFIRMED: a template that Infobip does not know is told by its words alone."""
    if status == 400 and "template not found" in said.lower():
        return "http/400/template"
    if f"http/{status}" in ERRORS:
        return f"http/{status}"
    return "http/500" if status >= 500 else "http/400"


# --- files ---------------------------------------------------------------------------------------


def read_media(
    call: HttpCall, reply: Reply | NoReply, settings: Settings
) -> MediaFile | HttpCall | SendError:
    """The file, or where Infobip's redirect leads, to which the login does not go along."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    if reply.status == 200 and reply.body:
        mime = reply.headers.get("content-type", "").partition(";")[0].strip()
        return MediaFile(reply.body, mime)
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
    told = complaint_of(reply.body)
    if reply.status == 403 and told is not None:
        return None
    data = json_object(reply.body)
    if 200 <= reply.status < 300 and type(data.get("results")) is list:
        return _senders(probe, dicts(data["results"]))
    if told is not None and reply.status == 404:
        return _absent(probe, probe.expect.split(","))
    if reply.status == 401 or (told is not None and reply.status not in GATEWAY):
        return read_refusal(reply).sentence
    return _REPLIES.unchecked(probe, reply)


def _senders(probe: Probe, results: list[dict[str, Any]]) -> Sentence | None:
    states = {digits(opt(one, "sender")): (opt(one, "status") or "").upper() for one in results}
    wanted = probe.expect.split(",")
    if lacking := [number for number in wanted if number not in states]:
        return _absent(probe, lacking)
    for number in wanted:
        if states[number] in _CANNOT_SEND:
            args = {"number": f"+{number}", "state": states[number].lower()}
            return Sentence("infobip_sender_state", args)
    return None


def _absent(probe: Probe, numbers: list[str]) -> Sentence:
    whose = probe.about[:1].upper() + probe.about[1:]
    listed = ", ".join(f"+{number}" for number in numbers)
    return Sentence("infobip_sender_absent", {"whose": whose, "numbers": listed})


def read_pull(reply: Reply | NoReply) -> bytes | SendError:
    """The answer is a body as the webhook has it; empty when there was nothing."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    data = json_object(reply.body)
    if 200 <= reply.status < 300 and type(data.get("results")) is list:
        return reply.body if data["results"] else b""
    return read_refusal(reply)
