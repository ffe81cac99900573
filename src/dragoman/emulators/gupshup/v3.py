"""v3 and the partner's portal: `/partner/app/{app id}/v3/message` takes Meta's own body.

Gupshup looks at the token and the app id, and passes the rest on: so what a body must be, and what
is said to a wrong one, is the emulated Cloud API's.
Source: Gupshup partner documentation, "WhatsApp passthrough APIs", "Get app token".
"""

from __future__ import annotations

import hmac
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from litestar import Request

from dragoman.emulators import kit
from dragoman.emulators._cloud.checks import error_body
from dragoman.emulators._cloud.messages import (
    check_envelope,
    check_message,
    check_recipient,
    message_type,
)
from dragoman.emulators._cloud.reading import Part
from dragoman.emulators._cloud.template_send import compose
from dragoman.emulators._cloud.wire import trace_id
from dragoman.emulators.kit import Answer
from dragoman.emulators.phone.handsets import HandsetContact

from . import access, fields, wire
from .checks import MetaRefusal, Problem, Refusal
from .sends import Draft, answered, take, too_many

if TYPE_CHECKING:
    from .emulator import Emulator

_APP = re.compile(r"/partner/app/([^/]+)/(.+)")
_MEDIA = re.compile(r"media/([^/]+)")


async def serve(
    emulator: Emulator, request: Request[Any, Any, Any], path: str, fault: str
) -> Answer:
    """One call; Meta's refusals are passed on."""
    try:
        if fault == "error_500":
            raise Refusal("html_error")
        if fault:
            raise MetaRefusal("service_down")
        return await _called(emulator, request, path.rstrip("/"))
    except Refusal as refusal:
        return access.refused(emulator, refusal)
    except Problem as problem:
        return access.refused(emulator, Refusal("api_invalid", problem=str(problem)))
    except MetaRefusal as refusal:
        emulator.counts[f"refused {refusal.check.id}"] += 1
        said = error_body(refusal, trace_id(""))
        emulator.wire_out(emulator.number, "send", str(refusal.http), {}, answer=said)
        return wire.said(said, refusal.http)


async def _called(emulator: Emulator, request: Request[Any, Any, Any], path: str) -> Answer:
    if path.startswith("/partner/account/"):
        return await _portal(emulator, request, path)
    found = _APP.fullmatch(path)
    if found is None:
        raise Refusal("v3_path")
    edge, method = found[2], request.method
    if edge == "token" and method == "GET":
        _signed_in(emulator, request, emulator.portal_token)
        _own(emulator, found[1])
        return wire.said({"status": "success", "token": {"token": emulator.config.app_token}})
    _signed_in(emulator, request, emulator.config.app_token)
    _own(emulator, found[1])
    if edge == "v3/message" and method == "POST":
        return await _send(emulator, await request.body())
    if edge == "template/msg" and method == "POST":
        return await access.send(emulator, await access.form_of(request), by_template=True)
    if edge == "waba/info" and method == "GET":
        return _info(emulator)
    if edge == "templates" and method == "GET":
        return access.listed_templates(emulator, None)
    if edge == "media" and method == "POST":
        return await access.upload(emulator, request)
    if edge == "optin" and method == "PUT":
        return _opt_in(emulator, await access.form_of(request))
    if (media := _MEDIA.fullmatch(edge)) and method == "GET":
        return _media(emulator, media[1])
    raise Refusal("v3_path")


def _own(emulator: Emulator, app_id: str) -> None:
    if app_id != emulator.app_id:
        raise Refusal("v3_app")


def _signed_in(emulator: Emulator, request: Request[Any, Any, Any], right: str) -> None:
    """The token, without `Bearer` before it; `token` is an older header for the same."""
    given = request.headers.get("authorization") or request.headers.get("token") or ""
    good = hmac.compare_digest(given.encode(), right.encode())
    if not good or not emulator.live or emulator.faults.take("key_refused") is not None:
        raise Refusal("v3_token")


# --- sending -------------------------------------------------------------------------------------


