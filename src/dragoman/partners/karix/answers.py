"""What Karix says to a call: an id, or why not. It says both with HTTP 200.

NOT CONFIRMED but for the answer of a success: `{"statusCode": "200", "statusDesc": …, "mid": …}`.
A refusal is taken to be another `statusCode`, or an `errorMessage` or `error` object, which two
integrations expect with a status of 4xx or 5xx.

Source: reconstructed from public integrations of the RCM API, 2020–2026; Karix publishes no
reference.
"""

from __future__ import annotations

from typing import Any

from dragoman.domain.errors import Code, Concerns, SendError
from dragoman.domain.sentences import Sentence, words
from dragoman.domain.wire import HttpCall, NoReply, Phase, Reply
from dragoman.partners._cloud.answer import json_object
from dragoman.partners._cloud.known import Known
from dragoman.partners._cloud.shape import opt, opt_obj
from dragoman.partners.contract import MediaFile, Sent
from dragoman.partners.replies import Replies, file_in, reason, refused, shown_raw, snippet

from .error_table import ERRORS
from .settings import Settings

words(
    {
        "karix_error_unknown": "Karix refused the message with code {code}, which is not known "
        "here: {said}",
        "karix_media_gone": "Karix no longer hands this file over (it answered {status}): its "
        "address is good for a while only.",
        "karix_media_failed": "The file could not be fetched from Karix for the moment ({detail}); "
        "it is tried again.",
    }
)

_REPLIES = Replies("karix", "Karix")
read_no_reply = _REPLIES.none
_UNKNOWN = Known(Code.UNKNOWN, Concerns.MESSAGE, "")


def read(call: HttpCall, reply: Reply | NoReply) -> Sent | SendError:
    """Of a send. Only `statusCode` "200" with a `mid` is success."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    data = json_object(reply.body)
    if 200 <= reply.status < 300 and opt(data, "statusCode") == "200":
        mid = opt(data, "mid")
        return Sent(mid) if mid else _REPLIES.no_id(reply)
    return read_refusal(reply)


def read_refusal(reply: Reply) -> SendError:
    """An answer that is no success."""
    status, told = reply.status, _told(reply.body)
    if (strange := _REPLIES.strange(reply, told is not None)) is not None:
        return strange
    code, said = told or ("", snippet(reply))
    key = _key(code) or ("" if 200 <= status < 300 else _key(str(status)))
    return _refused(key, code or f"HTTP {status}", said, reply)


def _told(body: bytes) -> tuple[str, str] | None:
    """Code and words of a refusal in one of Karix's shapes; None when it is in none."""
    data = json_object(body)
    code = opt(data, "statusCode") or ""
    if code and not _succeeded(code):
        return code, _first(data, "statusDesc", "errorMessage")
    if not code and (said := opt(data, "errorMessage")):
        return "", said
    error = opt_obj(data, "error")
    if not code and (said := opt(error, "message")):
        return opt(error, "code") or "", said
    return None


def _succeeded(code: str) -> bool:
    return len(code) == 3 and code[0] == "2"


def _first(data: dict[str, Any], *keys: str) -> str:
    return next((text for key in keys if (text := opt(data, key))), "")


def _key(code: str) -> str:
    """The row of ERRORS for a code that looks like an HTTP status; its hundred's where it has no
    row of its own. Empty for any other code."""
    if len(code) != 3 or code[0] not in "45" or not code.isascii() or not code.isdigit():
        return ""
    return code if code in ERRORS else f"{code[0]}00"


def _refused(key: str, code: str, said: str, reply: Reply) -> SendError:
    known = ERRORS.get(key, _UNKNOWN)
    sentence = Sentence("karix_error_unknown", {"code": code, "said": shown_raw("", said)})
    if key:
        args = {"said": reason(said)} if "{said}" in known.text else {}
        sentence = Sentence(f"karix_error_{key}", args)
    return refused(known, sentence, code, said, reply)


# --- files ---------------------------------------------------------------------------------------


def render_media(
    number: str, media_id: str | None, link: str | None, settings: Settings
) -> HttpCall | None:
    """NOT CONFIRMED: that an attachment's address needs no key. It never goes along, because the
    address comes from the outside. There are no ids."""
    return HttpCall("GET", link, "media_download") if link else None


def read_media(
    call: HttpCall, reply: Reply | NoReply, settings: Settings
) -> MediaFile | HttpCall | SendError:
    """The file itself. Fetching may always be repeated."""
    if isinstance(reply, NoReply):
        if reply.phase is Phase.SENT:
            return _not_fetched(reply.said)
        return read_no_reply(reply)
    if (file := file_in(reply)) is not None:
        return file
    if reply.status == 200 or (400 <= reply.status < 500 and reply.status not in (408, 429)):
        return SendError(Code.MEDIA, Sentence("karix_media_gone", {"status": reply.status}))
    return _not_fetched(str(reply.status))


def _not_fetched(detail: Sentence | str) -> SendError:
    sentence = Sentence("karix_media_failed", {"detail": detail})
    return SendError(Code.UNAVAILABLE, sentence, retryable=True, concerns=Concerns.PARTNER)
