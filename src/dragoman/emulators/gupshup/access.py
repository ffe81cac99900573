"""The Access API: `/wa/api/v1/msg`, `/wa/api/v1/template/msg` (older `/sm/…`), consent, templates.

Order of a send: key → fields → source and app → destination → message → rate → *submitted*. What a
template or a person's consent lacks comes later, as a *failed* event.
Source: Gupshup, "Send message", "Message types", "Template messages"; public integrations.
"""

from __future__ import annotations

import hmac
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from litestar import Request
from litestar.datastructures import UploadFile

from dragoman.emulators import kit
from dragoman.emulators._cloud.templates import component
from dragoman.emulators.kit import Answer
from dragoman.emulators.phone.handsets import HandsetContact

from . import field_tables as tables
from . import fields, shapes, templates, wire
from .checks import MetaRefusal, Problem, Refusal, passed_on
from .fields import Field
from .sends import Draft, answered, take, too_many

if TYPE_CHECKING:
    from .emulator import Emulator

_SENDS = re.compile(r"/(?:wa|sm)/api/v1/(template/)?msg")
_OPT = re.compile(r"/sm/api/v1/app/opt/(in|out)/([^/]+)")
_USERS = re.compile(r"/(?:wa|sm)/api/v1/users/([^/]+)")
_APP = re.compile(r"/wa/(?:app/)?([^/]+)/(template|wa/media|msg/[^/]+/read)(?:/([^/]+))?")
_FILE = re.compile(r"/wa/files/([^/]+)")
_JSON = ("message", "template")


async def serve(
    emulator: Emulator, request: Request[Any, Any, Any], path: str, fault: str
) -> Answer:
    """One call; refusals become their bodies."""
    try:
        if fault:
            raise Refusal("html_error" if fault == "error_500" else "api_down")
        if found := _FILE.fullmatch(path):
            return emulator.open_file(found[1])  # the address is all that it takes
        _sign_in(emulator, request.headers.get("apikey", ""))
        return await _called(emulator, request, path.rstrip("/"))
    except Refusal as refusal:
        return refused(emulator, refusal)
    except Problem as problem:
        return refused(emulator, Refusal("api_invalid", problem=str(problem)))


def refused(emulator: Emulator, refusal: Refusal) -> Answer:
    emulator.counts[f"refused {refusal.check.id}"] += 1
    emulator.wire_out(emulator.number, refusal.check.id, str(refusal.check.http), refusal.says)
    return refusal.status_error()


def _sign_in(emulator: Emulator, key: str) -> None:
    right = hmac.compare_digest(key.encode(), emulator.config.api_key.encode())
    if not right or not emulator.live or emulator.faults.take("key_refused") is not None:
        raise Refusal("api_key")


async def _called(emulator: Emulator, request: Request[Any, Any, Any], path: str) -> Answer:
    method = request.method
    if (found := _SENDS.fullmatch(path)) and method == "POST":
        return await send(emulator, await form_of(request), by_template=bool(found[1]))
    if (found := _OPT.fullmatch(path)) and method == "POST":
        _named(emulator, found[2])
        return _opt(emulator, await form_of(request), found[1] == "in")
    if (found := _USERS.fullmatch(path)) and method == "GET":
        _named(emulator, found[1])
        return _users(emulator)
    if found := _APP.fullmatch(path):
        if found[1] != emulator.app_id:
            raise Refusal("api_app")
        if found[2] == "template" and method == "GET":
            return listed_templates(emulator, found[3])
        if found[2] == "wa/media" and method == "POST":
            return await upload(emulator, request)
        if found[2].startswith("msg/") and method == "PUT":
            return _read(emulator, found[2].split("/")[1])
    raise Refusal("api_path")


def _named(emulator: Emulator, name: str) -> None:
    if unquote(name) != emulator.app_name:
        raise Refusal("api_app")


