"""What tests and the demo ask of this emulator beside the kit's controls, under `_control`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from dragoman.emulators.kit import Act, Update, person_key
from dragoman.emulators.kit.control import Person, chosen_number, push

from . import wire
from .payments import notification

if TYPE_CHECKING:
    from .emulator import Emulator


class Preference(msgspec.Struct):
    """A person stops or resumes marketing."""

    contact: Person
    value: Literal["stop", "resume"]
    number: str = ""


class Code(msgspec.Struct):
    """A person's security code changes, as when she takes a new phone."""

    contact: Person
    hash: str
    number: str = ""


class Keys(msgspec.Struct):
    """API keys and tokens end now."""

    left_ms: int = 0


def preferred(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    order = msgspec.json.decode(raw, type=Preference)
    number, contact = chosen_number(emulator, order.number), order.contact.contact()
    key, stopped = person_key(contact), emulator.rules.stopped_marketing
    if order.value == "stop" and key not in stopped:
        stopped.append(key)
    elif order.value == "resume" and key in stopped:
        stopped.remove(key)
    content = {
        "sender": number,
        "from": key,
        "notificationMessagesStatus": order.value,
        "description": f"User requested to {order.value} marketing messages",
    }
    at = wire.moment(emulator.clock.now())
    body = {"from": number, "content": content, "createdAt": at}
    push(emulator, Update(body, "marketing"), number, f"marketing {order.value}")
    return {"success": True}


def changed_code(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    order = msgspec.json.decode(raw, type=Code)
    number, contact = chosen_number(emulator, order.number), order.contact.contact()
    emulator.rules.identity_hashes[person_key(contact)] = order.hash
    content = {
        "description": "Security code changed.",
        "hash": order.hash,
        "type": "user_identity_changed",
    }
    content |= {"userNumber": contact.phone} if contact.phone else {}
    content |= {"userId": contact.bsuid} if contact.bsuid else {}
    at = wire.moment(emulator.clock.now())
    body = {"from": number, "content": content, "createdAt": at}
    push(emulator, Update(body, "identity"), number, "identity changed")
    return {"success": True}


def expire_keys(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    order = msgspec.json.decode(raw or b"{}", type=Keys)
    end = emulator.clock.now() + order.left_ms
    emulator.keys = [msgspec.structs.replace(key, expires_at=end) for key in emulator.keys]
    return {"success": True}


def template_event(emulator: Emulator, template: dict[str, Any]) -> None:
    """The webhook of a template's new status, for whoever subscribed to it."""
    change = {
        "type": "TEMPLATE_STATUS_UPDATE",
        "newStatus": template["status"],
        "reason": "NONE",
    }
    body = {
        "messageTemplateId": template["id"],
        "messageTemplateName": template["name"],
        "messageTemplateLanguage": template["language"],
        "timestamp": wire.moment(emulator.clock.now()),
        "change": change,
    }
    title = f"template {template['status'].lower()}"
    push(emulator, Update(body, "template"), "", title)


def payment_event(
    emulator: Emulator, number: str, contact: Any, status: dict[str, Any], at: int
) -> None:
    update = notification(number, contact, status, at)
    push(emulator, update, number, f"payment {status['paymentStatus'].lower()}")


CONTROLS: dict[str, Act] = {
    "preference": preferred,
    "identity": changed_code,
    "expire-keys": expire_keys,
}
