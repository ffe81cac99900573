"""What tests and the demo ask of the emulator itself, under `_control`. Not part of Meta's API."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.types import ControllerRouterHandler

from dragoman.domain.sentences import Sentence, SentenceError, say, words
from dragoman.emulators.phone.guard import is_loopback
from dragoman.emulators.phone.handsets import HandsetContact

from .config import Rules
from .people import person_key, stranger
from .reports import contact_entry, metadata

if TYPE_CHECKING:
    from .emulator import Emulator

words(
    {
        "control_number_unknown": "The emulator has no number {number!r}: its phone number ids "
        "are {known}.",
        "control_refused": "The emulator's controls answer programs of this machine only: ask as "
        "127.0.0.1, and post application/json.",
        "control_body_wrong": "The request is not what this control takes: {why}.",
    }
)


class FaultOrder(msgspec.Struct):
    name: str
    on: bool = True
    count: int | None = None
    value: int | None = None


class ClockOrder(msgspec.Struct):
    move_ms: int


class Person(msgspec.Struct):
    """Somebody who writes. Phone digits, a BSUID, or both."""

    name: str = ""
    phone: str | None = None
    bsuid: str | None = None
    username: str | None = None
    id: str = ""

    def contact(self) -> HandsetContact:
        made = stranger(self.phone, self.bsuid)
        made.name, made.username = self.name or made.name, self.username
        made.id = self.id or made.id
        return made


class Inbound(msgspec.Struct):
    """A person's message: a Cloud API body (`type` and its object) and who writes to whom."""

    contact: Person
    body: dict[str, Any]
    number: str = ""
    quoted: str | None = None


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


def _number(emulator: Emulator, number: str) -> str:
    chosen = number or next(iter(emulator.numbers))
    if chosen not in emulator.numbers:
        known = ", ".join(emulator.numbers)
        raise SentenceError(Sentence("control_number_unknown", {"number": number, "known": known}))
    return chosen


def state(emulator: Emulator) -> dict[str, Any]:
    timeline = emulator.timeline
    subscribed: dict[str, Any] = msgspec.to_builtins(emulator.subscriptions.state)
    return {
        "clock": {"now": emulator.clock.now(), "offset_ms": emulator.clock.offset_ms},
        "faults": emulator.faults.describe(),
        "rules": msgspec.to_builtins(emulator.rules),
        "waiting": timeline.waiting,
        "webhooks": {
            "delivered": timeline.delivered,
            "failed": timeline.failed,
            "expired": timeline.expired,
        },
        "counts": dict(sorted(emulator.counts.items())),
        "subscriptions": {
            **subscribed,
            "verify_token": "hidden",
        },
    }


def change_number(emulator: Emulator, order: NumberChange) -> str:
    """Gives the id of the system message."""
    number = _number(emulator, order.number)
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
    number, contact = _number(emulator, order.number), order.contact.contact()
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
    push(emulator, {"value": value, "field": "user_preferences"}, number)


def push(emulator: Emulator, change: dict[str, Any], number: str, waba: str = "") -> int:
    return emulator.timeline.update(
        change,
        number=number,
        lane=f"raw:{number}",
        waba=waba,
        title=str(change.get("field", "")),
        contact=None,
        message=None,
        tick="",
    )


async def inbound(emulator: Emulator, order: Inbound) -> str:
    """A person of the phone writes on her phone, where it is seen; anybody else from nowhere."""
    number, contact = _number(emulator, order.number), order.contact.contact()
    known = emulator.handsets.find(phone=contact.phone, bsuid=contact.bsuid)
    if known is not None:
        return await emulator.handsets.person_sends(number, known.id, order.body, order.quoted)
    return await emulator.lines[number].send(contact, order.body, order.quoted)


