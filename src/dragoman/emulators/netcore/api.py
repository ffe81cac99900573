"""Netcore's HTTP API: sends, consent, media, templates.

Source: Netcore Cloud, "WhatsApp API", "Consent API", "Media", "Error codes"; its own MCP server for
templates; captured answers. What no source says is `unsure` in the table of checks.
"""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile

from dragoman.emulators.kit import Answer, Record, person_key, stranger
from dragoman.emulators.phone.handsets import HandsetContact

from .checks import Refusal
from .config import Key
from .fields import check_digits, check_message
from .shown import kind_of, shown
from .templates import Template, fill

if TYPE_CHECKING:
    from .emulator import Emulator

Asked = Request[Any, Any, Any]
_MB = 1_000_000
SIZES = {"image": 5 * _MB, "video": 16 * _MB, "audio": 16 * _MB, "document": 100 * _MB,
         "sticker": 100_000}  # fmt: skip
UPLOAD_DAYS = 30
INDIA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))  # UNSURE: the zone of dates
MOST_SOURCE = 25


def said(value: Any, status: int = 200) -> Answer:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(body, status, "application/json")


def done(message: str) -> Answer:
    return said({"status": "success", "message": message})


def refused(refusal: Refusal) -> Answer:
    mime = "text/html; charset=utf-8" if refusal.check.raw else "application/json"
    return Answer(refusal.body(), refusal.check.http, mime)


async def serve_call(emulator: Emulator, request: Asked, path: str) -> Answer:
    """One call, from bytes to bytes: path, key, body."""
    try:
        fault = await emulator.service_fault()
        if fault:
            raise Refusal("server_error" if fault == "error_500" else "service_down")
        steps = [step for step in path.split("/") if step]
        handler = _handler(request.method, steps)
        if handler is None:
            raise Refusal("path_unknown")
        key = authenticate(emulator, request, bare="metainfo" in steps)
        return await handler(emulator, request, key, steps)
    except Refusal as refusal:
        emulator.counts[f"refused {refusal.check.id}"] += 1
        return refused(refusal)


Handler = Callable[["Emulator", Asked, Key, list[str]], Awaitable[Answer]]


def _handler(method: str, steps: list[str]) -> Handler | None:
    """The function behind a path below /api/v2; None where there is none."""
    if steps[:2] != ["api", "v2"]:
        return None
    rest = "/".join(steps[2:])
    if method == "POST" and rest in _SENDS:
        return send
    if len(steps) == 4 and steps[2] == "media" and rest != "media/upload":
        return {"GET": read_media, "DELETE": delete_media}.get(method)
    return _CALLS.get((method, rest))


def authenticate(emulator: Emulator, request: Asked, *, bare: bool = False) -> Key:
    """The key of a call, which also says which number it is of. `bare`: the calls about templates
    take it without *Bearer* too. Raises Refusal."""
    header = request.headers.get("authorization", "").strip()
    word, _, text = header.partition(" ")
    if word.lower() != "bearer" or not text.strip():
        if not bare or not header:
            raise Refusal("key_bare")
        text = header
    key = emulator.account.find_key(text.strip())
    if emulator.faults.take("key_denied") is not None or key is None:
        raise Refusal("access_denied")
    return key


async def json_of(request: Asked) -> Any:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        raise Refusal("json_invalid") from None


async def object_of(request: Asked) -> dict[str, Any]:
    body = await json_of(request)
    if not isinstance(body, dict):
        raise Refusal("json_invalid")
    return body


# --- sends ---------------------------------------------------------------------------------------

_SENDS = ("message/nc", "message/nc/priority", "message/nc/message", "message")


async def send(emulator: Emulator, request: Asked, key: Key, steps: list[str]) -> Answer:
    body = await json_of(request)
    try:
        element = check_message(body)
        contact, mime = _reach(emulator, key, element)
    except Refusal as refusal:
        words = {"check": refusal.check.id, "code": refusal.check.code}
        emulator.wire_out(key.number, "send", str(refusal.check.http), body, answer=words)
        raise
    record = keep(emulator, key, element, contact, mime)
    why = refused_later(emulator, record)
    if why is None:
        await emulator.arrive(record)
    else:
        emulator.counts[f"refused {why.check.id}"] += 1
        emulator.fail(record, why)
    told = {
        "status": "success",
        "message": "Request received successfully.",
        "data": {"id": record["id"]},
    }
    answer = said(told)
    status = emulator.spoil(answer)
    title = f"send {element['message_type']}"
    emulator.wire_out(key.number, title, status, body, record["id"], told, contact.id)
    return answer


