"""The Graph API over HTTP: faults, version, token, the right edge, Meta's headers.

Order of a call: path and version → faults of the service → token → object → edge.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from litestar import Request
from litestar.datastructures import UploadFile

from dragoman.emulators._cloud.checks import Refusal, error_body
from dragoman.emulators.kit import Answer

from . import account, edges, oauth
from .calls import (
    Call,
    Upload,
    answer,
    authenticate,
    form_fields,
    graph_bytes,
    json_body,
    split_version,
)
from .config import Number
from .sending import follow, needs_waiting

if TYPE_CHECKING:
    from .emulator import Emulator

_ACCOUNT: dict[tuple[str, str], Callable[..., Any]] = {
    ("", "GET"): account.read_account,
    ("phone_numbers", "GET"): account.list_numbers,
    ("message_templates", "GET"): account.list_templates,
    ("message_templates", "POST"): account.create_template,
    ("message_templates", "DELETE"): account.delete_template,
    ("subscribed_apps", "GET"): account.read_subscribed,
    ("subscribed_apps", "POST"): account.subscribe_account,
    ("subscribed_apps", "DELETE"): account.unsubscribe_account,
}
_APP: dict[tuple[str, str], Callable[..., Any]] = {
    ("subscriptions", "GET"): account.read_subscriptions,
    ("subscriptions", "POST"): account.write_subscriptions,
    ("subscriptions", "DELETE"): account.delete_subscriptions,
}
_NUMBER: dict[tuple[str, str], Callable[..., Any]] = {
    ("", "GET"): edges.read_number,
    ("", "POST"): edges.write_number,
    ("media", "POST"): edges.upload_media,
    ("register", "POST"): edges.register,
    ("deregister", "POST"): edges.register,
}
_FAULTS = {"error_500": "server_error", "error_503": "service_down"}
_SENDS = {"messages": False, "marketing_messages": True}


async def read_call(emulator: Emulator, request: Request[Any, Any, Any], path: str) -> Call:
    version, segments = split_version(emulator, path)
    query = [(k, v) for k, v in parse_qsl(request.scope["query_string"].decode(), True)]
    fields, body, upload = form_fields(query), {}, None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        form = await request.form()
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                mime = value.content_type or "application/octet-stream"
                upload = Upload(await value.read(), mime, value.filename or None)
            else:
                fields |= form_fields([(name, str(value))])
        body = fields
    elif request.method != "GET" and (raw := await request.body()):
        if kind == "application/x-www-form-urlencoded":
            body = form_fields(parse_qsl(raw.decode("utf-8", "replace"), True))
        else:
            body = json_body(raw)
        fields = {**fields, **body}
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Call(request.method, version, segments, headers, fields, body or fields, upload)


async def _send(emulator: Emulator, call: Call, number: Number) -> Answer:
    try:
        started = edges.start_send(emulator, call, number, marketing=_SENDS[call.edge])
    except Refusal as refusal:
        said = {"error": {"code": refusal.check.code, "check": refusal.check.id}}
        title = f"send {call.body.get('type', '')}".strip()
        pnid = number.phone_number_id
        emulator.wire_out(pnid, title, str(refusal.http), call.body, answer=said)
        raise
    if isinstance(started, Answer):
        return started
    record = started.record
    if needs_waiting(emulator, started):
        await follow(emulator, started)
    else:
        emulator.spawn(follow(emulator, started))
    done = answer(started.answer)
    status = emulator.spoil(done)
    emulator.wire_out(
        number.phone_number_id,
        f"send {record['type']}",
        status,
        call.body,
        record["id"],
        started.answer,
        record["contact"]["id"],
    )
    return done


def _edge(emulator: Emulator, call: Call) -> Callable[[], Answer | Awaitable[Answer]]:
    """The function behind the path. Raises Refusal when there is none."""
    node, key = call.segments[0], (call.edge, call.method)
    number = emulator.numbers.get(node)
    if number is not None and call.edge in _SENDS and call.method == "POST":
        return lambda: _send(emulator, call, number)
    if number is not None and key in _NUMBER:
        return lambda: _NUMBER[key](emulator, call, number)
    if node == emulator.config.waba_id and key in _ACCOUNT:
        return lambda: _ACCOUNT[key](emulator, call)
    if node == emulator.config.app_id and key in _APP:
        return lambda: _APP[key](emulator, call)
    if node == "debug_token" and call.method == "GET":
        return lambda: account.debug_token(emulator, call)
    if "/".join(call.segments) == "whatsapp_business/attachments":
        return lambda: edges.download(emulator, call)
    known = number is not None or node in (emulator.config.waba_id, emulator.config.app_id)
    if known and call.edge:
        raise Refusal("path_unknown", path=call.edge)
    if not call.edge and emulator.templates.get(node) and call.method == "GET":
        return lambda: account.read_template(emulator, call)
    if not call.edge and call.method == "GET":
        return lambda: edges.read_media(emulator, call)
    if not call.edge and call.method == "DELETE":
        return lambda: edges.delete_media(emulator, call)
    raise Refusal("object_missing", method=call.method.lower(), object=node)


def _management(emulator: Emulator, call: Call) -> None:
    counted = call.segments[0] in (emulator.config.waba_id, emulator.config.app_id)
    if counted and not emulator.management_rate.take("calls", emulator.clock.now()):
        raise Refusal("rate_management")


async def serve_call(emulator: Emulator, request: Request[Any, Any, Any], path: str) -> Answer:
    """One call, from bytes to bytes; refusals become their bodies."""
    version = emulator.config.graph_oldest_version
    try:
        call = await read_call(emulator, request, path)
        version = call.version
        fault = await emulator.service_fault()
        if fault:
            raise Refusal(_FAULTS[fault])
        login = oauth.OPEN.get(("/".join(call.segments), call.method))
        if login is not None:
            done = login(emulator, call)
        else:
            done = await _authorized(emulator, call)
    except Refusal as refusal:
        emulator.counts[f"refused {refusal.check.id}"] += 1
        done = _refused(emulator, refusal)
    done.headers = {**_headers(emulator, version), **done.headers}
    return done


async def _authorized(emulator: Emulator, call: Call) -> Answer:
    call.token = authenticate(emulator, call)
    if not call.segments:
        raise Refusal("path_unknown", path="")
    _management(emulator, call)
    made = _edge(emulator, call)()
    return made if isinstance(made, Answer) else await made


def _refused(emulator: Emulator, refusal: Refusal) -> Answer:
    check = refusal.check
    if check.raw:
        return Answer(check.raw.encode(), check.http, "text/html; charset=utf-8")
    body = error_body(refusal, emulator.trace())
    done = Answer(graph_bytes(body), check.http)
    if check.http == 401:
        message = body["error"]["message"].replace('"', "'")
        done.headers = {
            "WWW-Authenticate": f'OAuth "Facebook Platform" "invalid_token" "{message}"'
        }
    return done


def _headers(emulator: Emulator, version: str) -> dict[str, str]:
    used = emulator.management_rate.used_percent("calls")
    usage = {
        emulator.config.waba_id: [
            {
                "type": "whatsapp_business_management",
                "call_count": used,
                "total_cputime": 1,
                "total_time": 1,
                "estimated_time_to_regain_access": 0,
            }
        ]
    }
    return {
        "facebook-api-version": version,
        "x-fb-request-id": emulator.trace(),
        "x-fb-trace-id": emulator.trace(),
        "x-fb-rev": "1030000000",
        "X-FB-Debug": secrets.token_urlsafe(24),
        "x-app-usage": '{"call_count":0,"total_cputime":0,"total_time":0}',
        "x-business-use-case-usage": graph_bytes(usage).decode(),
        "Cache-Control": "private, no-cache, no-store, must-revalidate",
    }