def set_rules(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    """Change the named rules, leave the others."""
    changes = msgspec.json.decode(raw, type=dict[str, Any])
    known = msgspec.to_builtins(emulator.rules)
    unknown = sorted(set(changes) - set(known))
    if unknown:
        why = f"there is no rule {unknown[0]!r}"
        raise SentenceError(Sentence("control_body_wrong", {"why": why}))
    emulator.rules = msgspec.convert({**known, **changes}, Rules)
    return {"rules": msgspec.to_builtins(emulator.rules)}


def set_fault(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    order = msgspec.json.decode(raw, type=FaultOrder)
    emulator.faults.set(order.name, order.on, order.count, order.value)
    emulator.handsets.tell_panel()
    return {"faults": emulator.faults.describe()}


def faults_off(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    emulator.faults.all_off()
    emulator.handsets.tell_panel()
    return {"faults": emulator.faults.describe()}


def move_clock(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    emulator.clock.move(msgspec.json.decode(raw, type=ClockOrder).move_ms)
    emulator.handsets.tell_panel()
    return {"now": emulator.clock.now(), "offset_ms": emulator.clock.offset_ms}


def reset(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    emulator.reset()
    return {"success": True}


def changed(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    return {"id": change_number(emulator, msgspec.json.decode(raw, type=NumberChange))}


def preferred(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    prefer(emulator, msgspec.json.decode(raw, type=Preference))
    return {"success": True}


def pushed(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    order = msgspec.json.decode(raw, type=Raw)
    push(emulator, order.change, _number(emulator, order.number), order.waba)
    return {"success": True}


Act = Callable[["Emulator", bytes], dict[str, Any]]
_POSTS: dict[str, Act] = {
    "faults": set_fault,
    "all-off": faults_off,
    "rules": set_rules,
    "clock": move_clock,
    "reset": reset,
    "change-number": changed,
    "preference": preferred,
    "webhook": pushed,
}


def _wrong(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    sentence = Sentence("control_body_wrong", {"why": str(error)})
    if isinstance(error, SentenceError):
        sentence = error.sentence
    return Response({"error": say(sentence)}, status_code=400)


def _handler(emulator: Emulator, path: str, act: Act, wrong: Any) -> ControllerRouterHandler:
    @post(f"/_control/{path}", status_code=200, exception_handlers=wrong)
    async def handler(request: Request[Any, Any, Any]) -> dict[str, Any]:
        return act(emulator, await request.body() or b"{}")

    return handler


def only_this_machine(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Programs and tests of this machine, never a web page: a page can post without asking only
    what a form can, and a name pointed here (DNS rebinding) fails the check of the Host."""
    headers = connection.headers
    origin = headers.get("Origin")
    typed = headers.get("Content-Type", "").partition(";")[0].strip() == "application/json"
    safe = connection.scope["method"] in ("GET", "HEAD")  # type: ignore[typeddict-item]
    if (
        not is_loopback(headers.get("Host", ""))
        or not is_loopback(origin.partition("://")[2] if origin is not None else "localhost")
        or not (safe or typed)
    ):
        raise PermissionDeniedException(say(Sentence("control_refused")))


def control_handlers(emulator: Emulator) -> list[ControllerRouterHandler]:
    """The handlers of /_control."""
    wrong: Any = {SentenceError: _wrong, msgspec.MsgspecError: _wrong}

    @get("/_control/state")
    async def read_state() -> dict[str, Any]:
        return state(emulator)

    @get("/_control/faults")
    async def read_faults() -> dict[str, Any]:
        return {"faults": emulator.faults.describe()}

    @get("/_control/sent")
    async def read_sent(request: Request[Any, Any, Any]) -> dict[str, Any]:
        after = request.query_params.get("after", "0")
        return {"sent": emulator.books.all_sent(int(after) if after.isdigit() else 0)}

    @post("/_control/inbound", status_code=200, exception_handlers=wrong)
    async def write(request: Request[Any, Any, Any]) -> dict[str, Any]:
        order = msgspec.json.decode(await request.body(), type=Inbound)
        return {"id": await inbound(emulator, order)}

    posts = [_handler(emulator, path, act, wrong) for path, act in _POSTS.items()]
    made = [read_state, read_faults, read_sent, write, *posts]
    return [Router(path="/", route_handlers=made, guards=[only_this_machine])]