def _reach(emulator: Emulator, key: Key, element: dict[str, Any]) -> tuple[HandsetContact, str]:
    """To whom a checked element goes, and the type of the file that it names by id. Raises
    Refusal."""
    others = {number.display for number in emulator.config.numbers} - {key.number}
    if element.get("source") in others:
        raise Refusal("access_denied")
    mime = ""
    for media_id in _media_ids(element):
        stored = emulator.media.load(media_id, key.number)
        if stored is None:
            raise Refusal("media_unknown")
        mime = stored.mime
    digits = element["recipient_whatsapp"]
    contact = emulator.people.by_phone(digits) or stranger(digits)
    if emulator.over_rate(key.number, contact.phone or digits):
        raise Refusal("rate")
    return contact, mime


def _media_ids(element: dict[str, Any]) -> list[str]:
    """Every uploaded file that an element names."""
    places: list[dict[str, Any]] = []
    if element["message_type"] == "media":
        places = element["type_media"][0]["attachments"]
    elif element["message_type"] == "media_template":
        places = [element["type_media_template"]]
    elif element["message_type"] == "interactive":
        places = [element["type_interactive"][0].get("header") or {}]
    named = (place.get("attachment_id") or place.get("media_id") for place in places)
    return [str(media_id) for media_id in named if media_id]


def keep(
    emulator: Emulator, key: Key, element: dict[str, Any], contact: HandsetContact, mime: str
) -> Record:
    """The record of an accepted send, in the books and in the log."""
    rendered: dict[str, Any] | None = None
    problem: tuple[str, dict[str, Any]] | None = None
    if "template" in element["message_type"]:
        try:
            rendered = fill(emulator.templates, element)
        except Refusal as refusal:
            problem = refusal.check.id, refusal.values
    return emulator.accept(
        {
            "id": str(uuid.uuid4()),
            "wamid": emulator.new_wamid(),
            "number": key.number,
            "contact": contact,
            "body": element,
            "source": element.get("source") or "",
            "x-apiheader": element.get("x-apiheader"),
            "problem": problem,
            "shown": shown(element, mime, rendered),
        }
    )


def refused_later(emulator: Emulator, record: Record) -> Refusal | None:
    """Why an accepted message does not arrive. Opt-in is looked at before everything else."""
    number, person = record["number"], record["person"]
    if not emulator.opted_in(number, person):
        return Refusal("not_opted_in")
    if emulator.rules.unreachable(msgspec.convert(record["contact"], HandsetContact)):
        return Refusal("unreachable")
    if record["problem"] is not None:
        check_id, values = record["problem"]
        return Refusal(check_id, **values)
    free_form = "template" not in record["body"]["message_type"]
    if free_form and not emulator.window_open(number, person):
        return Refusal("window_closed")
    return None


# --- consent -------------------------------------------------------------------------------------


async def look_up(emulator: Emulator, request: Asked, key: Key, steps: list[str]) -> Answer:
    body = await object_of(request)
    phone = check_digits(body.get("phone_number"), "phone_number")
    found = emulator.account.consent(key.number, _person(emulator, phone))
    if found is None:
        raise Refusal("consent_missing", phone=phone)
    return said({"status": "success", "data": found})


async def manage(emulator: Emulator, request: Asked, key: Key, steps: list[str]) -> Answer:
    """Opt people in or out; several of them are one act."""
    body = await object_of(request)
    word, people = body.get("type"), body.get("recipients")
    if not word:
        raise Refusal("type_required")
    if word not in ("optin", "optout"):
        raise Refusal("type_invalid")
    if not people or not isinstance(people, list):
        raise Refusal("recipients_required")
    checked = [_agreed(emulator, one) for one in people]
    known = [emulator.account.consent(key.number, phone) for phone, _ in checked]
    if word == "optin" and any(one is not None for one in known):
        raise Refusal("already")
    for phone, told in checked:
        emulator.account.set_consent(key.number, phone, told if word == "optin" else None)
    emulator.wire_out(key.number, word, "200", body)
    return done(f"{'Optin' if word == 'optin' else 'Optout'} successfully added.")


def _person(emulator: Emulator, digits: str) -> str:
    """The person's one name in the books, however their number is spelled."""
    return person_key(emulator.people.by_phone(digits) or stranger(digits))


