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
TYPES = {
    "words": ("words",),
    "picture": ("at",),
    "scroll": ("at",),
    "perches": ("words", "perch"),
    "stamp": ("stamp", "tongue"),
}
KNOWN = {"from", "to", "ring", "answers", "type", "perch", "fill", "above", "foot", "beneath"}
KNOWN |= {"called", *(name for names in TYPES.values() for name in names)}
_PLACE = re.compile(r"\{\{(\d+)\}\}")


class Refusal(Exception):
    """A coo, with what it is about."""

    def __init__(self, coo: str, what: str = "") -> None:
        super().__init__(coo)
        self.coo, (self.http, text) = coo, COOS[coo]
        self.because = text.format(what=what)


async def serve(emulator: Emulator, request: Request[Any, Any, Any], path: str) -> Answer:
    """Never raises."""
    slip: dict[str, Any] = {}
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
            return wire.said(200, loft="open", number=next(iter(emulator.lines)))
        if path.startswith("/loft/v1/parcels/") and request.method == "GET":
            return _parcel(emulator, path.rpartition("/")[2])
        if path == "/loft/v1/flights" and request.method == "POST":
            slip = _read(await request.body())
            return await _flight(emulator, slip)
        raise Refusal("11", f"there is no {request.method} {path}")
    except Refusal as refusal:
        emulator.counts[f"coo {refusal.coo}"] += 1
        told = {"coo": refusal.coo, "because": refusal.because}
        number = next(iter(emulator.lines))
        emulator.wire_out(number, "flight", str(refusal.http), slip, answer=told)
        return wire.said(refusal.http, flown="0", **told)


def _read(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refusal("11", "the body is no JSON") from None
    if not isinstance(value, dict):
        raise Refusal("11", "the body is no slip")
    return value


def _parcel(emulator: Emulator, parcel: str) -> Answer:
    stored = emulator.media.load(parcel)
    if stored is None:
        raise Refusal("31", parcel)
    return Answer(stored.data, mime=stored.mime)


async def _flight(emulator: Emulator, slip: dict[str, Any]) -> Answer:
    _check(slip)
    number, digits = slip["from"], slip["to"]
    if number not in emulator.lines:
        raise Refusal("13", number)
    shown = _shown(emulator, slip)
    contact = emulator.people.by_phone(digits) or stranger(digits)
    if emulator.over_rate(number, person_key(contact)):
        raise Refusal("17")
    record = emulator.accept(
        {
            "id": wire.new_pigeon(),
            "number": number,
            "contact": contact,
            "kind": slip["type"],
            "body": slip,
            "ring": slip.get("ring", ""),
            "shown": shown,
        }
    )
    if emulator.rules.unreachable(contact):
        emulator.fail(record, Refusal("22"))
    elif slip["type"] != "stamp" and not emulator.window_open(number, record["person"]):
        emulator.fail(record, Refusal("21"))
    else:
        await emulator.arrive(record)
    told = {"flown": "1", "pigeon": record["id"]}
    answer = wire.said(200, **told)
    status, whom = emulator.spoil(answer), record["contact"]["id"]
    title = f"send {slip['type']}"
    emulator.wire_out(number, title, status, slip, record["id"], told, whom)
    return answer


def _check(slip: dict[str, Any]) -> None:
    for name in ("from", "to", "type", *TYPES.get(str(slip.get("type")), ())):
        if not slip.get(name):
            raise Refusal("11", f"the slip has no {name}")
    for name, value in slip.items():
        texts = value if name in ("perch", "fill") and isinstance(value, list) else [value]
        if name in KNOWN and not all(isinstance(one, str) for one in texts):
            raise Refusal("11", f"{name} is no text")
    if slip["type"] not in TYPES:
        raise Refusal("11", f"there is no type {slip['type']}")
    if not re.fullmatch(r"[0-9]{5,15}", slip["to"]):
        raise Refusal("11", "to is no number")
    if len(slip.get("words", "")) > 4096:
        raise Refusal("11", "words are longer than 4096")


# --- for the phone -------------------------------------------------------------------------------


def _shown(emulator: Emulator, slip: dict[str, Any]) -> dict[str, Any]:
    """The note as a Cloud API send body."""
    body = _BODIES[slip["type"]](emulator, slip)
    return {**body, "context": {"message_id": slip["answers"]}} if "answers" in slip else body


def _words(emulator: Emulator, slip: dict[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": {"body": slip["words"]}}


def _file(emulator: Emulator, slip: dict[str, Any]) -> dict[str, Any]:
    kind = {"picture": "image", "scroll": "document"}[slip["type"]]
    names = {"link": "at", "caption": "beneath", "filename": "called"}
    return {"type": kind, kind: {key: slip[name] for key, name in names.items() if name in slip}}


def _perches(emulator: Emulator, slip: dict[str, Any]) -> dict[str, Any]:
    perches = [one.partition("|") for one in slip["perch"]]
    buttons = [{"type": "reply", "reply": {"id": id, "title": said}} for id, _, said in perches]
    if not 1 <= len(buttons) <= 3:
        raise Refusal("11", "a note has one to three perches")
    made: dict[str, Any] = {"type": "button", "body": {"text": slip["words"]}}
    if "above" in slip:
        made["header"] = {"type": "text", "text": slip["above"]}
    if "foot" in slip:
        made["footer"] = {"text": slip["foot"]}
    return {"type": "interactive", "interactive": {**made, "action": {"buttons": buttons}}}


def _stamp(emulator: Emulator, slip: dict[str, Any]) -> dict[str, Any]:
    name, tongue, fills = slip["stamp"], slip["tongue"], slip.get("fill", [])
    found = [t for t in emulator.config.templates if (t.name, t.language) == (name, tongue)]
    if not found:
        raise Refusal("31", f"{name} in {tongue}")
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
