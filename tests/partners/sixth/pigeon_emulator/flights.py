"""The loft's API: a flight, a parcel, what the loft is. Every refusal is a coo."""

from __future__ import annotations

import hmac
import json
import re
from typing import TYPE_CHECKING, Any

from litestar import Request

from dragoman.emulators.kit import Answer, person_key, stranger

from . import wire

if TYPE_CHECKING:
    from .emulator import Emulator

COOS = {
    "11": (400, "{what}"),
    "12": (401, "The key opens no loft"),
    "13": (403, "{what} is not a number of this loft"),
    "17": (429, "The loft is full"),
    "31": (404, "No stamp {what}"),
    "50": (503, "No bird flies today"),
    # Reported of a bird that was lost.
    "21": (0, "Silence for more than 24 hours"),
    "22": (0, "Nobody lives there"),
}
KINDS = {
    "words": ("words",),
    "picture": ("at",),
    "scroll": ("at",),
    "perches": ("words", "perch"),
    "stamp": ("stamp", "tongue"),
}
_PLACE = re.compile(r"\{\{(\d+)\}\}")


class Refusal(Exception):
    """A coo, with what it is about."""

    def __init__(self, coo: str, what: str = "") -> None:
        super().__init__(coo)
        self.coo, (self.http, text) = coo, COOS[coo]
        self.because = text.format(what=what)


async def serve(emulator: Emulator, request: Request[Any, Any, Any], path: str) -> Answer:
    """Never raises."""
    lines: list[tuple[str, str]] = []
    try:
        fault = await emulator.service_fault()
        if fault == "error_500":
            return Answer(b"<html>The loft is on fire</html>", 500, "text/html; charset=utf-8")
        if fault:
            raise Refusal("50")
        key = request.headers.get("x-loft-key", "")
        if not hmac.compare_digest(key.encode(), emulator.config.loft_key.encode()):
            raise Refusal("12")
        if path == "/loft/v1/loft" and request.method == "GET":
            return wire.said(200, ("loft", "open"), ("number", next(iter(emulator.lines))))
        if path.startswith("/loft/v1/parcels/") and request.method == "GET":
            return _parcel(emulator, path.rpartition("/")[2])
        if path == "/loft/v1/flights" and request.method == "POST":
            lines = _read(await request.body())
            return await _flight(emulator, lines)
        raise Refusal("11", f"there is no {request.method} {path}")
    except Refusal as refusal:
        emulator.counts[f"coo {refusal.coo}"] += 1
        told = ("coo", refusal.coo), ("because", refusal.because)
        number = next(iter(emulator.lines))
        emulator.wire_out(number, "flight", str(refusal.http), wire.lines(lines), answer=told)
        return wire.said(refusal.http, ("flown", "0"), *told)


def _read(raw: bytes) -> list[tuple[str, str]]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refusal("11", "the body is no JSON") from None
    lines = wire.read(value.get("lines") if isinstance(value, dict) else None)
    if lines is None:
        raise Refusal("11", "there are no lines")
    return lines


def _parcel(emulator: Emulator, parcel: str) -> Answer:
    stored = emulator.media.load(parcel)
    if stored is None:
        raise Refusal("31", parcel)
    return Answer(stored.data, mime=stored.mime)


async def _flight(emulator: Emulator, lines: list[tuple[str, str]]) -> Answer:
    told = dict(reversed(lines))  # the first of a name counts
    _check(told)
    number, digits = told["from"], told["to"]
    if number not in emulator.lines:
        raise Refusal("13", number)
    shown = _shown(emulator, told, lines)
    contact = emulator.people.by_phone(digits) or stranger(digits)
    if emulator.over_rate(number, person_key(contact)):
        raise Refusal("17")
    record = emulator.accept(
        {
            "id": wire.new_pigeon(),
            "number": number,
            "contact": contact,
            "kind": told["kind"],
            "body": wire.lines(lines),
            "ring": told.get("ring", ""),
            "shown": shown,
        }
    )
    if emulator.rules.unreachable(contact):
        emulator.fail(record, Refusal("22"))
    elif told["kind"] != "stamp" and not emulator.window_open(number, record["person"]):
        emulator.fail(record, Refusal("21"))
    else:
        await emulator.arrive(record)
    answer = wire.said(200, ("flown", "1"), ("pigeon", record["id"]))
    status, whom = emulator.spoil(answer), record["contact"]["id"]
    reply = json.loads(answer.body) if status == "200" and answer.body.endswith(b"}") else None
    title = f"send {told['kind']}"
    emulator.wire_out(number, title, status, record["body"], record["id"], reply, whom)
    return answer


def _check(told: dict[str, str]) -> None:
    for name in ("from", "to", "kind", *KINDS.get(told.get("kind", ""), ())):
        if not told.get(name):
            raise Refusal("11", f"there is no line {name}")
    if told["kind"] not in KINDS:
        raise Refusal("11", f"there is no kind {told['kind']}")
    if not re.fullmatch(r"[0-9]{5,15}", told["to"]):
        raise Refusal("11", "to is no number")
    if len(told.get("words", "")) > 4096:
        raise Refusal("11", "words are longer than 4096")


# --- for the phone -------------------------------------------------------------------------------


def _shown(
    emulator: Emulator, told: dict[str, str], lines: list[tuple[str, str]]
) -> dict[str, Any]:
    """The note as a Cloud API send body."""
    body = _BODIES[told["kind"]](emulator, told, lines)
    return {**body, "context": {"message_id": told["answers"]}} if "answers" in told else body


def _words(emulator: Emulator, told: dict[str, str], lines: Any) -> dict[str, Any]:
    return {"type": "text", "text": {"body": told["words"]}}


def _file(emulator: Emulator, told: dict[str, str], lines: Any) -> dict[str, Any]:
    kind = {"picture": "image", "scroll": "document"}[told["kind"]]
    names = {"link": "at", "caption": "beneath", "filename": "called"}
    return {"type": kind, kind: {key: told[name] for key, name in names.items() if name in told}}


def _perches(emulator: Emulator, told: dict[str, str], lines: Any) -> dict[str, Any]:
    perches = [value.partition("|") for name, value in lines if name == "perch"]
    buttons = [{"type": "reply", "reply": {"id": id, "title": said}} for id, _, said in perches]
    if not 1 <= len(buttons) <= 3:
        raise Refusal("11", "a note has one to three perches")
    made: dict[str, Any] = {"type": "button", "body": {"text": told["words"]}}
    if "above" in told:
        made["header"] = {"type": "text", "text": told["above"]}
    if "foot" in told:
        made["footer"] = {"text": told["foot"]}
    return {"type": "interactive", "interactive": {**made, "action": {"buttons": buttons}}}


def _stamp(emulator: Emulator, told: dict[str, str], lines: Any) -> dict[str, Any]:
    name, tongue = told["stamp"], told["tongue"]
    found = [t for t in emulator.config.templates if (t.name, t.language) == (name, tongue)]
    if not found:
        raise Refusal("31", f"{name} in {tongue}")
    fills = [value for key, value in lines if key == "fill"]
    if len(set(_PLACE.findall(found[0].body))) != len(fills):
        raise Refusal("11", f"the stamp {name} is filled otherwise")
    text = _PLACE.sub(lambda place: fills[int(place[1]) - 1], found[0].body)
    template = {"name": name, "language": {"code": tongue}}
    return {"type": "template", "template": template, "rendered": {"body": text, "buttons": []}}


_BODIES = {
    "words": _words,
    "picture": _file,
    "scroll": _file,
    "perches": _perches,
    "stamp": _stamp,
}