def _agreed(emulator: Emulator, one: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(one, dict):
        raise Refusal("invalid", field="recipients")
    phone = check_digits(one.get("recipient"), "recipient")
    source = one.get("source")
    if not source or not isinstance(source, str):
        raise Refusal("source_empty")
    if len(source) > MOST_SOURCE:
        raise Refusal("source_long")
    moment = datetime.datetime.fromtimestamp(emulator.clock.now() / 1000, INDIA)
    return _person(emulator, phone), {
        "ip": str(one.get("ip") or ""),
        "phone_number": phone,
        "optin_source": source,
        "user_agent": str(one.get("user_agent") or ""),
        "created_date": f"{moment:%Y-%m-%d %H:%M:%S}.0",
    }


# --- media ---------------------------------------------------------------------------------------

_TYPES = ("image/jpeg", "image/png", "image/webp", "video/mp4", "video/3gpp", "text/plain")


async def upload(emulator: Emulator, request: Asked, key: Key, steps: list[str]) -> Answer:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = await request.form() if kind == "multipart/form-data" else {}
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Refusal("file_required")
    data, mime = await file.read(), file.content_type or "application/octet-stream"
    plain = mime.partition(";")[0].strip().lower()
    if plain not in _TYPES and not plain.startswith(("audio/", "application/")):
        raise Refusal("file_type", mime=plain)
    most = SIZES[kind_of(plain)]
    if len(data) > most:
        raise Refusal("file_size", most=most)
    media_id = emulator.media.keep(key.number, data, mime, file.filename or None, days=UPLOAD_DAYS)
    return said({"status": "success", "data": {"mediaId": media_id}})


async def read_media(emulator: Emulator, request: Asked, key: Key, steps: list[str]) -> Answer:
    found = emulator.media.load(steps[3], key.number)
    if found is None:
        raise Refusal("media_unknown")
    return Answer(found.data, 200, found.mime)


async def delete_media(emulator: Emulator, request: Asked, key: Key, steps: list[str]) -> Answer:
    if not emulator.media.known(steps[3], key.number):
        raise Refusal("media_unknown")
    emulator.media.delete(steps[3])
    return done("Media deleted successfully.")


# --- templates -----------------------------------------------------------------------------------


def _named(emulator: Emulator, request: Asked) -> list[Template]:
    name = request.query_params.get("templatename", "")
    if not name:
        raise Refusal("required", field="templatename")
    found = emulator.templates.named(name)
    if not found:
        raise Refusal("template_unknown", name=name)
    return found


async def template_status(emulator: Emulator, request: Asked, key: Key, steps: list[str]) -> Answer:
    keys = ("name", "language", "status")
    rows = [{name: one[name] for name in keys} for one in _named(emulator, request)]
    return said({"status": "success", "data": rows})


async def template_preview(
    emulator: Emulator, request: Asked, key: Key, steps: list[str]
) -> Answer:
    return said({"status": "success", "data": _named(emulator, request)})


async def template_list(emulator: Emulator, request: Asked, key: Key, steps: list[str]) -> Answer:
    asked = request.query_params
    status, language = asked.get("status", "").upper(), asked.get("language", "").lower()
    rows = [
        one
        for one in emulator.templates.all
        if status in ("", one["status"]) and language in ("", one["language"].lower())
    ]
    first, most = asked.get("offset", "0"), asked.get("limit", "100")
    if not (first.isdigit() and most.isdigit()):
        raise Refusal("invalid", field="limit")
    return said({"status": "success", "data": rows[int(first) : int(first) + int(most)]})


async def template_create(emulator: Emulator, request: Asked, key: Key, steps: list[str]) -> Answer:
    """In review at once, approved after a while."""
    body = await object_of(request)
    for name in ("name", "language", "category", "components"):
        if not body.get(name):
            raise Refusal("required", field=name)
    parts = body["components"]
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise Refusal("invalid", field="components")
    made = {name: str(body[name]) for name in ("name", "language", "category")}
    emulator.templates.create({**made, "status": "PENDING", "components": parts})
    item = {"effect": "review", "name": made["name"], "language": made["language"]}
    emulator.timeline.add(item, emulator.config.delays.template_review_ms)
    return said({"status": "success", "data": {**made, "status": "PENDING"}})


_CALLS: dict[tuple[str, str], Handler] = {
    ("POST", "consent"): look_up,
    ("POST", "consent/manage"): manage,
    ("POST", "media/upload"): upload,
    ("GET", "metainfo/template/status"): template_status,
    ("GET", "metainfo/template/preview"): template_preview,
    ("GET", "metainfo/template/list"): template_list,
    ("POST", "metainfo/template/create"): template_create,
}
