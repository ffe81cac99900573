"""The Messages API for WhatsApp: sends with SMS failover, validation, typing, and what is pulled.

Source: Infobip, "Messages API" (2026). UNSURE: what answers a part that WhatsApp lacks with
`adaptationMode` off, and a failover without a destination for each channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dragoman.emulators.kit import Answer

from . import sending, shown_messages, status_table, template_send, wire
from .calls import Call, answer
from .check_table import PLATFORM
from .checks import Invalid, Refusal, Violation
from .fields import Field, check, maybe, obj
from .schema_messages import (
    CONTENT,
    EVENTS,
    MESSAGE,
    NOT_WHATSAPP,
    OPTIONS,
    TEMPLATE,
    TEMPLATE_CONTENT,
)
from .sending import Draft
from .whatsapp import events_answer

if TYPE_CHECKING:
    from .emulator import Emulator


def _fields(message: dict[str, Any]) -> Mapping[str, Field]:
    if message.get("template") is not None:
        return {**MESSAGE, "template": obj(TEMPLATE), "content": maybe(TEMPLATE_CONTENT)}
    return {**MESSAGE, "content": obj(CONTENT)}


def _destinations(message: dict[str, Any], path: str, found: list[Violation]) -> None:
    """Each has `to`; with failover, `byChannel` with one entry for each channel."""
    wanted = {"WHATSAPP", *(one["channel"] for one in message.get("failover") or [])}
    for index, target in enumerate(message.get("destinations") or []):
        where, several = f"{path}.destinations[{index}]", target.get("byChannel")
        if several is None and len(wanted) == 1:
            if not (target.get("to") or "").strip():
                found.append(Violation(f"{where}.to", "blank"))
        elif sorted(one["channel"] for one in several or []) != sorted(wanted):
            found.append(Violation(f"{where}.byChannel", "channels"))


def _adapted(message: dict[str, Any], path: str, found: list[Violation]) -> None:
    if (message.get("options") or {}).get("adaptationMode") is not False:
        return
    for index, button in enumerate((message.get("content") or {}).get("buttons") or []):
        if button["type"] in NOT_WHATSAPP:
            found.append(Violation(f"{path}.content.buttons[{index}]", "adaptation"))


def _violations(body: dict[str, Any]) -> list[Violation]:
    found = check(OPTIONS, body)
    for index, message in enumerate([] if found else body["messages"]):
        path = f"messages[{index}]"
        wrong = check(_fields(message), message, path)
        if not wrong:
            _destinations(message, path, wrong)
            _adapted(message, path, wrong)
        found += wrong
    return found


def _target(target: dict[str, Any]) -> str:
    for one in target.get("byChannel") or []:
        if one["channel"] == "WHATSAPP":
            return str(one["to"])
    return str(target.get("to") or "")


def _drafts(emulator: Emulator, message: dict[str, Any], bulk: str, in_ms: int) -> list[Draft]:
    """One for each destination. Raises Refusal."""
    options, webhooks = message.get("options") or {}, message.get("webhooks") or {}
    content, named = message.get("content") or {}, message.get("template")
    delivery, seen = webhooks.get("delivery") or {}, webhooks.get("seen") or {}
    template, data = None, dict[str, Any]()
    if named is not None:
        template = sending.find_template(emulator, named["templateName"], named["language"])
        kind, body = "template", template_send.bare(named)
        data = shown_messages.template_data(content)
    else:
        kind, body = content["body"]["type"], shown_messages.content_shown(content)
    sms = next(
        (
            {"from": one["sender"], "text": one["content"]["body"]["text"]}
            for one in message.get("failover") or []
        ),
        {},
    )
    platform = options.get("platform") or {}
    return [
        Draft(
            sender=message["sender"],
            to=_target(target),
            kind=kind,
            body=message,
            shown=body,
            message_id=target.get("messageId") or "",
            bulk=bulk,
            callback=webhooks.get("callbackData"),
            notify={"delivery": delivery.get("url") or "", "seen": seen.get("url") or ""},
            platform={key: platform.get(key) or "" for key in ("entityId", "applicationId")},
            campaign=options.get("campaignReferenceId") or "",
            template=template,
            data=data,
            flow=str(content["body"].get("id") or "") if kind == "FLOW" else "",
            sms=sms,
            sms_reports=bool(delivery.get("receiveTriggeredFailoverReports")),
            intermediate=bool(delivery.get("intermediateReport")),
            by_messages_api=True,
            in_ms=in_ms,
        )
        for target in message["destinations"]
    ]


async def send(emulator: Emulator, call: Call) -> Answer:
    body = call.body()
    violations = _violations(body)
    if violations:
        raise Invalid(violations)
    schedule = (body.get("options") or {}).get("schedule") or {}
    later = wire.read_moment(str(schedule.get("sendAt") or ""))
    in_ms = max(0, (later or 0) - emulator.clock.now())
    bulk = schedule.get("bulkId") or wire.message_id()
    drafts = [
        draft for message in body["messages"] for draft in _drafts(emulator, message, bulk, in_ms)
    ]
    taken = [sending.accept(emulator, draft) for draft in drafts]
    await sending.start(emulator, taken)
    said = [
        {
            "messageId": one.message_id,
            "status": status_table.status(one.status),
            "destination": draft.to,
        }
        for one, draft in zip(taken, drafts, strict=True)
    ]
    done = answer({"bulkId": bulk, "messages": said})
    status = emulator.spoil(done)
    for draft, one, reply in zip(drafts, taken, said, strict=True):
        contact = one.record["contact"]["id"] if one.record else None
        title = f"send {draft.kind.lower()}"
        emulator.wire_out(draft.sender, title, status, draft.body, one.message_id, reply, contact)
    return done


def validate(emulator: Emulator, call: Call) -> Answer:
    """What is wrong with a send, without sending it."""
    violations = _violations(call.body())
    _, description, action, _ = PLATFORM[400]
    if violations:
        named = [{"property": one.path, "violation": one.text} for one in violations]
        said = {"description": description, "action": action, "violations": named}
        return answer(said, 400)
    said = {"description": "Request is valid.", "action": "No action needed."}
    return answer({**said, "skippableViolations": []})


def send_events(emulator: Emulator, call: Call) -> Answer:
    body = call.body()
    violations = check(EVENTS, body)
    if violations:
        raise Invalid(violations)
    return events_answer(emulator, body["events"])


def reports(emulator: Emulator, call: Call) -> Answer:
    """Delivery reports that no webhook took, each read once."""
    names = ("channel", "bulkId", "messageId", "campaignReferenceId")
    wanted = {name: call.one(name) for name in names}
    now = emulator.clock.now()
    return answer({"results": emulator.waiting.read("delivery", now, call.limit(), wanted)})


def inbound(emulator: Emulator, call: Call) -> Answer:
    """Messages of people that no webhook took, each read once."""
    channel = call.one("channel")
    if not channel:
        raise Invalid([Violation("channel", "blank")])
    if channel not in ("APPLE_MB", "MESSENGER", "MMS", "SMS", "VIBER_BM", "WHATSAPP"):
        raise Refusal("body_wrong")
    now = emulator.clock.now()
    results = emulator.waiting.read("inbound", now, call.limit(), {"channel": channel})
    left = emulator.waiting.count("inbound")
    return answer({"results": results, "messageCount": len(results), "pendingMessageCount": left})
