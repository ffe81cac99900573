"""What Meta says to a send: a message id, or why not.

Source: Meta, "Send messages: response" (2026); Graph API "Handling errors".
"""

from __future__ import annotations

from typing import Any

import msgspec

from dragoman.domain.errors import SendError
from dragoman.domain.wire import HttpCall, NoReply, Reply
from dragoman.partners.contract import Sent

from .errors import REPLIES, error_of, read_no_reply, read_refusal
from .shape import dicts, opt

SIGNALS = frozenset({"mark_read", "typing"})


def read_send(call: HttpCall, reply: Reply | NoReply) -> Sent | SendError:
    """Of a send; and of a signal, whose `{"success": true}` has no id: `Sent("")`."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    if not 200 <= reply.status < 300 or error_of(reply.body) is not None:
        return read_refusal(reply)
    data = json_object(reply.body)
    if call.purpose in SIGNALS and data.get("success") is True:
        return Sent("")
    messages = dicts(data.get("messages"))
    wamid = opt(messages[0], "id") if messages else None
    if not wamid:
        return REPLIES.no_id(reply)
    word = opt(messages[0], "message_status")
    contacts = dicts(data.get("contacts"))
    whom = (opt(contacts[0], "wa_id") or opt(contacts[0], "user_id")) if contacts else None
    return Sent(wamid, whom, None if word == "accepted" else word)


def json_object(body: bytes) -> dict[str, Any]:
    """The body as an object; an empty one when it is none."""
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return data if type(data) is dict else {}
