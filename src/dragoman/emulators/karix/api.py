"""The RCM API over HTTP: faults, key, JSON, the right call.

Order of a call: path → faults of the service → key → JSON → metaData → fields → sender → rate →
accepted. Everything that depends on the template, the person or the window comes later, as a
report: Karix accepts a message before it hands it to WhatsApp.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from litestar import Request

from dragoman.emulators.kit import Answer

from . import wire
from .checks import Refusal, answer, invalid, refused
from .content import kind_of
from .fields import check
from .sending import Sending, accept

if TYPE_CHECKING:
    from .emulator import Emulator

_FAULTS = {"error_500": "server_error", "error_503": "service_down"}
_ACCEPTED = "Successfully Accepted"  # UNSURE: the words
_SEVERAL = "message.recipients"


async def serve_call(emulator: Emulator, request: Request[Any, Any, Any], path: str) -> Answer:
    """Never raises."""
    body: Any = None
    try:
        if path.startswith("/attachments/") and request.method == "GET":
            return _attachment(emulator, path)
        act = _CALLS.get(path)
        if act is None:
            raise Refusal("path_unknown")
        if request.method != "POST":
            raise Refusal("method_wrong")
        fault = await emulator.service_fault()
        if fault:
            raise Refusal(_FAULTS[fault])
        _authenticate(emulator, request.headers.get("authentication", ""))
        body = _object(await request.body())
        return await act(emulator, body)
    except Refusal as refusal:
        emulator.counts[f"refused {refusal.check.id}"] += 1
        done = refused(refusal)
        if path in _CALLS:
            said = {"check": refusal.check.id, "said": refusal.text}
            first = next(iter(emulator.lines))
            emulator.wire_out(first, path.rpartition("/")[2], str(done.status), body, answer=said)
        return done


def _authenticate(emulator: Emulator, header: str) -> None:
    scheme, _, key = header.partition(" ")
    if scheme != "Bearer" or not key:
        raise Refusal("key_missing")
    if not hmac.compare_digest(key.strip().encode(), emulator.config.account_key.encode()):
        raise Refusal("key_wrong")


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refusal("json_invalid") from None
    if not isinstance(value, dict):
        raise Refusal("json_invalid")
    return value


def _digits(value: Any) -> str:
    return re.sub(r"\D", "", str(value))


def _meta_data(body: Mapping[str, Any]) -> None:
    given = body.get("metaData")
    if not isinstance(given, dict) or not isinstance(given.get("version"), str):
        raise Refusal("metadata_missing")
    if not given["version"]:
        raise Refusal("metadata_missing")


def _number(emulator: Emulator, value: Any) -> str:
    number = _digits(value)
    if number not in emulator.lines:
        raise Refusal("sender_unknown", number=number)
    return number


def _dn(account: Mapping[str, Any]) -> str:
    preferences: Mapping[str, Any] = account.get("preferences") or {}
    return str(preferences.get("webHookDNId", ""))


def _sending(
    number: str,
    dn: str,
    content: dict[str, Any],
    recipient: dict[str, Any],
    content_at: str,
    recipient_at: str,
) -> Sending:
    """One message, checked. The last two: what its parts are called. Raises Refusal."""
    kind = kind_of(content, content_at)
    check("recipient", recipient, recipient_at)
    to, reference = _digits(recipient["to"]), recipient.get("reference")
    return Sending(number, to, reference, content, kind, dn)


# --- calls ---------------------------------------------------------------------------------------


async def _send_message(emulator: Emulator, body: dict[str, Any]) -> Answer:
    """To one person, or with `recipients` to several."""
    _meta_data(body)
    check("sendMessage", body)
    message = body["message"]
    check("sendMessage message", message, "message")
    number, dn = _number(emulator, message["sender"]["from"]), _dn(message)
    content, people = message["content"], message.get("recipients") or []
    if people:
        steps = [
            partial(_sending, number, dn, content, one, "message.content", f"{_SEVERAL}[{place}]")
            for place, one in enumerate(people)
        ]
        return await _batch(emulator, body, number, steps)
    if not isinstance(message.get("recipient"), dict):
        raise invalid("message.recipient is missing")
    at = "message.content", "message.recipient"
    one = _sending(number, dn, content, message["recipient"], *at)
    record = await accept(emulator, one)
    said = {"statusCode": "200", "statusDesc": _ACCEPTED, "mid": record["id"]}
    done = answer(said)
    status, contact = emulator.spoil(done), record["contact"]["id"]
    emulator.wire_out(number, f"send {one.kind}", status, body, record["id"], said, contact)
    return done


async def _send_bulk(emulator: Emulator, body: dict[str, Any]) -> Answer:
    """UNSURE: the greatest number of messages, and what `batchStatus` says of each."""
    _meta_data(body)
    check("sendBulkMessage", body)
    number, dn = _number(emulator, body["sender"]["from"]), _dn(body)
    steps = [
        partial(_bulk_step, number, dn, message, f"messages[{place}]")
        for place, message in enumerate(body["messages"])
    ]
    return await _batch(emulator, body, number, steps)


def _bulk_step(number: str, dn: str, message: dict[str, Any], at: str) -> Sending:
    check("sendBulkMessage message", message, at)
    whose = f"{at}.content", f"{at}.recipient"
    return _sending(number, dn, message["content"], message["recipient"], *whose)


async def _batch(
    emulator: Emulator, body: dict[str, Any], number: str, steps: list[partial[Sending]]
) -> Answer:
    """Several messages, each on its own: a bad one does not sink the others."""
    told = []
    for step in steps:
        try:
            record = await accept(emulator, step())
        except Refusal as refusal:
            emulator.counts[f"refused {refusal.check.id}"] += 1
            code = refusal.check.code or str(refusal.check.http)
            told.append({"statusCode": code, "statusDesc": refusal.text})
        else:
            reference = record["reference"] or {}
            whose = {"to": record["to"], "cust_ref": reference.get("cust_ref", "")}
            said = {"statusCode": "200", "statusDesc": _ACCEPTED, "mid": record["id"]}
            told.append({**whose, **said})
    done = answer({"statusCode": "200", "statusDesc": _ACCEPTED, "batchStatus": told})
    status = emulator.spoil(done)
    emulator.wire_out(number, f"send {len(told)} messages", status, body, answer=told)
    return done


async def _upload(emulator: Emulator, body: dict[str, Any]) -> Answer:
    """The id of a file by its address. No message that is known takes such an id."""
    check("upload", body)
    number, media_id = _number(emulator, body["senderId"]), wire.new_media_id()
    emulator.wire_out(number, "upload media", "200", body, answer={"mediaId": media_id})
    return answer({"response": {"mediaId": media_id}})


_CALLS: Mapping[str, Callable[[Emulator, dict[str, Any]], Awaitable[Answer]]] = {
    "/services/rcm/sendMessage": _send_message,
    "/services/rcm/sendBulkMessage": _send_bulk,
    "/services/media/upload/attachment": _upload,
}


def _attachment(emulator: Emulator, path: str) -> Answer:
    """A file that a person sent. UNSURE: whether it asks for the key, and how long it lives."""
    media_id = path.split("/")[2]
    stored = emulator.media.load(media_id)
    if stored is None:
        raise Refusal("path_unknown")
    return Answer(stored.data, mime=stored.mime)
