"""POST /{number}/messages: checks in Meta's order, the answer, and what follows it.

Order: account → schema → recipient → template → rates → accepted. Everything that depends on the
person, the window, billing or fetching a link comes later, as a `failed` status.
Source: Meta, "Messages" and "Error codes" (2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from dragoman.emulators._cloud import wire
from dragoman.emulators._cloud.checks import Refusal
from dragoman.emulators._cloud.messages import (
    MEDIA,
    check_envelope,
    check_message,
    check_recipient,
    message_type,
)
from dragoman.emulators._cloud.reading import Part
from dragoman.emulators._cloud.template_send import compose
from dragoman.emulators._cloud.templates import Template
from dragoman.emulators.kit import Record, links_here
from dragoman.emulators.phone.handsets import HandsetContact

from .config import Number
from .media import KINDS, allowed_types, plain_type
from .people import Target
from .reports import price

if TYPE_CHECKING:
    from .emulator import Emulator

_MONTH_MS = 30 * 24 * 3_600_000
_TYPING_MS = 25_000
_LINK_CACHE_MS = 600_000


class Accepted(msgspec.Struct):
    """The answer of a send, and what was kept of it."""

    answer: dict[str, Any]
    record: Record


def check_account(emulator: Emulator, number: Number) -> None:
    if not number.registered:
        raise Refusal("number_not_registered")
    for name in ("account_locked", "maintenance", "name_not_approved"):
        if getattr(emulator.rules, name):
            raise Refusal(name)


def mark_read(emulator: Emulator, number: Number, body: dict[str, Any]) -> dict[str, Any]:
    """The status form of the endpoint: the person sees two blue ticks, and perhaps *typing*."""
    part = Part(body, "", "status")
    part.choice("status", ("read",))
    message_id = part.text("message_id")
    typing = part.maybe("typing_indicator")
    if typing is not None:
        typing.choice("type", ("text",))
    found = emulator.books.received(message_id, number.phone_number_id)
    now = emulator.clock.now()
    if found is None or now - found[1] > _MONTH_MS:
        raise Refusal("read_target", message_id=message_id)
    contact = emulator.on_phone(found[0])
    if contact is not None:
        emulator.handsets.set_status(number.phone_number_id, message_id, "read", now)
        if typing is not None:
            emulator.handsets.set_typing(number.phone_number_id, contact.id, now + _TYPING_MS)
    title = "typing" if typing else "mark read"
    emulator.wire_out(number.phone_number_id, title, "200", body, message_id)
    return {"success": True}


def _check_rates(emulator: Emulator, number: Number, target: Target) -> None:
    over = emulator.over_rate(number.phone_number_id, target.key)
    if over:
        raise Refusal(f"rate_{over}")


def _check_special(emulator: Emulator, number: Number, body: dict[str, Any], kind: str) -> None:
    """Checks that need the account's state: payments, direct send, what is reacted to."""
    inner = body.get(kind)
    if kind == "interactive" and isinstance(inner, dict) and inner.get("type") == "order_details":
        if emulator.rules.payments_terms_missing:
            raise Refusal("terms_missing")
        reference = inner["action"]["parameters"]["reference_id"]
        emulator.orders.open(number.phone_number_id, reference)
    if body.get("category") is not None and not emulator.rules.direct_send:
        raise Refusal("direct_send_off")
    if kind == "reaction":
        message_id = body["reaction"]["message_id"]
        found = emulator.books.received(message_id, number.phone_number_id)
        at = found[1] if found else (emulator.books.sent(message_id) or {"at": 0})["at"]
        if emulator.clock.now() - at > _MONTH_MS:
            raise Refusal("reaction_target", message_id=message_id)


def _template(
    emulator: Emulator, number: Number, body: dict[str, Any], target: Target, marketing: bool
) -> tuple[Template, dict[str, Any]]:
    part = Part(body["template"], "template", "template")
    template = emulator.templates.sendable(part)
    if marketing and template["category"] != "MARKETING":
        raise Refusal("marketing_only")
    if template["category"] == "MARKETING" and emulator.rules.marketing_disabled and not marketing:
        raise Refusal("marketing_disabled")
    shown = compose(template, part, emulator.media_known(number))
    if target.by_bsuid and template["category"] == "AUTHENTICATION":
        raise Refusal("bsuid_code")
    if target.by_bsuid and template.get("bid_spec"):
        raise Refusal("bsuid_bid")
    return template, shown


def accept(
    emulator: Emulator, number: Number, body: dict[str, Any], *, marketing: bool = False
) -> Accepted:
    """Check a send and keep it. Nothing of it happens yet: `follow` does that. Raises Refusal."""
    check_envelope(body)
    check_account(emulator, number)
    check_recipient(body)
    kind = message_type(body)
    if marketing and kind != "template":
        raise Refusal("marketing_only")
    check_message(body, kind, emulator.media_known(number))
    target = emulator.people.target(body, number, emulator.rules)
    _check_special(emulator, number, body, kind)
    template, shown = None, None
    if kind == "template":
        template, shown = _template(emulator, number, body, target, marketing)
    _check_rates(emulator, number, target)

    return _kept(emulator, number, body, target, template, shown, marketing)


