"""What Netcore says to a call: an id, or why not. Refusals may come with HTTP 200.

Source: Netcore Cloud, "Error codes", "Consent API", "Send media message"; public integrations.
"""

from __future__ import annotations

from typing import Any

import msgspec

from dragoman.domain.errors import Code, SendError
from dragoman.domain.sentences import Sentence, words
from dragoman.domain.wire import HttpCall, NoReply, Reply
from dragoman.partners._cloud.answer import json_object
from dragoman.partners._cloud.shape import opt, opt_obj
from dragoman.partners.contract import MediaFile, Probe, Sent
from dragoman.partners.replies import Replies, refused, snippet

from .error_table import ERRORS, problem
from .settings import Settings

words(
    {
        "netcore_media_gone": "Netcore no longer hands this file over (it answered {status}): ask "
        "the person to send it again.",
        "netcore_no_media_id": "Netcore took the file ({status}) and gave no id for it: send it by "
        "a link, or try again.",
    }
)

_REPLIES = Replies("netcore", "Netcore", gateway=(502, 504))  # 408 may be Netcore's own
read_no_reply = _REPLIES.none
_DENIED = (401, 403)
# What is wrong with a key, and what with a look-up that its key made.
_OF_THE_KEY = ("denied", "8004")
_OF_THE_LOOK_UP = ("8001", "8003", "8006")


class _Refusal(msgspec.Struct, frozen=True):
    """Netcore's own refusal: its code, "" where it gives none, and its words."""

    code: str
    said: str


def _refusal(reply: Reply) -> _Refusal | None:
    """In either of its shapes: `{"status": "failure", "error": {"code", "message"}}`, or
    `{"status": 401, "message"}`. A key that is not the number's is said in many ways."""
    data = json_object(reply.body)
    error = data.get("error")
    told = opt_obj(data, "error")
    said = opt(told, "message") or opt(data, "message") or ""
    said = said or (error if type(error) is str else "")
    code = opt(told, "code") or ""
    status = data.get("status")
    known = status in ("failure", "error", "failed") or bool(told)
    if type(status) is int and 400 <= status < 600:
        known, code = True, code or f"http/{status}"
    text = said if known or data else reply.body[:2000].decode("utf-8", "replace")
    if "access denied" in text.lower() or (reply.status in _DENIED and not code.startswith("8")):
        return _Refusal("denied", said or f"HTTP {reply.status}")
    if code in ("http/401", "http/403"):
        return _Refusal("denied", said)
    return _Refusal(code, said) if known else None


def read(call: HttpCall, reply: Reply | NoReply) -> Sent | SendError:
    """Of a send."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    if (data := _success(reply)) is None:
        return read_refusal(reply, call.about)
    id = opt(data, "id")
    return Sent(id) if id else _REPLIES.no_id(reply)


def _success(reply: Reply) -> dict[str, Any] | None:
    """What a success brings; None for any other answer."""
    told = json_object(reply.body)
    done = 200 <= reply.status < 300 and told.get("status") == "success"
    return opt_obj(told, "data") if done else None


def read_refusal(reply: Reply, number: str = "") -> SendError:
    """An answer that is no success."""
    status, found = reply.status, _refusal(reply)
    if (strange := _REPLIES.strange(reply, found is not None)) is not None:
        return strange
    found = found or _Refusal(f"http/{status}", snippet(reply))
    code = "http/429" if status == 429 else found.code
    if code.startswith("http/") and code not in ERRORS:
        # An unknown status says no more than that it is refused, or down.
        code = "8005" if code >= "http/5" else "http/400"
    known, sentence = problem(code, found.said, number)
    shown = found.code if found.code.startswith("8") else f"HTTP {status}"
    return refused(known, sentence, shown, found.said, reply)


# --- opt-in --------------------------------------------------------------------------------------


def read_opt_in_look_up(reply: Reply | NoReply) -> bool | SendError:
    """A person of whom nothing is found has not agreed."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    if _success(reply) is not None:
        return True
    found = _refusal(reply)
    return False if found is not None and _is_nobody(found) else read_refusal(reply)


def _is_nobody(found: _Refusal) -> bool:
    """That Netcore has nobody by this number."""
    return found.code == "8002" or (not found.code and "not found" in found.said.lower())


def read_opt_in(reply: Reply | NoReply) -> SendError | None:
    """That the person is opted in already is as good as done: it is said with the code of technical
    errors."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    if _success(reply) is not None:
        return None
    found = _refusal(reply)
    if found is not None and found.code == "8005" and "already" in found.said.lower():
        return None
    return read_refusal(reply)


# --- files ---------------------------------------------------------------------------------------


def read_media(
    call: HttpCall, reply: Reply | NoReply, settings: Settings
) -> MediaFile | HttpCall | SendError:
    """The file itself: there is no second step."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    if reply.status == 200 and reply.body and not _failure(reply):
        return MediaFile(reply.body, reply.headers.get("content-type", "").strip())
    if reply.status in (404, 410) or _failure(reply) == "8008":
        return SendError(Code.MEDIA, Sentence("netcore_media_gone", {"status": reply.status}))
    return read_refusal(reply, call.about)


def _failure(reply: Reply) -> str:
    """Netcore's refusal in place of a file: its code, or "?" without one. A file that a person sent
    may be JSON too, so only its own shape counts."""
    data: dict[str, Any] = json_object(reply.body) if len(reply.body) < 10_000 else {}
    if data.get("status") != "failure" or type(data.get("error")) is not dict:
        return ""
    return opt(data["error"], "code") or "?"


def read_upload(reply: Reply | NoReply) -> str | SendError:
    """The id of the uploaded file."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    if (data := _success(reply)) is None:
        return read_refusal(reply)
    sentence = Sentence("netcore_no_media_id", {"status": reply.status})
    return opt(data, "mediaId") or SendError(Code.MEDIA, sentence)


# --- checks --------------------------------------------------------------------------------------


def read_probe(probe: Probe, reply: Reply | NoReply) -> Sentence | None:
    """None when Netcore takes the key: whatever it then says of the look-up."""
    if isinstance(reply, NoReply):
        return _REPLIES.unchecked(probe, reply)
    if _success(reply) is not None:
        return None
    found = _refusal(reply)
    if found is None:
        return _REPLIES.unchecked(probe, reply)
    if _is_nobody(found) or found.code in _OF_THE_LOOK_UP:
        return None
    if found.code in _OF_THE_KEY:
        return problem(found.code, found.said, probe.call.about)[1]
    return read_refusal(reply, probe.call.about).sentence
