"""What tests and the demo ask of this emulator beside the kit's controls, under `_control`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dragoman.emulators.kit import Act, Update, person_key
from dragoman.emulators.kit.control import Person, push

from .reports import envelope

if TYPE_CHECKING:
    from .emulator import Emulator


class Consent(msgspec.Struct):
    """A person opts in or out by herself."""

    contact: Person
    agreed: bool


class Review(msgspec.Struct):
    """A template's new status, with its webhook on the Access API."""

    template: str
    status: str
    reason: str = ""


def consented(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    order = msgspec.json.decode(raw, type=Consent)
    contact = order.contact.contact()
    emulator.people.remember(contact)
    emulator.consents(person_key(contact), order.agreed)
    if emulator.account.dialect == "access":
        word = "opted-in" if order.agreed else "opted-out"
        payload = {"phone": contact.phone, "type": word}
        _told(emulator, "user-event", payload, f"user {word}")
    return {"success": True}


def reviewed(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    order = msgspec.json.decode(raw, type=Review)
    template = emulator.templates.named(order.template)
    if template is None:
        return {"success": False}
    template["status"] = order.status.upper()
    payload = {
        "type": "status-update",
        "id": template["gupshup_id"],
        "status": order.status.lower(),
        "elementName": template["name"],
        "languageCode": template["language"],
    }
    if order.reason:
        payload["rejectedReason"] = order.reason
    _told(emulator, "template-event", payload, f"template {payload['status']}")
    return {"success": True}


def _told(emulator: Emulator, kind: str, payload: dict[str, Any], title: str) -> None:
    """An event of version 2, which only the Access API's callback is for."""
    body = envelope(emulator, kind, payload, emulator.clock.now())
    push(emulator, Update(body, "v2"), emulator.number, title)


CONTROLS: dict[str, Act] = {
    "consent": consented,
    "template": reviewed,
}