async def form_of(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The form; fields that hold JSON are read. Raises Problem."""
    raw = (await request.body()).decode("utf-8", "replace")
    form: dict[str, Any] = dict(parse_qsl(raw, True))
    for name in _JSON:
        if form.get(name):
            try:
                form[name] = json.loads(form[name])
            except ValueError:
                raise Problem(f"The parameter {name} is not JSON") from None
    return form


# --- sending -------------------------------------------------------------------------------------


async def send(emulator: Emulator, form: dict[str, Any], *, by_template: bool) -> Answer:
    """A message, or a template. Raises Refusal or Problem."""
    fields.check(form, tables.ACCESS_TEMPLATE if by_template else tables.ACCESS_ENVELOPE)
    if form["source"].removeprefix("+") != emulator.number:
        raise Refusal("api_source")
    if "src.name" in form:
        _named(emulator, form["src.name"])
    to = fields.phone(form["destination"])
    if not to:
        raise Refusal("api_destination")
    whom = emulator.people.by_phone(to) or kit.stranger(to)
    if by_template:
        draft = template_draft(emulator, form, whom)
    else:
        draft = _message_draft(emulator, form, whom)
    if too_many(emulator, draft):
        raise Refusal("api_rate")
    record = take(emulator, draft)
    emulator.enqueued(record)
    reply = {"status": "submitted", "messageId": record["id"]}
    return await answered(emulator, draft, record, reply)


def _message_draft(emulator: Emulator, form: dict[str, Any], whom: HandsetContact) -> Draft:
    message = form["message"]
    fields.check(message, tables.TYPE)
    kind = message["type"].lower()
    rows: tuple[Field, ...] = tables.MESSAGES[kind]
    if message.get("id"):
        if not emulator.media_known(str(message["id"])):
            raise Problem("The parameter id names no uploaded file")
        rows = tuple(row for row in rows if row.path not in tables.BY_ID)
    fields.check(message, rows)
    return Draft(
        dialect="access",
        contact=whom,
        kind=kind,
        shown=_SHOWN[kind](message),
        sent=form,
        session=True,
        text=message["text"] if kind == "text" else "",
        msgid=str(message.get("msgid", "")),
        options=[option["title"] for option in _options(message)],
    )


def _options(message: dict[str, Any]) -> list[dict[str, Any]]:
    items = message.get("items") or [{"options": message.get("options") or []}]
    return [option for item in items for option in item["options"]]


def _file(message: dict[str, Any]) -> dict[str, Any]:
    kind = "document" if message["type"] == "file" else message["type"]
    link = message.get("originalUrl") or message.get("url") or ""
    made = shapes.file(kind, link, message.get("caption") or "", message.get("filename") or "")
    if message.get("id"):
        made[kind] = {**made[kind], "id": message["id"]}
        del made[kind]["link"]
    return made


def _place(message: dict[str, Any]) -> dict[str, Any]:
    order = ("longitude", "latitude", "name", "address")
    place = {key: message[key] for key in order if key in message}
    return {"type": "location", "location": place}


def _card(message: dict[str, Any]) -> dict[str, Any]:
    """Gupshup writes Meta's members in another spelling."""
    return {"type": "contacts", "contacts": [_snake(message["contact"])]}


def _snake(value: Any) -> Any:
    if isinstance(value, list):
        return [_snake(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {re.sub(r"([A-Z])", r"_\1", key).lower(): _snake(one) for key, one in value.items()}


def _choices(message: dict[str, Any]) -> dict[str, Any]:
    content = message["content"]
    kind = "document" if content["type"] == "file" else content["type"]
    head = None
    if kind != "text":
        if not content.get("url"):
            raise Problem("The parameter content.url is missing")
        head = shapes.header(kind, content["url"], content.get("filename", ""))
    elif content.get("header"):
        head = shapes.header("text", content["header"])
    taps = [shapes.tap(_given(one), one["title"]) for one in message["options"]]
    footer = content.get("caption", "")
    return shapes.interactive("button", content["text"], {"buttons": taps}, head, footer)


def _given(option: dict[str, Any]) -> str:
    """What comes back with a tap: its `postbackText`, else its title."""
    return str(option.get("postbackText") or option["title"])


def _list(message: dict[str, Any]) -> dict[str, Any]:
    if len(_options(message)) > 10:
        raise Problem("The list has more than 10 options")
    sections = []
    for item in message["items"]:
        rows = [shapes.row(_given(o), o["title"], o.get("description")) for o in item["options"]]
        sections.append({"title": item.get("title", ""), "rows": rows})
    action = {"button": message["globalButtons"][0]["title"], "sections": sections}
    head = shapes.header("text", message["title"]) if message.get("title") else None
    return shapes.interactive("list", message["body"], action, head)


def _asked_place(message: dict[str, Any]) -> dict[str, Any]:
    words = message["body"]["text"]
    return shapes.interactive("location_request_message", words, message["action"])


_SHOWN: dict[str, Any] = {
    "text": lambda message: shapes.text(message["text"]),
    **dict.fromkeys(("image", "video", "audio", "file", "sticker"), _file),
    "location": _place,
    "contact": _card,
    "list": _list,
    "quick_reply": _choices,
    "location_request_message": _asked_place,
}


def template_draft(emulator: Emulator, form: dict[str, Any], whom: HandsetContact) -> Draft:
    """A template with its values. What is wrong with those comes later, as a *failed* event."""
    fields.check(form["template"], tables.TEMPLATE_VALUES)
    file = None
    if form.get("message"):
        fields.check(form["message"], tables.HEADER)
        file = form["message"]
        fields.check(file, tables.HEADERS[file["type"]])
    values = form["template"].get("params", [])
    if not all(isinstance(value, str) for value in values):
        raise Problem("The parameter template.params must be a list of texts")
    draft = Draft(
        dialect="access",
        contact=whom,
        kind="template",
        shown={"type": "template", "template": {"name": form["template"]["id"]}},
        sent=form,
        session=False,
    )
    template = emulator.templates.named(form["template"]["id"])
    if template is None or template["status"] not in ("APPROVED", "PAUSED", "DISABLED"):
        draft.trouble = Refusal("api_4003")
    elif template["status"] != "APPROVED":
        draft.trouble = Refusal("api_4005")
    else:
        dealt = templates.in_order(template, values)
        try:
            known = emulator.media_known
            draft.shown = templates.written(template, known, **dealt, file=file)
        except MetaRefusal as refusal:
            draft.trouble = passed_on(refusal)
    return draft


# --- beside sending ------------------------------------------------------------------------------


def _opt(emulator: Emulator, form: dict[str, Any], agreed: bool) -> Answer:
    """A person's consent is recorded; 202 and its body are not confirmed."""
    to = fields.phone(form.get("user"))
    if not to:
        raise Refusal("api_destination")
    emulator.consents(to, agreed)
    emulator.wire_out(emulator.number, "opt-in" if agreed else "opt-out", "202", form)
    return wire.said({"status": "success"}, 202)


def _users(emulator: Emulator) -> Answer:
    """Who opted in. The members are not confirmed."""
    found = [
        {"phoneCode": person, "optinStatus": "OPT_IN" if agreed else "OPT_OUT"}
        for person, agreed in emulator.consent.items()
    ]
    emulator.wire_out(emulator.number, "users", "200", {})
    return wire.said({"status": "success", "users": found})


def listed_templates(emulator: Emulator, only: str | None) -> Answer:
    """The templates in Gupshup's words, of which a part is known only."""
    found = [t for t in emulator.templates.all if only in (None, t["gupshup_id"])]
    if only and not found:
        raise Refusal("api_path")
    rows = [
        {
            "id": one["gupshup_id"],
            "externalId": one["id"],
            "elementName": one["name"],
            "languageCode": one["language"],
            "category": one["category"],
            "status": one["status"],
            "templateType": (templates.media_header(one) or "text").upper(),
            "data": str((component(one, "BODY") or {}).get("text", "")),
        }
        for one in found
    ]
    return wire.said(
        {"status": "success", **({"template": rows[0]} if only else {"templates": rows})}
    )


async def upload(emulator: Emulator, request: Request[Any, Any, Any]) -> Answer:
    """A file of the business: `file` and `file_type`. The answer's members are not confirmed."""
    file: UploadFile | None = None
    kind = ""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        for name, value in (await request.form()).multi_items():
            if isinstance(value, UploadFile):
                file = value
            elif name == "file_type":
                kind = str(value)
    if file is None:
        raise Problem("The parameter file is missing")
    mime = kind or file.content_type or "application/octet-stream"
    data = await file.read()
    media_id = emulator.media.keep(emulator.number, data, mime, file.filename or None, days=30)
    return wire.said({"status": "success", "mediaId": media_id})


def _read(emulator: Emulator, message_id: str) -> Answer:
    """Mark a person's message as read: she sees two blue ticks."""
    if emulator.books.received(message_id, emulator.number) is None:
        raise Refusal("api_path")
    key = emulator.key(emulator.number)
    emulator.handsets.set_status(key, message_id, "read", emulator.clock.now())
    emulator.wire_out(emulator.number, "mark read", "202", {}, message_id)
    return Answer(b"", 202)
