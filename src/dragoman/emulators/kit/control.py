"""What tests and the demo ask of an emulator itself, under `_control`. No part of a partner's API.

GET state, faults, sent?after=N; POST faults, all-off, clock, rules, reset, inbound, pay, webhook,
and what the partner adds. Programs of this machine only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.types import ControllerRouterHandler

from dragoman.domain.networks import is_loopback_host
from dragoman.domain.sentences import Sentence, SentenceError, say, words
from dragoman.emulators.phone.handsets import HandsetContact

from .people import stranger
from .timeline import Update

if TYPE_CHECKING:
    from .partner import PartnerEmulator

Act = Callable[[Any, bytes], dict[str, Any]]
"""(emulator, body) → answer, both JSON. Raises SentenceError or a msgspec error."""

words(
    {
        "control_number_unknown": "The emulator has no number {number!r}: its numbers are {known}.",
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
    """Somebody who writes. A phone, a BSUID, or both. Of a phone the digits count: `+1 202 …` is
    who `1202…` is."""

    name: str = ""
    phone: str | None = None
    bsuid: str | None = None
    username: str | None = None
    id: str = ""

    def contact(self) -> HandsetContact:
        digits = "".join(letter for letter in self.phone or "" if letter in "0123456789")
        made = stranger(digits or None, self.bsuid)
        made.name, made.username = self.name or made.name, self.username
        made.id = self.id or made.id
        return made


class Inbound(msgspec.Struct):
    """A person's message: a Cloud API body (`type` and its object) and who writes to whom."""

    contact: Person
    body: dict[str, Any]
    number: str = ""
    quoted: str | None = None


class Payment(msgspec.Struct):
    """What became of a bill (`message`: its id at the partner)."""

    contact: Person
    message: str
    outcome: Literal["paid", "failed", "pending"] = "paid"
    number: str = ""


class Raw(msgspec.Struct):
    """An update in the partner's words, for kinds of webhooks that nothing here causes."""

    update: dict[str, Any]
    number: str = ""
    kind: str = ""


def chosen_number(emulator: PartnerEmulator, number: str) -> str:
    """The named number, or the first. Raises SentenceError."""
    chosen = number or next(iter(emulator.lines))
    if chosen not in emulator.lines:
        known = ", ".join(emulator.lines)
        raise SentenceError(Sentence("control_number_unknown", {"number": number, "known": known}))
    return chosen


def state(emulator: PartnerEmulator) -> dict[str, Any]:
    timeline = emulator.timeline
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
        **emulator.more_state(),
    }


def push(emulator: PartnerEmulator, update: Update, number: str, title: str, **more: Any) -> int:
    """Deliver an update as it is."""
    lane = f"raw:{number}"
    return emulator.timeline.update(update, number=number, lane=lane, title=title, **more)


async def inbound(emulator: PartnerEmulator, order: Inbound) -> str:
    """A person of the phone writes on her phone, where it is seen; anybody else from nowhere."""
    number, contact = chosen_number(emulator, order.number), order.contact.contact()
    line = emulator.lines[number]
    known = emulator.handsets.find(phone=contact.phone, bsuid=contact.bsuid)
    if known is not None:
        return await emulator.handsets.person_sends(line.key, known.id, order.body, order.quoted)
    return await line.send(contact, order.body, order.quoted)


def set_rules(emulator: PartnerEmulator, raw: bytes) -> dict[str, Any]:
    """Change the named rules, leave the others."""
    changes = msgspec.json.decode(raw, type=dict[str, Any])
    known = msgspec.to_builtins(emulator.rules)
    unknown = sorted(set(changes) - set(known))
    if unknown:
        why = f"there is no rule {unknown[0]!r}"
        raise SentenceError(Sentence("control_body_wrong", {"why": why}))
    emulator.rules = msgspec.convert({**known, **changes}, type(emulator.rules))
    return {"rules": msgspec.to_builtins(emulator.rules)}


def set_fault(emulator: PartnerEmulator, raw: bytes) -> dict[str, Any]:
    order = msgspec.json.decode(raw, type=FaultOrder)
    emulator.faults.set(order.name, order.on, order.count, order.value)
    emulator.handsets.tell_panel()
    return {"faults": emulator.faults.describe()}


def faults_off(emulator: PartnerEmulator, raw: bytes) -> dict[str, Any]:
    emulator.faults.all_off()
    emulator.handsets.tell_panel()
    return {"faults": emulator.faults.describe()}


def move_clock(emulator: PartnerEmulator, raw: bytes) -> dict[str, Any]:
    emulator.clock.move(msgspec.json.decode(raw, type=ClockOrder).move_ms)
    emulator.handsets.tell_panel()
    return {"now": emulator.clock.now(), "offset_ms": emulator.clock.offset_ms}


def reset(emulator: PartnerEmulator, raw: bytes) -> dict[str, Any]:
    emulator.reset()
    return {"success": True}


def pushed(emulator: PartnerEmulator, raw: bytes) -> dict[str, Any]:
    order = msgspec.json.decode(raw, type=Raw)
    number = chosen_number(emulator, order.number)
    push(emulator, Update(order.update, order.kind), number, order.kind or "webhook")
    return {"success": True}


_POSTS: dict[str, Act] = {
    "faults": set_fault,
    "all-off": faults_off,
    "rules": set_rules,
    "clock": move_clock,
    "reset": reset,
    "webhook": pushed,
}


def _wrong(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    sentence = Sentence("control_body_wrong", {"why": str(error)})
    if isinstance(error, SentenceError):
        sentence = error.sentence
    return Response({"error": say(sentence)}, status_code=400)


def _handler(emulator: PartnerEmulator, path: str, act: Act, wrong: Any) -> ControllerRouterHandler:
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
        not is_loopback_host(headers.get("Host", ""))
        or not is_loopback_host(origin.partition("://")[2] if origin is not None else "localhost")
        or not (safe or typed)
    ):
        raise PermissionDeniedException(say(Sentence("control_refused")))


def control_handlers(emulator: PartnerEmulator) -> list[ControllerRouterHandler]:
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

    @post("/_control/pay", status_code=200, exception_handlers=wrong)
    async def pay(request: Request[Any, Any, Any]) -> dict[str, Any]:
        order = msgspec.json.decode(await request.body(), type=Payment)
        line = emulator.lines[chosen_number(emulator, order.number)]
        contact = order.contact.contact()
        known = emulator.handsets.find(phone=contact.phone, bsuid=contact.bsuid)
        await line.pay(known or contact, order.message, order.outcome)
        return {"success": True}

    acts = {**_POSTS, **emulator.controls()}
    posts = [_handler(emulator, path, act, wrong) for path, act in acts.items()]
    made = [read_state, read_faults, read_sent, write, pay, *posts]
    return [Router(path="/", route_handlers=made, guards=[only_this_machine])]