def _kept(
    emulator: Emulator,
    number: Number,
    body: dict[str, Any],
    target: Target,
    template: Template | None,
    shown: dict[str, Any] | None,
    marketing: bool,
) -> Accepted:
    """The record of an accepted send, in the books and in the log, and its answer."""
    wamid = wire.wamid(target.key, from_business=True)
    held = template is not None and emulator.rules.hold_templates.get(template["name"])
    record: Record = {
        "id": wamid,
        "wamid": wamid,
        "number": number.phone_number_id,
        "person": target.key,
        "contact": msgspec.to_builtins(target.contact),
        "by_bsuid": target.by_bsuid,
        "lost": target.lost,
        "known": target.known,
        "type": message_type(body),
        "category": template["category"] if template else body.get("category"),
        "marketing_api": marketing,
        "held": held or None,
        "rendered": shown,
        "body": body,
        "biz_opaque_callback_data": body.get("biz_opaque_callback_data"),
        "at": emulator.clock.now(),
        "priced": False,
    }
    record["pricing"] = price(emulator, record, template)
    emulator.accept(record)
    message: dict[str, Any] = {"id": wamid}
    if template is not None:
        message["message_status"] = "held_for_quality_assessment" if held else "accepted"
    answer = {
        "messaging_product": "whatsapp",
        "contacts": target.answered(),
        "messages": [message],
    }
    return Accepted(answer, record)


def _refused_later(emulator: Emulator, record: Record) -> Refusal | None:
    """Why an accepted message does not arrive, as far as that is known at once."""
    rules, body = emulator.rules, record["body"]
    names = {record["person"], record["contact"]["phone"], record["contact"]["bsuid"]} - {None}
    if rules.unreachable(HandsetContact(**record["contact"])):
        return Refusal("undeliverable")
    if record["by_bsuid"] and not record["known"]:
        return Refusal("undeliverable")
    if rules.no_payment_method:
        return Refusal("no_payment")
    wanted = body.get("recipient_identity_key_hash")
    current = next((rules.identity_hashes[n] for n in names if n in rules.identity_hashes), wanted)
    if wanted is not None and wanted != current:
        return Refusal("identity")
    if record["category"] == "MARKETING":
        for rule, check in (
            (rules.stopped_marketing, "stopped"),
            (rules.capped_marketing, "capped"),
            (rules.in_experiment, "experiment"),
        ):
            if names & set(rule):
                return Refusal(check)
    free_form = record["type"] != "template" and body.get("category") is None
    if free_form and not emulator.window_open(record["number"], record["person"]):
        return Refusal("window_closed")
    return _order_step(emulator, record)


def _order_step(emulator: Emulator, record: Record) -> Refusal | None:
    inner = record["body"].get("interactive") or {}
    if inner.get("type") != "order_status":
        return None
    parameters = inner["action"]["parameters"]
    number, reference = record["number"], parameters["reference_id"]
    step = None
    if "order" in parameters:
        step = emulator.orders.move(number, reference, parameters["order"]["status"])
    if step is None and (parameters.get("payment") or {}).get("status") == "captured":
        emulator.orders.paid(number, reference)
    return step


async def _fetch(emulator: Emulator, kind: str, link: str) -> Refusal | None:
    """Fetch one link as Meta would; each is remembered for ten minutes."""
    now = emulator.clock.now()
    cached = emulator.links.get(link)
    if cached is None or now - cached[0] > _LINK_CACHE_MS:
        try:
            async with emulator.http.get(link) as answer:
                await answer.read()
                emulator.links[link] = (now, answer.status, answer.content_type)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Refusal("media_download", reason=type(error).__name__)
    _, status, mime = emulator.links[link]
    if status != 200:
        return Refusal("media_download", reason=f"HTTP {status}")
    if kind != "document" and plain_type(mime) not in KINDS[kind][1]:
        types = allowed_types(kind)
        return Refusal("media_upload", what=kind.capitalize(), got=mime, types=types)
    return None


async def follow(emulator: Emulator, accepted: Accepted) -> None:
    """What happens to an accepted message: arrives, fails, is held, or silence."""
    record = accepted.record
    if record["lost"]:
        return
    error = _refused_later(emulator, record)
    for kind, link in links_here(record["body"], MEDIA) if error is None else ():
        error = await _fetch(emulator, kind, link)
        if error is not None:
            break
    if error is not None:
        emulator.fail(record, error)
    elif record["held"] == "drop":
        emulator.fail(record, Refusal("held_dropped"), emulator.config.delays.held_ms)
    elif record["held"]:
        emulator.succeed(record, emulator.config.delays.held_ms)
    else:
        await emulator.arrive(record)


def needs_waiting(emulator: Emulator, accepted: Accepted) -> bool:
    """Whether the answer must wait for what follows: links are fetched beside it, but the fault
    status_first puts the report before the answer."""
    return emulator.faults.on("status_first") or not links_here(accepted.record["body"], MEDIA)