async def _send(emulator: Emulator, raw: bytes) -> Answer:
    try:
        body = json.loads(raw)
    except ValueError:
        raise MetaRefusal("json_invalid") from None
    if not isinstance(body, dict):
        raise MetaRefusal("json_invalid")
    check_envelope(body)
    if "status" in body and "type" not in body:
        return _mark_read(emulator, body)
    check_recipient(body)
    kind = message_type(body)
    check_message(body, kind, emulator.media_known)
    whom = _whom(emulator, body)
    draft = Draft(
        dialect="v3",
        contact=whom,
        kind=kind,
        shown=_shown(emulator, body, kind),
        sent=body,
        session=kind != "template",
        extra=body.get("biz_opaque_callback_data"),
    )
    if too_many(emulator, draft):
        raise MetaRefusal("rate_number")
    record = take(emulator, draft)
    emulator.enqueued(record)
    asked = {"input": body.get("to") or body["recipient"]}
    asked |= {"wa_id": whom.phone} if whom.phone else {"user_id": whom.bsuid or ""}
    reply = {
        "messaging_product": "whatsapp",
        "contacts": [asked],
        "messages": [{"id": record["id"]}],
    }
    return await answered(emulator, draft, record, reply)


def _whom(emulator: Emulator, body: dict[str, Any]) -> HandsetContact:
    """Numbers come as digits; a plus before them is taken as well."""
    if body.get("recipient_type") == "group":
        raise MetaRefusal("group_unknown", group=body.get("to"))
    if not body.get("to"):
        bsuid = str(body["recipient"])
        return emulator.people.by_bsuid(bsuid) or kit.stranger(None, bsuid)
    to = fields.phone(body["to"].removeprefix("+"))
    if not to:
        raise MetaRefusal("phone_wrong")
    if to == emulator.number:
        raise MetaRefusal("self")
    return emulator.people.by_phone(to) or kit.stranger(to)


def _shown(emulator: Emulator, body: dict[str, Any], kind: str) -> dict[str, Any]:
    shown = {"type": kind, kind: body[kind]}
    if kind != "reaction" and "context" in body:
        shown["context"] = body["context"]
    if kind == "template":
        shown["rendered"] = _rendered(emulator, Part(body["template"], "template", "template"))
    return shown


def _rendered(emulator: Emulator, part: Part) -> dict[str, Any]:
    name, language = part.value["name"], part.value["language"]["code"]
    template = emulator.templates.in_language(name, language)
    if template is None or template["status"] not in ("APPROVED", "PAUSED", "DISABLED"):
        raise MetaRefusal("template_missing", name=name, language=language)
    if template["status"] != "APPROVED":
        raise MetaRefusal(f"template_{template['status'].lower()}")
    return compose(template, part, emulator.media_known)


def _mark_read(emulator: Emulator, body: dict[str, Any]) -> Answer:
    part = Part(body, "", "status")
    part.choice("status", ("read",))
    message_id = part.text("message_id")
    if emulator.books.received(message_id, emulator.number) is None:
        raise MetaRefusal("read_target", message_id=message_id)
    key = emulator.key(emulator.number)
    emulator.handsets.set_status(key, message_id, "read", emulator.clock.now())
    emulator.wire_out(emulator.number, "mark read", "200", body, message_id)
    return wire.said({"success": True})


# --- beside sending ------------------------------------------------------------------------------


def _info(emulator: Emulator) -> Answer:
    """What the account is. The members are not confirmed."""
    config = emulator.config
    told = {"wabaId": config.waba_id, "phone": emulator.number, "verifiedName": config.title}
    emulator.wire_out(emulator.number, "account", "200", {})
    return wire.said({"status": "success", "wabaInfo": told})


def _opt_in(emulator: Emulator, form: dict[str, Any]) -> Answer:
    to = fields.phone(form.get("phone"))
    if not to:
        raise Refusal("api_destination")
    emulator.consents(to, True)
    emulator.wire_out(emulator.number, "opt-in", "200", form)
    return wire.said({"status": "success"})


def _media(emulator: Emulator, media_id: str) -> Answer:
    stored = emulator.media.load(media_id, emulator.number)
    if stored is None:
        raise Refusal("v3_path")
    return Answer(stored.data, mime=stored.mime)


async def _portal(emulator: Emulator, request: Request[Any, Any, Any], path: str) -> Answer:
    """The partner's own token, and the apps it may ask about."""
    config = emulator.config
    if path == "/partner/account/login" and request.method == "POST":
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), True))
        if (form.get("email"), form.get("password")) != (config.portal_email, config.portal_secret):
            raise Refusal("v3_login")
        return wire.said({"token": emulator.portal_token})
    if path == "/partner/account/api/partnerApps" and request.method == "GET":
        _signed_in(emulator, request, emulator.portal_token)
        app = {"id": emulator.app_id, "name": emulator.app_name, "phone": emulator.number}
        return wire.said({"status": "success", "partnerAppsList": [app]})
    raise Refusal("v3_path")
