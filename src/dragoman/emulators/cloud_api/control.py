"""What tests and the demo ask of this emulator beside the kit's controls, under `_control`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dragoman.emulators._cloud.contacts import contact_entry
from dragoman.emulators.kit import Act, Update, person_key, stranger
from dragoman.emulators.kit.control import Person, chosen_number, push

from .oauth import invalidate
from .reports import metadata

if TYPE_CHECKING:
    from .emulator import Emulator


class NumberChange(msgspec.Struct):
    """A person takes a new phone: the system message goes out, the old address is nobody's."""

    contact: Person
    phone: str | None = None
    bsuid: str | None = None
    number: str = ""


class Preference(msgspec.Struct):
    contact: Person
    value: str
    number: str = ""


class Raw(msgspec.Struct):
    """Any change as it is, for kinds of webhooks that nothing here causes by itself."""

    change: dict[str, Any]
    number: str = ""
    waba: str = ""


def change_number(emulator: Emulator, order: NumberChange) -> str:
    """Gives the id of the system message."""
    number = chosen_number(emulator, order.number)
    before = order.contact.contact()
    system: dict[str, Any] = {}
    if order.phone:
        said = f"User {before.name} changed from {before.phone} to {order.phone}"
        system = {"body": said, "wa_id": order.phone}
    else:
        system = {"body": f"User {before.username or before.name} changed user ID"}
    if order.bsuid:
        system |= {"user_id": order.bsuid, "previous_user_id": before.bsuid}
    system["type"] = "user_changed_number" if order.phone else "user_changed_user_id"
    body = {"type": "system", "system": system}
    message_id = emulator.lines[number].say(before, body, None)
    after = stranger(order.phone, order.bsuid or before.bsuid)
    after.name, after.username = before.name, before.username
    emulator.people.remember(after)
    return message_id


def prefer(emulator: Emulator, order: Preference) -> None:
    """A person stops or resumes marketing; its webhook goes out."""
    number, contact = chosen_number(emulator, order.number), order.contact.contact()
    now, stopped = emulator.clock.now(), emulator.rules.stopped_marketing
    key = person_key(contact)
    if order.value == "stop" and key not in stopped:
        stopped.append(key)
    elif order.value == "resume" and key in stopped:
        stopped.remove(key)
    entry = contact_entry(contact, username=False)
    who: dict[str, Any] = {k: entry[k] for k in ("wa_id", "user_id") if k in entry}
    preference: dict[str, Any] = {
        **who,
        "detail": f"User requested to {order.value} marketing messages",
        "category": "marketing_messages",
        "value": order.value,
        "timestamp": now // 1000,
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": metadata(emulator, number),
        "contacts": [entry],
        "user_preferences": [preference],
    }
    change = {"value": value, "field": "user_preferences"}
    push(emulator, Update(change), number, "user_preferences")


def changed(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    return {"id": change_number(emulator, msgspec.json.decode(raw, type=NumberChange))}


def preferred(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    prefer(emulator, msgspec.json.decode(raw, type=Preference))
    return {"success": True}


def pushed(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    order = msgspec.json.decode(raw, type=Raw)
    number, title = chosen_number(emulator, order.number), str(order.change.get("field", ""))
    push(emulator, Update(order.change), number, title, waba=order.waba)
    return {"success": True}


CONTROLS: dict[str, Act] = {
    "change-number": changed,
    "preference": preferred,
    "webhook": pushed,
    "invalidate-tokens": invalidate,
}
