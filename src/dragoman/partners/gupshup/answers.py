"""What Gupshup says to a call: an id, or why not. Enterprise says both with HTTP 200.

The answer's shape tells which of Gupshup's interfaces gave it.

Source: Gupshup, Enterprise API and Access API references, and public integrations of both.
"""

from __future__ import annotations

from typing import Any

import msgspec

from dragoman.domain.errors import Code, SendError
from dragoman.domain.sentences import Sentence, words
from dragoman.domain.wire import HttpCall, NoReply, Reply
from dragoman.partners._cloud.answer import json_object, read_send
from dragoman.partners._cloud.errors import error_of
from dragoman.partners._cloud.shape import opt, opt_obj
from dragoman.partners.contract import MediaFile, Probe, Sent
from dragoman.partners.replies import GATEWAY, Replies, refused, snippet

from .error_table import ERRORS, problem
from .settings import Settings

words(
    {
        "gupshup_media_gone": "Gupshup no longer hands this file over (it answered {status}): its "
        "address is good for a while only.",
    }
)

_REPLIES = Replies("gupshup", "Gupshup")
read_no_reply = _REPLIES.none


def read(call: HttpCall, reply: Reply | NoReply) -> Sent | SendError:
    """Of a send, in any dialect."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    data = json_object(reply.body)
    answer = opt_obj(data, "response") or _text_answer(reply.body)
    if answer:
        return _enterprise(answer, reply)
    if "messages" in data or error_of(reply.body) is not None:
        return read_send(call, reply)
    taken = opt(data, "messageId")
    if taken and 200 <= reply.status < 300 and opt(data, "status") != "error":
        return Sent(taken)
    return read_refusal(reply)


def _enterprise(answer: dict[str, Any], reply: Reply) -> Sent | SendError:
    """`{"id", "phone", "details", "status"}`, whatever the HTTP status says."""
    word, id = (opt(answer, "status") or "").lower(), opt(answer, "id") or ""
    if word == "success" and id:
        return Sent(id, opt(answer, "phone") or None)
    if word == "error" and reply.status not in GATEWAY:
        return _enterprise_refused(id, opt(answer, "details") or "", reply)
    return _REPLIES.not_understood(reply)


def _enterprise_refused(id: str, said: str, reply: Reply) -> SendError:
    """By Gupshup's number where it is known. Of an unknown one the HTTP status may say more: too
    many at once, or a service that is down, both in Gupshup's own shape, so nothing was sent."""
    if f"enterprise/{id}" not in ERRORS:
        for table, code, meant in (
            ("http", "429", reply.status == 429),
            ("access", "500", reply.status >= 500),
        ):
            if meant:
                error = _refused(table, code, said, reply)
                return msgspec.structs.replace(error, partner_code=id)
    return _refused("enterprise", id, said, reply)


def _text_answer(body: bytes) -> dict[str, Any]:
    """Without `format=json` the answer is a line. Its exact spacing is not confirmed."""
    parts = [part.strip() for part in body[:1000].decode("utf-8", "replace").split("|")]
    if len(parts) == 3 and parts[0].lower() == "success":
        return {"status": "success", "phone": parts[1], "id": parts[2]}
    if len(parts) == 3 and parts[0].lower() == "error":
        return {"status": "error", "id": parts[1], "details": parts[2]}
    return {}


def _refused(table: str, code: str, said: str, reply: Reply) -> SendError:
    known, sentence = problem(table, code, said)
    return refused(known, sentence, code, said, reply)


def read_refusal(reply: Reply) -> SendError:
    """An answer that is no success, in the Access API's shape or by its status alone."""
    data = json_object(reply.body)
    said, code = opt(data, "message") or "", opt(data, "code") or ""
    own, status = opt(data, "status") == "error", reply.status
    if (strange := _REPLIES.strange(reply, own)) is not None:
        return strange
    if own and (code or not 400 <= status < 500):
        return _refused("access", code or ("500" if status >= 500 else ""), said, reply)
    said = said or snippet(reply)
    known = str(status) if f"http/{status}" in ERRORS else "400"
    error = _refused("http", known, said, reply)
    return msgspec.structs.replace(error, partner_code=f"HTTP {status}")


def read_opt_in(reply: Reply | NoReply) -> SendError | None:
    """Any 2xx that is no refusal will do: what Gupshup says beside it is not published."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    answer = opt_obj(json_object(reply.body), "response") or _text_answer(reply.body)
    if (opt(answer, "status") or "").lower() == "error":
        return _enterprise_refused(opt(answer, "id") or "", opt(answer, "details") or "", reply)
    if 200 <= reply.status < 300 and opt(json_object(reply.body), "status") != "error":
        return None
    return read_refusal(reply)


def read_media(
    call: HttpCall, reply: Reply | NoReply, settings: Settings
) -> MediaFile | HttpCall | SendError:
    """The file itself: Gupshup's addresses need no second step."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    if reply.status == 200 and reply.body:
        mime = reply.headers.get("content-type", "").strip()
        return MediaFile(reply.body, mime)
    if reply.status in (401, 403, 404, 410):
        return SendError(Code.MEDIA, Sentence("gupshup_media_gone", {"status": reply.status}))
    return read_refusal(reply)


def read_probe(probe: Probe, reply: Reply | NoReply) -> Sentence | None:
    """None when the credentials are right, else what is wrong."""
    if isinstance(reply, NoReply):
        return _REPLIES.unchecked(probe, reply)
    data = json_object(reply.body)
    if 200 <= reply.status < 300 and data and opt(data, "status") != "error":
        return None
    if data and reply.status not in (502, 504):
        return read_refusal(reply).sentence
    if reply.status in (401, 403):
        return read_refusal(reply).sentence
    return _REPLIES.unchecked(probe, reply)
