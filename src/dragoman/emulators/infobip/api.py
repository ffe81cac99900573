"""The API over HTTP: faults, the right endpoint, who calls, what it does, errors in its shape.

Order of a call: faults of the service → path → credentials and scope → sender in the path → rate
(sends) → body. Source: Infobip, OpenAPI documents (July 2026).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec
from litestar import Request

from dragoman.emulators.kit import Answer

from . import account, calls, media, messages_api, payments, schema, whatsapp, wire
from .calls import Call
from .checks import Invalid, Refusal, error_body

if TYPE_CHECKING:
    from .emulator import Emulator

Handler = Callable[["Emulator", Call], Answer | Awaitable[Answer]]

_SEND = ("message:send", "whatsapp:message:send", "whatsapp:manage")
_MANAGE = ("whatsapp:manage",)
_MEDIA = ("inbound-message:read", "whatsapp:inbound-message:read", "whatsapp:manage")
_IDENTITY = ("whatsapp:manage", "whatsapp:message:send")
_CONVERT = ("whatsapp:conversions",)
_API_SEND = ("message:send", "messages-api:message:send", "messages-api:manage")
_API_READ = ("inbound-message:read", "messages-api:manage")
_SUBSCRIBE = ("subscriptions:manage",)
_NUMBERS = ("numbers:manage",)
_OPEN = ("open",)  # no credentials


class Endpoint(msgspec.Struct, frozen=True):
    """`scopes`: one of these lets an API key in; none: any key. `sends`: counted by the rate."""

    method: str
    path: re.Pattern[str]
    handler: Handler
    scopes: tuple[str, ...] = ()
    sends: bool = False


def _at(
    method: str,
    path: str,
    handler: Handler,
    scopes: tuple[str, ...] = (),
    *,
    sends: bool = False,
) -> Endpoint:
    """`{name}` is one segment of the path, `{name*}` as much as there is."""
    pattern = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", path)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
    return Endpoint(method, re.compile(pattern), handler, scopes, sends)


_WA, _SENDER = "/whatsapp/1", "/whatsapp/1/senders/{sender}"
_TEMPLATES = "/whatsapp/2/senders/{sender}/templates"
ENDPOINTS: tuple[Endpoint, ...] = (
    *(
        _at("POST", f"{_WA}/message/{kind}", whatsapp.send(kind), _SEND, sends=True)
        for kind in schema.CONTENTS
    ),
    _at("POST", f"{_WA}/message/template", whatsapp.send_template, _SEND, sends=True),
    _at("POST", f"{_WA}/events", whatsapp.send_events, _SEND),
    _at("POST", _SENDER + "/message/{message*}/read", whatsapp.mark_read, _MANAGE),
    _at("GET", _SENDER + "/media/{media}", media.read, _MEDIA),
    _at("HEAD", _SENDER + "/media/{media}", media.read, _MANAGE),
    _at("DELETE", _SENDER + "/media", media.delete, _MANAGE),
    _at("GET", "/cdn/{sender}/{media}", media.cached, _OPEN),
    *(
        _at("GET", f"{_SENDER}/payments/{kind}/{{payment}}", payments.read, _MEDIA)
        for kind in ("upi/payu", "upi", "br")
    ),
    _at("GET", _TEMPLATES, account.list_templates, _MANAGE),
    _at("POST", _TEMPLATES, account.create_template, _MANAGE),
    _at("GET", _TEMPLATES + "/{template}", account.read_template, _MANAGE),
    _at("PATCH", _TEMPLATES + "/{template}", account.edit_template, _MANAGE),
    _at("DELETE", _TEMPLATES + "/{template}", account.delete_template, _MANAGE),
    _at("GET", f"{_WA}/templates", account.account_templates, _MANAGE),
    _at("GET", f"{_WA}/senders/quality", account.quality, _MANAGE),
    _at("GET", _SENDER + "/flows", account.list_flows, _MANAGE),
    _at("POST", _SENDER + "/flows", account.create_flow, _MANAGE),
    _at("GET", _WA + "/{sender}/contacts/{user}/identity", account.read_identity, _IDENTITY),
    _at("PUT", _WA + "/{sender}/contacts/{user}/identity", account.confirm_identity, _IDENTITY),
    _at("DELETE", _WA + "/{sender}/contacts/{user}/identity", account.forget_identity, _IDENTITY),
    _at("POST", f"{_WA}/conversions", account.convert, _CONVERT),
    _at("POST", f"{_WA}/conversions/waba", account.convert, _CONVERT),
    _at("POST", "/messages-api/1/messages", messages_api.send, _API_SEND, sends=True),
    _at("POST", "/messages-api/1/messages/validate", messages_api.validate, _API_SEND),
    _at("POST", "/messages-api/1/events", messages_api.send_events, _API_SEND),
    _at("GET", "/messages-api/1/reports", messages_api.reports, _API_SEND),
    _at("GET", "/messages-api/1/inbound", messages_api.inbound, _API_READ),
    _at("GET", "/whatsapp/2/logs", account.logs),
    _at("GET", "/whatsapp/2/senders", account.list_senders),
    _at("GET", "/account/1/balance", account.balance),
    _at("POST", "/auth/1/session", account.session, _OPEN),
    _at("DELETE", "/auth/1/session", calls.close_session),
    _at("POST", "/auth/1/oauth2/token", calls.oauth_token, _OPEN),
    _at(
        "GET",
        "/resource-management/1/inbound-message-configurations",
        account.read_configurations,
        _NUMBERS,
    ),
    _at(
        "POST",
        "/resource-management/1/inbound-message-configurations",
        account.write_configuration,
        _NUMBERS,
    ),
    _at(
        "DELETE",
        "/resource-management/1/inbound-message-configurations/{configuration}",
        account.delete_configuration,
        _NUMBERS,
    ),
    _at("POST", "/subscriptions/1/subscription/WHATSAPP", account.subscribe, _SUBSCRIBE),
    _at("GET", "/subscriptions/1/subscriptions", account.list_subscriptions, _SUBSCRIBE),
    _at(
        "DELETE",
        "/subscriptions/1/subscription/WHATSAPP/{subscription}",
        account.unsubscribe,
        _SUBSCRIBE,
    ),
    _at("POST", "/subscriptions/1/security", account.secure, _SUBSCRIBE),
)
_FAULTS = {"error_500": "server_error", "error_503": "service_down"}


def find(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    """The endpoint of a path and what its `{…}` matched. Raises Refusal."""
    for endpoint in ENDPOINTS:
        found = endpoint.path.fullmatch(path) if endpoint.method == method else None
        if found is not None:
            return endpoint, found.groupdict()
    raise Refusal("path_unknown")


async def _read(request: Request[Any, Any, Any], path: str) -> Call:
    query = parse_qs(request.scope["query_string"].decode("utf-8", "replace"))
    named = {name.removesuffix("[]"): values for name, values in query.items()}
    headers = {name.lower(): value for name, value in request.headers.items()}
    raw = await request.body()
    call = Call(request.method, path.rstrip("/") or "/", named, headers, raw)
    call.platform = calls.platform_shape(call.path)
    return call


async def _done(emulator: Emulator, call: Call) -> Answer:
    fault = await emulator.service_fault()
    if fault:
        raise Refusal(_FAULTS[fault])
    if emulator.faults.take("general_error") is not None:
        raise Refusal("general_error")
    endpoint, call.parts = find(call.method, call.path)
    if endpoint.scopes != _OPEN:
        calls.authenticate(emulator, call, endpoint.scopes)
    sender = call.parts.get("sender")
    if sender is not None and sender not in emulator.senders.all:
        raise Refusal("flow_sender" if "/flows" in call.path else "sender_missing")
    if endpoint.sends and emulator.too_many(endpoint.path.pattern):
        raise Refusal("too_many")
    made = endpoint.handler(emulator, call)
    return made if isinstance(made, Answer) else await made


async def serve_call(emulator: Emulator, request: Request[Any, Any, Any], path: str) -> Answer:
    """One call, from bytes to bytes; refusals become their bodies."""
    call = await _read(request, path)
    try:
        return await _done(emulator, call)
    except Refusal as refusal:
        check = refusal.check
        emulator.counts[f"refused {check.id}"] += 1
        if check.raw:
            return _told(emulator, call, Answer(check.raw.encode(), check.http, "text/html"))
        body = error_body(refusal, platform=call.platform)
        done = Answer(wire.json_bytes(body), check.http, "application/json")
    except Invalid as invalid:
        for check_id in {one.check for one in invalid.violations}:
            emulator.counts[f"refused {check_id}"] += 1
        body = error_body(invalid, platform=call.platform)
        done = Answer(wire.json_bytes(body), 400, "application/json")
    return _told(emulator, call, done)


def _told(emulator: Emulator, call: Call, done: Answer) -> Answer:
    """A refused send stands in the Wire panel too, of the sender it names."""
    try:
        body = msgspec.json.decode(call.raw or b"{}")
    except msgspec.DecodeError:
        return done
    if call.method != "POST" or not isinstance(body, dict) or "/message" not in call.path:
        return done
    first = body
    if isinstance(body.get("messages"), list) and body["messages"]:
        first = body["messages"][0] if isinstance(body["messages"][0], dict) else {}
    number = str(first.get("from") or first.get("sender") or "")
    title = f"send {call.path.rpartition('/')[2]}"
    answer = done.body.decode("utf-8", "replace")
    emulator.wire_out(number, title, str(done.status), body, answer=answer)
    return done
